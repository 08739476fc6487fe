# SPDX-License-Identifier: Apache-2.0
"""Where a reply's reasoning goes: apart, into the content between think tags, or nowhere."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from voice_agent_ros.xlm.protocol import ReasoningMode
from voice_agent_ros.xlm.reply import ContentDelta, Delta, ReasoningDelta

THINK_OPEN, THINK_CLOSE = "<think>\n", "\n</think>\n\n"


async def in_reasoning_mode(
    deltas: AsyncGenerator[list[Delta], None], mode: ReasoningMode
) -> AsyncGenerator[list[Delta], None]:
    """Deltas with the reasoning apart, inside of the content between think tags, or left out."""
    is_open = False
    async with contextlib.aclosing(deltas):
        async for piece in deltas:
            if mode == "separate":
                yield piece
                continue
            shown: list[Delta] = []
            for delta in piece:
                if not isinstance(delta, ReasoningDelta):
                    if is_open:
                        shown.append(ContentDelta(THINK_CLOSE))
                        is_open = False
                    shown.append(delta)
                elif mode == "inline":
                    shown.append(ContentDelta(delta.text if is_open else THINK_OPEN + delta.text))
                    is_open = True
            if shown:
                yield shown
        if is_open:
            yield [ContentDelta(THINK_CLOSE)]
