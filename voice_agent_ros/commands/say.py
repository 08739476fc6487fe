# SPDX-License-Identifier: Apache-2.0
"""voice-agent say: let a running agent speak a text."""

from __future__ import annotations

import argparse
import sys

from voice_agent_ros.commands.ros_session import (
    DISCOVERY_S,
    NoAnswerError,
    add_session_arguments,
    ros_session,
)

HELP = "let a running agent speak a text"
TIMEOUT_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("text", metavar="TEXT", help="what to say; - reads it from standard input")
    parser.add_argument(
        "--plan", action="store_true", help="TEXT is a speech plan in JSON: see docs/voices.md"
    )
    parser.add_argument("--lang", default="", help="BCP-47 language of the text")
    parser.add_argument("--voice", default="", help="default: the agent's own")
    parser.add_argument(
        "--kind", choices=("notice", "answer", "safety"), default="notice", help="how urgent it is"
    )
    add_session_arguments(parser, TIMEOUT_S)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    with ros_session(arguments.namespace) as session:
        from rclpy.action import ActionClient

        from voice_agent_ros.action import Say

        client = ActionClient(session.node, Say, "say")
        try:
            session.require(client.server_is_ready, DISCOVERY_S, "There is no tts_node")
            said = {"speech_plan": text} if arguments.plan else {"text": text}
            request = Say.Goal(**said, language=arguments.lang, voice=arguments.voice, kind=arguments.kind)
            accepting = client.send_goal_async(request)
            session.require(accepting.done, DISCOVERY_S, "tts_node did not take the text")
            goal = accepting.result()
            if not goal.accepted:
                raise NoAnswerError("tts_node refused to say this.", "Its log says why.")
            result = goal.get_result_async()
            try:
                session.require(result.done, arguments.timeout, "tts_node did not finish speaking")
            except (KeyboardInterrupt, NoAnswerError):
                session.wait(goal.cancel_goal_async().done, DISCOVERY_S)
                raise
            outcome = result.result().result
            print(outcome.spoken_text)
            return 1 if outcome.interrupted else 0
        finally:
            client.destroy()
