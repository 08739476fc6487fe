# SPDX-License-Identifier: Apache-2.0
"""People correct themselves: "go up, no, down I mean, 2 cm" is read as "go down 2 cm"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.names import references
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.wordings import folded

_MARK_EN = re.compile(
    r"[,.;…-]*\s*\b(?:(?:(?:oh|uh|um|er|ah),? )?(?:(?<!say )(?<!said )(?<!there's )(?<!there is )(?<!is )(?<!have )(?<!has )(?<!says )(?<!in )(?<!see )(?<!means )no(?! (?:need|way|one|reason|longer|more|problem|rush|hurry|chance|matter|doubt|idea|point|use|sense|good)\b)|nope|wait(?!,? (?:and|then|until|till|for|a|one|two|three|five|ten|\d)\b)|sorry|oops|whoops|scratch that|correction|i mean"
    r"|i meant|my mistake|make that|make it|rather|or rather|actually)(?: wait| no| sorry|, wait|, no|, sorry"
    r"|, i mean| i mean|, i meant|, actually)*)\b[,.;:…!-]*\s*"
)
_TRAILING_EN = re.compile(r"[, ]+i (?:mean|meant)\b[, ]*")
# Of what was only just asked for, not of what was done before.
_ALL_OF_IT = {
    "en": re.compile(
        r"^(?:please |just |you can |let's |and |no )*(?:(?:forget(?: about)?|cancel|scrap|scratch|strike|undo|skip|disregard|ignore)"
        r" (?:it|that|this|everything|all (?:of )?that)|never ?mind(?: that| it)?)(?: please| then| again)?[.! ]*$"
    ),
    "zh": re.compile(r"^(?:取消|撤[销回]|算了|免了|忘了它?|当我没说)(?:[吧掉它]|这个|那个)*[。！!]*$"),
}
_NOT_THAT_EN = re.compile(r"^not (?:the |that |this )?[\w ]{1,30}?[,;.] *(?:but )?")
_MARK_ZH = re.compile(
    r"[，,。；…]*\s*(?:哎|啊|呃|哦|诶)?[，,]?(?:不对不对|不对|不是不是|(?<=[，,。…;；! ])不是(?!该|要|让)|不是(?=[，,。… ])|[哦噢啊呃哎]不(?=[把将红绿蓝黄黑白往向左右上下前后二两三四五六七八九十半\d]|一[厘毫公分米度百])|不不|错了|说错了|我是说|应该是|等等(?![，,。… ]*(?:然后|再|之后|接着)))"
    r"(?:[，,]?(?:不对|不是|我是说|应该是|是))*[，,。…]*\s*"
)
# What comes before the name of a place.
_PLACE_OF = {
    "en": re.compile(
        r"\b(?:in|on|onto|into|inside|to|at|over|of|near|beside|behind|with|by|under|from|than)(?: (?:the|that|this|a|my|your))? ?$"
    ),
    "zh": re.compile(r"(?:[到在进入往向离和跟]|旁边的?)(?:那个|这个|那|这)?$"),
}
_NOT = {"en": ("not ",), "zh": ("不", "别")}
_MAX_CANDIDATES = 12
# "twenty, no, five centimetres" is not 25 centimetres: no number is cut in two and made one with the corrected one.
_NUMBER_EN = re.compile(
    r"(?:\d[\d.,]*|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty"
    r"|sixty|seventy|eighty|ninety|hundred|thousand|point|half|quarter|minus|negative)(?:-\w+)?"
)
_NUMBER_ZH = re.compile(r"[\d.零〇一二两三四五六七八九十百千万点半负]")


def corrected(text: str, scene: Scene, language: str) -> Iterator[tuple[str, str]]:
    """Readings of a text in which somebody corrects himself, the likeliest first; none if nobody does.

    Each comes with what was said before the correction: if that comes to the same, nothing was corrected.
    """
    plain = folded(text)
    for contrast in _contrasts(plain, scene, language):
        yield contrast, ""
    if language != "zh" and len(_MARK_EN.findall(plain)) > 1:
        plain = _TRAILING_EN.sub(" ", plain)
    mark = _last((_MARK_ZH if language == "zh" else _MARK_EN), plain)
    if mark is None:
        return
    before, after = plain[: mark.start()].strip(), plain[mark.end() :].strip()
    if language != "zh":
        after = _TRAILING_EN.sub(" ", after).strip(" ,")
        after = _NOT_THAT_EN.sub("", after) or after
    told = (_MARK_ZH if language == "zh" else _MARK_EN).sub(" ", f"{before} ").strip()
    if _ALL_OF_IT["zh" if language == "zh" else "en"].match(after):
        return  # all of it is taken back
    if not before or not after or judge_mood(told, language).kind not in ("command", "empty"):
        return  # "don't go up, no, down": nobody can tell what is still forbidden
    yield after, before
    words = list(before) if language == "zh" else re.sub(r"[,.;]", " ", before).split()
    space = "" if language == "zh" else " "
    number = _NUMBER_ZH if language == "zh" else _NUMBER_EN
    for kept in range(len(words) - 1, max(0, len(words) - 1 - _MAX_CANDIDATES), -1):
        if not number.fullmatch(words[kept - 1]):
            yield space.join([*words[:kept], after]), before


def handled(before: str, scene: Scene, language: str) -> str:
    """The first thing in words that were taken back which is no place for another one; "" if there is none.

    "put the red cube on the green, no, put it in the bowl" is about the red cube.
    """
    words = folded(before)
    bound = "" if language == "zh" else r"\b"
    found = [
        (match.start(), -len(phrase), names[0])
        for phrase, names in references(scene, language).items()
        if phrase and len(names) == 1
        for match in re.finditer(rf"{bound}{re.escape(phrase)}{bound}", words)
        if not _PLACE_OF[language].search(words[: match.start()])
    ]
    return min(found)[2] if found else ""


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last mark inside a text; at its beginning it answers somebody, and at its end nothing follows."""
    found = [match for match in pattern.finditer(text) if match.start() > 0 and match.end() < len(text)]
    return found[-1] if found else None


