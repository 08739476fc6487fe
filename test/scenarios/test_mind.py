# SPDX-License-Identifier: Apache-2.0
"""The scenarios of the mind, on virtual time: real dialogue, grammar, gate, planner and executor; the rest is fake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import Workshop
from mind_file import load_mind
from mind_stage import MindStage
from scenario_file import Scenario
from virtual_time import VirtualTime, virtual_threads

FILES = sorted((Path(__file__).parent / "mind").glob("*.yaml"))
SCENARIOS = [scenario for path in FILES for scenario in load_mind(path)]


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: f"{one.file}: {one.name}")
def test_mind(workshop: Workshop, scenario: Scenario, tmp_path: Path) -> None:
    time = VirtualTime()
    with virtual_threads(time):
        MindStage(workshop, scenario, time, tmp_path / "audit.jsonl").play()


def test_there_are_many() -> None:
    assert len(FILES) >= 40
