# SPDX-License-Identifier: Apache-2.0
"""The URDF that plans are made with is the arm that is simulated."""

from collections.abc import Iterator
from xml.etree import ElementTree

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
        actuator = arm.model.actuator(name)
        assert urdf.upperEffortLimit[index] == pytest.approx(actuator.forcerange[1])


def test_masses_agree(arm: SimulatedArm, urdf: pinocchio.Model) -> None:
    for joint, body in (*((f"joint_{i}", f"link_{i}") for i in range(1, 7)), (GRIPPER_JOINT, "finger_left")):
        inertia = urdf.inertias[urdf.getJointId(joint)]
        assert inertia.mass == pytest.approx(float(arm.model.body(body).mass[0]), rel=1e-4)
        assert inertia.lever == pytest.approx(arm.model.body(body).ipos, abs=1e-5)


def test_collision_shapes_agree(arm: SimulatedArm) -> None:
    links = ElementTree.parse(shared_file("urdf/prim6.urdf")).getroot().findall("link")
    for link in links:
        if link.get("name") == "tcp":
            continue
        simulated = list(_simulated_shapes(arm, link.get("name", "")))
        described = [_described_shape(collision) for collision in link.findall("collision")]
        assert sorted(described) == sorted(simulated), link.get("name")


def _simulated_shapes(arm: SimulatedArm, body: str) -> Iterator[tuple[object, ...]]:
    """Kind, place and sizes of the shapes of a body that touch; a capsule is a cylinder with two spheres."""
    import mujoco

    kinds = mujoco.mjtGeom
    model = arm.model
    for index in range(model.ngeom):
        geom = model.geom(index)
        if model.body(geom.bodyid[0]).name != body or not geom.contype[0]:
            continue
        place, (a, b, _) = geom.pos, geom.size
        if geom.type[0] == kinds.mjGEOM_BOX:
            yield ("box", *np.round([*place, *(2 * geom.size)], 6).tolist())
            continue
        yield ("cylinder", *np.round([*place, a, 2 * b], 6).tolist())
        if geom.type[0] == kinds.mjGEOM_CAPSULE:
            for end in (-b, b):
                yield ("sphere", *np.round([*(place + np.array([0.0, 0.0, end])), a], 6).tolist())


def _described_shape(collision: ElementTree.Element) -> tuple[object, ...]:
    origin, geometry = collision.find("origin"), collision.find("geometry")
    assert origin is not None
    assert geometry is not None
    place = [float(value) for value in origin.get("xyz", "").split()]
    shape = geometry[0]
    sizes = " ".join(shape.get(key, "") for key in ("size", "radius", "length")).split()
    return (shape.tag, *place, *(float(value) for value in sizes))
