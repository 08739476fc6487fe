# SPDX-License-Identifier: Apache-2.0
"""The arm as a body: shapes of the URDF, posed by Pinocchio, tested for contact by coal.

Shapes that need a file (meshes) are replaced by capsules along the links, and so is a link without any shape.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree  # the description comes from the robot itself

import numpy as np

from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.robot_model import Matrix, Pose, Vector, rebase

ZONE_WIDTH_M, ZONE_DEPTH_M = (
    0.02,
    0.03,
)  # of the space between the fingers: across them, and up from their tips
ZONE_MARGIN_M = 0.002
KEEP_OUT_MARGIN_M = 0.005  # between two looks at a path a corner may come this near
SELF_CLEARANCE_M = 0.005  # kept between links that are not neighbours
DEEPER_M = 1e-5  # rounding
LEAVING_M = 0.001  # what has a corner may turn a little deeper while it goes away

Kind = Literal["self", "wall", "keep_out", "obstacle"]


@dataclass(frozen=True)
class Box:
    """An upright box in the base frame: centre and half sizes in m, yaw in rad."""

    name: str
    centre: Vector
    half: Vector
    yaw: float = 0.0


@dataclass(frozen=True)
class Carried:
    """What hangs in the hand: half sizes in m, and its pose in the tool frame."""

    half: Vector
    pose: Pose


@dataclass(frozen=True)
class Surroundings:
    """What the arm must not touch.

    Attributes:
        low, high: corners of the box that all links must stay in, m.
        keep_out: boxes that nothing of the arm may enter.
        obstacles: boxes that it may leave, if it stands in one, and not enter.
        clearance: kept from obstacles by the arm's links, m; what is carried may come up to them.
        floor_clearance: kept from the lower end of the workspace, m.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    keep_out: Sequence[Box] = ()
    obstacles: Sequence[Box] = ()
    clearance: float = 0.0
    floor_clearance: float = 0.0


@dataclass(frozen=True)
class Clash:
    """The first contact on a path.

    Attributes:
        what: name of the link.
        other: name of the box, of the other link, or of the wall ("x.low" … "z.high").
        depth: how far it is in, m.
    """

    kind: Kind
    what: str
    other: str
    depth: float


