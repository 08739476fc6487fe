# SPDX-License-Identifier: Apache-2.0
"""voice-agent chat: talk to a running agent in the terminal, with the times of each turn and a key for stop."""

from __future__ import annotations

import argparse
import sys

HELP = "talk to a running agent in the terminal: conversation, times of the turn, a key for stop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--namespace", default="", help="namespace of the robot")
    parser.add_argument("--thoughts", action="store_true", help="show what a thinking model thinks, too")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from voice_agent_ros.commands.ros_session import ros_session
    from voice_agent_ros.errors import VoiceAgentError

    try:
        from voice_agent_ros.telemetry.chat_screen import ChatApp
    except ImportError as error:
        raise VoiceAgentError(
            f"The terminal's library is missing ({error}).", "Run: pip install 'voice_agent_ros[tools]'"
        ) from error
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise VoiceAgentError(
            "There is no terminal to talk in.", "One sentence is said by: voice-agent ask TEXT"
        )
    with ros_session(arguments.namespace) as session:
        from voice_agent_ros.commands.chat_link import ChatLink

        link = ChatLink(session.node, thoughts=arguments.thoughts)
        app = ChatApp(link)
        link.tell = app.take
        with session.spinning():
            app.run()
    return 0
