# SPDX-License-Identifier: Apache-2.0
"""What people put around a command: "I was wondering if you could …, please". Taken off, the command itself is left.

Only words with which somebody asks *for* the thing; "did you …", "if it is safe …", "he told you to …" stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.lexicon import lexicon, load_words

_ROUNDS = 8
_PART = re.compile(r"<<(\w+)>>")
_ASKING = (
    "ask",
    "ask2",
    "ask3",
    "ask4",
    "ger",
    "wish",
    "wish2",
    "wish3",
    "good",
    "good2",
    "due",
    "due2",
    "due3",
    "due4",
    "lets",
)


def _any(listed: str | list[str]) -> str:
    return listed if isinstance(listed, str) else f"(?:{'|'.join(listed)})"


def _with_parts(data: Mapping[str, Any]) -> Callable[[str], str]:
    """Puts the parts in, each of which may have those before it."""
    parts: dict[str, str] = {}

    def put_in(text: str) -> str:
        return _PART.sub(lambda match: parts[match[1]], text)

    for name, listed in data["parts"].items():
        by_length = sorted(listed, key=len, reverse=True)  # "first of all" before "first"
        parts[name] = put_in(_any(by_length if name == "calls" else listed))
    return put_in


def _patterns() -> dict[str, re.Pattern[str]]:
    """The frames of config/sentences/requests_en.yaml.

    Raises:
        ConfigurationError: the file is missing, or does not fit.
    """
    data = load_words("requests_en")
    try:
        put_in = _with_parts(data)
        frames = "|".join(f"(?P<{name}>{'|'.join(one)})" for name, one in data["frames"].items())
        last, inside = (put_in("|".join(data[name])) for name in ("last", "inside"))
        return {
            "first": re.compile(rf"(?:{put_in(frames)})(?![\w'-]) ?"),
            "last": re.compile(rf"(?:^| )(?:(?:{last}))$"),
            "inside": re.compile(rf"(?<!\w)(?:{inside})(?![\w'])"),
            **{name: re.compile(put_in(f"<<{name}>>")) for name in ("could", "good", "glad")},
        }
    except (KeyError, TypeError, AttributeError, re.error) as error:
        raise ConfigurationError(
            f"config/sentences/requests_en.yaml does not fit: {error!r}.", "Compare with the package's own."
        ) from error


_PATTERNS = _patterns()
_FIRST, _LAST, _INSIDE = (_PATTERNS[name] for name in ("first", "last", "inside"))
_COULD, _GOOD, _GLAD = (_PATTERNS[name].pattern for name in ("could", "good", "glad"))


@dataclass(frozen=True)
class Request:
    """A sentence without what was put around it.

    Attributes:
        core: what is left, words without punctuation.
        is_asked: it was asked of somebody: "could you …", "I'd like you to …"; its form is no question then.
        gerunds: the frame wants "-ing": "would you mind …".
    """

    core: str
    is_asked: bool = False
    gerunds: bool = False


_STUTTER = re.compile(r"\b(?!(?:very|so|really|far|bye|no|wait|oh)\b)([a-z']{2,}(?: [a-z']+)?)(?: \1\b)+")
# "the bowl, could you raise it", "the gripper can you open it": asked of what is named first
_NAMED_FIRST = re.compile(
    rf"^(?P<thing>(?:the|that|this|your|my) (?:(?!(?:is|are|was|were|should|must|needs|has|who|man|woman|and|can|could|would|will)\b)[\w'-]+ ){{1,5}}?)(?:{_COULD} (?:you|we) (?:please |just |kindly |now |maybe )*|(?:i want you to|i need you to|i'd like you to|i would like you to|please|just|go ahead and) )(?=\w)"
)
# "could the red cube go in the bowl", "can the bowl be lifted"; but "could it be in the bowl" asks
_MAY_IT = re.compile(
    r"^(?:(?:can|could|may|might|would|will) )(?P<thing>(?:the|that|this|your|my) (?:(?!(?:you|and|is|are)\b)[\w'-]+ ){1,5}?)"
    r"(?:please |maybe |possibly |just )*(?P<rest>(?:go|come|move|get|be (?:\w+ed|put|set|taken|shut|brought|laid|held|lifted|sent|stuck|thrown|let)\b|be (?:open|closed|shut)$).*)$"
)
_WERE_SO = re.compile(
    rf"^(?:(?:it|that)(?: would|'d) be {_GOOD}(?: for (?:me|us))?|i(?: would|'d) (?:like|love|prefer|appreciate) it|i(?: would|'d) be {_GLAD}) if (?P<thing>(?:the|that|this|your) [\w ]+?) (?:was|were|is|would be|could be|got|ended up|went|sat|would go|could go|would sit)(?: put| placed| moved| sitting| resting)? (?P<rest>.+)$"
)


# "if you collected", "if you were to": of what is wished for now
_IF_YOU = re.compile(
    r"^(?P<before>.*\bif you )(?P<verb>[a-z]+ed|took|got|put|went|brought|came|gave)\b(?P<rest> .+)$"
)
_PRESENT = {
    "took": "take",
    "got": "get",
    "put": "put",
    "went": "go",
    "brought": "bring",
    "came": "come",
    "gave": "give",
}


_CLEFT = re.compile(
    r" is (?:the|that|this|what|where|for)\b| it (?:over |in |back )?(?:there|in|back)$|^it(?:'s| is) (?:the|that|this)\b"
)
# "the thing I want you to pick up is the red cube", "the bowl is where I want the red cube"
_CLEFTS = (
    (
        re.compile(
            r"^(?P<thing>(?:the|that|this) [\w ]+?) (?:belongs|goes|should go|should be|has to go|needs to go|needs to be|must go) (?P<where>(?:in|on|into|onto|inside|next to|beside) [\w ]+?) (?:so |and )?(?:please )?(?:put|place|drop|pop|stick|move|set|bring) it (?:over |in |back )?(?:there|in|back)$"
        ),
        "put {thing} {where}",
    ),
    (
        re.compile(
            r"^(?P<place>[\w ]+?) is where (?P<thing>(?!to\b)[\w ]+?) (?:must|should|has to|needs to|ought to) (?:go|be|end up)$"
        ),
        "put the {thing} in the {place}",
    ),
    (
        re.compile(
            r"^(?:it's|it is) (?P<thing>(?:the|that|this) [\w ]+?) (?:that )?(?:i|we)(?:'d like| would like| want| need) you to (?P<verb>[\w ]+)$"
        ),
        "{verb} {thing}",
    ),
    (
        re.compile(
            r"^(?:the (?:one|thing|cube|block|object|item)|what)(?: that| which)? (?:i|we)(?:'d like| would like| want| need) you to (?P<verb>[\w ]+?) is (?P<thing>(?:the|that|this) [\w ]+)$"
        ),
        "{verb} {thing}",
    ),
    (
        re.compile(
            r"^(?P<thing>(?:the|that|this) [\w ]+?) is (?:what|the (?:one|thing|cube|block))(?: that| which)? (?:i|we)(?:'d like| would like| want| need) you to (?P<verb>[\w ]+)$"
        ),
        "{verb} {thing}",
    ),
    (
        re.compile(
            r"^(?:the |that |this )?(?P<place>[\w ]+?) is where (?:i want |i'd like |i need |you should put |you can put |to put |you put )?(?P<thing>(?:the|that|this) [\w ]+?)(?: to go| to be| goes| should go| should be| belongs| must go| needs to go| needs to be)?$"
        ),
        "put {thing} in the {place}",
    ),
    (
        re.compile(
            r"^(?:what|all) (?:i|we)(?:'d like| would like| want| need)(?: now| to happen| to see)? is for (?P<thing>(?:the|that|this) [\w ]+?) to (?P<rest>(?:go|end up|be|sit|land|get|come|move)\b.*)$"
        ),
        "{thing} should {rest}",
    ),
)


def _present(verb: str) -> str:
    """ "collected" → "collect", "moved" → "move", "dropped" → "drop"."""
    if verb in _PRESENT:
        return _PRESENT[verb]
    known = lexicon("en").verbs
    stem = verb[:-2]
    for form in (verb[:-1], stem, stem[:-1], f"{stem[:-1]}y" if stem.endswith("i") else stem):
        if (form,) in known or (form, "up") in known:
            return form
    return verb


def without_frame(words: str) -> Request:
    """Take the frames off lower-case words without punctuation; something is always left of what had words."""
    asked = gerunds = False
    for _ in range(2):  # "like, um, five": what one leaves may be another
        words = " ".join(_INSIDE.sub(" ", words).split()) or words
    words = _STUTTER.sub(r"\1", words)
    words = _uncleft(words)
    if so := _WERE_SO.match(words):
        words = f"i want {so['thing']} to be {so['rest']}"
    if (wish := _IF_YOU.match(words)) and _FIRST.match(f"{wish['before']}could "):
        words = f"{wish['before']}could {_present(wish['verb'])}{wish['rest']}"
    if may := _MAY_IT.match(words):
        words, asked = f"{may['thing']} should {may['rest']}", True
    if first := _NAMED_FIRST.match(words):
        asked = asked or "you" in first.group()[first.end("thing") :]
        words = f"{first['thing']}{words[first.end() :]}"
    for _ in range(_ROUNDS):
        words = _uncleft(words)
        match = _FIRST.match(words)
        if match is None or not match.group().strip() or match.end() >= len(words):
            break
        asked = asked or any(match[name] for name in _ASKING)
        gerunds = gerunds or bool(match["ger"])
        words = words[match.end() :]
    return Request(_without_end(words), asked, gerunds)


def _uncleft(words: str) -> str:
    if not _CLEFT.search(words):
        return words
    whole = _without_end(words)
    for pattern, order in _CLEFTS:
        if cleft := pattern.match(whole):
            return order.format(**cleft.groupdict())
    return words


def _without_end(words: str) -> str:
    for _ in range(_ROUNDS):
        match = _LAST.search(words)
        if match is None or match.start() == 0:
            break
        words = words[: match.start()]
    return words


_REASON = {
    "en": re.compile(
        r"^(?:please |ok(?:ay)?,? |robot,? |um,? |right,? )*(?:(?:so that|so(?= (?:it|i|we|that|there|nothing|nobody|no one|everybody|everyone|everything|things)\b)|in order to|to (?:make|get|give|free|clear|avoid|be|line|see|reach|prepare|keep|save|help|show|start|finish))\b(?! (?:you|could|can|would|the \w+ (?:is|was)\b))[^,.;?!]*|(?:just )?for (?:safety|now|a change|more room|more space|better access|the demo|the next step|clarity|calibration|good measure|better view)[^,.;?!]*"
        r"|(?:so|so that) (?:you (?:can|could|don't|do not|won't|will|may|might|are|have)|it|i|we|that) [^,.;?!]*|(?:you're|you are|it's|it is|that's|that is|(?:the|your) (?:arm|gripper|hand|tool|robot|claw)(?:'s| is)|we're) (?:still )?(?:a bit |a little |way |far |much |slightly )*too (?:low|high|close|far|near|tight|wide|open|loose)[^,.;?!]*|i (?:need|could use) (?:some |more |a bit more |a little )?(?:room|space|elbow room)[^,.;?!]*"
        r"|(?:(?:great|good|nice|perfect|super|excellent|lovely|brilliant|wonderful|well done|awesome)[,. ]+)*(?:now (?:that )?)?(?:you've|you have|you) (?:now |already |finally |just )*(?:got|grabbed|picked|done|finished|reached|arrived|put|placed|opened|closed|dropped|made|taken|lifted|moved)\b(?! (?:to|been|told)\b)[^,.;?!]*"
        r"|(?:that|this|it|everything)(?:'s| is| was| looks| worked| went)(?: all| very| really| so)? (?:well|great|good|fine|perfect|nice|done|in place|lovely|enough|it|finished|better)[^,.;?!]*"
        r"|(?:the )?\w+ (?:is|'s) in the way[^,.;?!]*|(?:it's|it is) in the way[^,.;?!]*|i'm (?:done|finished|ready)[^,.;?!]*|i am (?:done|finished|ready)[^,.;?!]*|we're (?:done|finished|ready)(?: here)?[^,.;?!]*)[,.;!] *(?:so |please |then |and )*(?=\w)"
    ),
    "zh": re.compile(
        r"^(?:(?:我们|咱们|我)?(?:已经|都|全部|活)?(?:结束|完事|收工|下班|搞定|忙完|干完|做完|弄完|完成)(?:了|啦)?|今天(?:就)?(?:先)?到(?:此|这里?)(?:为止)?(?:了|吧)?|辛苦你?了?|谢谢你?|没别的事了?)[，,。；;！! ]+(?=.)|^(?:请|嗯|好)?(?:(?:为了|方便|免得|以便|省得)[^，,。；;！!？?]*|(?:你|它|手|夹爪|机械臂|爪子|现在|还是|离得|离|这|位置|有点)*(?:太|过于|有点|有些)(?:低|高|近|远|紧|松|挤|靠前|靠后|靠左|靠右|开|大|小)了?[^，,。；;！!？?不没别]{0,3}|(?:没事|没问题|(?:已经|现在)?安全|(?:检查|确认|清理|收拾)(?:过|完|好)?|好|可以|搞定|准备好|人都?(?:走开|离开|让开)|都?(?:让开|清空|清好))了)[，,。；;！! ]+(?:所以|就|请|那)*(?=.)"
    ),
}


# "there's a red cube on the table, pick it up": only names it
_INTRODUCED = re.compile(
    r"^(?:ok(?:ay)?,? |so,? |um,? |robot,? )*(?:there's|there is|you see|i see|see|you can see|you'll see|do you see|can you see|you know|your target is|the target is|the object is|our target is|remember)(?= (?:a|an|the|that|this) [^,.;?!]{2,60}[,.;?!] ?\w)"
)


# Anything else that follows may take the command back: "go down, it's too high, never mind".
_MORE_OF_IT = r"(?: (?:now|here|there|up there|down there|right now|at the moment|for (?:me|us|it|this|that)|to (?:see|reach|work)|(?:for|to) the \w+))*"
_REASON_AFTER = {
    "en": re.compile(
        rf"[,.;!] *(?:because |since |as |cause |'cause )?(?:(?:it's|it is|that's|you're|you are|(?:the|your) (?:arm|gripper|hand|tool|claw|robot)(?:'s| is)) (?:still |just |now )*(?:a bit |a little |way |far |much |slightly )*(?:too (?:low|high|close|far|near|tight|wide|open|loose)|in (?:the|my|our|your) way){_MORE_OF_IT}|i (?:need|could use) (?:some |more |a bit more |a little )?(?:room|space){_MORE_OF_IT}|we(?:'re| are) (?:done|finished)(?: here)?)[.!]*$"
    ),
    "zh": re.compile(
        r"[，,。；; ]+(?:因为)?(?:你|它|手|夹爪|机械臂|爪子|现在|这|位置)*(?:太|有点|有些)(?:低|高|近|远|紧|松|挤|靠前|靠后|靠左|靠右)了?[。!！]*$"
    ),
}


_INTRODUCED_ZH = re.compile(
    r"^(?:你)?(?:看到|看见|有没有看到|瞧见)(?:那个|那块)?(?P<thing>[^，,。；!！?？]{1,10}?)(?:了吗|了没有|没有|吗|了)[，,。；?？ ]+(?=[把将拿抓捡夹请就帮麻])"
)


_ONLY_POLITE = re.compile(
    r"(?:please|thanks?(?: you)?|cheers|will you|would you|could you|can you|ok(?:ay)?|robot|now|mate|right|thank you very much|please robot|if you (?:can|could|please)|can you do that(?: for me)?(?: please)?|谢谢你?|好吗|可以吗|行吗|拜托了?)[ .!?。！？]*"
)


def without_reason(text: str, language: str) -> str:
    """A folded text without a reason before or after the command: "you're too low, go up 5 cm"."""
    text = _REASON_AFTER[language].sub("", text) or text
    text = (_INTRODUCED if language == "en" else _INTRODUCED_ZH).sub("", text).strip() or text
    for _ in range(3):
        shorter = _REASON[language].sub("", text, count=1)
        if shorter == text or not shorter.strip() or _ONLY_POLITE.fullmatch(shorter.strip()):
            break
        text = shorter
    return text
