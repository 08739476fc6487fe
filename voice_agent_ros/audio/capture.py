# SPDX-License-Identifier: Apache-2.0
"""The microphone's thread: reads, takes the robot's own voice out, measures the level, hands on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voice_agent_ros.audio.echo import EchoCanceller
from voice_agent_ros.audio.level import Level, LevelMeter
from voice_agent_ros.audio.quiet import Quiet
from voice_agent_ros.audio.reconnecting import ReconnectingSource
from voice_agent_ros.audio.source import BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples, Source

JOIN_TIMEOUT_S = 2.0
GATHERED = 3  # blocks that are handed on as one while the room is quiet: a third of the wake-ups
FAINT_S = 20  # so many seconds of next to nothing are worth a warning


@dataclass(frozen=True)
class Hearing:
    """How the microphone is.

    Attributes:
        problem: what a person should do something about; "" if nothing.
        is_lost: there is no audio at all.
        level: of the last second, None before the first.
        opened: how many times the source was opened.
        lost_blocks: gaps in what it delivered.
        echo_delay_s: of the robot's own voice, where it is cancelled and known.
    """

    problem: str = ""
    is_lost: bool = False
    level: Level | None = None
    opened: int = 1
    lost_blocks: int = 0
    echo_delay_s: float | None = None


class Capture:
    """Runs from the beginning until `close`.

    Args:
        on_block: called in the thread with each block, numbered so that only lost audio leaves a gap, and the number
            of times the source was opened so far. While the room is quiet, blocks are longer.
        on_problem: called in the thread when there is a new problem, and with "" when there is none any more.
    """

    def __init__(
        self,
        source: Source,
        on_block: Callable[[Block, int], None],
        on_problem: Callable[[str], None] = lambda _: None,
        canceller: EchoCanceller | None = None,
    ) -> None:
        self._source, self._canceller = source, canceller
        self._on_block, self._on_problem = on_block, on_problem
        self._meter = LevelMeter()
        self._level: Level | None = None
        self._faint_s = 0
        self._lost_blocks = 0
        self._expected = (1, 0)  # epoch and index
        self._number = -1
        self._quiet = Quiet()
        self._problem = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)
        self._thread.start()

    @property
    def hearing(self) -> Hearing:
        """How the microphone is."""
        lost = self._lost_problem()
        delay = self._canceller.delay_s if self._canceller is not None else None
        return Hearing(
            lost or self._problem, bool(lost), self._level, self._expected[0], self._lost_blocks, delay
        )

    def close(self) -> None:
        """End the thread and close the source."""
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)
        self._source.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            block = self._source.read()
            if block is None:
                if lost := self._lost_problem():  # else it is only late
                    self._tell(lost)
                continue
            epoch = self._source.epoch if isinstance(self._source, ReconnectingSource) else 1
            missing = max(0, block.index - self._expected[1]) if epoch == self._expected[0] else 0
            self._number = self._number + 1 + missing if epoch == self._expected[0] else 0
            self._lost_blocks += missing
            self._expected = (epoch, block.index + max(1, len(block.samples) // BLOCK_SAMPLES))
            if hasattr(self._source, "gather"):
                self._source.gather = GATHERED if self._quiet.add(block.samples) else 1
            level = self._meter.add(block.samples)
            if level is not None:
                self._level = level
                self._faint_s = self._faint_s + 1 if level.is_faint else 0
                self._tell(self._level_problem(level))
            samples = block.samples
            if self._canceller is not None:
                samples = self._cancel(self._canceller, block)
            self._on_block(Block(samples, self._number, block.at), epoch)

    @staticmethod
    def _cancel(canceller: EchoCanceller, block: Block) -> Samples:
        """Without the echo; the canceller wants blocks of the usual length."""
        parts = [
            canceller.process(
                Block(
                    block.samples[offset : offset + BLOCK_SAMPLES],
                    block.index + offset // BLOCK_SAMPLES,
                    block.at + offset / SAMPLE_RATE,
                )
            ).samples
            for offset in range(0, len(block.samples), BLOCK_SAMPLES)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _lost_problem(self) -> str:
        return self._source.problem if isinstance(self._source, ReconnectingSource) else ""

    def _level_problem(self, level: Level) -> str:
        if level.is_dead:
            return (
                "The microphone delivers digital silence: is it muted? Try: alsamixer, or pactl list sources"
            )
        if level.is_clipped:
            return "The microphone is too loud and clips: turn its gain down."
        if self._faint_s >= FAINT_S:
            return "The microphone is next to silent: is it the right one, and its gain turned up?"
        return ""

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._on_problem(problem)
