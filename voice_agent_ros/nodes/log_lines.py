# SPDX-License-Identifier: Apache-2.0
"""The form of a log line about a turn: what was said to the robot can be followed by its id through all nodes' logs."""

from __future__ import annotations

MAX_ID = 64


def of_turn(turn_id: str, text: str) -> str:
    """One line about what happened in a turn.

    Args:
        turn_id: as it came over the network; empty: it belongs to none.
        text: what happened, and what to do about it.
    """
    told = " ".join(text.split())  # whatever others put into it, one event is one line
    if name := "".join(turn_id.split())[:MAX_ID]:
        return f"Turn {name}: {told}"
    return told[:1].upper() + told[1:]


def stopped(reason: str, turn_id: str, under_way: str) -> str:
    """One line about a stop of the bridge, also of one that nobody asked for.

    Args:
        turn_id: in which it was asked for; empty: in none.
        under_way: the turn whose motion or question it ended; empty: there was none.
    """
    ended = f"; turn {under_way} was under way" if under_way else ""
    return of_turn(turn_id, f"stopped and latched: {reason}{ended}.")
