# SPDX-License-Identifier: Apache-2.0
"""Shows each turn on the terminal as it happens, with times counted from the end of speech."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.text import Text

STYLES = {
    "mic": "bold",
    "hears": "dim",
    "heard": "bold cyan",
    "intent": "bold magenta",
    "plan": "yellow",
    "asks": "bold yellow",
    "goal": "green",
    "moves": "green",
    "says": "bold blue",
    "stop": "bold red",
    "done": "bold green",
    "result": "bold green",
    "error": "bold red",
}


TIMELESS = ("start", "mic", "view", "result", "error")  # belong to no turn


class Narrator:
    """Writes one line per event.

    Args:
        clock: the time in s that events and ends of speech are counted in.
    """

    def __init__(self, clock: Callable[[], float], console: Console | None = None) -> None:
        self._clock = clock
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._speech_end: float | None = None

    def speech_ended(self, at: float) -> None:
        """Times are counted from here until speech begins again."""
        self._speech_end = at

    def speech_began(self) -> None:
        """Somebody speaks: there is no end of speech to count from."""
        self._speech_end = None

    def show(self, kind: str, text: str) -> None:
        """One event of a kind in STYLES."""
        elapsed = (
            ""
            if self._speech_end is None or kind in TIMELESS
            else f"{self._clock() - self._speech_end:+.2f} s"
        )
        line = Text(f"{elapsed:>9}  ")
        line.append(f"{kind:<7}", style=STYLES.get(kind, ""))
        line.append(text, style="dim" if kind == "hears" else "")
        self._console.print(line)
