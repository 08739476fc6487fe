# SPDX-License-Identifier: Apache-2.0
"""The controllers of the simulated arm, as their actions see them: messages in, messages out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory, GripperCommand

from voice_agent_ros.nodes import sim_arm_messages as messages
from voice_agent_ros.sim.arm import ARM_JOINTS, SimulatedArm
from voice_agent_ros.sim.gripper_controller import GripperResult
from voice_agent_ros.sim.real_time import RealTimePhysics
from voice_agent_ros.sim.trajectory_goal import Outcome

NOT_ACTIVE = "The simulated arm is not active."
RunningPhysics = Callable[[], "RealTimePhysics | None"]


class ArmController:
    """Behind arm_controller/follow_joint_trajectory.

    Args:
        physics: gives the physics while time passes, else None.
        simulated_time: a trajectory's stamp in simulated time, None for a stamp of zero.
        stamp: the time for headers.
    """

    def __init__(
        self,
        physics: RunningPhysics,
        simulated_time: Callable[[Time, SimulatedArm], float | None],
        stamp: Callable[[], Time],
    ) -> None:
        self._physics = physics
        self._simulated_time = simulated_time
        self._stamp = stamp

    def rejection(self, request: FollowJointTrajectory.Goal) -> str:
        """Why a goal cannot be accepted, or ""."""
        physics = self._physics()
        if physics is None:
            return NOT_ACTIVE
        with physics.locked() as sim:
            start = self._simulated_time(request.trajectory.header.stamp, sim)
            rejection = sim.arm.rejection(messages.goal_of(request, start), sim.time)
        return f"{rejection.code.name}: {rejection.reason}" if rejection else ""

    def start(self, request: FollowJointTrajectory.Goal, on_done: Callable[[Any], None]) -> None:
        """Follow an accepted goal."""
        physics = self._physics()
        if physics is None:
            on_done((Outcome.INVALID_GOAL, NOT_ACTIVE))
            return
        with physics.locked() as sim:
            start = self._simulated_time(request.trajectory.header.stamp, sim)
            sim.arm.start(messages.goal_of(request, start), sim.time, lambda *outcome: on_done(outcome))

    def cancel(self) -> None:
        """Decelerate to a hold."""
        physics = self._physics()
        if physics is not None:
            with physics.locked() as sim:
                sim.arm.cancel()

    def feedback(self) -> FollowJointTrajectory.Feedback | None:
        """Desired and actual motion."""
        physics = self._physics()
        if physics is None:
            return None
        with physics.locked() as sim:
            state = sim.arm.state
        return messages.trajectory_feedback(ARM_JOINTS, state, self._stamp())

    def result(self, outcome: tuple[Outcome, str]) -> tuple[bool, FollowJointTrajectory.Result]:
        """Success, and the result's message."""
        how, reason = outcome
        result = FollowJointTrajectory.Result(error_code=how.error_code, error_string=reason)
        return how is Outcome.SUCCESSFUL, result


class GripperController:
    """Behind gripper_controller/gripper_cmd; position is the opening of one finger.

    Args:
        physics: gives the physics while time passes, else None.
    """

    def __init__(self, physics: RunningPhysics) -> None:
        self._physics = physics

    def rejection(self, request: GripperCommand.Goal) -> str:
        """Why a goal cannot be accepted, or ""."""
        physics = self._physics()
        if physics is None:
            return NOT_ACTIVE
        with physics.locked() as sim:
            return sim.gripper.rejection(request.command.position, request.command.max_effort)

    def start(self, request: GripperCommand.Goal, on_done: Callable[[Any], None]) -> None:
        """Move the fingers."""
        physics = self._physics()
        if physics is None:
            on_done(None)
            return
        command = request.command
        with physics.locked() as sim:
            sim.gripper.start(command.position, command.max_effort, on_done)

    def cancel(self) -> None:
        """Keep holding."""
        physics = self._physics()
        if physics is not None:
            with physics.locked() as sim:
                sim.gripper.cancel()

    def feedback(self) -> GripperCommand.Feedback | None:
        """The fingers now."""
        physics = self._physics()
        if physics is None:
            return None
        with physics.locked() as sim:
            return messages.gripper_feedback(sim.gripper.state)

    def result(self, outcome: GripperResult | None) -> tuple[bool, GripperCommand.Result]:
        """Success, and the result's message."""
        if outcome is None:
            return False, GripperCommand.Result()
        return outcome.is_successful, messages.gripper_result(outcome.state)
