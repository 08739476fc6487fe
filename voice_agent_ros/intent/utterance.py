# SPDX-License-Identifier: Apache-2.0
"""What a whole utterance comes to: one command, or several, with corrections, places, counts and pronouns settled."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from voice_agent_ros.intent.contrasts import contrasted, excludes
from voice_agent_ros.intent.corrections import corrected, handled
from voice_agent_ros.intent.counting import Several, several
from voice_agent_ros.intent.discourse import Discourse, spelled_out
from voice_agent_ros.intent.geometry import pointed_out
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.intent.steps import MAX_STEPS, joined, run_on, same_with, strong_parts, weak_pieces
from voice_agent_ros.intent.vocabulary import spoken_name
from voice_agent_ros.intent.wordings import folded

_SAID_TWICE = ("open_gripper", "close_gripper", "move_to")
_WHEN_DONE = re.compile(r"when you(?:(?:'re| are| get| reach) (?:\w+ )?home|'ve|have)\b[^?]*$")
_MAX_TRIES = 24  # sentences that one utterance may be cut into; more is talk, and time


@dataclass(frozen=True)
class GrammarResult:
    """What the grammar makes of a sentence.

    Attributes:
        calls: empty if it does not understand, or may not.
        ambiguous: names of which exactly one must be meant; ask which.
        problem: why a sentence that was understood cannot be a call ("distance: …").
        skill: of the ambiguous or impossible call.
        arguments: of the ambiguous call, without what is not settled.
        slot: what is not settled ("object", "target").
    """

    calls: tuple[SkillCall, ...] = ()
    elapsed_s: float = 0.0
    ambiguous: tuple[str, ...] = ()
    problem: str = ""
    skill: str = ""
    arguments: tuple[tuple[str, Any], ...] = ()
    slot: str = ""


class Utterance:
    """One utterance, read with a grammar of single commands.

    Args:
        sentence: understands a single command in its own words.
        covers: whether every word of a broken-off sentence belongs to commands.
    """

    def __init__(
        self,
        text: str,
        language: str,
        scene: Scene,
        sentence: Callable[[str, Scene], GrammarResult],
        covers: Callable[[str, Scene], bool],
    ) -> None:
        self._text, self._language, self._scene = text, language, scene
        self._sentence, self._covers = sentence, covers
        self._known: dict[str, GrammarResult] = {}

    def understood(self, said: Discourse | None = None) -> GrammarResult:
        """What it comes to; nothing if any part of it is not understood."""
        said = said or Discourse()
        if result := self._contrasted(said):
            return result
        of_unseen: GrammarResult | None = None
        covers = lru_cache(maxsize=None)(self._covers)  # most readings share what was said before
        for text, before in corrected(self._text, self._scene, self._language):
            if before and not covers(before, self._scene):
                continue  # "in the film they go up, no, down": said of something else
            thing = handled(before, self._scene, self._language)
            result = self._whole(text, replace(said, object=thing, is_held=False) if thing else said)
            if thing and any(_places_whatever_is_held(call) for call in result.calls):
                continue  # what was to be put somewhere got lost with the words taken back
            if result.calls and result.calls == self._whole(before.rstrip("?？ "), said).calls:
                break  # "grab it? no thanks": taken back, not corrected
            if result.calls and any(_handles_unseen(call, self._scene) for call in result.calls):
                of_unseen = of_unseen or result  # "the red, no, green one" is none that is called "red green"
            elif result.calls or result.ambiguous:
                return result
        return of_unseen or self._whole(self._text, said)

    def _contrasted(self, said: Discourse) -> GrammarResult | None:
        """ "Don't go left, go right": what is meant, if what is ruled out would be something else of its kind."""
        for kept, denials in contrasted(folded(self._text), self._language):
            for way in kept:
                result = self._whole(way, said)
                if len(result.calls) != 1:
                    continue
                for denied in denials:
                    ruled_out = self._whole(denied, said).calls
                    if len(ruled_out) == 1 and excludes(result.calls[0], ruled_out[0]):
                        return result
        return None

    def _whole(self, text: str, said: Discourse) -> GrammarResult:
        pointed = pointed_out(folded(text), self._scene, self._language)
        is_replaced = pointed.text != folded(text)
        result = self._one_or_more(pointed.text if is_replaced else text, said)
        if pointed.choices and result.calls:
            return _ask(pointed.choices, result.calls[0].skill)
        if is_replaced and not (result.calls or result.ambiguous):
            return self._one_or_more(text, said)
        return result

    def _one_or_more(self, text: str, said: Discourse) -> GrammarResult:
        group = several(folded(text), self._scene, self._language)
        if group is not None and len(group.names) > 1 and (result := self._each(folded(text), group)):
            return result
        result = self._one(text, said)
        return result if _is_something(result) else self._steps(text, said)

    def _one(self, text: str, said: Discourse) -> GrammarResult:
        """A single command, with its pronouns settled; to be asked about only if no way to settle them is whole."""
        asked = GrammarResult()
        for way in spelled_out(folded(text), said, self._scene, self._language):
            result = self._try(text if way == folded(text) else way)
            if result.calls:
                return result
            asked = asked if _is_something(asked) else result
        return asked

    def _try(self, text: str) -> GrammarResult:
        if text not in self._known:
            if len(self._known) >= _MAX_TRIES:
                return GrammarResult()
            self._known[text] = self._sentence(text, self._scene)
        return self._known[text]

    def _each(self, text: str, group: Several) -> GrammarResult | None:
        """The same with each of several things; None if the sentence makes no sense with one of them."""
        calls: list[SkillCall] = []
        for name in group.names:
            spoken = spoken_name(name, self._language)
            one = spoken if self._language == "zh" else f"the {spoken}"
            result = self._try(f"{text[: group.start]}{one}{text[group.end :]}")
            if len(result.calls) != 1:
                return None
            given = result.calls[0].arguments.model_dump()
            if given.get("object") != given.get("target") or given.get("object") is None:
                calls.append(result.calls[0])
        if len({call.arguments.model_dump().get("object") for call in calls} - {None}) == 1 < len(calls):
            return None  # "in the bowl and the green cube too": one thing is put in one place
        if not calls or len({call.skill for call in calls}) != 1:
            return None
        if not group.fits or calls[0].skill not in ("pick_and_place", "look_at"):
            return _ask(group.names, calls[0].skill)  # a hand holds one thing
        return _sequence(calls)

    def _steps(self, text: str, said: Discourse) -> GrammarResult:
        """Several commands, every one of them understood."""
        asks = judge_mood(text, self._language).kind == "question"  # its mark is lost with the parts
        if asks and not _WHEN_DONE.match(folded(text)):
            return GrammarResult()
        parts = strong_parts(text, self._language)
        if not judge_mood(joined(parts, self._language), self._language).is_command:
            return GrammarResult()
        calls: list[SkillCall] = []
        for part in parts:
            result = self._part(part, said, calls)
            if not result.calls:
                return (
                    replace(result, arguments=(("steps", len(parts)),))
                    if result.ambiguous
                    else GrammarResult()
                )
            calls += result.calls
            for call in result.calls:
                said = said.after(call)
        return _sequence(calls)

    def _part(self, part: str, said: Discourse, before: list[SkillCall]) -> GrammarResult:
        """One step, or several joined by no more than "and"."""
        result = self._step(part, said, before)
        if _is_something(result):
            return result
        pieces = weak_pieces(part, self._language)
        if len(pieces) < 2:
            return self._run_on(part, said, before)
        calls: list[SkillCall] = []
        start = 0
        while start < len(pieces):
            for end in range(len(pieces), start, -1):
                text = "".join(
                    f"{joint if index else ''}{piece}"
                    for index, (joint, piece) in enumerate(pieces[start:end])
                )
                result = self._step(text, said, [*before, *calls])
                if len(result.calls) == 1:
                    break
            else:
                result = self._run_on(pieces[start][1], said, [*before, *calls])
                if not result.calls:
                    return GrammarResult()
            calls += result.calls
            for call in result.calls:
                said = said.after(call)
            start = end
        return GrammarResult(tuple(calls))

    def _run_on(self, part: str, said: Discourse, before: list[SkillCall]) -> GrammarResult:
        """Two steps with nothing between: "grab the red cube go home", "抓住红方块回家"."""
        for first, second in run_on(part, self._language):
            start = self._step(first, said, before).calls
            if len(start) == 1:
                after, done = said.after(start[0]), [*before, *start]
                end = self._step(second, after, done).calls or self._run_on(second, after, done).calls
                if end:
                    return GrammarResult((*start, *end))
        return GrammarResult()

    def _step(self, text: str, said: Discourse, before: list[SkillCall]) -> GrammarResult:
        result = self._one(text, said)
        if len(result.calls) == 1 and said.object and result.calls[0].skill == "hand_over":
            given = result.calls[0].arguments.model_dump(exclude_none=True)
            return GrammarResult((parse_call("hand_over", {"object": said.object, **given}),))
        if _is_something(result) or not before:
            return result
        if before[-1].skill == "pick_and_place" and self._language == "en":
            again = self._one(f"put {text}", said)  # "… and then the blue cube on the red one"
            if again.calls and again.calls[0].skill == "pick_and_place":
                return again
        return self._likewise(text, before[-1]) or result

    def _likewise(self, text: str, before: SkillCall) -> GrammarResult | None:
        """ "… and the green one too": the step before with another thing."""
        thing = same_with(text, self._language)
        names = resolve(thing, self._scene, self._language) if thing else ()
        given: dict[str, Any] = before.arguments.model_dump(exclude_none=True)
        slot = "object" if "object" in given else "target"
        if len(names) != 1 or slot not in given or given[slot] == names[0]:
            return None
        return GrammarResult((parse_call(before.skill, {**given, slot: names[0]}),))


def _is_something(result: GrammarResult) -> bool:
    return bool(result.calls or result.ambiguous or result.problem)


def _handles_unseen(call: SkillCall, scene: Scene) -> bool:
    given = call.arguments.model_dump(exclude_none=True)
    steps = [step["arguments"] for step in given.get("steps", ())] or [given]
    return any("object" in step and scene.find(str(step["object"])) is None for step in steps)


def _places_whatever_is_held(call: SkillCall) -> bool:
    return call.skill == "place" and call.arguments.model_dump().get("object") is None


def _ask(names: tuple[str, ...], skill: str) -> GrammarResult:
    """The name alone does not settle the sentence: it has to be said again."""
    return GrammarResult(ambiguous=names, skill=skill, arguments=(("steps", len(names)),), slot="object")


def _brought(calls: list[SkillCall]) -> list[SkillCall]:
    """ "Take the cube, and then drop it in the bowl": taken to be put somewhere, in one go."""
    done: list[SkillCall] = []
    for call in calls:
        given = call.arguments.model_dump(exclude_none=True)
        taken = done[-1].arguments.model_dump().get("object") if done and done[-1].skill == "pick" else None
        if taken and call.skill == "place" and given.get("object", taken) == taken != given.get("target"):
            done[-1] = parse_call("pick_and_place", {"object": taken, "target": given["target"]})
        else:
            done.append(call)
    return done


def _sequence(calls: list[SkillCall]) -> GrammarResult:
    # "bring your fingers together and shut the hand": said twice, done once.
    calls = [
        call
        for index, call in enumerate(calls)
        if not index or call != calls[index - 1] or call.skill not in _SAID_TWICE
    ]
    calls = _brought(calls)
    if any(one.skill == "open_gripper" and two.skill == "place" for one, two in pairwise(calls)):
        return GrammarResult()  # "松手放进碗里" is one thing; what is let go of cannot be placed
    if len(calls) == 1:
        return GrammarResult(tuple(calls))
    if not 2 <= len(calls) <= MAX_STEPS:
        return GrammarResult()
    steps = [call.as_dict() for call in calls]
    try:
        return GrammarResult((parse_call("sequence", {"steps": steps}),))
    except SkillError:
        return GrammarResult()
