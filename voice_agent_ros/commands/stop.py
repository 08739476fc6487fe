# SPDX-License-Identifier: Apache-2.0
"""voice-agent stop: stop the arm and be silent, and see that it has happened."""

from __future__ import annotations

import argparse

from voice_agent_ros.commands.ros_session import (
    DISCOVERY_S,
    NoAnswerError,
    RosSession,
    add_session_arguments,
    ros_session,
)

SPEECH_S = 0.3  # discovery of all who speak, once one was found
HELP = "stop a running agent: its motion, its speech, or both"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--scope", choices=("all", "motion", "speech"), default="all", help="default: %(default)s"
    )
    add_session_arguments(parser, DISCOVERY_S)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    with ros_session(arguments.namespace) as session:
        return _stop(session, arguments.scope, arguments.timeout)


def _stop(session: RosSession, scope: str, timeout_s: float) -> int:
    from std_srvs.srv import Trigger

    from voice_agent_ros.msg import BridgeState, StopRequest
    from voice_agent_ros.nodes import qos

    node = session.node
    states: list[BridgeState] = []
    publisher = node.create_publisher(StopRequest, "stop", qos.EVENTS)
    guard = node.create_client(Trigger, "stop_guard_node/stop")
    told = 0

    def tell() -> None:
        """Publish again whenever discovery has found one more listener: a stop twice is a stop."""
        nonlocal told
        listeners = publisher.get_subscription_count()
        if listeners > told:
            told = listeners
            request = StopRequest(source="command_line", scope=scope)
            request.header.stamp = node.get_clock().now().to_msg()
            publisher.publish(request)
            states.clear()  # what was reported before does not count

    def has_stopped() -> bool:
        tell()
        return any(state.is_latched for state in states)

    if scope == StopRequest.SCOPE_SPEECH:
        session.require(publisher.get_subscription_count, timeout_s, "Nobody listens to stop requests")
        session.wait(tell, SPEECH_S)
        print("Speech is being stopped.")
        return 0
    node.create_subscription(BridgeState, "bridge/state", states.append, qos.EVENTS)
    if session.wait(has_stopped, timeout_s):
        print("Motion is stopped and stays so until it is resumed.")
        return 0
    if guard.service_is_ready():
        future = guard.call_async(Trigger.Request())
        if session.wait(future.done, timeout_s) and future.result().success:
            print(f"The intent bridge does not answer. The stop guard says: {future.result().message}")
            return 1
    raise NoAnswerError(
        "Nobody confirmed that motion is stopped.", "Press the arm's emergency stop, then look at the logs."
    )
