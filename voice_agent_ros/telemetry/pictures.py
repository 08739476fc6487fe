# SPDX-License-Identifier: Apache-2.0
"""Pictures of turns: a waterfall of one, and a histogram of the latencies of many."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.telemetry.statistics import table
from voice_agent_ros.telemetry.turns import Turn

INSTANT = 0.004  # of the whole: a stage without a length is still to be seen
COLOURS = {"speech": "#8da0cb", "ears": "#66c2a5", "mind": "#ffd92f", "hands": "#fc8d62"}
COLOURS |= {"mouth": "#e78ac3", "stop": "#d62728"}
PART_OF = (
    ("speech", ("speech",)),
    ("ears", ("endpoint", "partial", "final_transcript", "transcript")),
    ("mind", ("grammar", "intent", "llm", "gate", "question", "answer")),
    ("mouth", ("first_audio", "last_audio")),
    ("stop", ("stop",)),
)
MAX_LABEL = 60
BINS = 80
MAX_LINE = 110  # characters of what stands under the title


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
    """Write a PNG: a bar for each stage, on the time from the end of speech; a moment is a mark.

    Raises:
        ConfigurationError: matplotlib is missing, or nothing of the turn ended.
    """
    stages = sorted((stage for stage in turn.stages if stage.end > 0.0), key=lambda stage: stage.end)
    if not stages:
        raise ConfigurationError(f"No stage of turn {turn.turn_id} has a time.", "Choose another turn.")
    figure = _figure(9.0, 1.6 + 0.3 * len(stages))
    axes = figure.subplots()
    first = min(turn.speech_end, *(stage.start or stage.end for stage in stages))
    instant = INSTANT * (stages[-1].end - first)
    for row, stage in enumerate(stages):
        start = stage.start or stage.end
        length = max(stage.end - start, instant)
        axes.barh(row, length, left=start - turn.speech_end, height=0.7, color=COLOURS[part_of(stage.name)])
        told = f" {stage.end - turn.speech_end:+.3f} s" + (
            f" ({1e3 * (stage.end - start):.0f} ms)" if 0.0 < stage.end - start < 10.0 else ""
        )
        axes.text(start + length - turn.speech_end, row, told, va="center", fontsize=8)
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(stages)), [stage.name for stage in stages])
    axes.invert_yaxis()
    last = stages[-1].end - turn.speech_end
    axes.set_xlim(first - turn.speech_end, last + 0.22 * (last - (first - turn.speech_end)))
    axes.set_xlabel("seconds from the end of speech")
    axes.set_title("\n".join((_title(turn), *filter(None, [_told("; ".join(turn.engines))]))), fontsize=9)
    there = [part for part in COLOURS if any(part_of(stage.name) == part for stage in stages)]
    handles = [axes.plot([], [], color=COLOURS[part], linewidth=6, label=part)[0] for part in there]
    figure.legend(handles=handles, fontsize=7, ncols=len(there), loc="outside lower center")
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
    longest = max(max(turn.latencies().values(), default=0.0) for turn in turns)
    for axes, row in zip(all_axes, rows, strict=True):
        values = [turn.latencies()[row.stage] for turn in turns if row.stage in turn.latencies()]
        # The same width for all, so that they can be compared, and none is too thin to be seen.
        axes.hist(values, bins=BINS, range=(0.0, longest), color=COLOURS[part_of(row.stage)])
        axes.axvline(row.p50, color="black", linewidth=0.8)
        axes.axvline(row.p95, color="black", linewidth=0.8, linestyle="--")
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
        axes.set_title(
            f"{row.stage}: P50 {row.p50:.3f} s, P95 {row.p95:.3f} s, n = {row.n}", fontsize=8, loc="left"
        )
        axes.tick_params(labelsize=7)
    all_axes[-1].set_xlabel("seconds from the end of speech; turns by latency, P50 drawn through, P95 dashed")
    _save(figure, path)


def _title(turn: Turn) -> str:
    heard = turn.heard if len(turn.heard) <= MAX_LABEL else turn.heard[: MAX_LABEL - 1] + "…"
    return _told(f"“{heard}” → {turn.outcome} ({turn.engine})")


def _told(text: str) -> str:
    """In lines that fit; a dollar sign would begin a formula."""
    return textwrap.fill(text, MAX_LINE).replace("$", r"\$")


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.", "Choose another.") from error
