# SPDX-License-Identifier: Apache-2.0
"""voice-agent resume: allow motion again after a stop. It does not restart any."""

from __future__ import annotations

import argparse

from voice_agent_ros.commands.ros_session import DISCOVERY_S, add_session_arguments, ros_session

HELP = "allow a running agent to move again after a stop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_session_arguments(parser, DISCOVERY_S)


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    with ros_session(arguments.namespace) as session:
        from std_srvs.srv import Trigger

        client = session.node.create_client(Trigger, "intent_bridge_node/resume")
        session.require(client.service_is_ready, arguments.timeout, "There is no intent_bridge_node")
        future = client.call_async(Trigger.Request())
        session.require(future.done, arguments.timeout, "intent_bridge_node did not answer")
        response = future.result()
        print(response.message or ("Motion is allowed." if response.success else "Motion stays stopped."))
        return 0 if response.success else 1
