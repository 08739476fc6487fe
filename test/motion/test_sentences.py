# SPDX-License-Identifier: Apache-2.0
"""Everything that can happen has a sentence in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SKILLS, SkillCall, parse_call
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.beside import Beside

MOTION = Path(sentences.__file__).parent
EXAMPLES = {
    "place": "tray",
    "object": "red cube",
    "target": "bowl",
    "wanted": "blue cube",
    "seen": ["red cube", "bowl"],
    "known": ["home"],
    "pose": "moon",
    "excess": 0.04,
    "axis": "z",
    "side": "low",
    "joint": "joint_2",
    "reason": "x",
    "controller": "arm",
    "zone": "window",
    "number": 9,
    "relation": "in",
    "count": 20,
    "limit": 8,
    "beside": Beside("left of", ("bowl",)),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_that_the_code_names_has_a_sentence(language: str) -> None:
    rules = set()
    for file in (*MOTION.glob("*.py"), *(MOTION.parent / "skills").glob("*.py")):
        rules.update(re.findall(r'Refusal\(\s*"(\w+)"', file.read_text()))
    assert len(rules) > 20
    for rule in rules - {"stopped"}:
        text = sentences.refusal(rule, EXAMPLES, language)
        assert text
        assert "{" not in text
        assert not re.search(r"[(（]", text), text  # a rule without a sentence is named in brackets


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_say_the_same_things(language: str) -> None:
    for table in (sentences.REFUSALS, sentences.OUTCOMES):
        assert set(table[language]) == set(table["en"])
    for name in sentences.OUTCOMES[language]:
        assert "{" not in sentences.outcome(name, EXAMPLES, language)


CALLS = [
    ("pick", {"object": "red cube"}, "I'll pick up the red cube.", "我来拿起红色方块。"),
    (
        "pick_and_place",
        {"object": "red cube", "target": "bowl"},
        "I'll put the red cube into the bowl.",
        "我来把红色方块放到碗里。",
    ),
    ("place", {"target": "bowl"}, "I'll put it into the bowl.", ""),
    (
        "move_by",
        {"direction": "up", "distance": 0.1},
        "I'll move up by 10 centimetres.",
        "我来向上移动10厘米。",
    ),
    ("move_to", {"pose": "home"}, "I'll move to home.", ""),
    ("open_gripper", {}, "I'll open the gripper.", "我来张开夹爪。"),
]


@pytest.mark.parametrize(("skill", "arguments", "english", "chinese"), CALLS)
def test_what_is_announced(skill: str, arguments: dict, english: str, chinese: str, scene: Scene) -> None:
    call = parse_call(skill, arguments)
    assert sentences.announcement([call], "en", scene) == english
    said = sentences.announcement([call], "zh-CN", scene)
    assert said == chinese or not chinese


def test_every_motion_can_be_asked_about(scene: Scene) -> None:
    for skill in SKILLS.values():
        if skill.name == "sequence":
            continue  # its steps are read out
        assert not skill.arguments.moves or {"en", "zh"} <= set(skill.intention), skill.name
    call: SkillCall = parse_call("pick_and_place", {"object": "blue cube", "target": "green cube"})
    assert sentences.question([call], "en", scene) == "Shall I put the blue cube onto the green cube?"


@pytest.mark.parametrize(
    ("rule", "details", "text"),
    [
        (
            "workspace",
            {"axis": "z", "side": "low", "excess": 0.04},
            "That would put my hand 4 centimetres below the table.",
        ),
        (
            "workspace",
            {"axis": "x", "side": "high", "excess": 0.12},
            "That would take me 12 centimetres outside my workspace.",
        ),
        (
            "unknown_object",
            {"object": "orange elephant", "seen": ["red cube", "bowl"]},
            "I can't see an orange elephant. I see the red cube and the bowl.",
        ),
        (
            "unknown_object",
            {"object": "purple elephant", "seen": []},
            "I can't see a purple elephant. I see nothing at all.",
        ),
        ("not_confirmed", {"answer": "no"}, "All right, I won't."),
        ("not_confirmed", {"answer": "expired"}, "I heard no answer, so I left it."),
        ("joint_step", {"limit": 1.5707963}, "That would turn a joint by more than 90 degrees in one go."),
        ("tool_speed", {"limit": 0.25}, "That would move my hand faster than 25 centimetres a second."),
        ("duration", {"limit": 20.0}, "That would take longer than 20 seconds in one movement."),
        ("joint_velocity", {"joint": "joint_2"}, "That would turn joint 2 too fast."),
        ("some_new_rule", {}, "I can't do that safely (some new rule)."),
    ],
)
def test_refusals(rule: str, details: dict, text: str) -> None:
    assert sentences.refusal(rule, details, "en") == text


def test_names_are_not_templates() -> None:
    assert "{seen}" in sentences.refusal("unknown_object", {"object": "{seen}", "seen": ["bowl"]}, "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_name_of_nothing_breaks_nothing(language: str) -> None:
    assert sentences.refusal("unknown_object", {"object": " ", "seen": [" "]}, language)
