# SPDX-License-Identifier: Apache-2.0
"""Names of recordings on `audio/in`; they tell whether the microphone hears the robot's own voice."""

from __future__ import annotations

_SHARES_ROOM = "microphone-open"  # in one room with the loudspeaker, and no echo cancellation between them
_APART = "microphone"


def name(number: int, *, shares_room: bool) -> str:
    """A stream_id.

    Args:
        number: tells recordings apart, such as the time at which one began.
        shares_room: the microphone hears the loudspeaker.
    """
    return f"{_SHARES_ROOM if shares_room else _APART}-{number}"


def hears_the_robot(stream_id: str) -> bool:
    """Whether what the robot says is heard in this recording too."""
    return stream_id.startswith(_SHARES_ROOM + "-")
