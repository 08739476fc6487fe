# SPDX-License-Identifier: Apache-2.0
"""Whether the words so far sound as if their speaker had finished: it decides how long a pause is waited for."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable

from voice_agent_ros.asr.recognizer import Recognition

# Sounds of somebody who thinks; "mm" are millimetres.
_FILLERS = "u+h*m+|uh+|e+r+m*|e+h+m*|e+mm+|hm+|mmm+|ah+"
_HAN_FILLERS = "嗯|呃|额|唔|呣|啊那个|就是"
# Nobody ends a sentence with these words.
_OPEN_WORDS = re.compile(
    r"(?:^|\s)(?:and|or|but|then|so|because|if|when|while|until|unless|than|as"
    r"|the|a|an|my|your|his|her|its|our|their|some|every|each|which|very"
    r"|of|to|into|onto|at|with|from|for|by|towards?|between|beside|behind|under|above|near|next"
    rf"|{_FILLERS}|well|like|let me see|let's see|you know|i mean|actually|minus"
    r"|i|i'?d like you|i want you|can you|could you|would you|will you|please could you"
    r"|put|place|pick up|pick|grab|take|move the|is|are|was|were)$"
    # "go on" and "come in" are whole, these are not
    r"|^(?:.* )?(?:put|place|drop|set|lay|leave)\b.* (?:in|on|inside)$"
)
_FILLER_ONLY = re.compile(rf"^(?:{_FILLERS}|well|so|okay so)$")
_TRAILING_OFF = re.compile(r"(?:\.\.\.|…|[,;:，、；：—-])\s*$")
_HAN = "\u3400-\u9fff"
_OPEN_HAN = re.compile(
    rf"(?:{_HAN_FILLERS}|然后|还有|以及|并且|而且|或者|但是|因为|如果|接着|之后再|所以|那么|不过|可是|另外|把它?|将|和|跟|与|给|往|向|从|在|到|请|请把|帮我|你能|能不能|可以"
    r"|一个|那个|这个|那|这|红色的|绿色的|蓝色的|黄色的)$"
)


class Ending(enum.Enum):
    """How a sentence ends."""

    COMPLETE = "complete"  # it is a whole command
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"  # more must follow


def judge_ending(
    recognition: Recognition, is_command: Callable[[str, str], bool] = lambda _text, _language: False
) -> Ending:
    """Judge what was recognized up to a pause.

    Args:
        is_command: whether a text in a language is a whole command, which needs a grammar.
    """
    text = recognition.text.strip()
    if not text:
        return Ending.UNKNOWN
    if is_unfinished(text):
        return Ending.UNFINISHED
    return Ending.COMPLETE if is_command(text, recognition.language) else Ending.UNKNOWN


def is_unfinished(text: str) -> bool:
    """Whether more must follow: after "and", "the", "of", a filler, 然后, 把, ..."""
    if _TRAILING_OFF.search(text):
        return True
    bare = " ".join(re.findall(rf"[{_HAN}]+|[\w']+", text.lower()))
    if re.search(rf"[{_HAN}]$", bare):
        return bool(_OPEN_HAN.search(bare.replace(" ", "")))
    # A question may end with its preposition: "where does it come from?"
    if text.rstrip().endswith("?") and not re.search(r"\b(?:the|a|an|and|or|my|your)$", bare):
        return False
    return bool(_OPEN_WORDS.search(bare) or _FILLER_ONLY.match(bare))
