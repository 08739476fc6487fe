# SPDX-License-Identifier: Apache-2.0
""" "Remember this as the tray", "forget the tray": what the bridge does about taught places. Moves nothing."""

from __future__ import annotations

import math

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.skills.forget_place import ForgetPlace
from voice_agent_ros.skills.remember_place import RememberPlace


class Teaching:
    """Teaches and forgets places on behalf of the bridge.

    Args:
        known: where they are kept; None, or without places: nothing can be taught.
    """

    def __init__(self, known: KnownThings | None, planner: Planner, readiness: Readiness) -> None:
        self._places = known.places if known is not None else None
        self._planner, self._readiness = planner, readiness

    def knows(self, call: SkillCall) -> bool:
        """Whether a call is one of these."""
        return self._places is not None and isinstance(call.arguments, RememberPlace | ForgetPlace)

    def do(self, call: SkillCall, scene: Scene, language: str, *, is_moving: bool) -> str:
        """Do it.

        Args:
            is_moving: the arm is on its way: nobody knows where "here" is.

        Returns:
            what to say about it.

        Raises:
            Refusal: why not.
        """
        assert self._places is not None
        if isinstance(call.arguments, ForgetPlace):
            return sentences.outcome(
                "forgotten", {"place": self._places.forget(call.arguments.name)}, language
            )
        assert isinstance(call.arguments, RememberPlace)
        if is_moving:
            raise Refusal("busy")
        tool = self._planner.tool_pose(self._readiness.felt().arm)
        yaw = math.atan2(tool.rotation[1, 0], tool.rotation[0, 0])
        name = self._places.remember(call.arguments.name, tool.position.tolist(), yaw, scene)
        return sentences.outcome("remembered", {"place": name}, language)
