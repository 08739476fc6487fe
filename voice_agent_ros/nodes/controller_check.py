# SPDX-License-Identifier: Apache-2.0
"""Whether the controllers that answer are those that the arm file describes: types of actions, names of joints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from control_msgs.msg import JointTrajectoryControllerState
from rclpy.node import Node
from rclpy.wait_for_message import wait_for_message

from voice_agent_ros.motion.arm_config import ArmConfig

FEEDBACK = "_FeedbackMessage"  # what ROS appends to the name of an action for the type of its feedback
STATE_TYPE = "control_msgs/msg/JointTrajectoryControllerState"
STATE_TOPICS = ("controller_state", "state")  # the latter until Humble
STATE_TIMEOUT_S = 1.0
POLL_S = 0.1


def problem(
    node: Node,
    arm: ArmConfig,
    absent: Callable[[], list[str]],
    timeout_s: float,
    meanwhile: Callable[[], None],
) -> str:
    """Wait for the arm's controllers, while the executor stands still.

    Args:
        absent: names of the controllers that do not answer yet.

    Returns:
        What does not fit after that time, and what to do about it, or "".
    """
    wanted, pause = wanted_types(arm), threading.Event()
    deadline = time.monotonic() + timeout_s
    while True:
        offered = {name: offered_types(node, action) for name, (action, _, _) in wanted.items()}
        for text in type_problems(arm, offered):
            return text
        missing = absent()
        if (not missing and all(offered.values())) or time.monotonic() > deadline:
            break
        meanwhile()
        pause.wait(POLL_S)
    if missing:
        named = ", ".join(f"{name} ({wanted[name][0]})" for name in missing)
        return f"No controller answers for: {named}. Start it, or correct its name in the arm file."
    controlled = controlled_joints(node, arm)
    if notice := joint_notice(arm, controlled):
        node.get_logger().warning(notice)
    return joint_problem(arm, controlled)


def offered_types(node: Node, action: str) -> frozenset[str]:
    """Types of the servers that offer an action of this name, as far as they are discovered.

    An action client counts a server as ready by its name alone: a goal of another type would never be answered.
    """
    publishers = node.get_publishers_info_by_topic(f"{action}/_action/feedback")
    return frozenset(info.topic_type.removesuffix(FEEDBACK) for info in publishers)


def wanted_types(arm: ArmConfig) -> dict[str, tuple[str, str, str]]:
    """For each part of the arm: its action, that action's type, and the key of the arm file to look at."""
    return {
        "arm": (arm.arm.action, "control_msgs/action/FollowJointTrajectory", "arm.action"),
        "gripper": (arm.gripper.action, f"control_msgs/action/{arm.gripper.command}", "gripper.command"),
    }


def type_problems(arm: ArmConfig, offered: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """What is wrong with the types of actions that were found; one that was not found is no problem of type."""
    for name, (action, wanted, key) in wanted_types(arm).items():
        other = sorted(offered.get(name, frozenset()) - {wanted})
        if not other:
            continue
        fix = f"Set {key} in the arm file to what the controller offers, or start another controller"
        if name == "gripper" and other[0].rpartition("/")[2] in ("GripperCommand", "ParallelGripperCommand"):
            fix = f"Set {key}: {other[0].rpartition('/')[2]} in the arm file"
        yield f"{action} is a {', '.join(other)}, the arm file wants a {wanted}. {fix}."


def joint_problem(arm: ArmConfig, controlled: Sequence[str]) -> str:
    """What is wrong with the joints that the arm's controller says it moves, or ""."""
    lacking = [name for name in arm.arm.joints if name not in controlled]
    if not controlled or not lacking:
        return ""
    return (
        f"The controller of {arm.arm.action} does not move {', '.join(lacking)}, named in the arm file; "
        f"it moves {', '.join(controlled)}. Correct arm.joints in the arm file, or the controller's parameter joints."
    )


def joint_notice(arm: ArmConfig, controlled: Sequence[str]) -> str:
    """What may be wrong with the joints that the arm's controller moves beside those of the arm file, or ""."""
    others = [name for name in controlled if name not in arm.arm.joints]
    if not others:
        return ""
    return (
        f"The controller of {arm.arm.action} moves {', '.join(others)}, too, which the arm file does not name: it will "
        "reject every goal unless its parameter allow_partial_joints_goal is true."
    )


def controlled_joints(node: Node, arm: ArmConfig) -> Sequence[str]:
    """Names of the joints that the arm's controller tells in its state; empty if it tells none.

    Waits with a wait set of its own: the node's executor may stand still.
    """
    controller = arm.arm.action.rpartition("/")[0]
    for topic in STATE_TOPICS:
        name = f"{controller}/{topic}"
        types = {info.topic_type for info in node.get_publishers_info_by_topic(name)}
        if types != {STATE_TYPE}:
            continue
        is_here, message = wait_for_message(
            JointTrajectoryControllerState, node, name, time_to_wait=STATE_TIMEOUT_S
        )
        if is_here:
            return list(message.joint_names)
    return ()
