# SPDX-License-Identifier: Apache-2.0
"""Whether the world is still what a plan was made for: arm, objects, time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.audit_record import folded, named_objects
from voice_agent_ros.motion.controllers import JointSnapshot, Senses
from voice_agent_ros.motion.plan import Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal


class Readiness:
    """Looks at the senses on behalf of the bridge.

    Args:
        clock: monotonic time, s.
        holding: name of the object that the gripper has taken and still has, or "".
    """

    def __init__(
        self,
        planner: Planner,
        senses: Senses,
        policy: Policy,
        clock: Callable[[], float],
        holding: Callable[[JointSnapshot], str],
    ) -> None:
        self._planner, self._senses, self._clock, self._holding = planner, senses, clock, holding
        self._execution = policy.execution

    def is_felt(self) -> bool:
        """Whether joint states are recent."""
        snapshot = self._senses.joints()
        return snapshot is not None and self._clock() - snapshot.at <= self._execution.joint_states_max_age

    def felt(self) -> JointSnapshot:
        """Recent joint states.

        Raises:
            Refusal: `no_joint_states`.
        """
        snapshot = self._senses.joints()
        if snapshot is None or not self.is_felt():
            raise Refusal("no_joint_states")
        return snapshot

    def situation(self) -> Situation:
        """Where everything is now.

        Raises:
            Refusal: `no_joint_states`.
        """
        scene, snapshot = self._senses.scene(), self.felt()
        held = self._planner.in_hand(scene, snapshot.arm, snapshot.gripper)
        if held is None and (remembered := self._holding(snapshot)):
            held = scene.find(remembered)
        return Situation(scene, snapshot.arm, snapshot.gripper, held)

    def require(self, plan: Plan, digest: str, planned_at: float, situation: Situation) -> None:
        """Between planning and now a person may have taken a while to answer.

        Raises:
            Refusal: `stale`, `arm_moved` or `scene_changed`.
        """
        if not 0.0 <= self._clock() - planned_at <= self._execution.plan_ttl or plan.digest() != digest:
            raise Refusal("stale")
        if not np.max(np.abs(self.felt().arm - plan.start)) <= self._execution.start_tolerance:
            raise Refusal("arm_moved")
        names = {name for call in plan.calls for name in named_objects(call)}
        self.require_objects(names, situation.scene)

    def require_objects(self, names: Iterable[str], then: Scene) -> None:
        """Refuse if one of these objects is not where it was.

        Raises:
            Refusal: `scene_changed`.
        """
        names, now = set(names), self._senses.scene()
        for thing in then.objects:
            if folded(thing.name) in names and not self._is_where_it_was(now.find(thing.name), thing):
                raise Refusal("scene_changed", object=thing.name)

    def _is_where_it_was(self, now: SceneObject | None, then: SceneObject) -> bool:
        if now is None:
            return False
        moved = float(np.linalg.norm(np.array(now.position) - np.array(then.position)))
        return moved <= self._execution.object_tolerance
