# SPDX-License-Identifier: Apache-2.0
"""What is particular to an arm: joints, controllers, gripper, named poses. One file per arm, config/arms/."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.config_files import OWN_CONFIG_VARIABLE, config_path
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.policy import readable

SHIPPED, TEMPLATE = "prim6", "template"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ArmController(_Strict):
    """The controller of the arm's joints."""

    joints: list[str] = Field(min_length=1)
    action: str = "arm_controller/follow_joint_trajectory"  # control_msgs/FollowJointTrajectory


class Gripper(_Strict):
    """A two-finger gripper whose opening is proportional to one joint.

    `command` is the type of the action, of control_msgs; ParallelGripperCommand came after Humble.
    """

    joint: str
    action: str = "gripper_controller/gripper_cmd"
    command: Literal["GripperCommand", "ParallelGripperCommand"] = "GripperCommand"
    open: float  # joint position, m or rad
    closed: float
    gap_at_closed: Annotated[float, Field(ge=0.0)] = 0.0  # m between the pads
    gap_per_position: Annotated[float, Field(gt=0.0)] = 1.0  # m per m or rad of the joint
    max_effort: Annotated[float, Field(gt=0.0)] = 10.0  # N
    tip_length: Annotated[float, Field(ge=0.0)] = 0.0  # m beyond the tool frame
    finger_thickness: Annotated[float, Field(ge=0.0)] = 0.01  # m
    approach: Annotated[float, Field(ge=0.01, le=0.5)] = (
        0.10  # m, above what it takes; and how far it is lifted
    )
    retreat: Annotated[float, Field(ge=0.01, le=0.5)] = 0.06  # m, above where it has let go

    @model_validator(mode="after")
    def _opens(self) -> Gripper:
        if not self.open > self.closed:
            raise ValueError("open must be above closed: it is where the fingers are far apart")
        return self

    def gap(self, position: float) -> float:
        """Distance between the pads at a joint position, m."""
        return self.gap_at_closed + self.gap_per_position * (position - self.closed)

    @property
    def max_gap(self) -> float:
        """The widest thing it can hold is a little narrower than this, m."""
        return self.gap(self.open)


class JointLimit(_Strict):
    """Limits of a joint, named as in MoveIt's joint_limits.yaml. They can only make the URDF's stricter."""

    min_position: float = -math.inf  # rad
    max_position: float = math.inf
    max_velocity: Annotated[float, Field(gt=0.0)] = math.inf  # rad/s
    max_acceleration: Annotated[float, Field(gt=0.0)] = math.inf  # rad/s²


class ArmConfig(_Strict):
    """An arm. Poses are in rad, in the order of `arm.joints`."""

    base_frame: str = "base_link"
    tool_frame: str
    arm: ArmController
    gripper: Gripper
    user_frame_yaw: Annotated[float, Field(ge=-3.15, le=3.15)] = (
        0.0  # rad; how the user's forward lies in the base frame
    )
    link_radius: Annotated[float, Field(ge=0.005, le=0.5)] = (
        0.04  # m; of links whose shape robot_description does not tell, or tells by a mesh
    )
    joint_limits: dict[str, JointLimit] = Field(default_factory=dict)
    poses: dict[str, list[float]]

    @model_validator(mode="after")
    def _poses_fit(self) -> ArmConfig:
        for name, values in self.poses.items():
            if len(values) != len(self.arm.joints):
                raise ValueError(f"pose {name} has {len(values)} values for {len(self.arm.joints)} joints")
        if unknown := set(self.joint_limits) - set(self.arm.joints):
            raise ValueError(f"joint_limits of {', '.join(sorted(unknown))}, which are no joints of the arm")
        if "home" not in self.poses:
            raise ValueError("a pose named home is needed: the arm retreats to it")
        return self


def arm_file(name: str, own_path: str = "") -> Path:
    """The file that describes an arm: one's own, or config/arms/<name>.yaml.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if own_path:
        return Path(own_path)
    try:
        return config_path(f"arms/{name}.yaml")
    except ConfigurationError as error:
        shipped = config_path(f"arms/{SHIPPED}.yaml").parent  # else it is the package that is not there
        known = sorted({path.stem for path in shipped.glob("*.yaml")} - {TEMPLATE})
        raise ConfigurationError(
            f"There is no arm file for {name!r}.",
            f"There are {', '.join(known)}; one of your own (docs/arms.md) is named by arm_path, "
            f"or lies in arms/ of the folder {OWN_CONFIG_VARIABLE}.",
        ) from error


def load_arm(path: Path) -> ArmConfig:
    """Read an arm file.

    Raises:
        ConfigurationError: missing, unreadable, or it does not fit.
    """
    try:
        return ArmConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"The arm file {path} cannot be read: {error}.", "See config/arms."
        ) from error
    except ValidationError as error:
        raise ConfigurationError(
            f"The arm file {path} does not fit:\n{readable(error)}\n", "Correct it."
        ) from error
