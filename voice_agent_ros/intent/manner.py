# SPDX-License-Identifier: Apache-2.0
"""How something shall be done: "slowly", "with care", "慢慢地"."""

from __future__ import annotations

import re

_GENTLY = re.compile(
    r"\b(?:slowly|nice and slow|carefully|be careful|gently|nice and gentle|cautiously|softly|with (?:some |great |a lot of )?(?:care|caution)"
    r"|easy does it|take your time|nice and easy)\b"
    r"|慢慢|缓慢|慢点|慢一点|慢些|小心|当心|轻轻|轻点|轻一点|轻些|稳稳|稳一点"
)


def is_gentle(text: str) -> bool:
    """Whether something is to be done more slowly or carefully than usual."""
    return _GENTLY.search(text.lower()) is not None
