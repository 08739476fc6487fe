# SPDX-License-Identifier: Apache-2.0
"""The URDF that plans are made with is the arm that is simulated."""

import numpy as np
import pinocchio
import pytest

from voice_agent_ros.share import shared_file
from voice_agent_ros.sim.arm import ARM_JOINTS, GRIPPER_JOINT, SimulatedArm


@pytest.fixture(scope="module")
def arm() -> SimulatedArm:
    return SimulatedArm()


@pytest.fixture(scope="module")
def urdf() -> pinocchio.Model:
    return pinocchio.buildModelFromUrdf(str(shared_file("urdf/prim6.urdf")))


def test_tool_poses_agree(arm: SimulatedArm, urdf: pinocchio.Model) -> None:
    import mujoco

    random = np.random.default_rng(1)
    data = urdf.createData()
    physics = mujoco.MjData(arm.model)
    for _ in range(100):
        q = random.uniform(urdf.lowerPositionLimit[:6], urdf.upperPositionLimit[:6])
        for name, value in zip(ARM_JOINTS, q, strict=True):
            physics.joint(name).qpos[0] = value
        mujoco.mj_kinematics(arm.model, physics)
        pinocchio.framesForwardKinematics(urdf, data, np.concatenate([q, np.zeros(urdf.nq - 6)]))
        tool = data.oMf[urdf.getFrameId("tcp")]
        assert np.allclose(tool.translation, physics.site("tcp").xpos, atol=1e-6)
        assert np.allclose(tool.rotation, physics.site("tcp").xmat.reshape(3, 3), atol=1e-6)


def test_limits_agree(arm: SimulatedArm, urdf: pinocchio.Model) -> None:
    for name in (*ARM_JOINTS, GRIPPER_JOINT):
        index = urdf.joints[urdf.getJointId(name)].idx_q
        low, high = arm.model.joint(name).range
        assert urdf.lowerPositionLimit[index] == pytest.approx(low)
        assert urdf.upperPositionLimit[index] == pytest.approx(high)
