# SPDX-License-Identifier: Apache-2.0
"""Runs a recognizer in a thread of its own: what may become final first, of partials only the newest."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.ending import Ending, judge_ending
from voice_agent_ros.asr.recognizer import Recognition, Recognizer
from voice_agent_ros.errors import VoiceAgentError

MAX_URGENT = 4
JOIN_TIMEOUT_S = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Decode:
    """Audio to be decoded.

    Attributes:
        serial: rises with each decode of any utterance.
        is_urgent: its result may become the final transcript.
        audio: (samples,) int16 at 16 kHz.
        hints: words that are likely.
    """

    turn_id: str
    serial: int
    is_urgent: bool
    audio: NDArray[np.int16]
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decoded:
    """What came of a decode; without recognition, `problem` says why.

    Attributes:
        ending: whether the words sound finished, of urgent decodes.
    """

    request: Decode
    recognition: Recognition | None
    problem: str = ""
    ending: Ending = Ending.UNKNOWN


class Decoder(Protocol):
    """Takes decodes and answers each with a `Decoded`, or never if a newer one of its utterance replaced it."""

    def submit(self, request: Decode) -> None:
        """Decode this; what waits of the same utterance is no longer wanted. Does not block."""
        ...


class DecodingWorker:
    """One thread. A decode that runs is not broken off: an urgent one waits for it at most its length.

    Args:
        on_decoded: called in that thread (or in the caller's of `submit`), must not block.
        judge: whether words sound finished; called in that thread.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        on_decoded: Callable[[Decoded], None],
        judge: Callable[[Recognition], Ending] = judge_ending,
    ) -> None:
        self._judge = judge
        self._recognizer = recognizer
        self._on_decoded = on_decoded
        self._urgent: deque[Decode] = deque()
        self._partial: Decode | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recognizer", daemon=True)
        self._thread.start()

    def submit(self, request: Decode) -> None:
        """See `Decoder`."""
        dropped: list[Decode] = []
        with self._changed:
            if self._partial is not None and self._partial.turn_id == request.turn_id:
                self._partial = None
            self._urgent = deque(other for other in self._urgent if other.turn_id != request.turn_id)
            if request.is_urgent:
                self._urgent.append(request)
                while len(self._urgent) > MAX_URGENT:
                    dropped.append(self._urgent.popleft())
            else:
                self._partial = request
            self._changed.notify()
        for lost in dropped:
            self._on_decoded(Decoded(lost, None, "the recognizer does not keep up with what is said"))

    def close(self) -> None:
        """End the thread, at the latest when the decode that runs is done."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing or self._urgent or self._partial)
                if self._is_closing:
                    return
                if self._urgent:
                    request = self._urgent.popleft()
                else:
                    assert self._partial is not None
                    request, self._partial = self._partial, None
            self._on_decoded(self._decode(request))

    def _decode(self, request: Decode) -> Decoded:
        audio = request.audio.astype(np.float32) / 32768.0
        try:
            recognition = self._recognizer.recognize(audio, request.hints, is_draft=not request.is_urgent)
            ending = self._judge(recognition) if request.is_urgent else Ending.UNKNOWN
        except VoiceAgentError as error:
            return Decoded(request, None, str(error))
        except (
            Exception
        ) as error:  # whatever an engine raises: one utterance is lost, and not all that follow
            log.exception("turn %s: the utterance could not be decoded", request.turn_id)
            return Decoded(request, None, f"the recognizer broke: {type(error).__name__}: {error}")
        return Decoded(request, recognition, ending=ending)