class ArmVolume:
    """The shapes of one arm with its gripper at one opening.

    Args:
        urdf: text of the robot description.
        arm: names of joints and frames.
        opening: position of the gripper's joint.
    """

    def __init__(self, urdf: str, arm: ArmConfig, opening: float) -> None:
        import coal
        import pinocchio

        self._pin, self._coal = pinocchio, coal
        primitive, joints = _without_meshes(urdf)
        full = pinocchio.buildModelFromXML(urdf)
        shapes = pinocchio.buildGeomFromUrdfString(
            full, primitive, pinocchio.GeometryType.COLLISION, None, []
        )
        reference = pinocchio.neutral(full)
        for name, position in _gripper_positions(joints, arm.gripper.joint, opening).items():
            if full.existJointName(name):
                reference[full.joints[full.getJointId(name)].idx_q] = position
        locked = [full.getJointId(name) for name in full.names[1:] if name not in set(arm.arm.joints)]
        self._model, self._shapes = pinocchio.buildReducedModel(full, shapes, locked, reference)
        rebase(self._model, arm.base_frame, self._shapes)
        self._data = self._model.createData()
        tool = self._model.frames[self._model.getFrameId(arm.tool_frame)]
        self._hand, self._tool_in_hand = tool.parentJoint, tool.placement
        self._add_capsules(arm.gripper.tip_length, arm.link_radius)
        self._add_grasp_zone(arm.gripper.gap(opening), arm.gripper.tip_length)
        self._own = self._shapes.ngeoms
        self._pairs = self._own_pairs([np.array(pose) for pose in arm.poses.values()])

    def clash(
        self,
        path: Matrix,
        around: Surroundings,
        carried: Carried | None = None,
        *,
        may_come_back: bool = False,
    ) -> Clash | None:
        """The first contact on a path, or None.

        A contact that there is at the path's beginning is allowed until it ends, but no deeper than it was, so that the
        arm can leave it and not go through it; the workspace's walls allow none.

        Args:
            path: joints, (n, joints) in rad, so close together that nothing is passed over.
            may_come_back: a wall may be passed as far as at the beginning, and no further, until the arm is back.
        """
        shapes, meant = self._with(around, carried)
        results = shapes.createData()
        for index, pair in enumerate(meant):
            results.collisionRequests[index].security_margin = pair.margin
        allowed: dict[int, float] | None = None  # contacts, and how deep they may be
        for q in path:
            hit = self._pin.computeCollisions(self._model, self._data, shapes, results, q, False)
            if not hit and allowed is not None:
                allowed = {}
                continue
            contacts = [i for i in range(len(meant)) if results.collisionResults[i].isCollision()]
            if allowed is None:
                allowed = {
                    i: _depth(meant[i], results, i) + (DEEPER_M if meant[i].kind == "wall" else LEAVING_M)
                    for i in contacts
                    if meant[i].may_be_left or (may_come_back and meant[i].kind == "wall")
                }
            for i in contacts:
                if i not in allowed or _depth(meant[i], results, i) > allowed[i]:
                    return Clash(meant[i].kind, meant[i].what, meant[i].other, _depth(meant[i], results, i))
            allowed = {i: allowed[i] for i in contacts}
        return None

    def _with(self, around: Surroundings, carried: Carried | None) -> tuple[Any, list[_Pair]]:
        """All shapes, with those of the surroundings, and what each pair of them means."""
        shapes = self._pin.GeometryModel(self._shapes)
        shapes.removeAllCollisionPairs()
        moving = [i for i in range(self._own) if shapes.geometryObjects[i].parentJoint > 0]
        standing = {
            i for i in moving if shapes.geometryObjects[i].parentJoint == 1
        }  # it may be let into the table
        names = [shape.name for shape in shapes.geometryObjects]
        load = None if carried is None else self._add_load(shapes, carried)
        pairs: list[tuple[int, int, _Pair]] = [
            (a, b, _Pair("self", names[a], names[b], SELF_CLEARANCE_M, may_be_left=True))
            for a, b in self._pairs
        ]
        for wall, index in self._add_walls(shapes, around):
            for i in moving:
                is_let_in = wall == "z.low" and i in standing
                pairs.append((i, index, _Pair("wall", names[i], wall, may_be_left=is_let_in)))
            if load is not None and wall != "z.low":  # it was lifted from there
                pairs.append((load, index, _Pair("wall", "load", wall)))
        for box in around.keep_out:
            index = self._add_box(shapes, box)
            bodies = [(i, names[i]) for i in moving] + ([] if load is None else [(load, "load")])
            pairs += [
                (i, index, _Pair("keep_out", name, box.name, KEEP_OUT_MARGIN_M, may_be_left=True))
                for i, name in bodies
            ]
        for box in around.obstacles:
            index = self._add_box(shapes, box)
            margin = around.clearance
            pairs += [
                (i, index, _Pair("obstacle", names[i], box.name, margin, may_be_left=True)) for i in moving
            ]
            if load is not None:
                pairs.append((load, index, _Pair("obstacle", "load", box.name, may_be_left=True)))
        if load is not None:
            inner = [i for i in range(self._own) if shapes.geometryObjects[i].parentJoint < self._hand - 1]
            pairs += [(load, i, _Pair("self", "load", names[i], may_be_left=True)) for i in inner]
        for a, b, _ in pairs:
            shapes.addCollisionPair(self._pin.CollisionPair(a, b))
        return shapes, [pair for *_, pair in pairs]

    def _add_walls(self, shapes: Any, around: Surroundings) -> Iterator[tuple[str, int]]:
        for axis in range(3):
            normal = np.zeros(3)
            normal[axis] = 1.0
            floor = around.floor_clearance if axis == 2 else 0.0
            low = self._coal.Halfspace(normal, around.low[axis] + floor)
            high = self._coal.Halfspace(-normal, -around.high[axis])
            yield (
                f"{'xyz'[axis]}.low",
                self._add(shapes, f"wall {axis} low", 0, self._pin.SE3.Identity(), low),
            )
            yield (
                f"{'xyz'[axis]}.high",
                self._add(shapes, f"wall {axis} high", 0, self._pin.SE3.Identity(), high),
            )

    def _add_box(self, shapes: Any, box: Box) -> int:
        turned = self._pin.SE3(self._pin.utils.rotate("z", box.yaw), np.asarray(box.centre, dtype=float))
        name = f"box {shapes.ngeoms} {box.name}"
        return self._add(shapes, name, 0, turned, self._coal.Box(*(2 * np.asarray(box.half, dtype=float))))

    def _add_load(self, shapes: Any, carried: Carried) -> int:
        placement = self._tool_in_hand * self._pin.SE3(carried.pose.rotation, carried.pose.position)
        return self._add(shapes, "load", self._hand, placement, self._coal.Box(*(2 * carried.half)))

    def _add(self, shapes: Any, name: str, joint: int, placement: Any, shape: Any) -> int:
        return int(
            shapes.addGeometryObject(self._pin.GeometryObject(name, int(joint), int(joint), placement, shape))
        )

    def _add_capsules(self, tip_length: float, radius: float) -> None:
        """A capsule for every moving link that has no shape."""
        shaped = {shape.parentJoint for shape in self._shapes.geometryObjects}
        for joint in range(1, self._model.njoints):
            if joint in shaped:
                continue
            if joint + 1 < self._model.njoints:
                end = self._model.jointPlacements[joint + 1].translation
            else:
                end = self._tool_in_hand.act(np.array([0.0, 0.0, tip_length]))
            length = float(np.linalg.norm(end))
            rotation = _along(end / length) if length > 1e-6 else np.eye(3)
            placement = self._pin.SE3(rotation, end / 2)
            # The hand's capsule ends at the finger tips: it must be able to reach what stands on the table.
            slim = joint == self._hand
            straight = max(length - 2 * radius, 1e-3) if slim else max(length, 1e-3)
            shape = self._coal.Capsule(radius, straight)
            self._add(self._shapes, f"{self._model.names[joint]} (no shape)", joint, placement, shape)

    def _add_grasp_zone(self, gap: float, tip_length: float) -> None:
        """The space between the fingers: nothing but what shall be grasped may come into it."""
        if gap <= 2 * ZONE_MARGIN_M:
            return
        shape = self._coal.Box(gap - 2 * ZONE_MARGIN_M, ZONE_WIDTH_M, ZONE_DEPTH_M)
        middle = np.array([0.0, 0.0, tip_length - ZONE_DEPTH_M / 2])
        placement = self._tool_in_hand * self._pin.SE3(np.eye(3), middle)
        self._add(self._shapes, "grasp zone", self._hand, placement, shape)

    def _own_pairs(self, poses: Sequence[Vector]) -> list[tuple[int, int]]:
        """Pairs of shapes that can clash: not of neighbours, and not of those that touch in a named pose."""
        parents = [shape.parentJoint for shape in self._shapes.geometryObjects]
        apart = [
            (a, b)
            for a in range(self._own)
            for b in range(a + 1, self._own)
            if abs(parents[a] - parents[b]) > 1
        ]
        shapes = self._pin.GeometryModel(self._shapes)
        shapes.removeAllCollisionPairs()
        for a, b in apart:
            shapes.addCollisionPair(self._pin.CollisionPair(a, b))
        results = shapes.createData()
        touching: set[int] = set()
        for q in poses:
            self._pin.computeCollisions(self._model, self._data, shapes, results, q, False)
            touching |= {i for i in range(len(apart)) if results.collisionResults[i].isCollision()}
        return [pair for index, pair in enumerate(apart) if index not in touching]


