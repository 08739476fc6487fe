# SPDX-License-Identifier: Apache-2.0
"""Slower than the policy allows: the same policy with its speeds scaled down, never up."""

from __future__ import annotations

from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.policy import Policy

# How a quantity scales when the same path takes 1/factor of the time.
POWERS = {"joint_velocity": 1, "tool_speed": 1, "joint_acceleration": 2, "joint_jerk": 3}


def speed_of(call: SkillCall, present: float) -> float:
    """The part of the allowed speed that a `set_speed` asks for.

    Args:
        present: the part that holds now; "a little slower" is less than that, and never more.
    """
    given = call.arguments.model_dump()
    factor = float(given["factor"])
    return round(present * factor, 4) if given.get("of_present") else factor


def slowed(policy: Policy, factor: float) -> Policy:
    """The policy with its speeds scaled.

    Args:
        factor: in (0, 1].

    Raises:
        ValueError: it is not.
    """
    if not 0.0 < factor <= 1.0:
        raise ValueError(f"a speed factor of {factor} is not in (0, 1]")
    limits = policy.limits
    scaled = {
        name: getattr(limits, name) * factor**power for name, power in POWERS.items() if hasattr(limits, name)
    }
    return policy.model_copy(update={"limits": limits.model_copy(update=scaled)})
