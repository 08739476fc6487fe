# SPDX-License-Identifier: Apache-2.0
"""Numbers on a command line, with their range: what makes no sense is refused there, not met later."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

DAY_S = 86_400.0


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number of a range."""

    def read(text: str) -> int:
        return int(_within(text, int, least, math.inf if most is None else most))

    return read


def number(least: float, most: float = DAY_S) -> Callable[[str], float]:
    """Reads a number of a range; without another one, seconds of a day at most."""

    def read(text: str) -> float:
        return _within(text, float, least, most)

    return read


def _within(text: str, kind: Callable[[str], float], least: float, most: float) -> float:
    try:
        value = kind(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number") from error
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"{text} is out of range: {least:g} or more" + (f", up to {most:g}" if most < math.inf else "")
        )
    return value
