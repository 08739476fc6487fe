# SPDX-License-Identifier: Apache-2.0
"""Fifty spoken commands, each another one, through the whole agent: end of speech to first motion and to first audio.

Group "commands"; about fourteen minutes. The demo's nodes are started once, a virtual microphone hears one command after the
other (voices that neither the robot nor the demo has), and the arm goes home in between. COMMANDS=8 takes fewer. Every
fifth is heard by a plainer agent, too, in the same run: nodes as processes of their own, which decode speech only once
it has ended and wait for the same silence after all words. The turn whose first motion is the median one is drawn to
docs/images/median_turn.png.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
import rclpy
import soundfile
import yaml
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from voice_agent_ros.msg import TurnReport

from benchmarks.row import Row
from benchmarks.running_demo import domain, running
from benchmarks.speech_sets import RATE, Spoken, synthesised
from voice_agent_ros.cli import main as voice_agent
from voice_agent_ros.demo.narrator import Narrator
from voice_agent_ros.demo.observer import Observer
from voice_agent_ros.demo.run import say_and_wait, spin
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.llm_node import TYPED_SESSION
from voice_agent_ros.nodes.spin import new_executor
from voice_agent_ros.telemetry.statistics import of_median
from voice_agent_ros.telemetry.turn_files import TurnRecorder
from voice_agent_ros.telemetry.turns import Turn, turn_of

GROUP = "commands"
DATA = Path(__file__).with_name("data") / "commands"
PICTURES = Path(__file__).parents[1] / "docs" / "images"
EVERY = 5
UP_S, SETTLE_S = 120.0, 15.0  # the language model is warmed within the latter
STEPS = ("final_transcript", "intent", "goal_accepted", "first_motion", "first_audio", "last_motion", "done")
PLAIN = {"speculative": False, "pause_s": 1.0, "endpoint_silence_s": 0.65, "endpoint_short_s": 0.65}


def rows() -> list[Row]:
    """Measure everything, and draw the median turn."""
    said = synthesised("commands", "en", DATA)[: int(os.environ.get("COMMANDS", "1000"))]
    with tempfile.TemporaryDirectory() as folder:
        turns = _heard(said, Path(folder) / "ours", [])
        overrides = Path(folder) / "plain.yaml"
        overrides.write_text(yaml.safe_dump({"/**/asr_node": {"ros__parameters": PLAIN}}), encoding="utf-8")
        plain = _heard(said[::EVERY], Path(folder) / "plain", ["composed:=false", f"overrides:={overrides}"])
        _draw(turns, Path(folder))
    return [*_outcomes(turns, len(said)), *_latencies(turns, plain), *_stages(turns)]


def _outcomes(turns: Sequence[Turn], said: int) -> list[Row]:
    counts = Counter(turn.outcome for turn in turns)
    found = [Row(GROUP, "commands done", counts["done"], "commands", said, said)]
    found += [
        Row(GROUP, f"commands that ended {outcome}", count, "commands", n=said)
        for outcome, count in sorted(counts.items())
        if outcome != "done"
    ]
    return [*found, Row(GROUP, "commands that came to nothing", said - len(turns), "commands", n=said)]


def _latencies(turns: Sequence[Turn], plain: Sequence[Turn]) -> list[Row]:
    found = []
    for step in STEPS:
        ours, theirs = (
            [turn.latencies()[step] for turn in some if turn.outcome == "done" and step in turn.latencies()]
            for some in (turns, plain)
        )
        if ours:
            base = float(np.median(theirs)) if theirs else None
            name = f"end of speech to {step.replace('_', ' ')}"
            found.append(Row.of_samples(GROUP, name, ours, "s", base))
    return found


def _stages(turns: Sequence[Turn]) -> list[Row]:
    """What each stage takes by itself."""
    lengths: dict[str, list[float]] = {}
    for turn in turns:
        if turn.outcome == "done" and "first_motion" in turn.latencies():
            for stage, seconds in {**turn.durations(), **_on_the_way(turn)}.items():
                lengths.setdefault(stage, []).append(seconds * 1e3)
    return [Row.of_samples(GROUP, f"stage: {stage}", samples, "ms") for stage, samples in lengths.items()]


def _on_the_way(turn: Turn) -> dict[str, float]:
    """From sending the intent until the bridge looks at it, s."""
    at = {stage.name: stage for stage in turn.stages}
    if "intent" not in at or "gate" not in at or not at["gate"].start:
        return {}
    return {"to the bridge": at["gate"].start - at["intent"].end}


def _draw(turns: Sequence[Turn], folder: Path) -> None:
    """By the command that anybody would use."""
    if of_median(turns, "first_motion") is None:
        return
    recording = str(folder / "ours.mcap")
    if voice_agent(["timeline", recording, "--median", "first_motion", "-o", str(PICTURES)]):
        raise RuntimeError("The median turn could not be drawn.")


def _heard(said: Sequence[Spoken], path: Path, arguments: Sequence[str]) -> list[Turn]:
    """The turns of the commands that were heard; all of them are recorded to `path`.mcap."""
    path.mkdir()
    clips = [path / f"{number:03d}.wav" for number in range(len(said))]
    for spoken, clip in zip(said, clips, strict=True):
        soundfile.write(clip, spoken.audio, RATE)
    ours = [
        "audio_source:=wav",
        "wav_start:=on_request",
        f"wav_paths:={'|'.join(map(str, clips))}",
        f"reply_path:={path}/reply.wav",
        "telemetry:=false",
    ]
    recorder, heard = TurnRecorder(path.with_suffix(".mcap")), []
    with running([*ours, *arguments]), _observer() as (observer, reports):
        if not observer.wait(lambda: observer.state.state == "ready", UP_S):
            raise RuntimeError(f"Not everything came up: {observer.state.message or observer.state.state}")
        time.sleep(SETTLE_S)
        for clip in clips:
            before = len(reports)
            say_and_wait("", clip, clip.name, observer, _silent())
            came = [report for report in reports[before:] if report.session_id != TYPED_SESSION]
            for report in came[:1]:  # of words that were cut in two, the first count
                recorder.add(report)
                heard.append(turn_of(report))
            if came and came[-1].outcome == TurnReport.OUTCOME_ASKED:
                say_and_wait("", None, "no", observer, _silent())
            say_and_wait("", None, "go home", observer, _silent())
    recorder.close()
    return heard


@contextmanager
def _observer() -> Iterator[tuple[Observer, list[TurnReport]]]:
    """The demo's view of the running agent, and the reports of its turns."""
    rclpy.init(args=[], domain_id=domain(), signal_handler_options=SignalHandlerOptions.NO)
    observer, executor, reports = Observer(_silent()), new_executor(), []
    observer.create_subscription(TurnReport, "turns", reports.append, qos.EVENTS)
    executor.add_node(observer)
    thread = threading.Thread(target=partial(spin, executor), name="observer", daemon=True)
    thread.start()
    try:
        yield observer, reports
    finally:
        executor.shutdown(timeout_sec=2.0)
        rclpy.try_shutdown()
        thread.join(2.0)


def _silent() -> Narrator:
    return Narrator(time.time, Console(file=StringIO()))
