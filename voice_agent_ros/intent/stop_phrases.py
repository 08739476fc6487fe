# SPDX-License-Identifier: Apache-2.0
"""Does somebody say "stop"? A rule on text for partial transcripts: in doubt it stops, which costs little."""

from __future__ import annotations

import re

from voice_agent_ros.intent.talk_of_stopping import without_talk
from voice_agent_ros.intent.wordings import MAX_LENGTH, bare, folded, visible

_WORD = re.compile(
    r"\b(?:emergency stop|e-?stop|stand still|hold still|stay still|keep still|stay put|stay (?:right )?(?:where you are|there)(?=$| and| please| now| don't)|sto+p+|halt|freeze|abort|desist"
    r"|(?:quit|cease) (?:moving|it|that|all|movement|motion|now|immediately|at once|this|operation|and desist)|cut it out|hit the brakes?|slam on the brakes|(?:that's|that is|that'll be) (?:quite )?enough(?! (?:for|to|of|room|space|time))|whoa+|woah+)\b(?! ?-)"
    r"|^(?:(?:whoa|ok|okay|no|wait|hey|please|robot|arm|now|just|and|alright|right) )*(?:hold it(?: right there| there)?|cease|enough(?: already| now| is enough)?|emergency|emergency emergency|not another (?:inch|step|move|millimet(?:er|re)|centimet(?:er|re))|(?:do not|don'?t|nobody|no one)(?: you)?(?: dare)? (?:you )?move(?: a muscle| an inch| another inch| another muscle| at all| any ?more| any further| now| anything|(?: the| your) (?:arm|robot|hand|gripper))?|no more (?:moving|movement|motion)|(?:do not|don'?t) go any further|quit"
    # Off: what else should a voice do about it?
    r"|(?:shut|power|switch|turn) (?:down|off|(?:it|that|yourself|everything|(?:the|this|that) (?:robot|arm|thing|machine|motors?|power)) (?:down|off))"
    r"|(?:shut|power|switch|turn) (?:down|off) (?:yourself|everything|(?:the|this|that) (?:robot|arm|thing|machine|motors?|power))"
    r"|(?:kill|cut) (?:the |its |all )?(?:power|motors?|drives?)|kill (?:it|the (?:arm|robot))"
    r"|(?:watch|look) out|ouch|danger)(?: please| now| robot| right there| right now| it| stop| immediately)*$"
)
# What a comma or a full stop parts belongs to another clause: "don't, stop!" is no "don't stop".
_CLAUSES = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[!?;:…。，！？；：、]")
# A word before it that makes it something else: a noun, a report, a negation.
_NOT_AFTER = re.compile(
    r"(?:\b(?:don'?t|do not|doesn'?t|didn'?t|never|not|non|without|can'?t|cannot|won'?t|couldn'?t"
    r"|wouldn'?t|shouldn'?t"
    r"|bus|train|tram|metro|truck|pit|full|rest|door|glottal|f|(?<!\bi )says?|(?<!i )said|saying|reads?|word|words"
    r"|called|named"
    r"|the|a|an|each|after|after that|after this|after your|after my|every|next|last|first|deep|flash)"
    r"|\b(?:how|when|where|way|(?:no|any|what|which) time|going|used|about|try|tried|trying|wants?|likes?|plans?|(?<!you )need|reason) to"
    r"|non-)\s*$"
)
_NOT_BEFORE = re.compile(
    r"^\s*(?:shop(?:s|ping)?|signs?|watch(?:es)?|lights?|buttons?|by|words?|over|gap|loss|press|frames?|codes?|consonants?"
    r"|dried)\b"
)
_RELEASED = re.compile(
    r"\b(?:(?:release|reset|clear|unlock|disengage|undo|cancel) (?:the |your )?|lift (?:the |your ))(?:emergency )?$"
)
# "Grab the … stop!": broken off before the thing was named.
_BROKEN_OFF = re.compile(
    r"\b(?:pick(?: up)?|grab|take|put|place|drop|move|close|shut|open|give(?: me)?|hand(?: me)?|fetch|bring(?: me)?|hold|get|raise|lower|stack|rotate|turn|into|onto|inside)"
    r" (?:the|a|an|that|this|your|my)$"
    r"|\b(?:put|place|drop|set|move|stack) .+ (?:in|on) (?:the|that|this|your|my)$"
)
_ENDS = re.compile(r"^(?: (?:stop|it|now|please|robot|halt|no))*$")
# "why did you stop", "when does it stop": asked about, not asked for.
_ASKED = re.compile(
    r"^(?:and |but |so |well )?(?:why|when|where|how|what|who|which|did|does|(?:do|have)(?= (?:you|i|we|they|the|these)\b)|has|had|is|are|was"
    r"|were)\b"
    r".*\b(?:you|it|i|we|they|he|she|robot|arm|that|this)$"
)
# "why don't you stop", "it won't stop": asked for in despair.
_URGED = re.compile(
    r"(?:\bif (?:you|it|this|that|(?:the|this) (?:robot|arm|thing)) (?:don'?t|doesn'?t|do not|does not|won'?t)"
    r"|\bwhy (?:won'?t|don'?t|doesn'?t|can'?t) (?:you|it|he|she|this|that|(?:the|this) (?:robot|arm|thing))"
    r"|^(?:it|he|she|this|that|(?:the|this) (?:robot|arm|thing)) (?:won'?t|doesn'?t|does not|will not|can'?t|cannot))"
    r"(?: even| ever| just)?$"
)
_HAN = re.compile(
    r"急停|停止|[终中]止(?=$|[吧啊呀]|一切|所有|全部|当前|运[动行]|动作|移动|任务|操作|执行|程序)|停下|停住|停手|停一下|停一停|停(?!地)|(?:别|不许|不准|不要|不能|谁都不许|谁都别|都别)(?:再|乱)?动|住手|打住|刹住|刹车|^(?:好了?|行了?|哎|喂|慢着|等等|可以了|机器人)*(?:够了|站住|停车|慢着|救命|危险)+$"
    r"|^(?:快|马上|赶紧|立刻|立即|给我|把它|把电源|把机器人|请)*(?:关掉|关机|关了它|断电|切断电源|切断电机|关电源|关停)(?:吧|它|电源|机器人|电机)*$"
)
_HAN_NOT_AFTER = re.compile(
    r"(?:不要|不用|(?<!能)不能|(?<!可)不可以|不想|不会|别|不|不[许准]|没有?|无需|为什么|为何|为啥|怎么|什么时候|何时|公交|(?<!我)(?<!我都)(?<!跟你)(?<!和你)(?<!对你)说|写着|写的是|叫做"
    r"|请勿|如何|能否不|再|随时|调|解除|取消|释放|复位|清除|暂)$"
)
_HAN_NOT_BEFORE = re.compile(
    r"^(?:车|电|顿|留|靠|放(?=[处区点车位]|$)|牌|产|工|泊|滞|职|战|课|键|按钮|标志|牌子|止键|止按钮|止标志|了[吗么没])"
)
_HAN_DONT_MOVE = re.compile(r"^(?:别|不许|不准|不要|不能|谁都不许|谁都别|都别)(?:再|乱)?动")


