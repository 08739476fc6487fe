# SPDX-License-Identifier: Apache-2.0
"""The command voice-agent: picks the verb, and turns our errors into one readable line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from voice_agent_ros.errors import VoiceAgentError

VERBS = (
    "demo",
    "models",
    "parse",
    "transcribe",
    "speak",
    "ask",
    "say",
    "stop",
    "resume",
    "audit",
    "doctor",
    "stats",
    "timeline",
    "systemd",
    "chat",
    "view",
)
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # what shells report for SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb.

    Returns:
        Its exit code: 0 if it did what was asked, 1 if not, 2 for a wrong command line.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow shows a mark instead
    arguments = command_line().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except VoiceAgentError as error:
        print(f"voice-agent {arguments.verb}: {error}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output has enough; the interpreter must not complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def command_line() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="voice-agent", description="Talk to a robot arm, and look after what that needs."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        # Cheap: the modules of verbs import their engines only when they run.
        module = import_module(f"voice_agent_ros.commands.{verb}")
        subparser = verbs.add_parser(verb, help=module.HELP, description=module.HELP)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser
