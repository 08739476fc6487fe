# SPDX-License-Identifier: Apache-2.0
"""Policy and arm files: what ships is read, and each mistake is one line with its path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from voice_agent_ros.config_files import OWN_CONFIG_VARIABLE
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SKILLS, parse_call
from voice_agent_ros.motion.arm_config import ArmConfig, arm_file, load_arm
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import joint_move
from voice_agent_ros.share import shared_file


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_arm_that_nobody_has_described_is_told_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arms").mkdir()
    (tmp_path / "arms" / "mine.yaml").touch()
    monkeypatch.setenv(OWN_CONFIG_VARIABLE, str(tmp_path))
    assert arm_file("mine") == tmp_path / "arms" / "mine.yaml"
    assert arm_file("nobody", "/elsewhere/arm.yaml") == Path("/elsewhere/arm.yaml")
    with pytest.raises(ConfigurationError, match=r"'nobody'.*prim6, so101.*arm_path") as refused:
        arm_file("nobody")
    assert "template" not in str(refused.value)


@pytest.mark.parametrize("name", ["policy.yaml", "policy.simulation.yaml"])
def test_the_policies_that_ship(name: str) -> None:
    policy = load_policy(shared_file(f"config/{name}"))
    for skill in SKILLS:
        risk = policy.skills.risk_of(skill)
        moves = SKILLS[skill].arguments.moves
        assert risk != "none" or not moves, skill
        assert policy.confirmation.read_back(skill, risk) != "never" or not moves, skill
    assert policy.confirmation.read_back("resume", "none") == "always"
    assert policy.skills.risk_of("something_added") == "high"


def test_an_empty_policy_is_the_careful_default(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path / "p.yaml", ""))
    assert policy == Policy()
    assert policy.limits.tool_speed == 0.25


def test_a_policy_cannot_be_changed_after_reading() -> None:
    with pytest.raises(ValidationError):
        Policy().limits.tool_speed = 1.0


def test_one_line_per_mistake_with_its_path(tmp_path: Path) -> None:
    text = """
    limits: {tool_speed: 9.0, joint_velocity: .inf, workspace_low: [1.0, 0.0, 0.0]}
    skills: {allowed: [pick, fly]}
    transcripts: {min_confidence: {low: 2}, max_age: forever}
    cofirmation: {of_unspoken: false}
    """
    with pytest.raises(ConfigurationError) as error:
        load_policy(write(tmp_path / "p.yaml", text))
    lines = str(error.value).splitlines()
    for path in (
        "limits.tool_speed",
        "limits.joint_velocity",
        "skills",
        "transcripts.min_confidence.low",
        "transcripts.max_age",
        "cofirmation",
    ):
        assert sum(line.strip().startswith(f"{path}:") for line in lines) == 1, path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("confirmation: {skills: {resume: never}}", "resume must always be read back"),
        ("confirmation: {skills: {fly: never}}", "fly"),
        ("confirmation: {by_risk: {low: sometimes}}", "confirmation.by_risk.low"),
        ("skills: {risk: {fly: low}}", "fly"),
        ("skills: {risk: {pick: lethal}}", "skills.risk.pick"),
        ("rate: {per_minute: 0}", "rate.per_minute"),
        ("verbs: {max_steps: 100}", "verbs.max_steps"),
        ("audit: {enabled: false}", "audit.enabled"),
        ("audit: {max_bytes: 10}", "audit.max_bytes"),
    ],
)
def test_what_a_policy_cannot_say(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_policy(write(tmp_path / "p.yaml", text))


def test_the_box_must_be_a_box(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="below workspace_high"):
        load_policy(write(tmp_path / "p.yaml", "limits: {workspace_low: [1.0, 0.0, 0.0]}"))


@pytest.mark.parametrize("text", ["limits: [", "- a list", "limits: 5"])
def test_what_is_no_policy(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError):
        load_policy(write(tmp_path / "p.yaml", text))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("home: [0.0, 0.1", "home: [0.1", "home has 5 values"),
        ("home:", "house:", "named home"),
        ("open: 0.04", "open: wide", "gripper.open"),
        ("base_frame:", "bass_frame:", "bass_frame"),
    ],
)
def test_an_arm_file_that_does_not_fit(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = shared_file("config/arms/prim6.yaml").read_text()
    assert old in text
    with pytest.raises(ConfigurationError, match=named):
        load_arm(write(tmp_path / "arm.yaml", text.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("joint_6", "wrist", "wrist"),
        ("tool_frame: tcp", "tool_frame: tip", "frame tip"),
        ("joint_1, joint_2", "joint_2, joint_1", "from the base to the tool"),
    ],
)
def test_arm_file_and_urdf_must_agree(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = shared_file("config/arms/prim6.yaml").read_text()
    arm = load_arm(write(tmp_path / "arm.yaml", text.replace(old, new)))
    with pytest.raises(ConfigurationError, match=named):
        RobotModel(shared_file("urdf/prim6.urdf").read_text(), arm)


def test_what_is_no_urdf() -> None:
    with pytest.raises(ConfigurationError):
        RobotModel("<robot", load_arm(shared_file("config/arms/prim6.yaml")))


@pytest.mark.parametrize("name", ["prim6", "so101", "elfin", "template"])
def test_the_arms_that_ship(name: str) -> None:
    arm = load_arm(shared_file(f"config/arms/{name}.yaml"))
    assert "home" in arm.poses
    assert arm.gripper.max_gap > 0.03
    assert len(set(arm.arm.joints)) == len(arm.arm.joints)


def test_the_template_names_every_key_an_arm_can_have() -> None:
    keys = set(yaml.safe_load(shared_file("config/arms/template.yaml").read_text()))
    assert keys == set(ArmConfig.model_fields)


def test_the_commissioning_policy_is_stricter_in_everything() -> None:
    first, normal = load_policy(shared_file("config/policy.commissioning.yaml")), Policy()
    assert first.execution.dry_run
    for limit in ("tool_speed", "joint_velocity", "joint_acceleration"):
        assert getattr(first.limits, limit) == pytest.approx(0.1 * getattr(normal.limits, limit))
    for axis in range(3):
        assert first.limits.workspace_low[axis] >= normal.limits.workspace_low[axis]
        assert first.limits.workspace_high[axis] <= normal.limits.workspace_high[axis]
    for skill in SKILLS:
        if SKILLS[skill].arguments.moves:
            assert first.confirmation.read_back(skill, first.skills.risk_of(skill)) == "always"


def test_an_arm_can_be_commissioned_with_it() -> None:
    arm = load_arm(shared_file("config/arms/prim6.yaml"))
    model = RobotModel(shared_file("urdf/prim6.urdf").read_text(), arm)
    policy = load_policy(shared_file("config/policy.commissioning.yaml"))
    situation = Situation(Scene(), np.array(arm.poses["home"]), arm.gripper.open)
    for skill, arguments in (
        ("move_by", {"direction": "up", "distance": 0.05}),
        ("move_to", {"pose": "ready"}),
    ):
        plan = Planner(model, arm, policy).plan([parse_call(skill, arguments)], situation)
        assert plan.duration > 1.5


def test_the_strictest_limit_counts() -> None:
    arm = load_arm(shared_file("config/arms/prim6.yaml"))
    urdf = shared_file("urdf/prim6.urdf").read_text()
    limit = {"max_position": 0.5, "min_position": -9.0, "max_velocity": 0.3, "max_acceleration": 0.7}
    strict = ArmConfig.model_validate({**arm.model_dump(), "joint_limits": {"joint_1": limit}})
    model, before = RobotModel(urdf, strict), RobotModel(urdf, arm)
    assert (model.upper[0], model.lower[0]) == (0.5, before.lower[0])
    start = np.array(arm.poses["home"])
    limits = load_policy(shared_file("config/policy.simulation.yaml")).limits
    move = joint_move(model, start, start + np.array([0.4, 0.0, 0.0, 0.0, 0.0, 0.0]), limits)
    _, velocities, accelerations = move.spline.samples(np.linspace(0.0, move.duration, 500))
    assert np.max(np.abs(velocities)) <= 0.3
    assert np.max(np.abs(accelerations)) <= 0.7
    PathCheck(model, limits)(move)
    too_fast = joint_move(before, start, move.end, limits)
    with pytest.raises(Refusal, match="joint_velocity"):
        PathCheck(model, limits)(too_fast)
    with pytest.raises(Refusal, match="joint_limit"):
        PathCheck(model, limits)(joint_move(model, start, start + np.array([0.6, 0, 0, 0, 0, 0]), limits))


def test_a_limit_of_no_joint_is_an_error() -> None:
    arm = load_arm(shared_file("config/arms/prim6.yaml"))
    with pytest.raises(ValidationError, match="elbow"):
        ArmConfig.model_validate({**arm.model_dump(), "joint_limits": {"elbow": {}}})
