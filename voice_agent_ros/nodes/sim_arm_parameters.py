# SPDX-License-Identifier: Apache-2.0
"""Parameters of the simulated arm; those of its faults may be set at any time (`ros2 param set …`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from voice_agent_ros.nodes.parameters import Parameter
from voice_agent_ros.sim.faults import ARM_FAULTS, GRIPPER_FAULTS, Fault, Faults

FAULT_PARAMETERS = (
    Parameter(
        "fault",
        "none",
        "A fault of the arm, on demand, at any time.",
        choices=tuple(fault.value for fault in ARM_FAULTS),
    ),
    Parameter(
        "gripper_fault",
        "none",
        "A fault of the gripper's controller, on demand, at any time.",
        choices=tuple(fault.value for fault in GRIPPER_FAULTS),
    ),
    Parameter(
        "abort_error_code", -4, "Error code of the fault `abort`, as in the action's result.", (-5, -1)
    ),
    Parameter("lag_s", 0.5, "Time constant of the fault `lag`, s.", (0.01, 10.0)),
)
PARAMETERS = (
    Parameter("arm", "prim6", "The simulated arm.", choices=("prim6",)),
    Parameter(
        "seed", -1, "Random cube poses from this seed; -1: the scene of the demonstration.", (-1, 2**31 - 1)
    ),
    Parameter("real_time_factor", 1.0, "Simulated seconds per second.", (0.05, 20.0)),
    *FAULT_PARAMETERS,
    Parameter(
        "stop",
        "decelerate",
        "What a cancel does: decelerate, or hold at once as joint_trajectory_controller does on Humble.",
        choices=("decelerate", "hold"),
    ),
    Parameter("allow_partial_joints_goal", False, "A trajectory may leave joints out."),
    Parameter("allow_nonzero_velocity_at_trajectory_end", False, "A trajectory may end in motion."),
    Parameter("joint_states_rate", 50.0, "Rate of joint_states, Hz.", (1.0, 250.0)),
    Parameter("state_publish_rate", 50.0, "Rate of arm_controller/controller_state, Hz.", (1.0, 250.0)),
    Parameter("objects_rate", 5.0, "Rate of objects, Hz.", (0.1, 50.0)),
    Parameter("base_frame", "base_link", "Frame of the detections."),
    Parameter("picture_width", 960, "Width of the pictures that ~/snapshot takes, pixels.", (64, 1920)),
    Parameter("picture_height", 720, "Height of the pictures that ~/snapshot takes, pixels.", (64, 1440)),
)


def read_faults(node: Node, changes: Sequence[RosParameter] = ()) -> Faults:
    """The faults that the parameters ask for.

    Args:
        changes: parameters that are about to be set.

    Raises:
        ValueError: they do not fit.
    """
    values = {one.name: node.get_parameter(one.name).value for one in FAULT_PARAMETERS}
    values |= {change.name: change.value for change in changes if change.name in values}
    for one in FAULT_PARAMETERS:
        if one.choices and values[one.name] not in one.choices:
            raise ValueError(f"{one.name} is {values[one.name]!r}; choose one of: {', '.join(one.choices)}")
    return Faults(
        Fault(values["fault"]),
        Fault(values["gripper_fault"]),
        int(values["abort_error_code"]),
        float(values["lag_s"]),
    )


def watch_faults(node: Node, apply: Callable[[Faults], None]) -> None:
    """Apply faults whenever somebody sets one of their parameters; a wrong value is refused with the reason."""

    def changed(changes: Sequence[RosParameter]) -> SetParametersResult:
        if not any(change.name == one.name for change in changes for one in FAULT_PARAMETERS):
            return SetParametersResult(successful=True)
        try:
            apply(read_faults(node, changes))
        except (TypeError, ValueError) as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(changed)
