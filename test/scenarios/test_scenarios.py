# SPDX-License-Identifier: Apache-2.0
"""Every conversation in the scenario files, on virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import Workshop
from scenario_file import Scenario, ScenarioError, load
from scenario_run import Mismatch, Stage
from virtual_time import VirtualTime, virtual_threads

SCENARIOS = [scenario for path in sorted(Path(__file__).parent.glob("*.yaml")) for scenario in load(path)]


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


def play(workshop: Workshop, scenario: Scenario, folder: Path) -> Stage:
    time = VirtualTime()
    with virtual_threads(time):
        stage = Stage(workshop, scenario, time, folder / "audit.jsonl")
        stage.play()
    return stage


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: f"{one.file}: {one.name}")
def test_scenario(workshop: Workshop, scenario: Scenario, tmp_path: Path) -> None:
    play(workshop, scenario, tmp_path)


def test_there_are_many() -> None:
    assert len(SCENARIOS) >= 60


# The runner itself.

UP = "{hear: Move the arm up five centimeters.}"


def written(folder: Path, *steps: str, more: str = "") -> Path:
    lines = "".join(f"      - {step}\n" for step in steps)
    path = folder / "file.yaml"
    path.write_text(f"about: test\n{more}scenarios:\n  - name: one\n    steps:\n{lines}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (
            "{hears: Hello.}",
            "file.yaml, 'one', step 2: a step does one thing, this has hears; there are: hear,",
        ),
        ("{hear: Hello., confidense: 0.3}", "step 2: confidense: there is no such key"),
        ("{hear: Hello., wait: 3}", "this has hear and wait"),
        ("{wait: -1}", "step 2: wait: Input should be greater than 0"),
        (
            "{expect: {outcome: perfect}}",
            "step 2: expect.outcome: Input should be 'done', 'asked'",
        ),
        ("{fault: explode}", "step 2: fault: Input should be 'none', 'reject'"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, step: str, complaint: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(written(tmp_path, "{expect: no goals}", step))
    assert complaint in str(error.value)


def test_a_scenario_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="it expects nothing"):
        load(written(tmp_path, UP))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("no goals", r"step 2: 1 goals reached the controllers \(\['arm'\]\), not 0"),
        ("{outcome: refused}", "outcome is 'done', not 'refused'"),
        ("{says: elephant}", "not 'elephant'"),
        ("{never_says: 'up'}", "it said"),
        ("{tool_moved: [0, 0, 0.04]}", r"the hand moved by \[.*0\.05\]"),
        ("{objects: {red cube: bowl}}", "the red cube is in/on the table, not bowl"),
        ("{latched: true}", "latched is False, not True"),
    ],
)
def test_a_false_expectation_fails(workshop: Workshop, tmp_path: Path, wrong: str, complaint: str) -> None:
    (scenario,) = load(written(tmp_path, UP, f"{{expect: {wrong}}}"))
    with pytest.raises(Mismatch, match=complaint):
        play(workshop, scenario, tmp_path)


def test_the_model_is_not_asked_unless_the_scenario_knows(workshop: Workshop, tmp_path: Path) -> None:
    (scenario,) = load(written(tmp_path, '{hear: "What is the capital of France?"}', "{expect: no goals}"))
    with pytest.raises(Mismatch, match="the model was asked"):
        play(workshop, scenario, tmp_path)
