# SPDX-License-Identifier: Apache-2.0
"""Controllers that are not what the arm file says are named before anything moves, with what to change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
from control_msgs.action import FollowJointTrajectory, GripperCommand, ParallelGripperCommand  # noqa: E402
from control_msgs.msg import JointTrajectoryControllerState  # noqa: E402
from rclpy.action import ActionServer  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from voice_agent_ros.motion.arm_config import ArmConfig, load_arm  # noqa: E402
from voice_agent_ros.nodes import controller_check  # noqa: E402
from voice_agent_ros.nodes.controller_clients import ControllerClients  # noqa: E402
from voice_agent_ros.nodes.spin import destroy_node  # noqa: E402
from voice_agent_ros.share import shared_file  # noqa: E402

TIMEOUT_S = 10.0
SHORT_S = 0.3


@pytest.fixture
def arm() -> ArmConfig:
    return load_arm(shared_file("config/arms/prim6.yaml"))


@pytest.fixture
def robot(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A node for fake controllers, spinning; each test has a namespace of its own."""
    context = rclpy.Context()
    rclpy.init(context=context)
    namespace = f"test_{abs(hash(request.node.name))}"
    node = rclpy.create_node("fake_controllers", context=context, namespace=namespace)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(5.0)
    destroy_node(node)
    rclpy.shutdown(context=context)


@pytest.fixture
def check(robot: Any, arm: ArmConfig) -> Iterator[Callable[..., str]]:
    """The bridge's check, in a node that does not spin and, as always, in another process's context."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("bridge_like", context=context, namespace=robot.get_namespace())

    def problem(arm_file: ArmConfig = arm, timeout_s: float = TIMEOUT_S) -> str:
        clients = ControllerClients(node, arm_file)
        try:
            return controller_check.problem(node, arm_file, clients.absent, timeout_s, lambda: None)
        finally:
            clients.destroy()

    yield problem
    destroy_node(node)
    rclpy.shutdown(context=context)


def serve(robot: Any, action: str, kind: Any) -> None:
    ActionServer(robot, kind, action, lambda handle: kind.Result())


def tell_joints(robot: Any, topic: str, names: list[str]) -> None:
    publisher = robot.create_publisher(JointTrajectoryControllerState, topic, 10)
    robot.create_timer(0.02, lambda: publisher.publish(JointTrajectoryControllerState(joint_names=names)))


def test_controllers_that_fit(robot: Any, arm: ArmConfig, check: Callable[..., str]) -> None:
    serve(robot, arm.arm.action, FollowJointTrajectory)
    serve(robot, arm.gripper.action, GripperCommand)
    assert check() == ""
    tell_joints(robot, "arm_controller/controller_state", [*arm.arm.joints, "rail"])
    assert check() == ""


def test_another_kind_of_gripper(robot: Any, arm: ArmConfig, check: Callable[..., str]) -> None:
    serve(robot, arm.arm.action, FollowJointTrajectory)
    serve(robot, arm.gripper.action, ParallelGripperCommand)
    problem = check()
    assert "gripper_controller/gripper_cmd is a control_msgs/action/ParallelGripperCommand" in problem
    assert "Set gripper.command: ParallelGripperCommand in the arm file" in problem
    fits = arm.model_copy(
        update={"gripper": arm.gripper.model_copy(update={"command": "ParallelGripperCommand"})}
    )
    assert check(fits) == ""


def test_a_gripper_for_an_arm(robot: Any, arm: ArmConfig, check: Callable[..., str]) -> None:
    serve(robot, arm.arm.action, GripperCommand)
    serve(robot, arm.gripper.action, GripperCommand)
    problem = check()
    assert "arm_controller/follow_joint_trajectory is a control_msgs/action/GripperCommand" in problem
    assert "wants a control_msgs/action/FollowJointTrajectory" in problem
    assert "arm.action" in problem


def test_who_does_not_answer_is_named(robot: Any, arm: ArmConfig, check: Callable[..., str]) -> None:
    serve(robot, arm.arm.action, FollowJointTrajectory)
    problem = ""
    for _ in range(20):  # until the other one has been discovered
        problem = check(timeout_s=SHORT_S)
        if "arm (" not in problem:
            break
    assert problem == (
        "No controller answers for: gripper (gripper_controller/gripper_cmd). "
        "Start it, or correct its name in the arm file."
    )


@pytest.mark.parametrize("topic", ["controller_state", "state"])
def test_a_controller_of_other_joints(
    robot: Any, arm: ArmConfig, check: Callable[..., str], topic: str
) -> None:
    serve(robot, arm.arm.action, FollowJointTrajectory)
    serve(robot, arm.gripper.action, GripperCommand)
    tell_joints(robot, f"arm_controller/{topic}", ["shoulder", *arm.arm.joints[1:]])
    problem = ""
    for _ in range(20):
        problem = problem or check()
    assert "does not move joint_1, named in the arm file; it moves shoulder, joint_2" in problem
    assert "Correct arm.joints" in problem


def test_joints_that_only_the_controller_knows_are_told(arm: ArmConfig) -> None:
    assert controller_check.joint_notice(arm, arm.arm.joints) == ""
    notice = controller_check.joint_notice(arm, [*arm.arm.joints, "rail"])
    assert "moves rail, too" in notice
    assert "allow_partial_joints_goal" in notice
