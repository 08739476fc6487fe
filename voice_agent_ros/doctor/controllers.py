# SPDX-License-Identifier: Apache-2.0
"""The running robot: controllers, joint states and description, as seen on the graph."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from voice_agent_ros.commands.ros_session import RosSession, ros_session
from voice_agent_ros.doctor.check import Check, Installation
from voice_agent_ros.doctor.configuration import arm_file
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_check import require_agreement
from voice_agent_ros.motion.arm_config import ArmConfig, load_arm

AREA = "controllers"
LEAST_RATE = 10.0  # Hz of joint_states; the bridge wants them recent
START_CONTROLLERS = (
    "See: ros2 control list_controllers; then ros2 control load_controller --set-state active NAME."
)


@dataclass
class Graph:
    """What was seen within the time given.

    Attributes:
        actions: types by resolved name, of servers only.
        joints: names of the latest joint states, and how many messages came in `seconds`.
    """

    actions: dict[str, str] = field(default_factory=dict)
    joints: tuple[str, ...] = ()
    joint_messages: int = 0
    seconds: float = 0.0
    description: str = ""


def examine(installation: Installation) -> Iterator[Check]:
    """Whether the arm that is configured is there."""
    if installation.purpose == "demo":
        yield Check(AREA, "controllers", "PASS", "the demo starts a simulated arm with its own")
        return
    arm = load_arm(arm_file(installation))
    with ros_session(installation.namespace) as session:
        graph = look(session, arm, installation.patience_s)
        resolved = {name: _resolve(session, name) for name in (arm.arm.action, arm.gripper.action)}
    yield from judge(graph, arm, resolved)


def judge(graph: Graph, arm: ArmConfig, resolved: Mapping[str, str]) -> Iterator[Check]:
    """The checks, from what was seen.

    Args:
        resolved: full names of the arm file's actions.
    """
    wanted = (
        ("arm controller", arm.arm.action, "FollowJointTrajectory"),
        ("gripper controller", arm.gripper.action, arm.gripper.command),
    )
    for name, action, kind in wanted:
        yield _action(name, resolved[action], f"control_msgs/action/{kind}", graph.actions)
    yield _joint_states(graph, (*arm.arm.joints, arm.gripper.joint))
    yield _description(graph.description, arm)


def _action(name: str, action: str, kind: str, actions: Mapping[str, str]) -> Check:
    there = actions.get(action)
    if there is None:
        others = [f"{other} ({type_})" for other, type_ in actions.items() if type_ == kind]
        told = f"nobody serves {action}"
        if others:
            fix = f"Other servers of this type: {', '.join(others)}. Name the right one in the arm file."
            return Check(AREA, name, "FAIL", told, fix)
        return Check(AREA, name, "FAIL", told, START_CONTROLLERS)
    if there != kind:
        fix = "Correct gripper.command or the action's name in the arm file, or load the other controller."
        return Check(AREA, name, "FAIL", f"{action} is of type {there}, not {kind}", fix)
    return Check(AREA, name, "PASS", f"{action} ({there})")


def _joint_states(graph: Graph, joints: Sequence[str]) -> Check:
    name = "joint_states"
    if not graph.joints:
        fix = "Start the joint_state_broadcaster, or remap joint_states."
        return Check(AREA, name, "FAIL", f"none within {graph.seconds:.0f} s", fix)
    missing = [joint for joint in joints if joint not in graph.joints]
    if missing:
        told = f"they lack {', '.join(missing)}; they have {', '.join(graph.joints)}"
        return Check(AREA, name, "FAIL", told, "Name the robot's joints in the arm file.")
    rate = graph.joint_messages / graph.seconds if graph.seconds else 0.0
    if rate < LEAST_RATE:
        fix = "Raise the state_publish_rate or update_rate: an old position means refusal."
        return Check(AREA, name, "WARN", f"{rate:.0f} Hz", fix)
    return Check(AREA, name, "PASS", f"{len(graph.joints)} joints at {rate:.0f} Hz")


def _description(urdf: str, arm: ArmConfig) -> Check:
    name = "robot_description"
    if not urdf:
        fix = "Start robot_state_publisher, or give the bridge urdf_path."
        return Check(AREA, name, "WARN", "nobody publishes it", fix)
    try:
        require_agreement(urdf, arm)
    except (ConfigurationError, SyntaxError, ValueError) as error:
        return Check(AREA, name, "FAIL", str(error), "Make the arm file and robot_description agree.")
    return Check(AREA, name, "PASS", "agrees with the arm file")


def _resolve(session: RosSession, name: str) -> str:
    resolved: str = session.node.resolve_service_name(name)
    return resolved


def look(session: RosSession, arm: ArmConfig, patience_s: float) -> Graph:
    """Watch until everything has been seen and the rate is known, or the time is over."""
    from sensor_msgs.msg import JointState
    from std_msgs.msg import String

    from voice_agent_ros.nodes import qos

    graph = Graph()
    began = time.monotonic()

    def on_joints(message: JointState) -> None:
        # Broadcasters may share the topic, each with joints of its own.
        graph.joints = tuple(dict.fromkeys((*graph.joints, *message.name)))
        graph.joint_messages += arm.arm.joints[0] in message.name

    def on_description(message: String) -> None:
        graph.description = message.data

    node = session.node
    node.create_subscription(JointState, "joint_states", on_joints, 10)
    node.create_subscription(String, "robot_description", on_description, qos.STATE)
    session.wait(lambda: False, patience_s)
    graph.seconds = time.monotonic() - began
    graph.actions = {
        name.removesuffix("/_action/send_goal"): types[0].removesuffix("_SendGoal")
        for name, types in node.get_service_names_and_types()
        if name.endswith("/_action/send_goal") and types
    }
    return graph
