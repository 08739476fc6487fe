# SPDX-License-Identifier: Apache-2.0
"""Each end that a controller's goal can have, with a fake controller."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")
from control_msgs.action import FollowJointTrajectory, ParallelGripperCommand  # noqa: E402
from rclpy.action import ActionServer, GoalResponse  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.task import Future  # noqa: E402

from voice_agent_ros.motion.arm_config import ArmConfig, load_arm  # noqa: E402
from voice_agent_ros.motion.trajectory import Trajectory  # noqa: E402
from voice_agent_ros.nodes.controller_clients import ControllerClients  # noqa: E402
from voice_agent_ros.share import shared_file  # noqa: E402


class FakeControllers:
    """Two action servers that do as they are told."""

    def __init__(self, node: Any, arm: ArmConfig) -> None:
        self.is_accepting, self.error_code, self.goals = True, 0, []
        self.is_silent = False
        judge: dict[str, Any] = {"goal_callback": self._judge}
        self._servers = [
            ActionServer(node, FollowJointTrajectory, arm.arm.action, self._follow, **judge),
            ActionServer(node, ParallelGripperCommand, arm.gripper.action, self._grip, **judge),
        ]

    def _judge(self, request: Any) -> GoalResponse:
        self.goals.append(request)
        return GoalResponse.ACCEPT if self.is_accepting else GoalResponse.REJECT

    async def _follow(self, handle: Any) -> Any:
        if self.is_silent:
            await Future()  # for ever
        handle.abort() if self.error_code else handle.succeed()
        return FollowJointTrajectory.Result(error_code=self.error_code, error_string="as told")

    def _grip(self, handle: Any) -> Any:
        handle.succeed()
        return ParallelGripperCommand.Result(reached_goal=True)


@pytest.fixture
def arm() -> ArmConfig:
    arm = load_arm(shared_file("config/arms/so101.yaml"))
    gripper = arm.gripper.model_copy(update={"command": "ParallelGripperCommand"})
    return arm.model_copy(update={"gripper": gripper})


@pytest.fixture
def node() -> Iterator[Any]:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("controller_clients_test", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    rclpy.shutdown(context=context)
    thread.join(5.0)


def ready(node: Any, arm: ArmConfig) -> ControllerClients:
    clients = ControllerClients(node, arm)
    waiting = threading.Event()
    for _ in range(100):
        if not clients.absent():
            return clients
        waiting.wait(0.05)
    raise AssertionError(clients.absent())


def movement(arm: ArmConfig) -> Trajectory:
    rest = np.zeros((1, len(arm.arm.joints)))
    return Trajectory(tuple(arm.arm.joints), rest[0], np.array([0.1]), rest, rest, rest)


def test_each_end_is_defined(node: Any, arm: ArmConfig) -> None:
    assert ControllerClients(node, arm).follow(movement(arm), 1.0, lambda: None).status == "absent"
    fake = FakeControllers(node, arm)
    clients = ready(node, arm)
    assert clients.follow(movement(arm), 3.0, lambda: None).status == "succeeded"
    for code in range(-5, 0):
        fake.error_code = code
        end = clients.follow(movement(arm), 3.0, lambda: None)
        assert end.status == "aborted"
        assert "; " in end.reason
        assert end.reason.endswith("as told")
    fake.is_accepting = False
    assert clients.follow(movement(arm), 3.0, lambda: None).status == "rejected"


def test_a_parallel_gripper_is_commanded_by_joint_name(node: Any, arm: ArmConfig) -> None:
    fake = FakeControllers(node, arm)
    clients = ready(node, arm)
    assert clients.grip(0.5, 1.0, 3.0, lambda: None).status == "succeeded"
    command = fake.goals[-1].command
    assert (list(command.name), list(command.position), list(command.effort)) == (["gripper"], [0.5], [1.0])


def test_a_controller_that_never_ends_a_goal_times_out(node: Any, arm: ArmConfig) -> None:
    fake = FakeControllers(node, arm)
    clients = ready(node, arm)
    fake.is_silent = True
    accepted = threading.Event()
    end = clients.follow(movement(arm), 0.5, accepted.set)
    assert (end.status, accepted.is_set()) == ("timeout", True)


def test_after_a_cancel_nobody_waits_for_a_controller_that_is_gone(node: Any, arm: ArmConfig) -> None:
    fake = FakeControllers(node, arm)
    clients = ready(node, arm)
    fake.is_silent = True
    end = clients.follow(movement(arm), 30.0, clients.cancel_all)
    assert end.status == "canceled"
