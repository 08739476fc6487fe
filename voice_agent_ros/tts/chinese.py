# SPDX-License-Identifier: Apache-2.0
"""Numbers, dates, units and money in Chinese text as words, by wetext's grammar."""

from __future__ import annotations

import functools
import re
import threading
from typing import Any

from voice_agent_ros.tts.segmentation import is_wide

# What its grammar does not know.
_WORDS = {
    "rad/s": "弧度每秒",
    "rad": "弧度",
    "N·m": "牛米",
    "Nm": "牛米",
    "Hz": "赫兹",
    "ms": "毫秒",
    "μm": "微米",
    "kΩ": "千欧",
    "Ω": "欧姆",
}
_NUMBER = r"(?<![A-Za-z0-9_.])-?\d{1,15}(?:\.\d{1,15})?"
_UNIT = re.compile(rf"({_NUMBER}) ?({'|'.join(map(re.escape, _WORDS))})(?![A-Za-z/])")
_LOCK = threading.Lock()


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return any(is_wide(character) and character.isalpha() for character in text)


def numbers_as_words(text: str) -> str:
    """`距离是3.5cm` → `距离是三点五厘米`. The text itself if wetext is not installed: engines read digits somehow."""
    normalizer = _normalizer()
    if normalizer is None or not any(map(str.isdigit, text)):
        return text
    text = _UNIT.sub(lambda match: match[1] + _WORDS[match[2]], text)
    with _LOCK:  # its grammars are not said to be safe for several threads
        return str(normalizer.normalize(text))


@functools.lru_cache(maxsize=1)
def _normalizer() -> Any:
    try:
        from wetext import Normalizer
    except ImportError:
        return None
    return Normalizer(lang="zh", operator="tn")
