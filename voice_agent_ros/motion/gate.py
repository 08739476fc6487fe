# SPDX-License-Identifier: Apache-2.0
"""The gate: whether a proposed intent may be planned at all, and whether a person must be asked first.

It trusts nobody. What a proposal claims of its engine counts only if the sentence grammar, run here on the words
that were really heard, understands the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.wordings import base_language, script_of
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal

REMEMBERED_TURNS = 64


@dataclass(frozen=True)
class Heard:
    """A final transcript.

    Attributes:
        received_at: s on the bridge's monotonic clock.
        speech_start: s in ROS time; compared with the end of a question only.
    """

    turn_id: str
    session_id: str
    text: str
    language: str
    confidence: float
    received_at: float
    speech_start: float
    audio_hash: str = ""


@dataclass(frozen=True)
class Verdict:
    """A proposal may be planned.

    Attributes:
        engine: who understood it, verified.
        ask: a person must confirm it.
        by_service: that person must use the service, for nobody has said anything.
    """

    engine: str
    ask: bool = False
    by_service: bool = False


class Grammar(Protocol):
    """The sentence grammar of one or more languages."""

    def calls(self, text: str, language: str, scene: Scene) -> Sequence[SkillCall]:
        """What the grammar understands; empty if nothing."""
        ...


class Gate:
    """Judges proposals under one policy.

    Args:
        clock: monotonic time, s.
    """

    def __init__(self, policy: Policy, grammar: Grammar, clock: Callable[[], float]) -> None:
        self._policy, self._grammar, self._clock = policy, grammar, clock
        self._heard: OrderedDict[str, Heard] = OrderedDict()
        self._arrived = threading.Condition()

    def remember(self, heard: Heard) -> None:
        """Keep a final transcript for the proposals that refer to it. The first one of a turn counts."""
        with self._arrived:
            self._heard.setdefault(heard.turn_id, heard)
            while len(self._heard) > REMEMBERED_TURNS:
                self._heard.popitem(last=False)
            self._arrived.notify_all()

    def is_clear(self, heard: Heard) -> bool:
        """Whether the recognizer was sure enough of a sentence for it to count."""
        return heard.confidence >= self._policy.transcripts.min_confidence

    def heard(self, turn_id: str) -> Heard | None:
        """What was heard in a turn."""
        return self._heard.get(turn_id)

    def judge(self, calls: Sequence[SkillCall], turn_id: str, scene: Scene) -> Verdict:
        """Judge a proposal.

        Raises:
            Refusal: the first rule that forbids it.
        """
        skills = self._policy.skills
        for call in calls:
            if call.skill not in skills.allowed:
                raise Refusal("not_allowed", skill=call.skill)
        if len(calls) != 1:
            raise Refusal("bad_arguments", reason="one skill at a time")
        heard = self._awaited(turn_id)
        if heard is None:
            return self._unspoken(calls)
        if self._clock() - heard.received_at > self._policy.transcripts.max_age:
            raise Refusal("stale")
        engine = self._engine(calls, heard, scene)
        moves = any(call.arguments.moves or call.skill == "resume" for call in calls)
        if moves and not self.is_clear(heard):
            raise Refusal("low_confidence", confidence=heard.confidence)
        if engine == "llm":
            self._judge_guess(calls, heard, scene)
        # Resuming cannot be exempted: whoever is misheard must not set a stopped robot free.
        asked_for = any(call.skill in (*skills.confirm, "resume") for call in calls)
        return Verdict(
            engine, ask=asked_for or (moves and engine == "llm" and self._policy.confirmation.of_llm)
        )

    def _awaited(self, turn_id: str) -> Heard | None:
        """The transcript of a turn. It may arrive a moment after the proposal that was made of it."""
        if turn_id:
            with self._arrived:
                self._arrived.wait_for(lambda: turn_id in self._heard, self._policy.transcripts.wait)
        return self._heard.get(turn_id)

    def _engine(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> str:
        understood = self._grammar.calls(heard.text, heard.language, scene)
        return "grammar" if list(understood) == list(calls) else "llm"

    def _judge_guess(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> None:
        """A model's proposal must fit the sentence's mood, and its arguments must come from words or sight."""
        for call in calls:
            if not call.arguments.offered_to_llm:
                raise Refusal("not_allowed", skill=call.skill)
            if not call.arguments.moves:
                continue
            # A wrong language tag must not hide a "don't".
            tags = {base_language(heard.language, heard.text), script_of(heard.text)}
            if not all(judge_mood(heard.text, tag).is_command for tag in tags):
                raise Refusal("not_a_command")
            reasons = ungrounded(call, heard.text, scene, heard.language)
            if reasons:
                raise Refusal("not_grounded", reason="; ".join(reasons))

    def _unspoken(self, calls: Sequence[SkillCall]) -> Verdict:
        if any(call.skill == "resume" for call in calls):
            raise Refusal("not_allowed", skill="resume")
        moves = any(call.arguments.moves for call in calls)
        ask = moves and self._policy.confirmation.of_unspoken
        return Verdict("none", ask=ask, by_service=ask)