@dataclass(frozen=True)
class _Pair:
    """What it means if two shapes touch."""

    kind: Kind
    what: str
    other: str
    margin: float = 0.0
    may_be_left: bool = False


def _depth(pair: _Pair, results: Any, index: int) -> float:
    """How far into each other the shapes of a pair that touches are, m; what is kept between them counts."""
    contact = results.collisionResults[index].getContact(0)
    return float(max(0.0, pair.margin - contact.penetration_depth))


def _without_meshes(urdf: str) -> tuple[str, list[ElementTree.Element]]:
    """The description without shapes that need a file, and its joints."""
    root = ElementTree.fromstring(urdf)  # noqa: S314
    for link in root.iter("link"):
        for collision in link.findall("collision"):
            if collision.find("geometry/mesh") is not None:
                link.remove(collision)
    return ElementTree.tostring(root, encoding="unicode"), list(root.iter("joint"))


def _gripper_positions(
    joints: Sequence[ElementTree.Element], driven: str, opening: float
) -> dict[str, float]:
    """Positions of the gripper's joint and of those that mimic it."""
    positions = {driven: opening}
    for joint in joints:
        mimic = joint.find("mimic")
        if mimic is not None and mimic.get("joint") == driven:
            factor, offset = float(mimic.get("multiplier", 1.0)), float(mimic.get("offset", 0.0))
            positions[joint.get("name", "")] = factor * opening + offset
    return positions


def _along(axis: Vector) -> Matrix:
    """A rotation that takes z to a unit vector."""
    angle = math.acos(float(np.clip(axis[2], -1.0, 1.0)))
    turn = np.cross([0.0, 0.0, 1.0], axis)
    norm = float(np.linalg.norm(turn))
    if norm < 1e-9:
        return np.eye(3) if axis[2] > 0 else np.diag([1.0, -1.0, -1.0])
    x, y, z = turn / norm
    k = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * (k @ k)  # Rodrigues' formula
