# SPDX-License-Identifier: Apache-2.0
"""Listening for single words in a thread of its own: "stop" while the robot moves or speaks, its name else."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.errors import VoiceAgentError

Samples = NDArray[np.int16]
log = logging.getLogger(__name__)
QUEUED_S = 4.0  # more is lost, which is counted
PRE_ROLL_S = 0.6  # heard when it is armed: the word may have begun
REFRACTORY_S = 1.0  # one word is one detection
JOIN_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Spotted:
    """A word was heard.

    Attributes:
        at: time of the last sample that the spotter needed for it, s.
    """

    phrase: str
    at: float


class KeywordSpotter(Protocol):
    """Listens for some phrases in a stream of 16 kHz audio; called from one thread."""

    def hear(self, samples: Samples) -> str | None:
        """The phrase that these samples completed, or None."""
        ...

    def reset(self) -> None:
        """Forget the stream."""
        ...


class SpottingWorker:
    """Feeds a spotter in a thread while it is armed.

    Args:
        on_spotted: called in that thread, must not block.
        on_failure: likewise, once, when the spotter fails: it hears nothing from then on.

    Attributes:
        lost: chunks that the spotter was too slow for.
    """

    def __init__(
        self,
        spotter: KeywordSpotter,
        on_spotted: Callable[[Spotted], None],
        on_failure: Callable[[str], None] = lambda _: None,
        name: str = "keyword spotter",
    ) -> None:
        self._spotter = spotter
        self._on_spotted, self._on_failure = on_spotted, on_failure
        self.lost = 0
        self._is_armed = False
        self._recent: deque[tuple[Samples, float]] = deque()
        self._recent_samples = 0
        self._queued_samples = 0
        self._queue: queue.SimpleQueue[tuple[Samples, float] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._deaf_until = float("-inf")
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_armed(self) -> bool:
        """Whether it listens."""
        return self._is_armed

    @property
    def behind_s(self) -> float:
        """How much audio waits for the spotter: who feeds faster than a microphone should wait where this grows."""
        return self._queued_samples / SAMPLE_RATE

    def arm(self, is_armed: bool) -> None:
        """Listen, beginning with what was heard just now, or no longer."""
        if is_armed and not self._is_armed:
            for samples, at in self._recent:
                self._put(samples, at)
        self._is_armed = is_armed
        self._recent.clear()
        self._recent_samples = 0

    def feed(self, samples: Samples, at: float) -> None:
        """Hear more audio, whose first sample was at a time, s. Does not block."""
        if self._is_armed:
            self._put(samples, at)
            return
        self._recent.append((samples, at))
        self._recent_samples += len(samples)
        while self._recent_samples > PRE_ROLL_S * SAMPLE_RATE:
            self._recent_samples -= len(self._recent.popleft()[0])

    def close(self) -> None:
        """End the thread."""
        self._queue.put(None)
        self._thread.join(JOIN_TIMEOUT_S)

    def _put(self, samples: Samples, at: float) -> None:
        with self._lock:
            if self._queued_samples + len(samples) > QUEUED_S * SAMPLE_RATE:
                self.lost += 1
                return
            self._queued_samples += len(samples)
        self._queue.put((samples, at))

    def _run(self) -> None:
        expected = 0.0
        while (item := self._queue.get()) is not None:
            samples, at = item
            with self._lock:
                self._queued_samples -= len(samples)
            try:
                if abs(at - expected) > PRE_ROLL_S:
                    self._spotter.reset()
                expected = at + len(samples) / SAMPLE_RATE
                phrase = self._spotter.hear(samples)
            except VoiceAgentError as error:
                self._on_failure(str(error))
                return
            except Exception as error:  # a library's: nobody may believe that a stop is listened for
                log.exception("the %s broke", self._thread.name)
                self._on_failure(f"It broke: {type(error).__name__}: {error}. Activate the node again.")
                return
            if phrase is not None and expected >= self._deaf_until:
                self._deaf_until = expected + REFRACTORY_S
                self._on_spotted(Spotted(phrase, expected))
