# SPDX-License-Identifier: Apache-2.0
"""What counts as an answer to "Shall I …?": only a plain yes is one."""

from __future__ import annotations

import re
from typing import Literal

from voice_agent_ros.intent.wordings import bare

# Praise alone ("great", "perfect", "fine") is no consent: people talk in the room.
_FILLERS = r"(?:u+m+|u+h+|er+m?|h+m+|oh|ah|well|so|robot|please|thanks|thank you|now|then|hey|mm+|and)"
_YES = (
    r"(?:yes|yeah|yep|yup|yah|ya|sure(?: thing)?|ok|okay|correct|affirmative|absolutely|definitely"
    r"|certainly|exactly"
    r"|of course|by all means|i'm sure|yes sir|indeed|alright|all right|(?:yes )?you (?:can|may|should)|you shall"
    r"|(?:yes )?i do|do it|do that|do so|do|go ahead|go for it|go on|proceed|confirm(?:ed)?"
    r"|that(?:'s| is) (?:right|correct)|make it so|i (?:want|would like|would love)(?: you)? (?:that|to))"
)
_NO = (
    r"(?:no+|nope|nah|negative|never(?: mind)?|nevermind|don'?t(?: do (?:it|that))?|do not(?: do (?:it"
    r"|that))?|not"
    r"|cancel|abort|stop|wait|wrong|incorrect|forget (?:about )?(?:it|that)|leave it|skip it|rather not|hold on|not now|not yet"
    r"|(?:absolutely|certainly|definitely|of course|probably|surely|better|you'd better|i'd rather|i (?:said|think|guess)|hell|god|heck|yeah)"
    r" (?:not|no+|nope)|under no circumstances|i don'?t think so|(?:that|it)(?:'s| is) wrong|(?:uh|nuh) uh(?=$))"
)
_ALL_YES = re.compile(rf"(?:(?:{_FILLERS}|{_YES})(?: |$))+")
_SAYS_YES = re.compile(rf"(?:^| ){_YES}(?: |$)")
# "Okay so …", "yes and …": somebody goes on, or was cut off.
_GOES_ON = re.compile(r"(?:^|(?<!do) )(?:so|and|well|u+m+|u+h+|er+m?|h+m+)$|^do$")
_ALL_NO = re.compile(rf"(?:(?:{_FILLERS}|{_NO})(?: |$))+")
_STARTS_NO = re.compile(rf"^(?:{_FILLERS} )*{_NO}(?: |$)")
_SAYS_NO = re.compile(r"\b(?:no|nope|not|never|don'?t|cancel|abort|stop|wait|wrong|\w+n't)\b")
_ALL_YES_ZH = re.compile(
    r"(?:嗯+|啊|哦|请|谢谢|是的?|对的?|好的?|好啊|好吧|好嘞|得嘞|成|来吧|可以的?|行的?|没错|没问题|当然(?:可以)?|确认|确定"
    r"|同意|执行|去吧|做吧|开始吧|就这样"
    r"|要的?|yes|ok|吧|呀|了|你|就|做)+"
)
_SOUNDS_ONLY_ZH = re.compile(r"(?:啊|哦|吧|呀|了|你|就|请|谢谢|做)+")
# "Enough now", "by the way", "if …"
_NO_CONSENT_ZH = re.compile(r"(?:(?:好|行|可以)了[啊呀吧]?)+|(?:嗯|啊|哦)*(?:对了|要是)")
_NO_ZH = re.compile(
    r"^(?:嗯|啊|哦|呃|当然|千万|绝对|最好|还是|我说|先|可|那就?)*(?:不(?!错)|别|没有|没必要|取消|算了|免了|停|等等|等一?下|错了|拒绝|否|no)"
)
_ALL_NO_ZH = re.compile(
    r"(?:嗯|啊|哦|呃|不(?:要|用|行|可以|必|是|对|了|好|同意|确定|做)?|别(?:做|动|了)?|没有|取消|算了|停(?:止|下)?|等等|等一下|错了|没必要|免了|拒绝|否|当然|千万|绝对|最好|还是|我说|no"
    r"|你|请|谢谢|吧|了|啊|呀|先)+"
)
_SAYS_NO_ZH = re.compile(r"不(?!错)|别|没(?!错|问题)|取消|算了|停")


def judge_answer(text: str, language: str) -> Literal["yes", "no"] | None:
    """Whether a sentence agrees or declines; None for anything else, also for a yes with conditions."""
    words = bare(text)
    if not words:
        return None
    if text.rstrip().endswith(("?", "？")):
        return (
            "no" if _judged(words, language) == "no" else None
        )  # "yes?" is what somebody says who was called
    return _judged(words, language)


def _judged(words: str, language: str) -> Literal["yes", "no"] | None:
    if language.startswith("zh") or not words.isascii():
        squeezed = words.replace(" ", "")
        if _NO_ZH.match(squeezed):
            return "no"
        if _SAYS_NO_ZH.search(squeezed) or _SOUNDS_ONLY_ZH.fullmatch(squeezed):
            return None
        if _NO_CONSENT_ZH.fullmatch(squeezed):
            return None
        return "yes" if _ALL_YES_ZH.fullmatch(squeezed) else None
    if _STARTS_NO.match(words):
        return "no"
    if _SAYS_NO.search(words) or _GOES_ON.search(words):
        return None
    return "yes" if _ALL_YES.fullmatch(words) and _SAYS_YES.search(words) else None


def is_bare_answer(text: str, language: str) -> bool:
    """Whether a sentence is a yes or a no and nothing else."""
    answer = judge_answer(text, language)
    words = bare(text)
    if answer == "no":
        squeezed = words.replace(" ", "")
        return (_ALL_NO.fullmatch(words) if words.isascii() else _ALL_NO_ZH.fullmatch(squeezed)) is not None
    return answer == "yes"
