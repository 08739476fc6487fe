# SPDX-License-Identifier: Apache-2.0
"""How understanding is scored."""

from pathlib import Path

import pytest

from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.skills import parse_call

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _repository_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def _row(calls, *, ask=False):
    return {"text": "", "language": "en", "kind": "command", "expect": {"calls": calls, "ask": ask}}


def _result(skill, **arguments):
    return GrammarResult((parse_call(skill, arguments),))


def test_a_label_without_a_distance_means_the_default() -> None:
    from benchmarks.understanding import SCENE, judge

    wanted = _row([{"skill": "move_by", "arguments": {"direction": "up"}}])
    assert judge(wanted, _result("move_by", direction="up", distance=0.05), SCENE).exact
    wrong = judge(wanted, _result("move_by", direction="up", distance=0.1), SCENE)
    assert (wrong.exact, wrong.false_action) == (False, True)


def test_a_motion_where_none_is_wanted_is_a_false_action() -> None:
    from benchmarks.understanding import SCENE, judge

    assert judge(_row([]), _result("pick", object="bowl"), SCENE).false_action
    assert judge(_row([]), _result("resume"), SCENE).false_action
    assert judge(_row([]), GrammarResult(), SCENE).exact


def test_a_question_is_asked_or_passed_on() -> None:
    from benchmarks.understanding import SCENE, judge

    assert judge(_row([], ask=True), GrammarResult(ambiguous=("red cube", "blue cube")), SCENE).exact
    assert judge(_row([], ask=True), _result("pick", object="screwdriver"), SCENE).exact
    assert judge(_row([], ask=True), _result("pick", object="red cube"), SCENE).false_action
    passed = judge(_row([], ask=True), GrammarResult(), SCENE)
    assert (passed.exact, passed.passed_on) == (False, True)


def test_a_label_may_allow_several_values_of_an_argument() -> None:
    from benchmarks.understanding import SCENE, judge

    wanted = _row([{"skill": "hand_over", "arguments": {"object": {"any_of": [None, "red cube"]}}}])
    assert judge(wanted, _result("hand_over"), SCENE).exact
    assert judge(wanted, _result("hand_over", object="red cube"), SCENE).exact
    assert not judge(wanted, _result("hand_over", object="blue cube"), SCENE).exact


def test_the_order_of_steps_counts_unless_the_label_frees_it() -> None:
    from benchmarks.understanding import same_calls

    steps = [{"skill": "wave", "arguments": {}}, {"skill": "open_gripper", "arguments": {}}]
    got = [{"skill": "sequence", "arguments": {"steps": steps[::-1]}}]
    wanted = [{"skill": "sequence", "arguments": {"steps": steps}}]
    assert not same_calls(wanted, got)
    assert same_calls([{**wanted[0], "any_order": True}], got)
