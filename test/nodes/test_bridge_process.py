# SPDX-License-Identifier: Apache-2.0
"""The bridge as a process: what a polite signal in mid-motion does to the arm."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from ament_index_python.packages import get_package_prefix
from bridge_person import TIMEOUT_S, Person, Spinning, parameters, wait
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from until import until

from voice_agent_ros.motion.audit_chain import entries, verify
from voice_agent_ros.nodes.sim_arm_node import SimArmNode

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def spinning() -> Iterator[Spinning]:
    rclpy.init()
    nodes = Spinning()
    yield nodes
    nodes.end()
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def person(spinning: Spinning) -> Person:
    sim = spinning(SimArmNode())
    sim.trigger_configure()
    sim.trigger_activate()
    return spinning(Person())


def transition(person: Person, number: int) -> None:
    client = person.create_client(ChangeState, "intent_bridge_node/change_state")
    assert client.wait_for_service(TIMEOUT_S)
    assert wait(client.call_async(ChangeState.Request(transition=Transition(id=number)))).success


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_motion_and_the_next_process_is_latched(
    person: Person, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "audit.jsonl"
    command = [
        f"{get_package_prefix('voice_agent_ros')}/lib/voice_agent_ros/intent_bridge_node",
        "--ros-args",
    ]
    for parameter in parameters(log):
        command += ["-p", f"{parameter.name}:={parameter.value}"]
    with subprocess.Popen(command) as process:
        try:
            transition(person, Transition.TRANSITION_CONFIGURE)
            transition(person, Transition.TRANSITION_ACTIVATE)
            until(person.heard.get_subscription_count)
            until(lambda: person.states and person.states[-1].is_latched)
            assert person.resuming.wait_for_service(TIMEOUT_S)
            person.resume()
            time.sleep(0.5)  # objects and joints come
            person.propose(person.say("Move to ready."), "move_to", pose="ready")
            until(lambda: person.speed() > 0.3)
            process.send_signal(number)
            began = time.monotonic()
            until(lambda: person.speed() < 0.02, 2.0)
            assert time.monotonic() - began < 2.0
            assert process.wait(15.0) == 0
        finally:
            if process.poll() is None:
                process.kill()
    person.states.clear()
    ended = [entry for entry in entries([log]) if entry["event"] == "ended"]
    assert ended[-1]["outcome"] == "stopped"
    assert verify([log]).tail == 0
