# SPDX-License-Identifier: Apache-2.0
"""From skill calls to a plan of checked movements, or a refusal. Plans everything before anything moves."""

from __future__ import annotations

from collections.abc import Sequence

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SKILLS, SkillCall
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.holding import in_hand
from voice_agent_ros.motion.plan import Plan, Situation
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.prediction import after
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.replay import Trail, require_end, rest_of, way_back
from voice_agent_ros.motion.robot_model import Pose, RobotModel, Vector
from voice_agent_ros.motion.speed import slowed

REMEMBERED_SPEEDS = 8


class Planner:
    """Plans for one arm under one policy. Holds no state between plans."""

    def __init__(self, model: RobotModel, arm: ArmConfig, policy: Policy) -> None:
        self._model, self._arm, self._policy = model, arm, policy
        self._slower: dict[float, Planner] = {1.0: self}

    def plan(self, calls: Sequence[SkillCall], situation: Situation) -> Plan:
        """Plan calls one after the other, each from where the one before ends.

        Raises:
            Refusal: the first rule that forbids a part of it.
        """
        draft = Draft(self._model, self._arm, self._policy, situation)
        for call in calls:
            skill = SKILLS[call.skill]
            if skill.plan is None:
                if call.arguments.moves:  # the bridge's own; it never comes here by itself
                    raise Refusal("not_allowed", skill=call.skill)
                continue
            draft.call = call
            skill.plan(draft, call.arguments)
        return Plan(tuple(calls), situation.joints.copy(), tuple(draft.steps), tuple(draft.promises))

    def at_speed(self, factor: float) -> Planner:
        """The same planner under limits whose speeds are scaled down by a factor of 1 or less."""
        if factor not in self._slower:
            while len(self._slower) >= REMEMBERED_SPEEDS:
                self._slower.pop(next(reversed(self._slower)))
            self._slower[factor] = Planner(self._model, self._arm, slowed(self._policy, factor))
        return self._slower[factor]

    def rest(self, plan: Plan, first: int, situation: Situation) -> Plan:
        """The steps of a plan from one on, planned again from where the arm is.

        Raises:
            Refusal: what is in the way now.
        """
        draft = Draft(self._model, self._arm, self._policy, situation)
        rest_of(draft, plan.steps[first:])
        return Plan(plan.calls, situation.joints.copy(), tuple(draft.steps), plan.promises)

    def back(self, call: SkillCall, trail: Trail, speed: float, situation: Situation) -> Plan:
        """The way back along a trail, from its end.

        Raises:
            Refusal: `nothing_to_undo`, `arm_moved`, or what is in the way now.
        """
        require_end(trail, situation.joints, self._policy.execution.start_tolerance)
        draft = Draft(self._model, self._arm, self._policy, situation)
        draft.call = call
        way_back(draft, trail, speed)
        return Plan((call,), situation.joints.copy(), tuple(draft.steps))

    def after(self, plan: Plan, before: Situation) -> Situation:
        """Where everything will be after a plan that was made for a situation, if all goes well."""
        return after(plan, before, self.tool_pose, self._arm.gripper)

    def tool_pose(self, joints: Vector) -> Pose:
        """Where the tool is with these joints."""
        return self._model.tool_pose(joints)

    def in_hand(self, scene: Scene, joints: Vector, gripper: float) -> SceneObject | None:
        """The object that is seen between the fingers."""
        return in_hand(scene, self._model.tool_pose(joints).position, self._arm.gripper.gap(gripper))
