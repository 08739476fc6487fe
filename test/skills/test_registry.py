# SPDX-License-Identifier: Apache-2.0
"""Skills are found in the package and in others, and one that was defined outside is understood and planned."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.grammar import SentenceGrammar
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SKILLS, parse_call
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.motion.plan import Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.sentences import announcement
from voice_agent_ros.share import shared_file
from voice_agent_ros.skills import registry

NOD = '''
import numpy as np

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Nod(SkillArguments):
    """Nod with the hand."""

    skill = "nod"


def plan(draft, arguments):
    step = np.zeros_like(draft.q)
    step[-2] = 0.2
    draft.move_joints(draft.q + step)
    draft.move_joints(draft.q - step)


SKILL = Skill(
    Nod,
    plan=plan,
    sentences={"en": [{"sentences": ["nod [with <gripper>]"]}], "zh": [{"sentences": ["点头"]}]},
    intention={"en": "nod", "zh": "点头"},
)
'''
MANIFEST = "[voice_agent_ros.skills]\nnod = nodding:SKILL\n"


@pytest.fixture
def nodding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another distribution is installed, with a skill of its own."""
    (tmp_path / "nodding.py").write_text(NOD)
    information = tmp_path / "nodding-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: nodding\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(MANIFEST)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.load.cache_clear()
    yield
    registry.load.cache_clear()
    sys.modules.pop("nodding", None)


def test_every_skill_is_named_like_its_file() -> None:
    for skill in registry.own():
        module = skill.arguments.__module__.rsplit(".", 1)[-1]
        assert module.rstrip("_") == skill.name
        assert skill.arguments.__doc__


@pytest.mark.usefixtures("nodding")
def test_a_skill_from_outside_the_package_is_understood() -> None:
    assert "nod" in SKILLS
    assert [c.skill for c in SentenceGrammar("en").parse("please nod with your hand", Scene()).calls] == [
        "nod"
    ]
    assert [c.skill for c in SentenceGrammar("zh").parse("点头", Scene()).calls] == ["nod"]
    assert parse_call("nod", "{}").skill == "nod"


@pytest.mark.usefixtures("nodding")
def test_a_skill_from_outside_the_package_is_planned_and_checked() -> None:
    arm = load_arm(shared_file("config/arms/prim6.yaml"))
    model = RobotModel(shared_file("urdf/prim6.urdf").read_text(), arm)
    situation = Situation(Scene(), np.array(arm.poses["home"]), arm.gripper.open)
    call = parse_call("nod", {})
    assert len(Planner(model, arm, Policy()).plan([call], situation).steps) == 2
    assert announcement([call], "en", Scene()) == "I'll nod."
    slow = Policy.model_validate({"limits": {"joint_step": 0.1}})
    with pytest.raises(Refusal, match="joint_step"):
        Planner(model, arm, slow).plan([call], situation)


def test_a_skill_that_cannot_be_loaded_names_its_entry_point() -> None:
    point = EntryPoint("nod", "no_such_module:SKILL", registry.ENTRY_POINT_GROUP)
    with pytest.raises(ConfigurationError, match="nod cannot be loaded"):
        registry.added([point])


def test_something_else_than_a_skill_is_refused() -> None:
    point = EntryPoint("nod", "math:pi", registry.ENTRY_POINT_GROUP)
    with pytest.raises(ConfigurationError, match="no Skill"):
        registry.added([point])


def test_two_skills_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("wave", "voice_agent_ros.skills.wave:SKILL", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry.load.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="there is already"):
            registry.load()
    finally:
        registry.load.cache_clear()
