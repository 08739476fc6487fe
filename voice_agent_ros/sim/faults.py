# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: what shall go wrong with the simulated arm, from its start on or at any later moment."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Fault(enum.Enum):
    """One thing that goes wrong."""

    NONE = "none"
    REJECT = "reject"  # every goal
    ABORT = "abort"  # halfway, with an error code that can be chosen
    FREEZE = "freeze"  # goals are accepted, nothing moves and no goal ever ends by itself
    LAG = "lag"  # the arm is late
    SLIP = "slip"  # what is carried slips out of the fingers
    DROP_JOINT_STATES = "drop_joint_states"  # no joint states are published


ARM_FAULTS = tuple(Fault)
GRIPPER_FAULTS = (Fault.NONE, Fault.REJECT, Fault.ABORT, Fault.FREEZE)


@dataclass(frozen=True)
class Faults:
    """Everything that shall go wrong.

    Attributes:
        arm: of the arm and what it carries.
        gripper: of the gripper's controller.
        abort_error_code: control_msgs/FollowJointTrajectory's, −1 to −5, with which an abort ends.
        lag_s: time constant with which a late arm follows.
    """

    arm: Fault = Fault.NONE
    gripper: Fault = Fault.NONE
    abort_error_code: int = -4
    lag_s: float = 0.5

    def __post_init__(self) -> None:
        if self.gripper not in GRIPPER_FAULTS:
            allowed = ", ".join(fault.value for fault in GRIPPER_FAULTS)
            raise ValueError(f"{self.gripper.value} is no fault of a gripper; there are {allowed}")
        if not -5 <= self.abort_error_code <= -1:
            raise ValueError(f"abort_error_code {self.abort_error_code} is not from -5 to -1")
        if not 0.0 < self.lag_s <= 10.0:
            raise ValueError(f"lag_s {self.lag_s} is not more than 0 and at most 10")
