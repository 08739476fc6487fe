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
from typing import Any, Protocol

from voice_agent_ros.intent.amendments import amended
from voice_agent_ros.intent.confirmation import is_bare_answer, judge_answer
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.stepwise import mood_of, ungrounded_steps
from voice_agent_ros.intent.wordings import base_language, script_of
from voice_agent_ros.motion.policy import Policy, Risk
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.skills.sequence import Sequence as Steps

REMEMBERED_TURNS = 64
AMENDABLE_S = 30.0  # so long "no, the blue one" refers to a question that was not answered by a yes
RISK_ORDER: tuple[Risk, ...] = ("none", "low", "medium", "high")
GAPS_S = 60.0  # a command with a gap, and its answers
MOST_ANSWERS = 3
# Never for a client that nobody talked to.
PERSONS_ONLY = ("resume", "set_speed", "repeat", "continue", "undo", "remember_place", "forget_place")


@dataclass(frozen=True)
class Heard:
    """A final transcript.

    Attributes:
        received_at: s on the bridge's monotonic clock.
        speech_start: s in ROS time; compared with the end of a question only.
        audio_hash: of the sound; "" for typed text.
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
        risk: class of what it asks for.
        ask: a person must confirm it.
        by_service: that person must use the service, for nobody has said anything.
    """

    engine: str
    risk: Risk = "high"
    ask: bool = False
    by_service: bool = False


class Grammar(Protocol):
    """The sentence grammar of one or more languages."""

    def calls(
        self, text: str, language: str, scene: Scene, said: Discourse | None = None
    ) -> Sequence[SkillCall]:
        """What the grammar understands, knowing what was spoken of; empty if nothing."""
        ...

    def completed(self, texts: Sequence[str], scene: Scene) -> Sequence[SkillCall]:
        """What the last of several utterances makes of a command with a gap; empty if it does not answer."""
        ...

    def prepare(self, scene: Scene) -> None:
        """Build what depends on a scene."""
        ...


