# SPDX-License-Identifier: Apache-2.0
"""voice-agent parse: how sentences are understood, one JSON object per line. Moves nothing, needs no ROS."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from voice_agent_ros.errors import VoiceAgentError

if TYPE_CHECKING:
    from voice_agent_ros.commands.sentence_reader import SentenceReader
    from voice_agent_ros.llm.client import LlmClient

HELP = "print how sentences are understood: those given, or the lines of standard input"
DEMO_OBJECTS = "red cube@0.40/-0.06,green cube@0.39/0.10,blue cube@0.32/0.24,bowl@0.30/-0.28"
DEMO_POSES = "home,ready"
# Nobody waits for a spoken answer here, and the computer may be busy.
FIRST_TOKEN_TIMEOUT_S = 60.0
TOTAL_TIMEOUT_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "sentences", nargs="*", metavar="SENTENCE", help="default: one per line of standard input"
    )
    parser.add_argument(
        "--engine",
        choices=("grammar", "llm", "auto"),
        default="auto",
        help="the sentence grammar, the language model, or the one after the other; default: %(default)s",
    )
    parser.add_argument("--lang", default="auto", help="en or zh; default: told from the script")
    parser.add_argument(
        "--objects",
        default=DEMO_OBJECTS,
        metavar="NAMES",
        help="what is on the table, with x and y in m in the arm's base frame, or without; default: %(default)s",
    )
    parser.add_argument("--poses", default=DEMO_POSES, metavar="NAMES", help="default: %(default)s")
    parser.add_argument(
        "--llm-url",
        default="",
        metavar="URL",
        help="OpenAI-compatible endpoint, up to /v1; default: the small model, loaded for this command",
    )
    parser.add_argument("--llm-model", default="default", help="model to ask that endpoint for")


def run(arguments: argparse.Namespace) -> int:
    """Do it; sentences that the model could not be asked about make it fail in the end."""
    from voice_agent_ros.intent.wordings import base_language

    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    failed = False
    with _reader(arguments) as reader:
        for line in arguments.sentences or sys.stdin:
            text = line.strip()
            if not text:
                continue
            language = base_language(arguments.lang, text)
            understood = reader.read(text, language)
            row = {
                "text": text,
                "language": language,
                "engine": understood.engine,
                "calls": [call.as_dict() for call in understood.calls],
                "reply": understood.reply,
                "elapsed_ms": round(understood.elapsed_s * 1e3, 2),
            }
            print(json.dumps(row, ensure_ascii=False), flush=True)
            if understood.problem:
                failed = True
                print(f"voice-agent parse: {understood.problem}", file=sys.stderr)
    return 1 if failed else 0


@contextmanager
def _reader(arguments: argparse.Namespace) -> Iterator[SentenceReader]:
    """What the chosen engine needs, and its end."""
    from voice_agent_ros.commands.sentence_reader import SentenceReader
    from voice_agent_ros.intent.grammar import SentenceGrammars
    from voice_agent_ros.intent.scene import Scene, SceneObject

    scene = Scene(
        tuple(SceneObject(*_placed(entry)) for entry in _names(arguments.objects)),
        tuple(_names(arguments.poses)),
    )
    grammars = None if arguments.engine == "llm" else SentenceGrammars()
    if arguments.engine == "grammar":
        yield SentenceReader(scene, grammars, None)
        return
    with ExitStack() as opened:
        yield SentenceReader(scene, grammars, lambda: _connect(arguments, opened))


def _placed(entry: str) -> tuple[str, tuple[float, float, float]]:
    """`red cube@0.40/-0.06` → its name and position, m."""
    name, _, place = entry.partition("@")
    x, _, y = place.partition("/")
    try:
        return name.strip(), (float(x or 0.0), float(y or 0.0), 0.02)
    except ValueError as error:
        raise VoiceAgentError(
            f"{entry!r} is no object.", 'Write "red cube" or "red cube@0.40/-0.06".'
        ) from error


def _connect(arguments: argparse.Namespace, opened: ExitStack) -> LlmClient:
    """A client of the endpoint, or of a server of our own that ends with `opened`."""
    from voice_agent_ros.commands.own_llm_server import own_llm_server
    from voice_agent_ros.llm.client import ClientSettings, Deadlines, Endpoint, LlmClient
    from voice_agent_ros.llm.prompt import listening_request, warm_up_requests

    url = arguments.llm_url or opened.enter_context(own_llm_server())
    deadlines = Deadlines(first_token=FIRST_TOKEN_TIMEOUT_S, total=TOTAL_TIMEOUT_S)
    settings = ClientSettings(
        health_period_s=0.0,
        listening=None if arguments.llm_url else listening_request(),
        warm_ups=() if arguments.llm_url else warm_up_requests(),
    )
    client = LlmClient.of([Endpoint(url, arguments.llm_model, deadlines=deadlines)], settings)
    opened.callback(client.close)
    # As in a running agent, the fixed part of the prompt is read before the first sentence.
    client.prepare(TOTAL_TIMEOUT_S)
    return client


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
