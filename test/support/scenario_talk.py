# SPDX-License-Identifier: Apache-2.0
"""A scripted language model and a loudspeaker that takes its time, for scenarios."""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Protocol

from scenario_file import Claim, Fails, Hear
from virtual_time import VirtualTime

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import Played
from voice_agent_ros.intent.turn import Piece
from voice_agent_ros.llm.client import Failed, Finished, TextDelta, ToolCall
from voice_agent_ros.motion.bridge import IntentBridge

CHARACTERS_PER_S = {"en": 14.0, "zh": 4.0}
MOUTH_DELAY_S = 0.15


class Stage(Protocol):
    """Where they play."""

    time: VirtualTime
    dialogue: Dialogue
    bridge: IntentBridge

    def ros_now(self) -> float: ...

    def later(self, function: Any) -> None: ...


class FakeChat:
    """A request to a model that was scripted."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


class FakeMouth:
    """Speaks one reply after the other, in virtual time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._queue: deque[tuple[str, str, str]] = deque()
        self._texts: dict[str, str] = {}
        self._number = 0

    @property
    def is_quiet(self) -> bool:
        return not self._queue

    def say(self, piece: Piece) -> None:
        text = self._texts.get(piece.reply_id, "") + piece.text
        self._texts[piece.reply_id] = text
        if piece.is_last and text.strip():
            self._queue.append((piece.reply_id, text, piece.language))
            if len(self._queue) == 1:
                self._begin()

    def _begin(self) -> None:
        reply_id, text, language = self._queue[0]
        self._number += 1
        number, seconds = self._number, len(text) / CHARACTERS_PER_S.get(language, 14.0)
        time = self._stage.time
        time.call_later(MOUTH_DELAY_S, lambda: self._stage.later(lambda: self._started(number, reply_id)))
        time.call_later(
            MOUTH_DELAY_S + seconds, lambda: self._stage.later(lambda: self._ended(number, seconds))
        )

    def _started(self, number: int, reply_id: str) -> None:
        if number == self._number and self._queue:
            self._stage.dialogue.on_played(Played(reply_id, 0.02, self._stage.ros_now(), False, False))

    def _ended(self, number: int, seconds: float, *, is_interrupted: bool = False) -> None:
        if number != self._number or not self._queue:
            return
        reply_id, _, _ = self._queue.popleft()
        at = self._stage.ros_now()
        self._stage.bridge.on_played(reply_id, at, is_interrupted=is_interrupted)
        self._stage.dialogue.on_played(Played(reply_id, seconds, at, True, is_interrupted))
        if self._queue:
            self._begin()

    def interrupt(self) -> None:
        """Somebody speaks over it: everything that is waiting to be said is dropped."""
        while self._queue:
            self._number += 1
            number = self._number
            self._ended(number, 0.3, is_interrupted=True)


def model_events(said: Hear) -> list[Any]:
    """What the model sends when it is asked."""
    if said.raw_llm is not None:
        return [Finished(tuple(ToolCall(name, text) for name, text in said.raw_llm.items()))]
    if isinstance(said.llm, Fails):
        return [Failed(said.llm.fails, "scripted")]
    if isinstance(said.llm, str):
        return [TextDelta(said.llm), Finished()]
    claims = said.llm if isinstance(said.llm, list) else [said.llm]
    calls = (ToolCall(c.skill, json.dumps(c.arguments)) for c in claims if isinstance(c, Claim))
    return [Finished(tuple(calls))]
