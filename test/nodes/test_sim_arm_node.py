# SPDX-License-Identifier: Apache-2.0
"""The simulated arm through its ROS interfaces, in real time."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
import rclpy.duration
from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTrajectoryControllerState
from control_msgs.srv import QueryTrajectoryState
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from until import until
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.sim_arm_node import SimArmNode
from voice_agent_ros.nodes.spin import destroy_node
from voice_agent_ros.sim.arm import ARM_JOINTS, HOME

pytestmark = pytest.mark.ros
TIMEOUT_S = 10.0


def spinning(node: Node, context: Any) -> tuple[SingleThreadedExecutor, threading.Thread]:
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def spin() -> None:
        with contextlib.suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    return executor, thread


def trajectory(*points: tuple[float, list[float]]) -> JointTrajectory:
    message = JointTrajectory(joint_names=list(ARM_JOINTS))
    for at, positions in points:
        duration = Duration(sec=int(at), nanosec=int(at % 1 * 1e9))
        message.points.append(
            JointTrajectoryPoint(
                positions=positions,
                velocities=[0.0] * len(positions),
                accelerations=[0.0] * len(positions),
                time_from_start=duration,
            )
        )
    return message


def home_but(joint_1: float) -> list[float]:
    return [joint_1, *HOME[1:]]


class Client(Node):
    """What a bridge, a guard and a viewer see."""

    def __init__(self) -> None:
        super().__init__("client")
        self.seen: dict[str, list[Any]] = {}
        self.arrived: list[float] = []
        self.listen(JointState, "joint_states", qos.EVENTS)
        self.arm = ActionClient(self, FollowJointTrajectory, "arm_controller/follow_joint_trajectory")
        self.gripper = ActionClient(self, GripperCommand, "gripper_controller/gripper_cmd")
        self.feedback: list[Any] = []

    def listen(self, kind: Any, topic: str, profile: Any) -> None:
        kept = self.seen.setdefault(topic, [])
        self.create_subscription(kind, topic, kept.append, profile)

    def latest(self) -> JointState:
        return until(lambda: self.seen["joint_states"])[-1]

    def speed(self) -> float:
        return float(np.abs(self.latest().velocity[:6]).max())

    def send(self, *points: tuple[float, list[float]]) -> Any:
        goal = FollowJointTrajectory.Goal(trajectory=trajectory(*points))
        return wait(self.arm.send_goal_async(goal, feedback_callback=self.feedback.append))

    def grip(self, position: float) -> Any:
        goal = GripperCommand.Goal()
        goal.command.position = position
        return wait(self.gripper.send_goal_async(goal))


def wait(future: Any, timeout_s: float = TIMEOUT_S) -> Any:
    return until(future.done, timeout_s) and future.result()


@pytest.fixture(scope="module")
def arm() -> Iterator[SimArmNode]:
    rclpy.init()
    node = SimArmNode()
    executor, thread = spinning(node, rclpy.get_default_context())
    node.trigger_configure()
    node.trigger_activate()
    yield node
    node.close()
    executor.shutdown(timeout_sec=2.0)
    thread.join(2.0)
    destroy_node(node)
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def client(arm: SimArmNode) -> Iterator[Client]:
    node = Client()
    executor, thread = spinning(node, rclpy.get_default_context())
    assert node.arm.wait_for_server(TIMEOUT_S)
    assert node.gripper.wait_for_server(TIMEOUT_S)
    yield node
    executor.shutdown(timeout_sec=2.0)
    thread.join(2.0)
    destroy_node(node)


@pytest.fixture(autouse=True)
def _at_home(client: Client) -> None:
    client.feedback.clear()
    if abs(client.latest().position[0]) > 1e-3 or client.speed() > 0.01:
        handle = client.send((1.0, list(HOME)))
        assert wait(handle.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED


def test_publishes_what_it_is_and_what_it_sees(client: Client) -> None:
    client.listen(String, "robot_description", qos.STATE)
    client.listen(Detection3DArray, "objects", qos.EVENTS)
    assert '<robot name="prim6">' in until(lambda: client.seen["robot_description"])[0].data
    seen = until(lambda: client.seen["objects"])[-1]
    assert seen.header.frame_id == "base_link"
    names = {detection.results[0].hypothesis.class_id for detection in seen.detections}
    assert names == {"red cube", "green cube", "blue cube", "bowl"}
    assert seen.detections[0].bbox.size.x == pytest.approx(0.04)
    assert list(client.latest().name) == [*ARM_JOINTS, "finger_joint"]


def test_follows_a_trajectory_with_feedback_and_controller_state(client: Client) -> None:
    client.listen(JointTrajectoryControllerState, "arm_controller/controller_state", qos.EVENTS)
    handle = client.send((0.8, home_but(0.4)))
    assert handle.accepted
    result = wait(handle.get_result_async())
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    assert result.result.error_code == 0
    assert until(lambda: abs(client.latest().position[0] - 0.4) < 2e-3)
    feedback = client.feedback[len(client.feedback) // 2].feedback
    assert list(feedback.joint_names) == list(ARM_JOINTS)
    assert 0.05 < feedback.desired.positions[0] < 0.39
    assert abs(feedback.error.positions[0]) < 0.02
    assert until(lambda: client.seen["arm_controller/controller_state"])


def test_rejects_what_the_controller_would_reject(client: Client) -> None:
    assert not client.send().accepted
    assert not client.send((1.0, [0.0])).accepted
    assert not client.grip(0.2).accepted


def test_a_new_goal_replaces_the_running_one(client: Client) -> None:
    first = client.send((1.0, home_but(0.5)))
    until(lambda: client.speed() > 0.2)
    second = client.send((0.8, home_but(0.0)))
    result = wait(first.get_result_async())
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.error_code == FollowJointTrajectory.Result.INVALID_GOAL
    assert wait(second.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED


def test_cancel_stops_the_arm_soon(client: Client) -> None:
    handle = client.send((1.0, home_but(0.8)))
    until(lambda: client.speed() > 1.0)
    began = time.monotonic()
    wait(handle.cancel_goal_async())
    acknowledged = time.monotonic() - began
    until(lambda: client.speed() < 0.02, 1.0)
    stopped = time.monotonic() - began
    assert wait(handle.get_result_async()).status == GoalStatus.STATUS_CANCELED
    assert acknowledged < 0.2
    assert stopped < 0.6
    assert client.latest().position[0] < 0.75


def test_a_cancel_with_zero_id_and_stamp_cancels_all_goals(client: Client) -> None:
    arm, gripper = client.send((1.0, home_but(0.8))), client.grip(0.0)
    until(lambda: client.speed() > 0.5)
    for action in ("arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd"):
        service = client.create_client(CancelGoal, f"{action}/_action/cancel_goal")
        assert service.wait_for_service(TIMEOUT_S)
        response = wait(service.call_async(CancelGoal.Request()))
        assert len(response.goals_canceling) == 1
    for handle in (arm, gripper):
        assert wait(handle.get_result_async()).status == GoalStatus.STATUS_CANCELED
    until(lambda: client.speed() < 0.02, 1.0)


def test_a_cancel_right_after_the_acceptance_is_not_lost(client: Client) -> None:
    for _ in range(5):
        handle = client.send((1.0, home_but(0.8)))
        wait(handle.cancel_goal_async())
        assert wait(handle.get_result_async()).status == GoalStatus.STATUS_CANCELED
    time.sleep(0.3)  # were a motion to start late, it would be seen by now
    assert abs(client.latest().position[0]) < 0.02


def test_the_gripper_reports_that_it_is_there(client: Client) -> None:
    result = wait(client.grip(0.03).get_result_async())
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    assert result.result.reached_goal
    assert not result.result.stalled
    assert result.result.position == pytest.approx(0.03, abs=2e-3)


def test_the_controllers_topic_moves_the_arm_too(client: Client) -> None:
    publisher = client.create_publisher(JointTrajectory, "arm_controller/joint_trajectory", 10)
    until(publisher.get_subscription_count)
    publisher.publish(trajectory((0.5, home_but(0.2))))
    until(lambda: abs(client.latest().position[0] - 0.2) < 2e-3)


def test_takes_a_picture_beside_the_physics(client: Client) -> None:
    from PIL import Image

    client.listen(CompressedImage, "camera/image_raw/compressed", qos.EVENTS)
    snapshot = client.create_client(Trigger, "sim_arm_node/snapshot")
    assert snapshot.wait_for_service(TIMEOUT_S)
    before = len(client.seen["joint_states"])
    assert wait(snapshot.call_async(Trigger.Request())).success
    message = until(lambda: client.seen["camera/image_raw/compressed"])[0]
    assert len(client.seen["joint_states"]) > before
    assert message.format == "png"
    pixels = np.asarray(Image.open(io.BytesIO(message.data.tobytes()))).astype(int)
    assert pixels.shape == (720, 960, 3)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    for strong, others in ((red, green + blue), (green, red + blue), (blue, red + green)):
        assert (strong > others).sum() > 200, "a cube is not to be seen"


@contextlib.contextmanager
def fault(client: Client, **parameters: Any) -> Iterator[None]:
    """Faults while this lasts, set as `ros2 param set` would."""
    service = client.create_client(SetParameters, "sim_arm_node/set_parameters")
    assert service.wait_for_service(TIMEOUT_S)

    def set_all(values: dict[str, Any]) -> None:
        request = SetParameters.Request()
        request.parameters = [Parameter(name, value=v).to_parameter_msg() for name, v in values.items()]
        for result in wait(service.call_async(request)).results:
            assert result.successful, result.reason

    set_all(parameters)
    try:
        yield
    finally:
        set_all({"fault": "none", "gripper_fault": "none", "abort_error_code": -4})


def test_faults_come_and_go_by_parameter(client: Client) -> None:
    with fault(client, fault="reject", gripper_fault="reject"):
        assert not client.send((0.5, list(HOME))).accepted
        assert not client.grip(0.02).accepted
    with fault(client, fault="abort", abort_error_code=-5, gripper_fault="abort"):
        arm, gripper = client.send((0.4, home_but(0.1))), client.grip(0.03)
        result = wait(arm.get_result_async())
        assert (result.status, result.result.error_code) == (GoalStatus.STATUS_ABORTED, -5)
        assert wait(gripper.get_result_async()).status == GoalStatus.STATUS_ABORTED
    with fault(client, fault="freeze"):
        handle = client.send((0.3, home_but(0.2)))
        frozen = handle.get_result_async()
        time.sleep(0.6)
        assert not frozen.done()
        wait(handle.cancel_goal_async())
        assert wait(frozen).status == GoalStatus.STATUS_CANCELED
    with fault(client, fault="drop_joint_states"):
        time.sleep(0.1)
        count = len(client.seen["joint_states"])
        time.sleep(0.3)
        assert len(client.seen["joint_states"]) <= count + 1
    until(lambda: len(client.seen["joint_states"]) > count + 2)


def test_a_fault_that_does_not_exist_is_refused_with_a_reason(client: Client) -> None:
    with pytest.raises(AssertionError, match="choose one of: none, reject"), fault(client, fault="explode"):
        pass


def test_the_trajectory_can_be_asked_for(client: Client) -> None:
    query = client.create_client(QueryTrajectoryState, "arm_controller/query_state")
    assert query.wait_for_service(TIMEOUT_S)
    assert not wait(query.call_async(QueryTrajectoryState.Request())).success
    handle = client.send((2.0, home_but(0.4)))
    request = QueryTrajectoryState.Request()
    request.time = (client.get_clock().now() + rclpy.duration.Duration(seconds=1.0)).to_msg()
    answer = wait(query.call_async(request))
    assert answer.success
    assert list(answer.name) == list(ARM_JOINTS)
    assert 0.1 < answer.position[0] < 0.4
    wait(handle.cancel_goal_async())


def test_deactivation_ends_goals_and_joint_states(arm: SimArmNode, client: Client) -> None:
    handle = client.send((2.0, home_but(0.5)))
    until(lambda: client.speed() > 0.1)
    arm.trigger_deactivate()
    result = wait(handle.get_result_async())
    assert result.status == GoalStatus.STATUS_ABORTED
    assert "deactivated" in result.result.error_string
    assert not client.send((1.0, list(HOME))).accepted
    count = len(client.seen["joint_states"])
    time.sleep(0.1)
    assert len(client.seen["joint_states"]) <= count + 1
    arm.trigger_activate()
    until(lambda: len(client.seen["joint_states"]) > count + 2)
    until(lambda: client.speed() < 0.02)
