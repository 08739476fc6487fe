# SPDX-License-Identifier: Apache-2.0
"""Whether the arm file's poses, gripper and frames agree with the robot description, before anything moves."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree  # the description comes from the robot itself

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_config import ArmConfig


def require_agreement(urdf: str, arm: ArmConfig) -> None:
    """Check an arm file.

    Raises:
        ConfigurationError: every disagreement.
    """
    problems = list(_problems(ElementTree.fromstring(urdf), arm))  # noqa: S314
    if problems:
        fix = "Make the arm file and robot_description agree."
        raise ConfigurationError("; ".join(problems) + ".", fix)


def _problems(root: ElementTree.Element, arm: ArmConfig) -> Iterator[str]:
    links = {link.get("name") for link in root.findall("link")}
    limits = {joint.get("name"): joint.find("limit") for joint in root.findall("joint")}
    for frame in (arm.base_frame, arm.tool_frame):
        if frame not in links:
            yield f"robot_description lacks the frame {frame}"
    for name in (*arm.arm.joints, arm.gripper.joint):
        if name not in limits:
            yield f"robot_description lacks the joint {name}"
    wanted = [
        (f"pose {pose}", joint, value)
        for pose, values in arm.poses.items()
        for joint, value in zip(arm.arm.joints, values, strict=True)
    ]
    gripper = arm.gripper
    wanted += [
        ("gripper.open", gripper.joint, gripper.open),
        ("gripper.closed", gripper.joint, gripper.closed),
    ]
    for what, joint, value in wanted:
        limit = limits.get(joint)
        if limit is None:
            continue
        low, high = float(limit.get("lower", "-inf")), float(limit.get("upper", "inf"))
        if not low <= value <= high:
            yield f"{what} has {joint} at {value:g}, outside {low:g} … {high:g}"
