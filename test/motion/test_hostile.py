# SPDX-License-Identifier: Apache-2.0
"""Whatever people, models and saboteurs send: nothing outside a limit reaches a controller, and nothing escapes.

HOSTILE_CASES=100000 (`make soak`) runs many more, on all cores.
"""

from __future__ import annotations

import dataclasses
import json
import math
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
from hostile import CASES_PER_LAP, Tally, Workshop, run_laps, show
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.intent.skills import SKILLS, SkillError, parse_call
from voice_agent_ros.motion.trajectory import Trajectory, joint_move
from voice_agent_ros.sim.arm import SimulatedArm

CASES = int(os.environ.get("HOSTILE_CASES", "3000"))
LEGAL_SHARE = 0.3  # to refuse everything would be inside the limits too
LAPS_PER_JOB = 40


def test_nothing_outside_the_limits_reaches_a_controller() -> None:
    laps = -(-CASES // CASES_PER_LAP)
    began, tally = time.perf_counter(), Tally()
    if laps <= 2 * LAPS_PER_JOB:
        tally = run_laps(0, laps)
    else:
        jobs = [(first, min(LAPS_PER_JOB, laps - first)) for first in range(0, laps, LAPS_PER_JOB)]
        with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
            for part in pool.map(run_laps, *zip(*jobs, strict=True)):
                tally.add(part)
    print(f"\n{show(tally)}\n{tally.cases} cases in {time.perf_counter() - began:.0f} s")
    assert not tally.escapes, show(tally)
    assert not tally.violations, show(tally)
    assert tally.cases >= CASES
    assert tally.executed >= LEGAL_SHARE * tally.cases, show(tally)
    assert len(tally.outcomes) > 15, show(tally)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = (
    "object",
    "target",
    "pose",
    "direction",
    "distance",
    "angle",
    "joint",
    "factor",
    "name",
    "steps",
    "skill",
)


@settings(max_examples=400, deadline=None)
@given(
    skill=st.sampled_from(sorted(SKILLS)) | st.text(max_size=20),
    arguments=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3) | JSON.map(json.dumps) | st.text(),
)
def test_a_call_is_valid_or_refused(skill: str, arguments: str | dict[str, Any]) -> None:
    try:
        call = parse_call(skill, arguments)
    except SkillError:
        return
    again = parse_call(call.skill, call.arguments_json())
    assert again == call
    assert all(math.isfinite(value) for value in numbers(call.as_dict()))


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in numbers(inner)]
    return [value] if isinstance(value, (int, float)) else []


# The witness itself: it must see what is wrong.


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture(scope="module")
def movement(workshop: Workshop) -> Trajectory:
    poses = (np.array(workshop.arm.poses[name]) for name in ("home", "ready"))
    return joint_move(workshop.model, *poses, workshop.policies[0].limits)


def test_a_witness_has_nothing_against_a_good_movement(workshop: Workshop, movement: Trajectory) -> None:
    assert workshop.witness(workshop.policies[0]).of_trajectory(movement.start, movement) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda t: {"times": t.times * 0.7}, "velocity"),
        (lambda t: {"times": t.times * 0.7}, "acceleration"),
        (lambda t: {"times": t.times * 0.2}, "tool speed"),
        (lambda t: {"times": t.times * 100}, "duration"),
        (lambda t: {"times": t.times * 0}, "time does not increase"),
        (lambda t: {"positions": t.positions * np.nan}, "not finite"),
        (lambda t: {"positions": t.positions + 3.0}, "joint limit"),
        (lambda t: {"positions": t.positions + np.array([3.6, 0, 0, 0, 0, 0])}, "joint step"),
        (lambda t: {"positions": t.positions + np.array([0, 1.2, 0, 0, 0, 0])}, "table"),
        (lambda t: {"positions": t.positions + np.array([0, 1.2, -1.2, 0, -1, 0])}, "workspace"),
        (lambda t: {"velocities": t.velocities + 0.1}, "at rest"),
        (lambda t: {"joint_names": t.joint_names[::-1]}, "other joints"),
    ],
)
def test_a_witness_sees(workshop: Workshop, movement: Trajectory, change: object, found: str) -> None:
    altered = dataclasses.replace(movement, **change(movement))  # type: ignore[operator]
    assert found in " ".join(workshop.witness(workshop.policies[1]).of_trajectory(movement.start, altered))


def test_a_witness_sees_a_gripper_command_outside_its_range(workshop: Workshop) -> None:
    witness = workshop.witness(workshop.policies[0])
    assert witness.of_grip(0.02, 10.0) == []
    assert witness.of_grip(0.2, 10.0)
    assert witness.of_grip(float("nan"), 10.0)
    assert witness.of_grip(0.02, 1e308)


def test_a_witness_knows_where_the_tool_is(workshop: Workshop) -> None:
    sim = SimulatedArm()
    place, rotation = sim.tcp()
    q = np.array(sim.joint_states().positions[:6])
    frame = workshop.chain.places(q[None, :])[1][0]
    assert np.allclose(frame[:3, 3], place, atol=1e-3)
    assert np.allclose(frame[:3, :3], rotation, atol=5e-3)
