# SPDX-License-Identifier: Apache-2.0
"""The verdict of a demonstration comes from the physics."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from voice_agent_ros.demo.report import TIMINGS, Thing, Turn, World, shortcoming, write

BOWL = Thing((0.3, -0.28, 0.03), (0.16, 0.16, 0.06))
ON_TABLE = Thing((0.4, 0.0, 0.02), (0.04, 0.04, 0.04))
IN_BOWL = Thing((0.31, -0.27, 0.03), (0.04, 0.04, 0.04))
HELD_ABOVE = Thing((0.3, -0.28, 0.2), (0.04, 0.04, 0.04))
PUT = {"skill": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}


def turn(outcome: str, *calls: dict, goals: int = 0, after: Thing = ON_TABLE) -> Turn:
    return Turn(
        heard="words",
        calls=calls,
        engine="grammar",
        outcome=outcome,
        reply="",
        timings_s={"intent": 0.5},
        goals=goals,
        before=World({"red cube": ON_TABLE, "bowl": BOWL}, {"joint_1": 0.0}),
        after=World({"red cube": after, "bowl": BOWL}, {"joint_1": 0.0}),
    )


@pytest.mark.parametrize(
    ("turns", "problem"),
    [
        ([turn("done", PUT, goals=5, after=IN_BOWL)], ""),
        ([turn("asked", PUT), turn("done", PUT, goals=5, after=IN_BOWL)], ""),
        ([turn("refused", PUT)], ""),
        ([turn("answered")], ""),
        ([], "Nothing was understood"),
        ([turn("done", PUT, goals=5)], "not in or on"),
        ([turn("done", PUT, goals=5, after=HELD_ABOVE)], "not in or on"),
        ([turn("done", PUT, after=IN_BOWL)], "no controller got a goal"),
        ([turn("refused", PUT, goals=1)], "and yet 1 goals"),
        ([turn("asked", PUT)], "got no answer"),
        ([turn("failed", PUT, goals=2)], "ended failed"),
        ([turn("done", {"skill": "move_to", "arguments": {"pose": "home"}}, goals=1)], "no joint has moved"),
        ([turn("done", {"skill": "pick", "arguments": {"object": "red cube"}}, goals=3)], "not lifted"),
        ([turn("stopped", PUT, goals=2)], "ended stopped"),
        ([turn("stopped", {"skill": "stop", "arguments": {}})], ""),
        ([turn("done", {"skill": "set_speed", "arguments": {"factor": 0.5}})], ""),
    ],
)
def test_verdict(turns: list[Turn], problem: str) -> None:
    found = shortcoming(turns)
    assert problem in found
    assert bool(problem) == bool(found)


@pytest.mark.parametrize(
    ("joint", "goals", "problem"),
    [(0.5, 0, ""), (0.51, 0, ""), (0.6, 0, "no controller got a goal"), (0.6, 1, "no joint has moved")],
)
def test_who_is_sent_where_they_are_has_nothing_to_do(joint: float, goals: int, problem: str) -> None:
    there = World({}, {"joint_1": joint, "finger": 0.0})
    home = {"skill": "move_to", "arguments": {"pose": "home"}}
    going = replace(turn("done", home, goals=goals), before=there, after=there)
    found = shortcoming([going], poses={"home": {"joint_1": 0.5}})
    assert problem in found
    assert bool(problem) == bool(found)


def test_a_known_conversation_ends_as_promised() -> None:
    done = turn("done", PUT, goals=5, after=IN_BOWL)
    promised = ("done", "asked", "done")
    assert shortcoming([done, turn("asked", PUT), done], promised) == ""
    assert "was to end asked and ended refused" in shortcoming([done, turn("refused"), done], promised)
    assert "2 were understood" in shortcoming([done, turn("asked", PUT), done][1:], (*promised[1:], "done"))


def test_report_has_every_timing(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    answered = replace(turn("answered"), engines=("ears: whisper_local", "mouth: hibari heart"))
    write(path, [answered], World({"bowl": BOWL}))
    document = json.loads(path.read_text())
    assert document["turns"][0]["engines"] == ["ears: whisper_local", "mouth: hibari heart"]
    assert set(document["turns"][0]["timings_s"]) == set(TIMINGS)
    assert document["turns"][0]["timings_s"]["done"] is None
    assert document["objects"] == {"bowl": [0.3, -0.28, 0.03]}
