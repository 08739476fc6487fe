# SPDX-License-Identifier: Apache-2.0
"""What the dialogue itself says: that it did not understand, asks which, or has lost somebody it needs."""

from __future__ import annotations

from collections.abc import Sequence

from voice_agent_ros.intent.vocabulary import spoken_name

PHRASES = {
    "en": {
        "not_understood": "I didn't understand what I should do. Could you say it another way?",
        "what_first": "That sounded like several things. What shall I do first?",
        "which": "Which one do you mean: {names}?",
        "which_whole": "Which one do you mean: {names}? Please say the whole sentence.",
        "ask_direction": "Which way?",
        "ask_joint": "Which joint?",
        "ask_angle": "By how many degrees?",
        "ask_target": "Where to?",
        "ask_pose": "Where to?",
        "ask_factor": "How fast, as a part of full speed?",
        "ask_name": "What shall I call it?",
        "ask_object": "Which thing do you mean?",
        "ask_distance": "How far?",
        "whole_sentence": "All right, I won't. Please say the whole sentence again.",
        "impossible": "I can't move that far in one go.",
        "impossible_other": "I understood the words, but I can't do it like that.",
        "llm_down": "I can't think about that: my language model does not answer."
        " Plain commands such as open the gripper still work.",
        "llm_slow": "That took me too long to think about. Please try plainer words.",
        "llm_broke_off": "Sorry, I lost my train of thought.",
        "no_words": "I don't know what to say to that.",
        "bridge_down": "My motion bridge does not answer, so nothing moves.",
        "bridge_rejected": "My motion bridge did not take that, so nothing moves.",
        "bridge_lost": "I lost touch with my motion bridge and don't know how that ended.",
        "nothing_asked": "I wasn't waiting for an answer.",
        "too_early": "Please answer when I have finished asking.",
        "stopped": "Stopped.",
        "one_moment": "One moment.",
        "rest_as_text": "I have written the rest down for you.",
    },
    "zh": {
        "not_understood": "我没明白要做什么，请换个说法。",
        "what_first": "听起来不止一件事。先做哪一件？",
        "which": "您是说哪一个：{names}？",
        "which_whole": "您是说哪一个：{names}？请把整句话说一遍。",
        "ask_direction": "往哪边？",
        "ask_joint": "哪个关节？",
        "ask_angle": "转多少度？",
        "ask_target": "放到哪里？",
        "ask_pose": "去哪里？",
        "ask_factor": "用全速的百分之多少？",
        "ask_name": "叫什么名字？",
        "ask_object": "您是说哪一个？",
        "ask_distance": "多远？",
        "whole_sentence": "好的，我不做。请把整句话再说一遍。",
        "impossible": "一次动不了那么远。",
        "impossible_other": "话我听懂了，但这样做不了。",
        "llm_down": "这个我想不了：语言模型没有回应。简单的命令还能用，比如张开夹爪。",
        "llm_slow": "我想得太久了，请说得简单一点。",
        "llm_broke_off": "抱歉，我的思路断了。",
        "no_words": "这个我不知道怎么回答。",
        "bridge_down": "运动桥没有回应，所以什么都不会动。",
        "bridge_rejected": "运动桥没有接受，所以什么都不会动。",
        "bridge_lost": "我和运动桥失去了联系，不知道结果如何。",
        "nothing_asked": "我没有在等回答。",
        "too_early": "请等我问完再回答。",
        "stopped": "已停止。",
        "one_moment": "请稍等。",
        "rest_as_text": "其余的我写下来了。",
    },
}


MOST_CHOICES = 6  # nobody remembers more of them
MOST_CHARACTERS = 48  # of a name that is read out


def question_for(slot: str, language: str) -> str:
    """Asks for what a command does not say."""
    key = f"ask_{slot}"
    return phrase(key if key in PHRASES["en"] else "ask_object", language)


def phrase(key: str, language: str, names: Sequence[str] = ()) -> str:
    """A sentence in the speaker's language."""
    chinese = language.startswith("zh")
    template = PHRASES["zh" if chinese else "en"][key]
    if not names:
        return template
    is_all = len(names) <= MOST_CHOICES
    told = [name[:MOST_CHARACTERS] for name in (names if is_all else names[: MOST_CHOICES - 1])]
    if chinese:
        said = [spoken_name(name, "zh") for name in told] + ([] if is_all else ["还是别的"])
        return template.format(names="、".join(said))
    *first, last = [f"the {name}" for name in told] + ([] if is_all else ["another one"])
    return template.format(names=f"{', '.join(first)} or {last}" if first else last)
