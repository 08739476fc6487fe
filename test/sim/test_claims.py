# SPDX-License-Identifier: Apache-2.0
"""Whatever breaks in the physics: the executor claims that a cube is in the bowl only if it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.motion import Lab
from benchmarks.simulated import pick_and_place
from voice_agent_ros.sim.faults import Fault, Faults


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("faults", "outcomes"),
    [
        (Faults(), {"done"}),
        (Faults(Fault.REJECT), {"rejected"}),
        (Faults(Fault.ABORT), {"aborted"}),
        (Faults(Fault.FREEZE), {"timeout"}),
        (Faults(Fault.SLIP), {"dropped", "not_held", "not_there"}),
        (Faults(Fault.LAG, lag_s=3.0), {"aborted", "not_reached"}),
        (Faults(gripper=Fault.REJECT), {"rejected"}),
        (Faults(gripper=Fault.ABORT), {"aborted"}),
        (Faults(gripper=Fault.FREEZE), {"timeout"}),
    ],
    ids=lambda value: f"{value.arm.value}-{value.gripper.value}" if isinstance(value, Faults) else "",
)
def test_only_what_is_so_is_claimed(lab: Lab, faults: Faults, outcomes: set[str], seed: int) -> None:
    outcome, is_in_bowl = pick_and_place(seed, lab.planner, lab.arm, lab.policy, faults)
    assert outcome in outcomes
    assert is_in_bowl == (outcome == "done")
