# SPDX-License-Identifier: Apache-2.0
"""The arm's and the gripper's controllers as action clients, for the executor's thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion
from voice_agent_ros.motion.trajectory import Trajectory
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.gripper_commands import gripper_action, gripper_goal

ACCEPT_TIMEOUT_S = 2.0
CANCEL_TIMEOUT_S = 1.5  # after a cancel nobody waits longer for the goal to end
POLL_S = 0.05
ERROR_WORDS = {
    FollowJointTrajectory.Result.INVALID_GOAL: "invalid goal; compare the arm file with the controller's parameters",
    FollowJointTrajectory.Result.INVALID_JOINTS: "wrong joints; name the controller's joints in the arm file",
    FollowJointTrajectory.Result.OLD_HEADER_TIMESTAMP: "time stamp too old; synchronise the clocks, or see use_sim_time",
    FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED: "the arm left its path; look for an obstacle, then see the path tolerance",
    FollowJointTrajectory.Result.GOAL_TOLERANCE_VIOLATED: "the arm did not reach its goal; look for an obstacle, then see goal_time and the goal tolerance",
}


def cancel_everything() -> CancelGoal.Request:
    """A request that cancels every goal of a server: zero id and zero stamp, see action_msgs/CancelGoal."""
    return CancelGoal.Request()


class ControllerClients:
    """Implements `motion.controllers.Controllers`. The node must be spinning in another thread than the caller's."""

    def __init__(self, node: Node, arm: ArmConfig) -> None:
        self._node = node
        self._canceled_at = -math.inf
        self._arm = ActionClient(node, FollowJointTrajectory, arm.arm.action)
        self._shown = node.create_publisher(JointTrajectory, "planned_path", qos.EVENTS)  # for viewers
        self._grip_goal = gripper_goal(arm.gripper)
        self._gripper = ActionClient(node, gripper_action(arm.gripper), arm.gripper.action)
        self._cancels = [
            node.create_client(CancelGoal, f"{action}/_action/cancel_goal")
            for action in (arm.arm.action, arm.gripper.action)
        ]

    def absent(self) -> list[str]:
        """Names of the controllers that do not answer."""
        return [
            name
            for name, client in (("arm", self._arm), ("gripper", self._gripper))
            if not client.server_is_ready()
        ]

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        """Send a trajectory and wait for its end."""
        goal = FollowJointTrajectory.Goal()
        goal.trajectory.joint_names = list(trajectory.joint_names)
        goal.trajectory.points = [
            JointTrajectoryPoint(
                positions=trajectory.positions[index].tolist(),
                velocities=trajectory.velocities[index].tolist(),
                accelerations=trajectory.accelerations[index].tolist(),
                time_from_start=duration(float(time)),
            )
            for index, time in enumerate(trajectory.times)
        ]
        with suppress(RuntimeError):  # of rcl: no motion fails for its viewers
            self._shown.publish(goal.trajectory)
        return self._run("arm", self._arm, goal, timeout_s, on_accepted)

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        """Send a gripper command and wait for its end. Stalling is success: something is held."""
        return self._run(
            "gripper", self._gripper, self._grip_goal(position, max_effort), timeout_s, on_accepted
        )

    def cancel_all(self) -> None:
        """Ask both servers to cancel all their goals, whoever sent them."""
        for client in self._cancels:
            client.call_async(cancel_everything())
        self._canceled_at = time.monotonic()

    def destroy(self) -> None:
        """Give the clients up."""
        self._arm.destroy()
        self._gripper.destroy()
        self._node.destroy_publisher(self._shown)
        for client in self._cancels:
            self._node.destroy_client(client)

    def _run(
        self, name: str, client: ActionClient, goal: Any, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        if not client.server_is_ready():
            return Completion("absent", name)
        sent = client.send_goal_async(goal)
        handle = wait(sent, lambda waited: waited > ACCEPT_TIMEOUT_S)
        if handle is None:
            sent.add_done_callback(_cancel_late)  # nobody would own it
            return Completion("absent", name, "no answer to the goal")
        if not handle.accepted:
            return Completion("rejected", name, "see the controller's log")
        accepted_at = time.monotonic()
        goal_id = bytes(handle.goal_id.uuid).hex()
        on_accepted()

        def is_over(waited: float) -> bool:
            canceled_for = time.monotonic() - self._canceled_at
            return waited > timeout_s or CANCEL_TIMEOUT_S < canceled_for < time.monotonic() - accepted_at

        response = wait(handle.get_result_async(), is_over)
        if response is None:
            handle.cancel_goal_async()
            return Completion(
                "canceled" if self._canceled_at > accepted_at else "timeout", name, goal_id=goal_id
            )
        return replace(completion(name, response), goal_id=goal_id)


def _cancel_late(future: Any) -> None:
    if not future.cancelled() and future.exception() is None and future.result().accepted:
        future.result().cancel_goal_async()


def completion(name: str, response: Any) -> Completion:
    """How a goal ended, in words."""
    if response.status == GoalStatus.STATUS_SUCCEEDED:
        return Completion("succeeded", name)
    if response.status == GoalStatus.STATUS_CANCELED:
        return Completion("canceled", name)
    result = response.result
    words = ERROR_WORDS.get(getattr(result, "error_code", None), "")
    text = getattr(result, "error_string", "") or "no reason given"
    return Completion("aborted", name, f"{words}: {text}" if words else text)


def wait(future: Any, is_over: Callable[[float], bool]) -> Any:
    """Result of a future that another thread completes; None if it is over before, judged by the s waited."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    began = time.monotonic()
    while not done.wait(POLL_S):
        if is_over(time.monotonic() - began):
            return None
    return future.result()


def duration(seconds: float) -> Duration:
    """A builtin_interfaces/Duration."""
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
