# SPDX-License-Identifier: Apache-2.0
"""What every lifecycle node of the package answers to wrong transitions, and how its process ends."""

import signal
import subprocess
import sys
import threading
import time

import pytest
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from voice_agent_ros.nodes.managed import ManagedNode

TIMEOUT_S = 20.0
PROGRAM = """
from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.managed import ManagedNode

class Busy(ManagedNode):
    def __init__(self, name):
        super().__init__(name)
        self.create_timer(0.001, lambda: None)
        print("up", flush=True)

spin.main(lambda: Busy("one"), lambda: Busy("other"))
"""


class Obedient(ManagedNode):
    def __init__(self) -> None:
        super().__init__("obedient")

    def on_configure(self, state):
        return TransitionCallbackReturn.SUCCESS


@pytest.fixture
def asked():
    """Asks the node, which spins in a thread of its own."""
    rclpy.init()
    node, person = Obedient(), rclpy.create_node("person")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end = rclpy.task.Future()
    thread = threading.Thread(target=executor.spin_until_future_complete, args=(end,), daemon=True)
    thread.start()

    def ask(kind, name, request):
        client = person.create_client(kind, f"obedient/{name}")
        assert client.wait_for_service(TIMEOUT_S)
        future = client.call_async(request)
        rclpy.spin_until_future_complete(person, future, timeout_sec=TIMEOUT_S)
        assert future.done(), "no answer"
        return future.result()

    yield ask
    end.set_result(None)
    thread.join(TIMEOUT_S)
    executor.shutdown()
    node.destroy_node()
    person.destroy_node()
    rclpy.try_shutdown()


def test_a_transition_that_cannot_be_made_is_refused_and_the_node_lives(asked):
    def change(number):
        return asked(
            ChangeState, "change_state", ChangeState.Request(transition=Transition(id=number))
        ).success

    assert not change(Transition.TRANSITION_ACTIVATE)
    assert change(Transition.TRANSITION_CONFIGURE)
    assert not change(Transition.TRANSITION_CONFIGURE)
    assert not change(200)
    assert asked(GetState, "get_state", GetState.Request()).current_state.label == "inactive"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_again_and_again_ends_busy_nodes_without_a_complaint(number):
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in range(2)] == ["up\n", "up\n"]
        deadline = time.monotonic() + TIMEOUT_S
        while child.poll() is None and time.monotonic() < deadline:
            child.send_signal(number)
            time.sleep(0.002)
        _, complaints = child.communicate(timeout=TIMEOUT_S)
    finally:
        child.kill()
    assert (child.returncode, complaints) == (0, "")
