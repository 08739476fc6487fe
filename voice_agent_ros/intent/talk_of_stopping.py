# SPDX-License-Identifier: Apache-2.0
"""Talk in which "stop" is only quoted, reported or named: "he yelled, stop!", "what does stop mean", "当时他喊停".

Few and narrow rules: what is said in the first person, or to the robot, stays a stop.
"""

from __future__ import annotations

import re

_STOP = r"(?:stop(?: it| that| stop)*|halt|freeze|hold it|abort|whoa)"
_SOMEBODY = (
    r"(?:he|she|they|who|someone|somebody|everyone|everybody|people|mum|mom|mummy|dad|daddy|grandma|grandpa"
    r"|(?:the|my|your|his|her|our|their|a|an|some|that) (?!robot\b|arm\b)\w+)"
)
_UTTERED = (
    r"(?:(?:just |then |always |suddenly |once |kept )*(?:said|says|say|yelled|yells|yelling|shouted|shouts|shouting|cried|cries|crying|screamed|screams|screaming"
    r"|called out|whispered|whispers|sang|sings|sing|singing|goes|go|was like|were like|is like|wrote|writes))"
)
_QUOTED = re.compile(r"[\"“”「『《]([^\"“”」』》]{1,40})[\"“”」』》]")
_OF_WORDS = re.compile(
    rf"\b{_SOMEBODY} {_UTTERED}\b|\b{_UTTERED} {_SOMEBODY}\b|\bis (?:a|an|the|just a|my|not a|one|written|spelled)\b|\bmeans?\b|\b(?:word|sign|song|title|label|button|lyrics|film|movie|poster|book|phrase|command)\b"
    r"|(?<!我)(?:说|喊|叫道|唱|写)(?:着|道|了|过)?|意思|这个[字词]|歌|牌子|标语|标题"
)
_RULES = (
    # he yelled, stop!
    re.compile(rf"\b{_SOMEBODY} {_UTTERED}(?: out)?(?: (?:at|to) \w+)?[,:]? +[\"“]?{_STOP}\b(?:[ ,!]+{_STOP}\b)*"),
    # stop, she cried
    re.compile(rf"\b{_STOP}[!,.\"” ]+{_UTTERED} {_SOMEBODY}\b|\b{_STOP}[!,.\"” ]+{_SOMEBODY} {_UTTERED}(?= *$|[.!]| and\b)"),
    re.compile(rf"\bwhat (?:does|do|did|is|would) (?:the word |[\"“])?{_STOP}[\"”]? (?:mean|do|stand for|in)\b"),
    re.compile(rf"\bhow (?:do|would|does) (?:you|i|we|one) (?:say|spell|write|pronounce) [\"“]?{_STOP}\b"),
    re.compile(r"\b(?:the )?(?:word |emergency )?(?:stop|halt|freeze|abort|whoa)[\"”]? (?:is|was|isn't|wasn't|means|meant|has|comes|rhymes) (?!(?:what i|all i|an order)\b)(?!stop\b)\w+"),
    re.compile(
        rf"\b(?:if|until|till|unless|before|when|whenever|once|as soon as|every time|each time) (?:i|you hear me|somebody|someone|anyone|we|he|she|they) (?:say|says|shout|yell|call) {_STOP}"
        rf"(?:,? (?:then |please |you |you must |you have to |you should |you need to |you'll |you will |do )*{_STOP})?(?= *[.!]*$|[ ,]+(?:then|you|please|it|the|go|open|what|do)\b)"
    ),
    re.compile(
        rf"\b(?<!\bi )(?<!\bwe )(?:told|tells?|asks?|asked|begged|begs|taught|wanted|wants?|ordered|advised|forced|made) "
        rf"(?:me|him|her|us|them|everyone|people|(?:the|my|his|our|their) (?!robot\b|arm\b|gripper\b)\w+) (?:to )?{_STOP}\b"
    ),
    re.compile(r"(?:当时|昨天|刚才|后来|突然)?(?<!我)(?:他|她|有人|老师|妈妈|爸爸|老板|大家|人们|孩子)们?(?:就|又|都|突然|一直|在)?(?:大声)?(?:喊|叫|嚷|吼|唱)(?:着|了|道|过)?[，,：: \"“]*停+(?:下来?|止|住)?"),
    re.compile(r"(?:他|她|老师|妈妈|爸爸|老板|医生|警察|人家)们?(?:让|叫|请|劝|要求|命令)(?:我|他|她|我们|他们|大家|司机)(?:快|赶紧|马上|先)?停(?:下来?|止|住|车)?"),
    re.compile(r"(?:等到?|当|如果|要是|只要|一旦|听[到见])我(?:说|喊|叫)停(?:的时候|[之以]后|了)?(?:[，, ]*(?:你|就|再|才|请|要|马上)+停(?:下来?|止)?)?"),
    re.compile(r"我(?:说|喊|叫)停(?:为止|的时候|[之以]后|你?[再才]).*$"),
    re.compile(r"[\"“「]?停(?:止|下)?[\"”」]?(?:是什么|是啥|这个[字词]|的意思|字怎么|怎么[写读念]|用英[语文])"),
    re.compile(r"(?:[车雨风雪钟表]|音乐|比赛|电梯|心跳|喷泉)(?:都|也|就|已经|终于|马上|快要?)?停(?:[在着得过]|(?:下来|止)?了(?!吧))"),
)  # fmt: skip


def without_talk(text: str) -> str:
    """A folded text without the stops in it that are only spoken of."""

    def quoted(match: re.Match[str]) -> str:
        outside = f"{text[: match.start()]} {text[match.end() :]}"
        return " " if _OF_WORDS.search(outside) else match.group()

    text = _QUOTED.sub(quoted, text)
    for rule in _RULES:
        text = rule.sub(" ", text)
    return text
