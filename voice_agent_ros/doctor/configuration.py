# SPDX-License-Identifier: Apache-2.0
"""The files that people edit: arm, policy, scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from voice_agent_ros.config_files import config_path
from voice_agent_ros.doctor import parameters
from voice_agent_ros.doctor.check import Check, Installation, readable
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.motion import arm_config
from voice_agent_ros.motion.arm_config import SHIPPED, ArmConfig, load_arm
from voice_agent_ros.motion.policy import load_policy
from voice_agent_ros.motion.scene_file import load_scene
from voice_agent_ros.profiles import load_profile

AREA = "configuration"
NODE = "intent_bridge_node"
NORMAL_TOOL_SPEED = 0.25  # m/s, near people (ISO 10218-1, collaborative operation)


def arm_file(installation: Installation) -> Path:
    """The arm file that the bridge will read."""
    name, own = installation.parameter(NODE, "arm", SHIPPED), installation.parameter(NODE, "arm_path")
    return arm_config.arm_file(name, own)


def examine(installation: Installation) -> Iterator[Check]:
    """Whether the bridge will accept them."""
    if installation.profile:
        yield _read("profile", lambda: _profile(installation.profile))
    yield from parameters.examine(installation)
    yield _read("arm file", lambda: _arm(installation))
    yield _read("policy", lambda: _policy(installation))
    yield _read("scene file", lambda: _scene(installation))


def _read(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except VoiceAgentError as error:
        why = error.__cause__
        if isinstance(why, PermissionError):
            return Check(AREA, name, "FAIL", error.message, readable(Path(str(why.filename))))
        return Check(AREA, name, "FAIL", error.message, error.fix)


def _profile(name: str) -> Check:
    lacking: list[str] = []
    profile = load_profile(name)
    for process, limits in profile.processes.items():
        limits.prefix(lambda told, process=process: lacking.append(f"{process}: {told}"))  # type: ignore[misc]
    if lacking:
        fix = "Correct cpus in a profile of yours (docs/configuration.md), or choose another one."
        return Check(AREA, "profile", "WARN", " ".join(lacking), fix)
    return Check(AREA, "profile", "PASS", f"{name}: {profile.description}")


def _arm(installation: Installation) -> Check:
    path = arm_file(installation)
    arm: ArmConfig = load_arm(path)
    return Check(AREA, "arm file", "PASS", f"{path}: {len(arm.arm.joints)} joints, {', '.join(arm.poses)}")


def _policy(installation: Installation) -> Check:
    own = installation.parameter(NODE, "policy_path")
    path = Path(own) if own else config_path("policy.yaml")
    speed = load_policy(path).limits.tool_speed
    if speed > NORMAL_TOOL_SPEED and installation.purpose == "robot":
        told = f"{path} allows {speed:g} m/s at the tool"
        fix = f"Near people keep tool_speed at {NORMAL_TOOL_SPEED} m/s or less."
        return Check(AREA, "policy", "WARN", told, fix)
    return Check(AREA, "policy", "PASS", f"{path}: tool speed up to {speed:g} m/s")


def _scene(installation: Installation) -> Check:
    own = installation.parameter(NODE, "scene_path")
    path = Path(own) if own else config_path("scene.yaml")
    names = [thing.name for thing in load_scene(path)]
    return Check(AREA, "scene file", "PASS", f"{path}: {', '.join(names) or 'nothing is fixed'}")
