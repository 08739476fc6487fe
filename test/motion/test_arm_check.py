# SPDX-License-Identifier: Apache-2.0
"""An arm file that does not agree with the robot description is refused by name."""

from __future__ import annotations

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_check import require_agreement
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.share import shared_file


def test_every_disagreement_is_named(arm: ArmConfig) -> None:
    urdf = shared_file("urdf/prim6.urdf").read_text()
    require_agreement(urdf, arm)
    gripper = arm.gripper.model_copy(update={"open": 0.4})
    poses = {"home": [9.0, *arm.poses["home"][1:]]}
    changed = arm.model_copy(update={"base_frame": "world_9", "gripper": gripper, "poses": poses})
    with pytest.raises(ConfigurationError) as error:
        require_agreement(urdf, changed)
    for words in ("frame world_9", "pose home has joint_1 at 9", "gripper.open has finger_joint at 0.4"):
        assert words in str(error.value)
