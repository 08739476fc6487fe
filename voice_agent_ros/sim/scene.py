# SPDX-License-Identifier: Apache-2.0
"""The table: three coloured cubes and a bowl, of primitive shapes, around the arm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CUBE_EDGE_M = 0.04
CUBE_COLOURS = {
    "red": (0.85, 0.10, 0.10, 1.0),
    "green": (0.10, 0.65, 0.20, 1.0),
    "blue": (0.10, 0.25, 0.85, 1.0),
}
CUBE_REACH_M = (0.32, 0.46)  # distance from the arm's axis at which it grasps from above
BOWL_POSITION_M = (0.30, -0.28)
BOWL_RADIUS_M = 0.09
BOWL_HEIGHT_M = 0.055
BOWL_WALL_M = 0.004
BOWL_SEGMENTS = 16
TABLE_COLOUR = (0.86, 0.78, 0.66, 1.0)
TABLE_FRICTION = (1.0, 0.005, 0.0001)
FLOOR_COLOUR = (0.55, 0.59, 0.63, 1.0)
CAMERA_POSITION_M = (1.12, -0.86, 0.78)
CAMERA_TARGET_M = (0.17, -0.02, 0.17)


@dataclass(frozen=True)
class CubePose:
    """A cube lying on the table: m, m, rad."""

    x: float
    y: float
    yaw: float


def _on_arc(angle: float, yaw: float = 0.0, reach: float = sum(CUBE_REACH_M) / 2) -> CubePose:
    return CubePose(reach * math.cos(angle), reach * math.sin(angle), yaw)


def default_cubes() -> dict[str, CubePose]:
    """The scene of the demonstration."""
    return {"red": _on_arc(-0.15, 0.2), "green": _on_arc(0.25, -0.3), "blue": _on_arc(0.65, 0.5)}


def random_cubes(seed: int) -> dict[str, CubePose]:
    """Cubes where the arm can grasp them, clear of each other and of the bowl."""
    random = np.random.default_rng(seed)
    placed: dict[str, CubePose] = {}
    clearance = 2.0 * CUBE_EDGE_M
    while len(placed) < len(CUBE_COLOURS):
        pose = _on_arc(
            random.uniform(-0.4, 1.4), random.uniform(-math.pi, math.pi), random.uniform(*CUBE_REACH_M)
        )
        clear = all(math.hypot(pose.x - p.x, pose.y - p.y) > clearance for p in placed.values())
        to_bowl = math.hypot(pose.x - BOWL_POSITION_M[0], pose.y - BOWL_POSITION_M[1])
        if clear and to_bowl > BOWL_RADIUS_M + clearance:
            placed[list(CUBE_COLOURS)[len(placed)]] = pose
    return placed


@dataclass(frozen=True)
class SceneSpec:
    """What stands on the table."""

    cubes: Mapping[str, CubePose] = field(default_factory=default_cubes)
    bowl: tuple[float, float] = BOWL_POSITION_M


def add_scene(spec: Any, scene: SceneSpec) -> None:
    """Add table, lights, camera, cubes and bowl to a `mujoco.MjSpec`."""
    _add_surroundings(spec)
    for colour, pose in scene.cubes.items():
        _add_cube(spec, colour, pose)
    _add_bowl(spec, scene.bowl)


def _add_surroundings(spec: Any) -> None:
    _add_table(spec)
    _add_lights(spec.worldbody)
    spec.worldbody.add_camera(name="front", pos=list(CAMERA_POSITION_M), quat=_looking_at(), fovy=38)
    spec.stat.center, spec.stat.extent = [0.2, 0.0, 0.2], 1.0  # m; what shadows are made for
    visual = spec.visual
    visual.quality.shadowsize, visual.quality.offsamples = 2048, 4
    visual.headlight.ambient = [0.38, 0.38, 0.39]
    visual.headlight.diffuse = [0.22, 0.22, 0.22]
    visual.headlight.specular = [0.05, 0.05, 0.05]
    visual.map.znear, visual.map.shadowclip = 0.02, 1.3


def _add_table(spec: Any) -> None:
    """A table top, which for the physics is an endless plane, and what is around it for the eye."""
    import mujoco

    geom, texture = mujoco.mjtGeom, mujoco.mjtTexture
    spec.add_texture(
        name="sky",
        type=texture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.87, 0.90, 0.93],
        rgb2=[0.58, 0.64, 0.70],
        width=64,
        height=384,
    )
    world = spec.worldbody
    world.add_geom(
        name="table",
        type=geom.mjGEOM_PLANE,
        size=[0.75, 0.75, 0.05],
        rgba=TABLE_COLOUR,
        friction=TABLE_FRICTION,
    )
    for size, position, colour in (
        ([0.75, 0.75, 0.018], [0.0, 0.0, -0.021], TABLE_COLOUR),
        ([4.0, 4.0, 0.01], [0.0, 0.0, -0.72], FLOOR_COLOUR),
    ):
        world.add_geom(
            type=geom.mjGEOM_BOX, size=size, pos=position, rgba=colour, contype=0, conaffinity=0, group=1
        )


def _add_lights(world: Any) -> None:
    import mujoco

    sun, lamp = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, mujoco.mjtLightType.mjLIGHT_SPOT
    world.add_light(
        name="window",
        type=sun,
        pos=[0.8, -1.0, 2.2],
        dir=[-0.35, 0.5, -1.0],
        castshadow=True,
        diffuse=[0.55, 0.53, 0.49],
        specular=[0.12, 0.12, 0.12],
    )
    world.add_light(
        name="lamp",
        type=lamp,
        pos=[1.2, 1.0, 1.5],
        dir=[-0.6, -0.6, -1.0],
        castshadow=False,
        diffuse=[0.12, 0.12, 0.14],
        specular=[0.05, 0.05, 0.05],
    )


def _looking_at() -> Any:
    import mujoco

    backward = np.subtract(CAMERA_POSITION_M, CAMERA_TARGET_M)
    backward /= np.linalg.norm(backward)
    right = np.cross([0.0, 0.0, 1.0], backward)
    right /= np.linalg.norm(right)
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.column_stack([right, np.cross(backward, right), backward]).ravel())
    return quaternion


def _add_cube(spec: Any, colour: str, pose: CubePose) -> None:
    import mujoco

    half = CUBE_EDGE_M / 2
    quaternion = [math.cos(pose.yaw / 2), 0.0, 0.0, math.sin(pose.yaw / 2)]
    body = spec.worldbody.add_body(name=f"{colour} cube", pos=[pose.x, pose.y, half], quat=quaternion)
    body.add_freejoint(name=f"{colour} cube")
    body.add_geom(
        name=f"{colour} cube",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half] * 3,
        rgba=CUBE_COLOURS[colour],
        mass=0.03,
        condim=4,
        friction=[1.0, 0.01, 0.001],
    )


def _add_bowl(spec: Any, position: tuple[float, float]) -> None:
    """A floor and a ring of upright plates, leaning outwards: an open container that physics can use."""
    import mujoco

    box, cylinder = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER
    colour = (0.93, 0.90, 0.84, 1.0)
    body = spec.worldbody.add_body(name="bowl", pos=[*position, 0.0])
    lean = 0.25
    floor_radius = BOWL_RADIUS_M - BOWL_HEIGHT_M * math.tan(lean)
    body.add_geom(
        type=cylinder, size=[floor_radius, BOWL_WALL_M / 2, 0.0], pos=[0, 0, BOWL_WALL_M / 2], rgba=colour
    )
    middle = (floor_radius + BOWL_RADIUS_M) / 2
    half_width = BOWL_RADIUS_M * math.tan(math.pi / BOWL_SEGMENTS)
    half_height = BOWL_HEIGHT_M / 2 / math.cos(lean)
    for index in range(BOWL_SEGMENTS):
        angle = 2 * math.pi * index / BOWL_SEGMENTS
        turn, tilt = np.zeros(4), np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, np.array([0.0, 0.0, 1.0]), angle)
        mujoco.mju_axisAngle2Quat(tilt, np.array([0.0, 1.0, 0.0]), lean)
        quaternion = np.zeros(4)
        mujoco.mju_mulQuat(quaternion, turn, tilt)
        at = [middle * math.cos(angle), middle * math.sin(angle), BOWL_HEIGHT_M / 2]
        body.add_geom(
            type=box, size=[BOWL_WALL_M / 2, half_width, half_height], pos=at, quat=quaternion, rgba=colour
        )
