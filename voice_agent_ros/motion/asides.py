# SPDX-License-Identifier: Apache-2.0
"""What the bridge does without moving the arm, beside a motion or between two: speed, places, a look at the table."""

from __future__ import annotations

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.course import Memory
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.speed import speed_of
from voice_agent_ros.motion.teaching import Teaching


class Asides:
    """Carries out calls that move nothing.

    Args:
        known: where taught places are kept; None: nothing can be taught.
        memory: whose speed is set.
    """

    def __init__(
        self,
        known: KnownThings | None,
        planner: Planner,
        readiness: Readiness,
        policy: Policy,
        memory: Memory,
    ) -> None:
        self._teaching = Teaching(known, planner, readiness)
        self._slowest, self._memory = policy.verbs.slowest, memory

    def knows(self, call: SkillCall) -> bool:
        """Whether a call is one of these."""
        return call.skill in ("set_speed", "describe_scene") or self._teaching.knows(call)

    def do(self, call: SkillCall, scene: Scene, language: str, *, is_moving: bool = False) -> str:
        """Do it.

        Args:
            is_moving: the arm is on its way.

        Returns:
            what to say about it.

        Raises:
            Refusal: why not.
        """
        if call.skill == "set_speed":
            return self._set_speed(call, scene, language)
        if call.skill == "describe_scene":
            seen = list(scene.names)
            return sentences.outcome("scene" if seen else "scene.nothing", {"seen": seen}, language)
        if self._teaching.knows(call):
            return self._teaching.do(call, scene, language, is_moving=is_moving)
        raise Refusal("not_allowed", skill=call.skill)  # nobody here knows how

    def require_speed(self, call: SkillCall, engine: str) -> None:
        """Refuse a speed that is too low, or higher than now if a model understood so.

        Raises:
            Refusal: `not_allowed` or `too_slow`.
        """
        if self._factor(call) > self._memory.speed and engine != "grammar":
            raise Refusal("not_allowed", skill="set_speed")  # only a person's plain words make it faster

    def _factor(self, call: SkillCall) -> float:
        factor = speed_of(call, self._memory.speed)
        if not factor >= self._slowest:
            raise Refusal("too_slow", limit=self._slowest)
        return factor

    def _set_speed(self, call: SkillCall, scene: Scene, language: str) -> str:
        self._memory.speed = self._factor(call)
        return sentences.announcement((call,), language, scene)
