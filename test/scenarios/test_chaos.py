# SPDX-License-Identifier: Apache-2.0
"""Random conversations: people, programs, stops and faults in any order and at any moment, from a seed.

What must hold in each: see Stage._check_always and FakeWorld: no goal outside a limit or while latched, no exception, an
intact record, and everything ends after a stop.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hostile import Workshop
from scenario_file import STEPS, Hear, Scenario
from scenario_run import Mismatch, Stage
from virtual_time import VirtualTime, virtual_threads

CONVERSATIONS, STEPS_EACH = 40, 30
BLUE = {"skill": "pick_and_place", "object": "blue cube", "target": "bowl"}
SENTENCES = [
    "Move the arm up two centimeters.",
    "Move the arm down one centimeter.",
    "Go to the ready position.",
    "Go home.",
    "Put the red cube into the bowl.",
    "Pick up the green cube.",
    "Put it into the bowl.",
    "Give me the red cube.",
    "Open the gripper.",
    "Close the gripper.",
    "Wave at me.",
    "Pick up the cube.",
    "The green one.",
    "What do you see?",
    "Don't move.",
    "Undo that.",
    "Do it again.",
    "Slow down.",
    "Pause.",
    "Go on.",
    "The blue one deserves a place in the bowl.",
    "Yes.",
    "Yes.",
    "Yes.",
    "No.",
    "Stop.",
    "Resume.",
    "Nice weather today.",
    "Move the arm up two centimeters and then close the gripper.",
    "Put all the cubes into the bowl.",
    "Pick up the cube on the left.",
    "No, the green one.",
    "Rotate joint one by twenty degrees.",
    "Remember this as the tray.",
    "Put it onto the tray.",
]
ANSWERS = [
    BLUE,
    {"skill": "resume"},
    {"skill": "move_by", "direction": "up", "distance": 1e308},
    "Well.",
    {"fails": "broken"},
    [BLUE, BLUE],
]


def any_step(random: np.random.Generator) -> dict[str, object]:
    """What may happen next."""
    pause = {"settle": bool(random.random() < 0.3)}
    kind = random.random()
    if kind < 0.5:
        answer = ANSWERS[random.integers(len(ANSWERS))]
        more = {
            "confidence": float(random.choice([0.9, 0.9, 0.9, 0.9, 0.2])),
            "thinks": float(random.uniform(0.1, 4.0)),
        }
        return {"hear": str(random.choice(SENTENCES)), "llm": answer, **more, **pause}
    if kind < 0.6:
        claims: list[dict[str, object]] = [
            {"skill": "move_to", "pose": str(random.choice(["home", "ready"]))},
            {"skill": "pick", "object": "red cube"},
            {"skill": "stop"},
            {"skill": "resume"},
        ]
        turn = str(random.choice(["", "last"]))
        return {"propose": claims[random.integers(len(claims))], "turn": turn, **pause}
    choices: list[dict[str, object]] = [
        {"wait": float(random.choice([0.05, 0.3, 1.0, 3.0, 30.0]))},
        {"wait": float(random.uniform(0.01, 2.0))},
        {"stop": "button"},
        {"resume": "service"},
        {"resume": "service"},
        {"resume": "service"},
        {"resume": "service"},
        {"resume": "service"},
        {"confirm": True, "settle": False},
        {
            "fault": str(
                random.choice(["reject", "abort", "freeze", "lag", "slip", "drop_joint_states", "absent"])
            )
        },
        {"fault": "none", "gripper_fault": "none", "perception": "works"},
        {"fault": "none", "gripper_fault": "none", "perception": "works"},
        {"gripper_fault": str(random.choice(["reject", "abort", "freeze", "absent"]))},
        {"perception": "dead"},
        {
            "move_object": "red cube",
            "to": [float(random.uniform(0.3, 0.45)), float(random.uniform(-0.1, 0.2)), 0.02],
        },
        {"again": True, "hear": "Yes.", "settle": False},
    ]
    return choices[random.integers(len(choices))]


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


@pytest.mark.parametrize("seed", range(CONVERSATIONS))
def test_nothing_bad_comes_of_a_random_conversation(workshop: Workshop, seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng([77, seed])
    steps = []
    for raw in (any_step(random) for _ in range(STEPS_EACH)):
        verb = next(verb for verb in STEPS if verb in raw)
        steps.append(STEPS[verb].model_validate(raw))
    if isinstance(steps[0], Hear) and steps[0].again:
        steps = steps[1:]
    scenario = Scenario("chaos", str(seed), tuple(steps), None, {}, seed % 3 == 0, "en", False)  # type: ignore[arg-type]
    time = VirtualTime()
    with virtual_threads(time):
        stage = Stage(workshop, scenario, time, tmp_path / "audit.jsonl")
        try:
            stage.play()
        except Mismatch as mismatch:
            story = "\n".join(f"    {number}: {step}" for number, step in enumerate(steps, start=1))
            raise AssertionError(f"{mismatch}\n{story}") from None
