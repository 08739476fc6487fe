# SPDX-License-Identifier: Apache-2.0
"""Between the simulated arm's own types and ROS messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration, Time
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTrajectoryControllerState
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.sim.arm import JointStates
from voice_agent_ros.sim.gripper_controller import GripperState
from voice_agent_ros.sim.trajectory import Point, Vector
from voice_agent_ros.sim.trajectory_controller import ControllerState
from voice_agent_ros.sim.trajectory_goal import Goal, Tolerance


def goal_of(request: FollowJointTrajectory.Goal, start: float | None) -> Goal:
    """The controller's goal in an action goal; `start` is its stamp in simulated time, None for "now"."""
    trajectory = request.trajectory
    return Goal(
        joint_names=list(trajectory.joint_names),
        points=_points(trajectory),
        path_tolerance=_tolerances(request.path_tolerance),
        goal_tolerance=_tolerances(request.goal_tolerance),
        goal_time_tolerance=seconds(request.goal_time_tolerance),
        start=start,
    )


def goal_of_topic(trajectory: JointTrajectory, start: float | None) -> Goal:
    """The controller's goal in a message of its topic, which carries no tolerances."""
    return Goal(joint_names=list(trajectory.joint_names), points=_points(trajectory), start=start)


def seconds(value: Duration | Time) -> float:
    """A duration or a stamp in seconds."""
    return float(value.sec) + float(value.nanosec) * 1e-9


def joint_state(states: JointStates, stamp: Time) -> JointState:
    """sensor_msgs/JointState of what the encoders tell."""
    message = JointState(
        name=list(states.names),
        position=list(states.positions),
        velocity=list(states.velocities),
        effort=list(states.efforts),
    )
    message.header.stamp = stamp
    return message


def detections(objects: Sequence[SceneObject], frame: str, stamp: Time) -> Detection3DArray:
    """Objects as a detector would publish them: class_id is the object's name."""
    message = Detection3DArray()
    message.header.frame_id, message.header.stamp = frame, stamp
    for thing in objects:
        detection = Detection3D(header=message.header)
        box = detection.bbox
        box.center.position.x, box.center.position.y, box.center.position.z = thing.position
        quaternion = box.center.orientation
        quaternion.x, quaternion.y, quaternion.z, quaternion.w = thing.orientation
        box.size.x, box.size.y, box.size.z = thing.size
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = thing.name, 1.0
        hypothesis.pose.pose = box.center
        detection.results = [hypothesis]
        message.detections.append(detection)
    return message


def trajectory_feedback(
    names: Sequence[str], state: ControllerState, stamp: Time
) -> FollowJointTrajectory.Feedback:
    """Feedback of the trajectory action."""
    desired, actual, error = _motion(state)
    message = FollowJointTrajectory.Feedback(
        joint_names=list(names), desired=desired, actual=actual, error=error
    )
    message.header.stamp = stamp
    return message


def controller_state(
    names: Sequence[str], state: ControllerState, stamp: Time
) -> JointTrajectoryControllerState:
    """What the controller publishes about itself, in the fields that this distribution's message has."""
    desired, actual, error = _motion(state)
    message = JointTrajectoryControllerState(joint_names=list(names), error=error)
    message.header.stamp = stamp
    for name, value in (  # Humble has both pairs or the first alone, later distributions the second
        ("desired", desired),
        ("actual", actual),
        ("reference", desired),
        ("feedback", actual),
        ("output", _point(state.command.position, state.command.velocity)),
    ):
        if hasattr(message, name):
            setattr(message, name, value)
    return message


def gripper_feedback(state: GripperState) -> GripperCommand.Feedback:
    """Feedback of the gripper action."""
    return _filled(GripperCommand.Feedback(), state)


def gripper_result(state: GripperState) -> GripperCommand.Result:
    """Result of the gripper action."""
    return _filled(GripperCommand.Result(), state)


def _filled(message: Any, state: GripperState) -> Any:
    message.position, message.effort = state.position, state.effort
    message.stalled, message.reached_goal = state.stalled, state.reached_goal
    return message


def _points(trajectory: JointTrajectory) -> list[Point]:
    return [
        Point(
            list(point.positions),
            seconds(point.time_from_start),
            list(point.velocities),
            list(point.accelerations),
            has_effort=len(point.effort) > 0,
        )
        for point in trajectory.points
    ]


def _tolerances(messages: Sequence[Any]) -> dict[str, Tolerance]:
    return {message.name: Tolerance(message.position, message.velocity) for message in messages}


def _motion(
    state: ControllerState,
) -> tuple[JointTrajectoryPoint, JointTrajectoryPoint, JointTrajectoryPoint]:
    """Desired, actual and error."""
    desired, elapsed = state.desired, state.time_from_start
    return (
        _point(desired.position, desired.velocity, desired.acceleration, elapsed),
        _point(state.position, state.velocity, elapsed=elapsed),
        _point(desired.position - state.position, desired.velocity - state.velocity),
    )


def _point(
    position: Vector, velocity: Vector, acceleration: Vector | None = None, elapsed: float = 0.0
) -> JointTrajectoryPoint:
    nanoseconds = round(elapsed * 1e9)
    return JointTrajectoryPoint(
        time_from_start=Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9),
        positions=position.tolist(),
        velocities=velocity.tolist(),
        accelerations=[] if acceleration is None else acceleration.tolist(),
    )
