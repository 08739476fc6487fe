# SPDX-License-Identifier: Apache-2.0
"""What "no, the blue one" changes in what was just asked about: the same call with the parts that were named again.

Dialogue and bridge read the words by this same rule, so that neither has to believe the other. Only a few words that
are all accounted for are an amendment; anything else is a sentence of its own.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.intent.names import pose_references, references
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.intent.slots import senses, tokenised
from voice_agent_ros.intent.vocabulary import COLOURS_ZH, colour_of, noun_of
from voice_agent_ros.intent.wordings import bare, folded, plainly

MAX_WORDS = {"en": 14, "zh": 24}
_IT = re.compile(r"\b(?:it|that|this)\b|它")


@dataclass(frozen=True)
class Amendment:
    """What becomes of the call that was asked about.

    Attributes:
        call: the changed one; None if it is unclear which thing is meant.
        ambiguous: the things that can be meant, for `slot`.
    """

    call: SkillCall | None = None
    slot: str = ""
    ambiguous: tuple[str, ...] = ()


_NO_FIRST = {
    "en": re.compile(
        r"^(?:(?:no+|nope|nah|not quite|wrong|wait|sorry|stop it|oh|um+|uh+|er+m?|well|but|actually|rather|i mean|i meant"
        r"|i said|i want(?:ed)?|i'd (?:like|rather have)|make (?:it|that)|it(?:'s| is| should be)|that(?:'s| is)"
        r"|let's (?:say|make it)|better|try|please|yes but|do)\b[ ,.;:!-]*)+"
    ),
    "zh": re.compile(
        # "不要往左" without a pause is no correction but a ban.
        r"^(?:(?:不是|不要|不)(?=[，,。、！!\s])|不(?=[红绿蓝黄黑白紫橙])|不对|不行|错了|等等|等一下|哎|啊|呃|嗯|我说的是"
        r"|我是说|我要的是|我要|我想要|应该是|应该|而是|是|改成|换成|要|请)[，,。、！!\s]*"
    ),
}
_PARTS = {"en": re.compile(r"[,;.!]+\s*|\s+but\s+"), "zh": re.compile(r"[，,。；！!]+")}
_LAST_EN = re.compile(
    r"(?:[ ,]*\b(?:please|instead|thanks|thank you|rather|then|i mean|i meant|of course))+[.! ]*$"
)
_LAST_ZH = re.compile(r"(?:吧|啊|呀|哦|好吗|谢谢)+$")
_VERBS_EN = (
    r"put|place|drop|set|lay|move|go|pick(?: up)?|take|grab|get|use|bring|give me|turn|rotate|look at|choose"
)
_FILLERS = {
    "en": re.compile(
        rf"\b(?:{_VERBS_EN}|the|a|an|that|this|one|it|them|me|by|of|for|only|just|all|with|about|to|there|joint|arm"
        r"|towards?|over|side|further|more|position|pose|and)\b"
    ),
    "zh": re.compile(
        r"放|拿|抓|移动|移|动|把|将|它|那个|这个|的|个|边|面|方|只|就|去|到|往|向|朝|一|转|次|遍|用|给我|了|里|上|位置|姿势"
    ),
}
_DIRECTIONS_EN = {
    "up": "up|upwards?|higher",
    "down": "down|downwards?|lower",
    "left": "left|leftwards?",
    "right": "right|rightwards?",
    "forward": "forwards?|ahead|to the front",
    "back": "back|backwards?",
}
_DIRECTIONS_ZH = {"up": "上", "down": "下", "left": "左", "right": "右", "forward": "前", "back": "后"}
_INTO_EN = r"(?:in|into|inside|on|onto|on top of|to|over to|at)"
_COUNT = {
    "en": re.compile(r"\b(once|twice|(?:\d+|one|two|three|four|five|six) times?)\b"),
    "zh": re.compile(r"([一两二三四五六\d])[次遍下]"),
}
_NUMBERS = {
    **{"once": 1, "one": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6},
    **{"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6},
}
_OTHER = {"en": re.compile(r"\b(?:the )?other (?:one|\w+)\b"), "zh": re.compile(r"另(?:外)?一?[个只块]")}


def amended(asked: SkillCall, text: str, scene: Scene, language: str) -> Amendment | None:
    """The call that was asked about, changed as these few words say; None if they are something else."""
    language = "zh" if language.startswith("zh") else "en"
    words = _fragment(text, language)
    size = len(words) if language == "zh" else len(words.split())
    if not words or size > MAX_WORDS[language]:
        return None
    reading = _Reading(asked, words, scene, language)
    reading.take_all()
    if reading.left or not (reading.changes or reading.ambiguous):
        return None
    if reading.ambiguous:
        return Amendment(None, reading.slot, reading.ambiguous)
    # "Shall I pick up the cube?" "No, put it into the bowl."
    skill = "pick_and_place" if asked.skill == "pick" and "target" in reading.changes else asked.skill
    try:
        call = parse_call(skill, {**reading.given, **reading.changes}, asked.call_id)
    except SkillError:
        return None
    return None if call == asked else Amendment(call)


def _fragment(text: str, language: str) -> str:
    """The words that name something anew: without the no, without what is not meant."""
    plain = (
        _NO_FIRST["en"].sub("", folded(text)) if language == "en" else _all_off(_NO_FIRST["zh"], folded(text))
    )
    plain = _LAST_EN.sub("", plain) if language == "en" else plain
    parts = [_kept(part.strip(), language) for part in _PARTS[language].split(plain)]
    joined = plainly(bare(" ".join(parts)), language)
    return joined.replace(" ", "") if language == "zh" else joined


def _kept(part: str, language: str) -> str:
    """What of a part names something that is wanted: nothing of "not the red one"."""
    if language == "zh":
        is_ban = re.match(r"(?:不是|不要|别|不)[^，,。红绿蓝黄黑白紫橙]|(?:不是|不要|别).+", part)
        return "" if is_ban else _LAST_ZH.sub("", _all_off(_NO_FIRST["zh"], part))
    wanted = re.sub(r"^not .* but ", "", part)
    return "" if wanted.startswith("not ") else _NO_FIRST["en"].sub("", wanted)


def _all_off(pattern: re.Pattern[str], text: str) -> str:
    while (shorter := pattern.sub("", text)) != text:
        text = shorter
    return text


class _Reading:
    """Takes one thing after the other out of the words; what nobody understands is left."""

    def __init__(self, asked: SkillCall, words: str, scene: Scene, language: str) -> None:
        self.given: dict[str, Any] = asked.arguments.model_dump(exclude_none=True)
        self.changes: dict[str, Any] = {}
        self.ambiguous: tuple[str, ...] = ()
        self.slot = ""
        self._fields = {*type(asked.arguments).model_fields, *(("target",) if asked.skill == "pick" else ())}
        self._words, self._scene, self._language = words, scene, language

    @property
    def left(self) -> str:
        """What is neither understood nor without a meaning of its own."""
        return " ".join(_FILLERS[self._language].sub(" ", self._words).split())

    def take_all(self) -> None:
        """Quantities first: their digits and units are no names."""
        self._take_quantities()
        self._take_things()
        if "pose" in self._fields:
            self._take_one("pose", pose_references(self._scene.poses, self._language))
        if "direction" in self._fields:
            self._take_direction()
        if "angle" in self._fields:
            self._take_sense()

    def _take_quantities(self) -> None:
        if "count" in self._fields and (match := _COUNT[self._language].search(self._words)):
            word = match.group(1).split()[0]
            self.changes["count"] = int(word) if word.isdigit() else _NUMBERS[word]
            self._cut(match)
        self._words, tokens = tokenised(self._words)
        for slot, found in tokens.items():
            if slot in self._fields and len(found) == 1:
                token, value = found[0]
                self.changes[slot] = self._signed(value) if slot == "angle" else value
                self._words = " ".join(self._words.replace(token, " ").split())

    def _signed(self, angle: float) -> float:
        """The sense of a turn stays, unless another is said."""
        return math.copysign(angle, self.given.get("angle", angle)) if angle > 0.0 else angle

    def _take_things(self) -> None:
        slots = [slot for slot in ("target", "object") if slot in self._fields]
        if not slots:
            return
        known = self._things()
        phrases = "|".join(re.escape(phrase) for phrase in sorted(known, key=len, reverse=True) if phrase)
        if phrases and "target" in slots:
            if self._language == "zh":
                into = re.compile(
                    rf"(?:[放搁丢移装到]*[进到在入往向](?P<a>{phrases})|(?P<b>{phrases})[里中上])(?:面|边)?"
                )
            else:
                into = re.compile(rf"\b{_INTO_EN} (?:the |that |this |a )?(?P<a>{phrases})\b(?P<b>)")
            if match := into.search(self._words):
                self._settle("target", known[match.group("a") or match.group("b")])
                self._cut(match)
        if phrases and (match := self._thing(phrases).search(self._words)):
            names = known[match.group(1)]
            self._settle(self._slot_for(names, slots), names)
            self._cut(match)
        elif match := _OTHER[self._language].search(self._words):
            slot = slots[-1]
            old = str(self.given.get(slot, ""))
            self._settle(slot, tuple(n for n in self._scene.names if n != old and noun_of(n) == noun_of(old)))
            self._cut(match)

    def _thing(self, phrases: str) -> re.Pattern[str]:
        return re.compile(f"({phrases})" if self._language == "zh" else rf"\b({phrases})\b")

    def _things(self) -> dict[str, tuple[str, ...]]:
        """Every phrase for a thing or a taught place; a colour alone is enough here."""
        known = dict(references(self._scene, self._language))
        for place in self._scene.places:
            known.setdefault(bare(place.name), (place.name,))
        for colour in {colour_of(name) for name in self._scene.names} - {""}:
            word = COLOURS_ZH[colour] if self._language == "zh" else colour
            known.setdefault(word, tuple(n for n in self._scene.names if colour_of(n) == colour))
        return known

    def _slot_for(self, names: tuple[str, ...], slots: list[str]) -> str:
        """Whether a bare name is what is moved or where it goes: whichever it resembles more."""
        free = [slot for slot in slots if slot not in self.changes and slot != self.slot] or slots
        if len(free) == 1:
            return free[0]
        nouns = {noun_of(name) for name in names}
        if any(self._scene.place(name) or _is_fixed(self._scene, name) for name in names):
            return "target"
        if "target" not in self.given:
            return "object"
        is_target = noun_of(str(self.given.get("target", ""))) in nouns
        is_object = noun_of(str(self.given.get("object", ""))) in nouns
        return "target" if is_target and not is_object else "object"

    def _settle(self, slot: str, names: tuple[str, ...]) -> None:
        """What was just declined is not meant; neither is a thing put into itself."""
        other = self.changes.get("target" if slot == "object" else "object", "")
        meant = tuple(n for n in names if n not in (self.given.get(slot), other)) or names
        if len(meant) == 1:
            self.changes[slot] = meant[0]
        elif meant:
            self.slot, self.ambiguous = slot, meant

    def _take_one(self, slot: str, meanings: dict[str, str]) -> None:
        for phrase in sorted(meanings, key=len, reverse=True):
            found = re.search(
                re.escape(phrase) if self._language == "zh" else rf"\b{re.escape(phrase)}\b", self._words
            )
            if phrase and found:
                self.changes[slot] = meanings[phrase]
                self._cut(found)
                return

    def _take_direction(self) -> None:
        table = _DIRECTIONS_ZH if self._language == "zh" else _DIRECTIONS_EN
        for direction, words in table.items():
            pattern = f"(?:{words})" if self._language == "zh" else rf"\b(?:{words})\b"
            if match := re.search(pattern, self._words):
                self.changes["direction"] = direction
                self._cut(match)
                return

    def _take_sense(self) -> None:
        for word, sense in sorted(senses(self._language), key=lambda one: -len(one[0])):
            match = re.search(
                re.escape(word) if self._language == "zh" else rf"\b{re.escape(word)}\b", self._words
            )
            if match:
                angle = abs(self.changes.get("angle", self.given["angle"]))
                self.changes["angle"] = -angle if sense == "clockwise" else angle
                self._cut(match)
                return

    def _cut(self, match: re.Match[str]) -> None:
        self._words = " ".join(f"{self._words[: match.start()]} {self._words[match.end() :]}".split())


def _is_fixed(scene: Scene, name: str) -> bool:
    thing = scene.find(name)
    return thing is not None and thing.is_fixed


def leans_on(whole: tuple[SkillCall, ...], changed: Amendment, text: str) -> bool:
    """Whether a sentence that is complete by itself is meant as a change of what was asked about all the same:
    "no, put it on the tray"; "no, move left", which leaves open how far."""
    if changed.call is None or whole == (changed.call,):
        return False
    # "onto the red cube" alone would be about what is in the hand.
    is_part = whole[0].skill == "place" and changed.call.skill == "pick_and_place"
    return is_part or whole[0].skill == changed.call.skill or _IT.search(folded(text)) is not None
