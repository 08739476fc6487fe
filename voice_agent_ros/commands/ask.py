# SPDX-License-Identifier: Apache-2.0
"""voice-agent ask: type a sentence to a running agent; its words are printed as they come."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from voice_agent_ros.commands.console_session import terminal_session
from voice_agent_ros.commands.ros_session import DISCOVERY_S, RosSession, add_session_arguments, ros_session

HELP = "type a sentence to a running agent and print what comes of it"
TIMEOUT_S = 120.0
REST_S = 2.0  # for words that are still on their way when the report is here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("text", metavar="TEXT", help="what you would say, e.g. 'open the gripper'")
    parser.add_argument(
        "--json", action="store_true", help="print the turn's report as a JSON object instead"
    )
    parser.add_argument(
        "--session",
        default="",
        metavar="NAME",
        help="the conversation that it belongs to; default: that of this terminal, or of this user without one",
    )
    add_session_arguments(parser, TIMEOUT_S)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    with ros_session(arguments.namespace) as session:
        session_id = arguments.session or terminal_session()
        turn = Turn(session, session_id, arguments.text, show=not arguments.json)
        turn.send()
        session.require(lambda: turn.report is not None, arguments.timeout, "The sentence had no outcome")
        report = turn.report
        if arguments.json:
            print(json.dumps(as_dict(report), ensure_ascii=False))
        else:
            session.wait(lambda: turn.is_told, REST_S)
            why = f" ({report.rule})" if report.rule else ""
            print(f"[{report.outcome}{why}]")
        return 1 if report.outcome == report.OUTCOME_FAILED else 0


class Turn:
    """One typed sentence on its way through the agent.

    The agent gives the turn its id; we recognise it by the transcript that carries our session and words.
    """

    def __init__(self, session: RosSession, session_id: str, text: str, *, show: bool) -> None:
        from voice_agent_ros.msg import Prompt, ReplyChunk, Transcript, TurnReport
        from voice_agent_ros.nodes import qos

        self.report: Any = None
        self._session = session
        self._prompt = Prompt(session_id=session_id, text=text)
        self._show = show
        self._turn_id = ""
        self._early: list[Any] = []  # what came before we knew the id
        self._begun: set[str] = set()  # replies of which we heard a piece
        self._told: set[str] = set()  # and those whose last piece we heard
        node = session.node
        self._publisher = node.create_publisher(Prompt, "prompt", qos.EVENTS)
        self._transcripts = node.create_subscription(
            Transcript, "speech/transcript", self._on_transcript, qos.EVENTS
        )
        node.create_subscription(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)
        node.create_subscription(TurnReport, "turns", self._on_report, qos.EVENTS)

    def send(self) -> None:
        """Publish the sentence once somebody listens, and we can hear the answers.

        Raises:
            NoAnswerError: there is no llm_node.
        """
        node = self._session.node
        self._session.require(
            lambda: self._publisher.get_subscription_count() and node.count_publishers("turns"),
            DISCOVERY_S,
            "Nobody listens to prompt",
        )
        self._publisher.publish(self._prompt)

    @property
    def is_told(self) -> bool:
        """Whether every word of the reply is here: a report may overtake it, being on another topic."""
        return self._begun == self._told and bool(self._told or not self.report.reply)

    def _on_transcript(self, message: Any) -> None:
        said = (message.session_id, message.text.strip())
        if (
            not self._turn_id
            and message.is_final
            and said == (self._prompt.session_id, self._prompt.text.strip())
        ):
            self._turn_id = message.turn_id
            early, self._early = self._early, []
            for handle, earlier in early:
                handle(earlier)

    def _on_reply(self, message: Any) -> None:
        if not self._turn_id:
            self._early.append((self._on_reply, message))
        elif message.turn_id == self._turn_id:
            self._begun.add(message.reply_id)
            if message.is_last:
                self._told.add(message.reply_id)
            if self._show:
                sys.stdout.write(message.text + ("\n" if message.is_last else ""))
                sys.stdout.flush()

    def _on_report(self, message: Any) -> None:
        if not self._turn_id:
            self._early.append((self._on_report, message))
        elif message.turn_id == self._turn_id:
            self.report = message


def as_dict(report: Any) -> dict[str, Any]:
    """A TurnReport as in the demo's report.json, without its times."""
    return {
        "heard": report.heard,
        "calls": [
            {"skill": call.skill, "arguments": json.loads(call.arguments_json)} for call in report.calls
        ],
        "engine": report.engine,
        "engines": list(report.engines),
        "outcome": report.outcome,
        "rule": report.rule,
        "reply": report.reply,
    }
