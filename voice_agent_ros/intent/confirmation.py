# SPDX-License-Identifier: Apache-2.0
"""Asking before a motion: the question that yes or no settles, and what counts as an answer to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.vocabulary import DIRECTIONS_ZH, POSES_ZH, spoken_name
from voice_agent_ros.intent.wordings import bare

_FILLERS = r"(?:u+m+|u+h+|er+m?|h+m+|oh|ah|well|so|robot|please|thanks|thank you|now|then|hey|mm+|and)"
_YES = (
    r"(?:yes|yeah|yep|yup|yah|ya|sure(?: thing)?|ok|okay|correct|affirmative|absolutely|definitely|certainly|exactly"
    r"|of course|indeed|alright|all right|fine|perfect|great|good|sounds good|(?:yes )?you (?:can|may|should)|you shall"
    r"|(?:yes )?i do|do it|do that|do so|do|go ahead|go for it|go on|proceed|confirm(?:ed)?|that(?:'s| is) (?:right|correct"
    r"|fine|ok|okay|good|it)|right|make it so|why not|i (?:want|would like|would love)(?: you)? (?:that|to)|be my guest)"
)
_NO = (
    r"(?:no+|nope|nah|negative|never(?: mind)?|nevermind|don'?t(?: do (?:it|that))?|do not(?: do (?:it|that))?|not"
    r"|cancel|abort|stop|wait|wrong|incorrect|forget it|leave it|rather not|hold on|not now|not yet)"
)
_ALL_YES = re.compile(rf"(?:(?:{_FILLERS}|{_YES})(?: |$))+")
_SAYS_YES = re.compile(rf"(?:^| ){_YES}(?: |$)")
_ALL_NO = re.compile(rf"(?:(?:{_FILLERS}|{_NO})(?: |$))+")
_STARTS_NO = re.compile(rf"^(?:{_FILLERS} )*{_NO}(?: |$)")
_SAYS_NO = re.compile(r"\b(?:no|nope|not|never|don'?t|cancel|abort|stop|wait|wrong|\w+n't)\b")
_ALL_YES_ZH = re.compile(
    r"(?:嗯+|啊|哦|请|谢谢|是的?|对的?|好的?|好啊|好吧|可以的?|行的?|没错|没问题|当然(?:可以)?|确认|确定|同意|执行|去吧|做吧|开始吧|就这样"
    r"|要的?|yes|ok|吧|呀|了|你|就|做)+"
)
_SOUNDS_ONLY_ZH = re.compile(r"(?:啊|哦|吧|呀|了|你|就|请|谢谢|做)+")
_NO_ZH = re.compile(r"^(?:嗯|啊|哦|呃)*(?:不(?!错)|别|没有|取消|算了|停|等等|错了|no)")
_SAYS_NO_ZH = re.compile(r"不(?!错)|别|没(?!错|问题)|取消|算了|停")


def judge_answer(text: str, language: str) -> Literal["yes", "no"] | None:
    """Whether a sentence agrees or declines; None for anything else, also for a yes with conditions."""
    words = bare(text)
    if not words:
        return None
    if language.startswith("zh") or not words.isascii():
        squeezed = words.replace(" ", "")
        if _NO_ZH.match(squeezed):
            return "no"
        if _SAYS_NO_ZH.search(squeezed) or _SOUNDS_ONLY_ZH.fullmatch(squeezed):
            return None
        return "yes" if _ALL_YES_ZH.fullmatch(squeezed) else None
    if _STARTS_NO.match(words):
        return "no"
    if _SAYS_NO.search(words):
        return None
    return "yes" if _ALL_YES.fullmatch(words) and _SAYS_YES.search(words) else None


def is_bare_answer(text: str, language: str) -> bool:
    """Whether a sentence is a yes or a no and nothing else."""
    answer = judge_answer(text, language)
    words = bare(text)
    if answer == "no" and words.isascii():
        return _ALL_NO.fullmatch(words) is not None
    return answer == "yes" or (answer == "no" and len(words) <= 4)


def question_for(calls: Sequence[SkillCall], language: str) -> str:
    """The question before a motion: "Shall I put the blue cube into the bowl?"."""
    if language.startswith("zh"):
        return f"要我{describe_calls(calls, language)}吗？"
    return f"Shall I {describe_calls(calls, language)}?"


def describe_calls(calls: Sequence[SkillCall], language: str) -> str:
    """What calls do, as a phrase: "put the blue cube into the bowl"."""
    if language.startswith("zh"):
        return "，然后".join(_in_chinese(call) for call in calls)
    return ", and then ".join(_in_english(call) for call in calls)


def _in_english(call: SkillCall) -> str:
    given = call.arguments.model_dump()
    distance = _length(given.get("distance", 0.0), ("centimetre", "millimetre", "metre"))
    into = f"into the {given.get('target')}"
    phrases = {
        "pick": f"pick up the {given.get('object')}",
        "place": f"put {'the ' + given['object'] if given.get('object') else 'it'} {into}",
        "pick_and_place": f"put the {given.get('object')} {into}",
        "move_to": f"move to the {str(given.get('pose')).replace('_', ' ')} position",
        "move_by": f"move the hand {given.get('direction')} by {distance}",
        "open_gripper": "open the gripper",
        "close_gripper": "close the gripper",
        "stop": "stop",
        "resume": "allow motion again",
        "describe_scene": "say what I see",
    }
    return phrases.get(call.skill, call.skill.replace("_", " "))


def _in_chinese(call: SkillCall) -> str:
    given = call.arguments.model_dump()

    def name(slot: str) -> str:
        return spoken_name(str(given.get(slot)), "zh")

    pose = str(given.get("pose"))
    phrases = {
        "pick": f"拿起{name('object')}",
        "place": f"把{name('object') if given.get('object') else '它'}放进{name('target')}里",
        "pick_and_place": f"把{name('object')}放进{name('target')}里",
        "move_to": f"移动到{POSES_ZH.get(pose, (pose,))[0]}",
        "move_by": f"向{DIRECTIONS_ZH.get(given.get('direction', ''), '')}移动{_length_zh(given.get('distance', 0.0))}",
        "open_gripper": "张开夹爪",
        "close_gripper": "合上夹爪",
        "stop": "停止",
        "resume": "恢复运动",
        "describe_scene": "说说我看到什么",
    }
    return phrases.get(call.skill, call.skill)


def _length(metres: float, units: tuple[str, str, str]) -> str:
    """As people say it: in millimetres below one centimetre, in metres from one metre on."""
    centi, milli, metre = units
    if metres < 0.01:
        value, unit = metres * 1000, milli
    elif metres < 1.0:
        value, unit = metres * 100, centi
    else:
        value, unit = metres, metre
    return f"{value:.3g} {unit}{'' if f'{value:.3g}' == '1' else 's'}"


def _length_zh(metres: float) -> str:
    return _length(metres, ("厘米", "毫米", "米")).replace(" ", "").removesuffix("s")