def _contrasts(text: str, scene: Scene, language: str) -> Iterator[str]:
    """ "not the green cube, take the red one" → "take the red one"; of a verb that is negated nothing is left."""
    if not any(word in text for word in _NOT[language]):
        return  # most texts: nothing has to be built for them
    known: Mapping[str, tuple[str, ...]] = references(scene, language)
    things = "|".join(
        re.escape(phrase)
        for phrase in sorted(known, key=len, reverse=True)
        if phrase and len(known[phrase]) == 1
    )
    if not things:
        return
    if language == "zh":
        first = re.compile(
            rf"^(?:不要|不是|别拿|不拿)(?:那个|这个)?(?:{things})(?:那个|那块)?[，, 。]+(?:是|要|我要)?"
        )
        last = re.compile(rf"[，, 。]+(?:不是|不要)(?:那个|这个)?(?:{things})(?:那个|那块)?[。！!]*$")
    else:
        # Without a comma "not the bowl in …" is one thing in another: nobody can tell what is not wanted.
        apart = r"(?:[,.;:]+ *| +(?!(?:in|into|on|onto|to|at|next|beside|left|right)\b))"
        first = re.compile(rf"^not (?:the |that |this )?(?:{things}){apart}(?:but |rather )?")
        last = re.compile(rf"[,.; ]+(?:and )?not (?:the |that |this )?(?:{things})[.! ]*$")
        # "put the red cube, not the blue one, in the bowl"
        between = re.compile(rf"(?<=\w),? (?:and )?not (?:the |that |this )?(?:{things}),?(?= \w)")
        if (match := between.search(text)) and re.search(rf"\b(?:{things})$", text[: match.start()]):
            yield f"{text[: match.start()]}{text[match.end() :]}"
    for pattern in (first, last):
        if match := pattern.search(text):
            yield f"{text[: match.start()]}{text[match.end() :]}"
