# SPDX-License-Identifier: Apache-2.0
"""What "it" and "there" mean: the thing and the place that were last spoken of, for a minute."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, parse_call
from voice_agent_ros.intent.vocabulary import noun_of, spoken_name

EXPIRES_S = 60.0
_IT = {
    "en": re.compile(r"\b(?:it|that one|this one|the same one)\b"),
    "zh": re.compile(r"它|这个(?!地)|那个(?!地)"),
}
_OTHER = {
    "en": re.compile(r"\b(?:the )?other (?:one|cube|block|thing|object|ball|cup|box|bowl)\b"),
    "zh": re.compile(r"另(?:外)?一?[个只块](?:方块|积木|球|杯子|盒子|碗)?"),
}
_THERE = {
    "en": re.compile(r"\b(?:(?:in|into|on|onto|over|up) )*(?:there|in as well|in too)\b"),
    "zh": re.compile(r"(?:放|丢|扔|搁|装|摆)(?:到|在)?(?:进去|那里去?|那儿|那边|里面去?|里去?|上去|上面去?)"),
}


@dataclass(frozen=True)
class Discourse:
    """What was last spoken of.

    Attributes:
        object: the thing that was to be handled.
        target: where something was to go.
        is_held: the thing is in the hand, as far as was said.
        at: when, s, on the clock of whoever keeps this.
    """

    object: str = ""
    target: str = ""
    is_held: bool = False
    at: float = 0.0

    def after(self, call: SkillCall, at: float = 0.0) -> Discourse:
        """What is spoken of after this call."""
        if call.skill == "sequence":
            latest = replace(self, at=at)
            for step in call.arguments.model_dump()["steps"]:
                latest = latest.after(parse_call(step["skill"], step["arguments"]), at)
            return latest
        given = call.arguments.model_dump(exclude_none=True)
        thing = str(given.get("object") or (given.get("target") if call.skill == "look_at" else "") or "")
        target = str(given.get("target") or "") if call.skill != "look_at" else ""
        held = self.is_held and call.skill not in ("place", "pick_and_place", "open_gripper")
        return Discourse(
            thing or self.object,
            target or self.target,
            call.skill == "pick" or (held and (not thing or thing == self.object)),
            at,
        )

    def at_time(self, now: float) -> Discourse:
        """This, or nothing if it is too long ago."""
        return self if 0.0 <= now - self.at <= EXPIRES_S else Discourse()


def spelled_out(text: str, said: Discourse, scene: Scene, language: str) -> list[str]:
    """Ways to read a folded text with its pronouns replaced, the likeliest first; the text itself is among them."""
    ways = [text]
    target = spoken_name(said.target, language) if said.target else ""
    if target and (match := _THERE[language].search(text)):
        place = f"放到{target}" if language == "zh" else f"on the {target}"
        ways.insert(0, f"{text[: match.start()]}{place}{text[match.end() :]}")
    if said.object and (match := _OTHER[language].search(text)):
        others = _others(said.object, scene)
        if len(others) == 1:
            name = spoken_name(others[0], language)
            whole = name if language == "zh" else f"the {name}"
            ways = [way.replace(match.group(), whole) for way in ways] + ways
    elif said.object and _IT[language].search(text):
        name = spoken_name(said.object, language)
        whole = name if language == "zh" else f"the {name}"
        named = [_IT[language].sub(whole, way, count=1) for way in ways]
        ways = [*ways, *named] if said.is_held else [*named, *ways]
    return ways


def _others(name: str, scene: Scene) -> list[str]:
    """Things of the same kind, without the one itself."""
    return [other for other in scene.names if other != name and noun_of(other) == noun_of(name)]