_HAN_URGED = re.compile(
    r"(?:怎么|为什么|为何|咋)(?:你|它|还|就|都)*不(?=停)|(?:它|手臂|机器人)(?:还|就|都)*不(?=停)"
    # "还不停": why not yet; "再不停我…", "你要是不停…": or else
    r"|^(?:你|还|再|它)*(?:还|再|要是|如果|要再)不(?=停)|^不(?=停(?:下来?|止|手)?[，, ]*我就)"
)


def find_stop_phrase(text: str, language: str = "") -> str | None:  # noqa: ARG001
    """The words that ask to stop, or None.

    Args:
        text: a partial or final transcript.
        language: of the transcript. Both languages' words count whatever it is: a recognizer may be wrong about it.
    """
    seen = visible(text)
    # Who talks on and on says it last; what is between has been heard before.
    for part in dict.fromkeys((seen[:MAX_LENGTH], seen[-MAX_LENGTH:])):
        for clause in _CLAUSES.split(without_talk(folded(part))):
            words = bare(clause)
            if phrase := _find_english(words) or _find_chinese(words.replace(" ", "")):
                return phrase
    return None


def _find_english(words: str) -> str | None:
    for match in _WORD.finditer(words):
        before, after = words[: match.start()], words[match.end() :]
        is_noun = _NOT_AFTER.search(before) and not (
            (match.group() == "emergency stop" and before.endswith("the "))
            or (_BROKEN_OFF.search(before.strip()) and _ENDS.match(after))
        )
        if _URGED.search(before.strip()):
            return match.group()
        if is_noun or _RELEASED.search(before) or _NOT_BEFORE.match(after) or _ASKED.match(before.strip()):
            continue
        return match.group()
    return None


def _find_chinese(squeezed: str) -> str | None:
    for match in _HAN.finditer(squeezed):
        before, after = squeezed[: match.start()], squeezed[match.end() :]
        phrase = match.group()
        if _HAN_DONT_MOVE.match(phrase):
            if not after or after.startswith(("了", "啊", "呀")):
                return phrase
            continue
        if (urged := _HAN_URGED.search(squeezed)) and urged.end() == match.start():
            return phrase
        rest_from_stop = squeezed[match.start() + phrase.find("停") + 1 :] if "停" in phrase else after
        if _HAN_NOT_AFTER.search(before) or _HAN_NOT_BEFORE.match(rest_from_stop):
            continue
        return phrase
    return None
