# SPDX-License-Identifier: Apache-2.0
"""What a running console really does with its history, found out with three short questions.

Only what was seen counts: a code word that comes back proves that turns are remembered, and one that comes back
after a reset proves that the reset does nothing. A model that does not repeat it proves nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voice_agent_ros.xlm.console import Console, Question
from voice_agent_ros.xlm.events import Reasoning, Text

TELL = "The code word is {word}. Say the code word."
RECALL = "What is the code word? Say it, or say no."
PROBE_MAX_S = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Habits:
    """How a console treats its history.

    Attributes:
        history: whether a turn sees the turns before it.
        clean_by: what makes it forget them.
    """

    history: Literal["kept", "none", "unknown"]
    clean_by: Literal["nothing", "reset", "restart"]


async def probe(console: Console, expected: Habits, render: Callable[[str], Question]) -> Habits:
    """The console's habits; it has forgotten the questions afterwards, or `clean()` will make it.

    Args:
        console: ready, and clean.
        expected: what its profile says.
        render: a question for a text.

    Raises:
        ConsoleError: it failed.
    """
    word = f"{secrets.choice('BDFGKLMNPRST')}{secrets.randbelow(9000) + 1000}"
    await _answer(console, render(TELL.format(word=word)))
    is_kept = word in await _answer(console, render(RECALL))
    if not is_kept:
        log.info("probe: the console did not show that it keeps its history; it is cleaned all the same")
        return expected
    if expected.clean_by != "reset":
        return Habits("kept", "restart" if expected.clean_by == "nothing" else expected.clean_by)
    await console.clean("reset")
    if word in await _answer(console, render(RECALL)):
        log.warning("probe: the console remembers across its reset; it is restarted between conversations")
        return Habits("kept", "restart")
    log.info("probe: the console keeps its history, and its reset clears it")
    return Habits("kept", "reset")


async def _answer(console: Console, question: Question) -> str:
    said = [event.delta async for event in console.ask(question) if isinstance(event, Text | Reasoning)]
    return "".join(said)
