# SPDX-License-Identifier: Apache-2.0
"""The simulated arm: MuJoCo physics, with the controllers' setpoints as targets of its servos.

Objects move by contact and friction alone: after construction nothing writes a position into the physics.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.errors import EngineError
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.gripper_controller import GripperController
from voice_agent_ros.sim.offscreen import choose_backend
from voice_agent_ros.sim.scene import (
    BOWL_HEIGHT_M,
    BOWL_RADIUS_M,
    CUBE_EDGE_M,
    SceneSpec,
    add_scene,
)
from voice_agent_ros.sim.trajectory import Vector
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Options

ARM_JOINTS = ("joint_1", "joint_2", "joint_3", "joint_4", "joint_5", "joint_6")
GRIPPER_JOINT = "finger_joint"
HOME = (0.0, 0.1, 1.75, 0.0, 1.25, 0.0)  # rad
GRIPPER_RANGE_M = (0.0, 0.045)
GRIPPER_START_M = 0.04
TIMESTEP_S = 0.002
SETTLE_S = 0.3
PADS = ("pad_left", "pad_right")
SLIPPERY = (1e-3, 1e-5, 1e-6)  # MuJoCo's friction of pads that have lost their grip
SLIP_AFTER_S = 0.6  # of carrying
RESTART_FIX = "Restart the simulation; report the motion that led there."


@dataclass(frozen=True)
class JointStates:
    """Positions, velocities, efforts: rad, rad/s, N·m; m, m/s, N for the finger."""

    names: tuple[str, ...]
    positions: tuple[float, ...]
    velocities: tuple[float, ...]
    efforts: tuple[float, ...]


class SimulatedArm:
    """Arm, gripper and scene. Not thread-safe: its owner serialises the calls.

    Args:
        scene: what stands on the table.
        faults: what shall go wrong, on demand.
        options: of the arm's controller.
    """

    def __init__(
        self, scene: SceneSpec | None = None, faults: Faults | None = None, options: Options | None = None
    ) -> None:
        choose_backend()
        import mujoco

        mujoco.set_mju_user_warning(_ignore)  # what it warns of is checked here; it would write a log file
        self._mujoco = mujoco
        scene = scene or SceneSpec()
        spec = mujoco.MjSpec.from_file(str(Path(__file__).with_name("prim6.xml")))
        add_scene(spec, scene)
        self.model: Any = spec.compile()
        self.data: Any = mujoco.MjData(self.model)
        self._object_names = (*(f"{colour} cube" for colour in scene.cubes), "bowl")
        joints = [self.model.joint(name) for name in (*ARM_JOINTS, GRIPPER_JOINT)]
        self._position_index = np.array([joint.qposadr[0] for joint in joints])
        self._velocity_index = np.array([joint.dofadr[0] for joint in joints])
        self._actuators = np.array([self.model.actuator(name).id for name in (*ARM_JOINTS, GRIPPER_JOINT)])
        stiffness = self.model.actuator_gainprm[self._actuators, 0]
        damping = (
            self.model.dof_damping[self._velocity_index] - self.model.actuator_biasprm[self._actuators, 2]
        )
        # A damped servo trails a moving target by damping/stiffness seconds: its setpoint leads by as much.
        self._lead_s = (damping / stiffness)[:-1]
        self._finger_stiffness = float(stiffness[-1])  # N/m
        start = np.array([*HOME, GRIPPER_START_M])
        self.data.qpos[self._position_index] = start
        self.data.qpos[self.model.joint(f"{GRIPPER_JOINT}_mimic").qposadr[0]] = GRIPPER_START_M
        self.data.ctrl[self._actuators] = start
        self.arm = TrajectoryController(ARM_JOINTS, np.array(HOME), options=options)
        self.gripper = GripperController(*GRIPPER_RANGE_M, GRIPPER_START_M)
        self._pads = np.array([self.model.geom(name).id for name in PADS])
        self._pad_friction = self.model.geom_friction[self._pads].copy()
        self._carried_since: float | None = None
        self.set_faults(faults or Faults())
        mujoco.mj_forward(self.model, self.data)
        self.advance(SETTLE_S)

    @property
    def time(self) -> float:
        """Simulated time, s."""
        return float(self.data.time)

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self.arm.faults

    def set_faults(self, faults: Faults) -> None:
        """Let something go wrong from now on, or nothing any more."""
        self.arm.faults = self.gripper.faults = faults
        self._set_slippery(False)

    def _slip(self, now: float) -> None:
        """The pads lose their grip a moment after something is carried away, as dust or a wet object make them."""
        if self.gripper.state.stalled and self.arm.is_busy:
            self._carried_since = now if self._carried_since is None else self._carried_since
        elif not self.gripper.state.stalled:
            self._carried_since = None
        self._set_slippery(self._carried_since is not None and now - self._carried_since > SLIP_AFTER_S)

    def _set_slippery(self, is_slippery: bool) -> None:
        self.model.geom_friction[self._pads] = SLIPPERY if is_slippery else self._pad_friction

    def advance(self, duration_s: float) -> None:
        """Step the physics; the controllers are updated at each step.

        Raises:
            EngineError: the physics has become unstable.
        """
        try:
            for _ in range(max(1, round(duration_s / TIMESTEP_S))):
                self._command()
                self._mujoco.mj_step(self.model, self.data)
        except self._mujoco.FatalError as error:
            raise EngineError(f"The physics failed at {self.time:.3f} s: {error}.", RESTART_FIX) from error
        if not np.isfinite(self.data.qacc).all():
            raise EngineError(f"The physics became unstable at {self.time:.3f} s.", RESTART_FIX)

    def _command(self) -> None:
        data, now = self.data, self.time
        position = data.qpos[self._position_index]
        velocity = data.qvel[self._velocity_index]
        if self.faults.arm is Fault.SLIP:
            self._slip(now)
        setpoint = self.arm.update(now, position[:-1], velocity[:-1])
        data.ctrl[self._actuators[:-1]] = setpoint.position + self._lead_s * setpoint.velocity
        opening = float(position[-1])
        effort = float(data.actuator_force[self._actuators[-1]])
        target = self.gripper.update(now, opening, float(velocity[-1]), effort)
        reach = self.gripper.max_effort / self._finger_stiffness  # the servo's force is stiffness · error
        data.ctrl[self._actuators[-1]] = min(max(target, opening - reach), opening + reach)

    def joint_states(self) -> JointStates:
        """What encoders would tell."""
        data = self.data
        return JointStates(
            (*ARM_JOINTS, GRIPPER_JOINT),
            tuple(data.qpos[self._position_index].tolist()),
            tuple(data.qvel[self._velocity_index].tolist()),
            tuple(data.actuator_force[self._actuators].tolist()),
        )

    def objects(self) -> list[SceneObject]:
        """What a perfect camera would detect, in the arm's base frame."""
        found = []
        for name in self._object_names:
            body = self.data.body(name)
            w, qx, qy, qz = body.xquat.tolist()
            x, y, z = body.xpos.tolist()
            size = (CUBE_EDGE_M, CUBE_EDGE_M, CUBE_EDGE_M)
            if name == "bowl":
                z += BOWL_HEIGHT_M / 2
                size = (2 * BOWL_RADIUS_M, 2 * BOWL_RADIUS_M, BOWL_HEIGHT_M)
            found.append(SceneObject(name, (x, y, z), (qx, qy, qz, w), size))
        return found

    def tcp(self) -> tuple[Vector, Vector]:
        """Position (3,) and rotation (3, 3) of the tool centre point."""
        site = self.data.site("tcp")
        return site.xpos.copy(), site.xmat.reshape(3, 3).copy()

    def configuration(self) -> Vector:
        """A copy of every coordinate of the physics, for a `Camera` to draw beside it."""
        return self.data.qpos.copy()


def _ignore(warning: str) -> None:
    """MuJoCo's warnings."""
