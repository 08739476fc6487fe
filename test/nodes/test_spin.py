# SPDX-License-Identifier: Apache-2.0
"""How nodes are spun, and woken from other threads."""

import subprocess
import sys
import threading
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.ros

rclpy = pytest.importorskip("rclpy")

from control_msgs.action import FollowJointTrajectory  # noqa: E402
from rclpy.action import ActionServer  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.impl.implementation_singleton import rclpy_implementation  # noqa: E402
from until import until  # noqa: E402

from voice_agent_ros.nodes import spin  # noqa: E402
from voice_agent_ros.nodes.wakeup import Wakeup  # noqa: E402


@pytest.fixture
def node():
    rclpy.init()
    one = rclpy.create_node("sleeper")
    yield one
    one.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize("name", ["events", "single_threaded"])
def test_a_node_is_woken_in_its_executors_thread(monkeypatch, node, name):
    monkeypatch.setenv(spin.EXECUTOR, name)
    executor = spin.new_executor()
    has_events = find_spec("rclpy.experimental") is not None
    assert isinstance(executor, SingleThreadedExecutor) == (name == "single_threaded" or not has_events)
    executor.add_node(node)
    waiting, taken = list(range(100)), []

    def take() -> None:
        while waiting:
            taken.append((waiting.pop(), threading.get_ident()))

    wakeup, end = Wakeup(node, take), rclpy.task.Future()
    thread = threading.Thread(target=executor.spin_until_future_complete, args=(end,))
    thread.start()
    for _ in range(100):
        threading.Thread(target=wakeup.trigger).start()
    until(lambda: len(taken) == 100)
    assert {ident for _, ident in taken} == {thread.ident}
    waiting.append(1)
    wakeup.trigger()
    until(lambda: len(taken) == 101)
    end.set_result(None)
    thread.join(5.0)
    executor.shutdown()


def test_nobody_spins_a_node(node):
    Wakeup(node, pytest.fail).trigger()


def test_without_events_executor(monkeypatch, node):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(spin.importlib, "import_module", missing)
    assert isinstance(spin.new_executor(), SingleThreadedExecutor)


def test_no_action_server_outlives_its_node(node):
    """Else it is freed after the clock that its timer looks at: now and then a process ended in a segmentation fault."""
    other = rclpy.create_node("robot")
    server = ActionServer(other, FollowJointTrajectory, "follow", lambda goal: FollowJointTrajectory.Result())
    with server._handle:
        pass
    spin.destroy_node(other)
    with pytest.raises(rclpy_implementation.InvalidHandle), server._handle:
        pass


@pytest.mark.parametrize("value", ["1", "99.0", "soon"])
def test_a_parameter_that_does_not_fit_ends_the_process_in_one_line_with_the_fix(value):
    program = "from voice_agent_ros.nodes.stop_guard_node import main; main()"
    arguments = ["--ros-args", "-p", f"heartbeat_timeout_s:={value}"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    for words in ("heartbeat_timeout_s of stop_guard_node", value, "0.35", "doctor --area configuration"):
        assert words in line
