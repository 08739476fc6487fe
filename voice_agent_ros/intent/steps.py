# SPDX-License-Identifier: Apache-2.0
"""Where a sentence of several commands comes apart: "do this, then that", "before this, do that"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voice_agent_ros.intent.verb_forms import as_order, first_verb
from voice_agent_ros.intent.wordings import folded

MAX_STEPS = 6
_DONE = (
    r"(?:once|when|as soon as|after) (?:you(?:'ve| have|'re| are)?|that(?:'s| is| has)?|it(?:'s| is)?)"
    r"(?: been| have)? (?:done|finished|got it|got that|there|have it|complete|completed|grabbed it|picked it up"
    r"|holding it|did that|done that|done so)(?: with (?:it|that))?"
)
_THEN_EN = re.compile(
    rf"[,;.…]*\s*(?:\b(?:and|but|so)\s+)?\b(?:and then|then|after that|after this|afterwards?|after which"
    rf"|next(?! to)|finally|lastly|last of all|followed by|{_DONE})\b[, ]*(?:then |please )?"
)
_BEFORE_FIRST_EN = re.compile(
    r"^(?:please )?before (?:you )?(?P<later>[^,]+?)(?:,| please) *(?:please |first )?(?P<first>.+)$"
)
_BEFORE_EN = re.compile(r"^(?P<first>.+?),? (?:right )?before (?:you (?:then )?)?(?P<later>[a-z][^,]+)$")
_AFTER_FIRST_EN = re.compile(r"^after (?:you )?(?P<first>[^,]+?), *(?P<later>.+)$")
_IS_DONE_EN = re.compile(_DONE)
# "go home after opening the gripper", "once you've opened it, go home": in the order of doing
_DONE_FIRST_EN = re.compile(
    r"^(?:please )?(?:once|after|as soon as|when|whenever) (?P<first>(?:you(?:'ve| have|'re| are| get| reach| arrive)\b|having\b|\w+ing\b)[^,]*?)(?:, *(?:then |please |you can |just )*| then | please )(?P<later>.+)$"
)
_HOME_FIRST_EN = re.compile(
    r"^(?:please )?(?:once|after|as soon as|when) (?P<first>(?:you(?:'re| are| get| reach| arrive| have reached|'ve reached)) (?:back )?(?:at |to )?home) (?P<later>.+)$"
)
_DONE_LAST_EN = re.compile(
    r"^(?P<later>.+?),? (?:only |right )?(?:once|after|as soon as|when) (?P<first>(?:you(?:'ve| have|'re| are| get| reach)\b|having\b|\w+ing\b)[^,]*)$"
)
_BEFORE_DOING_EN = re.compile(r"^(?:please )?before (?:you )?(?P<rest>[^,]+)$")
_WEAK_EN = re.compile(r"\s*[,;.]+\s*(?:and |plus |also )*|\s+(?:and|plus) (?:also )?")
_THEN_ZH = re.compile(
    r"[，,；;。、 ]*(?:然后再?|接着再?|随后再?|接下来|之后再?|完了之?后?再?(?=.)|完后再?|做完再?|最后再?|紧接着|再(?!次|一[次遍]|来一))"
)
_BEFORE_ZH = re.compile(
    r"^(?:请|麻烦你?)?(?:在)?(?P<later>.+?)(?:之前|以前|前)[，, ]*(?:先|请先|要先)(?P<first>.+)$"
)
_BEFORE_BARE_ZH = re.compile(
    r"^(?:请|麻烦你?)?(?:在)?(?P<later>[^，,。]+?)(?:之前|以前)[，, ]*(?P<first>.+)$"
)
_AFTER_ZH = re.compile(
    r"^(?:请|麻烦你?|等)?(?:你)?(?P<first>[^，,。]{2,}?)了?(?:之后|以后|(?<![往向朝退然最随之以前])后(?![退移边面方撤缩续]))[，, ]*(?:你|再|就|请)*(?P<later>.+)$"
)
_WEAK_ZH = re.compile(
    r"[，,；;。、]+(?:并且?|还要|也)?|并且|同时|顺便|并(?!拢)|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])"
)
_LEADING_ZH = re.compile(r"^(?:请|麻烦你?|你)?先(?:把(?=.))?")
_SAME_EN = re.compile(
    r"^(?:please )?(?:(?:do|and|also|likewise|now)[ ,]+)*(?:the same (?:with|for|to|thing with) )?(?P<thing>(?:the |that )?[\w ]+?)"
    r"(?:,? (?:too|as well|likewise|the same way|next|also))*$"
)
_SAME_ZH = re.compile(
    r"^(?:也|还有|把|将|对)*(?P<thing>.{1,8}?)(?:也|同样|一样)*(?:放进去|放上去|这样做?|一样|照做)?$"
)
_END = re.compile(r"[\s,;.!?。，！？…]+$|^[\s,;.。，…]+")
_MAX_PIECES = 8
_MAX_CUTS = 3
_ORDERS_EN = {"go", "move", "put", "place", "drop", "open", "close", "pick", "grab", "lift", "raise", "lower", "turn", "rotate", "return", "wave", "bring", "take", "release"}  # fmt: skip
_ORDERS_ZH = re.compile(
    r"回[家到原初起零]|归位|[往向朝][上下左右前后]|放[到进在]|张开|打开|松开|闭合|合上|抬高|挥手|递给"
)


def strong_parts(text: str, language: str) -> list[str]:
    """The parts at words that say what comes first, in the order of doing."""
    plain = _END.sub("", folded(text))
    if language == "zh":
        if match := _BEFORE_ZH.match(plain):
            return [_END.sub("", match["first"]), _END.sub("", match["later"])]
        parts = _kept(_THEN_ZH.split(plain))
        if len(parts) < 2 and (match := _BEFORE_BARE_ZH.match(plain) or _AFTER_ZH.match(plain)):
            return [_END.sub("", match["first"]), _END.sub("", match["later"])]
        return parts
    for pattern in (_DONE_FIRST_EN, _HOME_FIRST_EN, _DONE_LAST_EN):
        if (match := pattern.match(plain)) and not _IS_DONE_EN.search(plain):
            return [as_order(_END.sub("", match["first"])), _END.sub("", match["later"])]
    if match := _BEFORE_DOING_EN.match(plain):
        words = match["rest"].split()
        at = first_verb(words, 2)
        if at < len(words):
            return [" ".join(words[at:]), as_order(" ".join(words[:at]))]
    for pattern in (_BEFORE_FIRST_EN, _BEFORE_EN, _AFTER_FIRST_EN):
        if match := pattern.match(plain):
            return [as_order(_END.sub("", match[part])) for part in ("first", "later")]
    return _kept(_THEN_EN.split(plain))


def weak_pieces(part: str, language: str) -> list[tuple[str, str]]:
    """The pieces at every "and" and comma, each with what joins it to the one before."""
    pattern = _WEAK_ZH if language == "zh" else _WEAK_EN
    pieces: list[tuple[str, str]] = []
    start, joint = 0, ""
    for match in pattern.finditer(part):
        if piece := part[start : match.start()].strip():
            pieces.append((joint, piece))
            joint = match.group()
        start = match.end()
    if piece := part[start:].strip():
        pieces.append((joint, piece))
    return pieces if len(pieces) <= _MAX_PIECES else []


def same_with(text: str, language: str) -> str:
    """The thing in "do the green one too", "the same with the bowl", "绿方块也放进去"; empty if it is none of these."""
    match = (_SAME_ZH if language == "zh" else _SAME_EN).match(_END.sub("", folded(text)))
    return match["thing"].strip() if match else ""


def run_on(part: str, language: str) -> Iterator[tuple[str, str]]:
    """Ways to cut a part before a word that orders something, for two steps with nothing between them."""
    plain = folded(part)
    if language == "zh":
        cuts = [match.start() for match in _ORDERS_ZH.finditer(plain)]
        yield from ((plain[:at], plain[at:]) for at in cuts[:_MAX_CUTS] if at > 1)
        return
    words = plain.split()
    at, found = 1, 0
    while (at := first_verb(words, at + 1)) < len(words) and found < _MAX_CUTS:
        if words[at] in _ORDERS_EN:
            found += 1
            yield " ".join(words[:at]), " ".join(words[at:])


def joined(parts: list[str], language: str) -> str:
    """One sentence of parts, for a judgement on the whole."""
    return ("，" if language == "zh" else " and ").join(parts)


def _kept(parts: list[str]) -> list[str]:
    return [kept for part in parts if (kept := _END.sub("", part).strip())]
