# SPDX-License-Identifier: Apache-2.0
"""voice-agent parse: how sentences are understood, one JSON object per line. Moves nothing, needs no ROS."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice_agent_ros.intent.grammar import GrammarResult

HELP = "read sentences from standard input and print how they are understood"
DEMO_OBJECTS = "red cube,green cube,blue cube,bowl"
DEMO_POSES = "home,ready"


@dataclass(frozen=True)
class Understood:
    """What one engine makes of a sentence."""

    engine: str  # "none" if it understands no command
    calls: list[dict[str, Any]]
    reply: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--engine", choices=("grammar",), default="grammar", help="default: %(default)s")
    parser.add_argument("--lang", default="auto", help="en or zh; default: told from the script")
    parser.add_argument(
        "--objects", default=DEMO_OBJECTS, metavar="NAMES", help="what is on the table; default: %(default)s"
    )
    parser.add_argument("--poses", default=DEMO_POSES, metavar="NAMES", help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from voice_agent_ros.intent.grammar import SentenceGrammars
    from voice_agent_ros.intent.scene import Scene, SceneObject
    from voice_agent_ros.intent.wordings import base_language

    scene = Scene(
        tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in _names(arguments.objects)),
        tuple(_names(arguments.poses)),
    )
    grammars = SentenceGrammars()
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for line in sys.stdin:
        text = line.strip()
        if not text:
            continue
        language = base_language(arguments.lang, text)
        begun = time.perf_counter()
        understood = by_grammar(grammars.parse(text, language, scene))
        row = {
            "text": text,
            "language": language,
            "engine": understood.engine,
            "calls": understood.calls,
            "reply": understood.reply,
            "elapsed_ms": round((time.perf_counter() - begun) * 1e3, 2),
        }
        print(json.dumps(row, ensure_ascii=False), flush=True)
    return 0


def by_grammar(result: GrammarResult) -> Understood:
    """The grammar's view; what it understands but cannot settle has no calls, and a reply that says why."""
    if result.calls:
        return Understood("grammar", [call.as_dict() for call in result.calls], "")
    if result.ambiguous:
        return Understood("grammar", [], f"Which one: {', '.join(result.ambiguous)}?")
    return Understood("grammar" if result.problem else "none", [], result.problem)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