class Gate:
    """Judges proposals under one policy.

    Args:
        clock: monotonic time, s.
    """

    def __init__(self, policy: Policy, grammar: Grammar, clock: Callable[[], float]) -> None:
        self._policy, self._grammar, self._clock = policy, grammar, clock
        self._heard: OrderedDict[str, Heard] = OrderedDict()
        self._spoken: OrderedDict[str, None] = OrderedDict()  # turns, the one that spoke last at the end
        self._arrived = threading.Condition()
        self._said = Discourse()
        self._prepared_for: tuple[str, ...] = ()
        self._declined: tuple[SkillCall, float] | None = None  # what was asked about in vain, and when

    def prepare(self, scene: Scene) -> None:
        """Be ready for sentences about a scene; costs something when its names have changed."""
        if scene.names != self._prepared_for:
            self._prepared_for = scene.names
            self._grammar.prepare(scene)

    def mention(self, calls: Sequence[SkillCall]) -> None:
        """What was done is what "it" and "there" mean in the next minute."""
        now = self._clock()
        for call in calls:
            self._said = self._said.at_time(now).after(call, now)

    def remember(self, heard: Heard) -> None:
        """Keep a final transcript for the proposals that refer to it. The first one of a turn counts.

        Words of no turn speak for no proposal: those that name none are nobody's.
        """
        if not heard.turn_id:
            return
        with self._arrived:
            self._heard.setdefault(heard.turn_id, heard)
            _bound(self._heard)
            self._arrived.notify_all()
        self.notice(heard.turn_id)

    def notice(self, turn_id: str) -> None:
        """Somebody is speaking, in this turn: what a model still makes of earlier ones is not wanted any more."""
        with self._arrived:
            self._spoken[turn_id] = None
            self._spoken.move_to_end(turn_id)
            _bound(self._spoken)

    def declined(self, calls: Sequence[SkillCall]) -> None:
        """These were asked about, and the answer was no yes: the next words may correct them."""
        self._declined = (calls[0], self._clock()) if len(calls) == 1 else None

    def is_clear(self, heard: Heard, risk: Risk = "low") -> bool:
        """Whether the recognizer was sure enough of a sentence for it to count in a matter of this risk."""
        return self._policy.transcripts.min_confidence.of(risk) <= heard.confidence <= 1.0  # NaN is not

    def heard(self, turn_id: str) -> Heard | None:
        """What was heard in a turn."""
        return self._heard.get(turn_id)

    def judge(self, calls: Sequence[SkillCall], turn_id: str, scene: Scene) -> Verdict:
        """Judge a proposal.

        Raises:
            Refusal: the first rule that forbids it.
        """
        for call in calls:
            if call.skill not in self._policy.skills.allowed:
                raise Refusal("not_allowed", skill=call.skill)
        if len(calls) != 1:
            raise Refusal("bad_arguments", reason="one skill at a time")
        steps = self._steps(calls[0])
        risk = max((self._policy.skills.risk_of(call.skill) for call in steps), key=RISK_ORDER.index)
        heard = self._awaited(turn_id)
        if heard is None:
            return self._unspoken(steps, risk)
        if self._clock() - heard.received_at > self._policy.transcripts.max_age:
            raise Refusal("stale")
        if self._policy.transcripts.refuse_interrupted and self._is_superseded(heard):
            raise Refusal("interrupted")
        engine = self._engine(calls, heard, scene)
        if not self.is_clear(heard, risk):
            raise Refusal("low_confidence", confidence=heard.confidence)
        if engine == "llm":
            self._judge_guess(steps, heard, scene)
        return Verdict(engine, risk, ask=self.must_ask(steps, engine))

    def must_ask(self, steps: Sequence[SkillCall], engine: str) -> bool:
        """Whether the policy wants these calls read back."""
        wishes = {
            self._policy.confirmation.read_back(call.skill, self._policy.skills.risk_of(call.skill))
            for call in steps
        }
        return "always" in wishes or (engine == "llm" and "llm" in wishes)

    def _steps(self, call: SkillCall) -> list[SkillCall]:
        """The call, and the steps of a sequence: each of them must be allowed and none may hide another.

        Raises:
            Refusal: `not_allowed`, or `too_many_steps`.
        """
        if not isinstance(call.arguments, Steps):
            return [call]
        steps = call.arguments.calls()
        limit = self._policy.verbs.max_steps
        if len(steps) > limit:
            raise Refusal("too_many_steps", count=len(steps), limit=limit)
        for step in steps:
            if step.skill not in self._policy.skills.allowed:
                raise Refusal("not_allowed", skill=step.skill)
        return [call, *steps]

    def _awaited(self, turn_id: str) -> Heard | None:
        """The transcript of a turn. It may arrive a moment after the proposal that was made of it."""
        if turn_id:
            with self._arrived:
                self._arrived.wait_for(lambda: turn_id in self._heard, self._policy.transcripts.wait)
        return self._heard.get(turn_id)

    def _engine(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> str:
        is_no = judge_answer(heard.text, heard.language) == "no" and is_bare_answer(
            heard.text, heard.language
        )
        if is_no and calls[0].skill == "pause":
            return "grammar"  # called out while it moves
        for said in dict.fromkeys((Discourse(), self._said.at_time(self._clock()))):
            meant = list(self._grammar.calls(heard.text, heard.language, scene, said))
            if meant == list(calls):
                return "grammar"
            if [call.skill for call in meant] == ["undo"] and calls[0].skill == "pause":
                return "grammar"  # "cancel that" while it moves
        return "llm"

    def _judge_guess(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> None:
        """A model's proposal must fit the sentence's mood, and its arguments must come from words or sight.

        Raises:
            Refusal: it does not, or somebody has spoken since.
        """
        if self._policy.transcripts.refuse_interrupted and self._is_interrupted(heard):
            raise Refusal("interrupted")
        if self._is_amendment(calls, heard, scene) or self._fills_a_gap(calls, heard, scene):
            return
        for call in calls:
            if not call.arguments.offered_to_llm:
                raise Refusal("not_allowed", skill=call.skill)
        if not any(call.arguments.moves for call in calls):
            return
        # A wrong language tag must not hide a "don't".
        tags = {base_language(heard.language, heard.text), script_of(heard.text)}
        if not all(mood_of(heard.text, tag).is_command for tag in tags):
            raise Refusal("not_a_command")
        # The first is the whole of it: of a sequence, each step is traced to its own part of the sentence.
        reasons = ungrounded_steps(calls[0], heard.text, scene, heard.language)
        if reasons:
            raise Refusal("not_grounded", reason="; ".join(reasons))

    def _is_amendment(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> bool:
        """Whether these words change what was asked about last into exactly this; read here by the same rule."""
        if self._declined is None or len(calls) != 1:
            return False
        asked, at = self._declined
        if heard.received_at < at - AMENDABLE_S or self._clock() - at > AMENDABLE_S:
            return False
        changed = amended(asked, heard.text, scene, base_language(heard.language, heard.text))
        return changed is not None and changed.call == calls[0] and calls[0].arguments.offered_to_llm

    def _fills_a_gap(self, calls: Sequence[SkillCall], heard: Heard, scene: Scene) -> bool:
        """Whether these words answer for what the ones before left open: "move ten centimetres" – "up"."""
        with self._arrived:
            before = [
                one
                for one in self._heard.values()
                if one.session_id == heard.session_id
                and one.turn_id != heard.turn_id
                and 0.0 <= heard.received_at - one.received_at <= GAPS_S
                and self.is_clear(one, "medium")
            ]
        said = [*(one.text for one in before), heard.text]
        return any(
            list(self._grammar.completed(said[-count:], scene)) == list(calls)
            for count in range(2, min(len(said), MOST_ANSWERS + 1) + 1)
        )

    def _is_superseded(self, heard: Heard) -> bool:
        """Whether the same person has said something else since: what was said before may not be wanted any more."""
        with self._arrived:
            return any(
                one.session_id == heard.session_id and one.received_at > heard.received_at
                for one in self._heard.values()
            )

    def _is_interrupted(self, heard: Heard) -> bool:
        with self._arrived:
            return next(reversed(self._spoken), heard.turn_id) != heard.turn_id

    def _unspoken(self, steps: Sequence[SkillCall], risk: Risk) -> Verdict:
        """Nobody has said it: a client's own wish, or the sentence is forgotten."""
        for call in steps:
            if call.skill in PERSONS_ONLY:
                raise Refusal("not_allowed", skill=call.skill)
        moves = any(call.arguments.moves for call in steps)
        ask = moves and self._policy.confirmation.of_unspoken
        return Verdict("none", risk, ask=ask, by_service=ask)


def _bound(remembered: OrderedDict[str, Any]) -> None:
    while len(remembered) > REMEMBERED_TURNS:
        remembered.popitem(last=False)
