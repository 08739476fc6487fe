# SPDX-License-Identifier: Apache-2.0
"""Pictures of turns: a waterfall of one, and a histogram of the latencies of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.telemetry.statistics import table
from voice_agent_ros.telemetry.turns import Turn

INSTANT_S = 0.004  # a stage without a length is still to be seen
COLOURS = {"speech": "#8da0cb", "ears": "#66c2a5", "mind": "#ffd92f", "hands": "#fc8d62", "mouth": "#e78ac3"}
PART_OF = (
    ("speech", ("speech",)),
    ("ears", ("endpoint", "partial", "final_transcript", "transcript", "decode")),
    ("mind", ("grammar", "intent", "llm", "gate", "question", "answer")),
    ("mouth", ("first_audio", "last_audio", "tts", "reply", "audio")),
)
MAX_LABEL = 60
BINS = 30


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        fix = 'pip install "voice_agent_ros[tools]"'
        raise ConfigurationError(f"Pictures cannot be drawn: {error}.", fix) from error
    return Figure(figsize=(width, height), layout="constrained")


def part_of(stage: str) -> str:
    """Which part of the agent a stage belongs to."""
    for part, names in PART_OF:
        if any(stage.startswith(name) for name in names):
            return part
    return "hands"


def draw_waterfall(turn: Turn, path: Path) -> None:
    """Write a PNG: a bar for each stage, on the time from the end of speech.

    A stage without a start is drawn from the end of the one before it: what it waited for.

    Raises:
        ConfigurationError: matplotlib is missing, or nothing of the turn ended.
    """
    stages = sorted((stage for stage in turn.stages if stage.end > 0.0), key=lambda stage: stage.end)
    if not stages:
        raise ConfigurationError(f"No stage of turn {turn.turn_id} has a time.", "Choose another turn.")
    figure = _figure(9.0, 1.4 + 0.32 * len(stages))
    axes = figure.subplots()
    before = turn.speech_end
    for row, stage in enumerate(stages):
        start = stage.start if stage.start > 0.0 else min(before, stage.end)
        length = max(stage.end - start, INSTANT_S)
        axes.barh(row, length, left=start - turn.speech_end, height=0.7, color=COLOURS[part_of(stage.name)])
        axes.text(
            stage.end - turn.speech_end + 0.01,
            row,
            f" {stage.end - turn.speech_end:+.3f} s",
            va="center",
            fontsize=8,
        )
        before = stage.end
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(stages)), [stage.name for stage in stages])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("seconds from the end of speech")
    axes.set_title(_title(turn), fontsize=10)
    for part, colour in COLOURS.items():
        axes.plot([], [], color=colour, linewidth=6, label=part)
    axes.legend(fontsize=7, ncols=len(COLOURS), loc="lower right")
    _save(figure, path)


def draw_histogram(turns: Sequence[Turn], path: Path) -> None:
    """Write a PNG: the distribution of each stage's latency, with P50 and P95.

    Raises:
        ConfigurationError: matplotlib is missing, or there is nothing to draw.
    """
    rows = table(turns)
    if not rows:
        raise ConfigurationError("No stage of any turn has a time.", "Record some turns first.")
    figure = _figure(9.0, 0.6 + 1.1 * len(rows))
    all_axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    for axes, row in zip(all_axes, rows, strict=True):
        values = [turn.latencies()[row.stage] for turn in turns if row.stage in turn.latencies()]
        axes.hist(values, bins=BINS, color=COLOURS[part_of(row.stage)])
        axes.axvline(row.p50, color="black", linewidth=1.0)
        axes.axvline(row.p95, color="black", linewidth=1.0, linestyle="--")
        axes.set_title(
            f"{row.stage}: P50 {row.p50:.3f} s, P95 {row.p95:.3f} s, n = {row.n}", fontsize=8, loc="left"
        )
        axes.tick_params(labelsize=7)
    all_axes[-1].set_xlabel("seconds from the end of speech")
    _save(figure, path)


def _title(turn: Turn) -> str:
    heard = turn.heard if len(turn.heard) <= MAX_LABEL else turn.heard[: MAX_LABEL - 1] + "…"
    # A dollar sign would begin a formula.
    return f"“{heard}” → {turn.outcome} ({turn.engine})".replace("$", r"\$")


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.", "Choose another.") from error
