# SPDX-License-Identifier: Apache-2.0
"""Where a sentence of several commands comes apart: "do this, then that", "before this, do that"."""

from __future__ import annotations

import re

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
_WEAK_EN = re.compile(r"\s*[,;.]+\s*(?:and |plus |also )*|\s+(?:and|plus) (?:also )?")
_THEN_ZH = re.compile(
    r"[，,；;。、 ]*(?:然后再?|接着再?|随后再?|接下来|之后再?|完了之?后?再?|完后再?|做完再?|最后再?|紧接着|再(?!次|一[次遍]|来一))"
)
_BEFORE_ZH = re.compile(
    r"^(?:请|麻烦你?)?(?:在)?(?P<later>.+?)(?:之前|以前|前)[，, ]*(?:先|请先|要先)(?P<first>.+)$"
)
_WEAK_ZH = re.compile(r"[，,；;。、]+(?:并且?|还要|也)?|并且|同时|顺便|并(?!拢)")
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


def strong_parts(text: str, language: str) -> list[str]:
    """The parts at words that say what comes first, in the order of doing."""
    plain = _END.sub("", folded(text))
    if language == "zh":
        if match := _BEFORE_ZH.match(plain):
            return [_END.sub("", match["first"]), _END.sub("", match["later"])]
        return _kept(_THEN_ZH.split(plain))
    for pattern in (_BEFORE_FIRST_EN, _BEFORE_EN, _AFTER_FIRST_EN):
        if match := pattern.match(plain):
            return [_END.sub("", match["first"]), _END.sub("", match["later"])]
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


def joined(parts: list[str], language: str) -> str:
    """One sentence of parts, for a judgement on the whole."""
    return ("，" if language == "zh" else " and ").join(parts)


def _kept(parts: list[str]) -> list[str]:
    return [kept for part in parts if (kept := _END.sub("", part).strip())]
