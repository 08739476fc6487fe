# SPDX-License-Identifier: Apache-2.0
"""What is stable stays, whatever comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.asr.agreement import StablePrefix


def run(*hypotheses):
    prefix = StablePrefix()
    return [(text[:stable], text[stable:]) for text, stable in map(prefix.update, hypotheses)]


@pytest.mark.parametrize(
    ("hypotheses", "expected"),
    [
        pytest.param(["Pick up", "Pick up the"], [("", "Pick up"), ("Pick up", " the")], id="words"),
        pytest.param(
            ["Pick up.", "pick up the"], [("", "Pick up."), ("pick up", " the")], id="case and stop"
        ),
        pytest.param(
            ["The blue...", "The blue...", "The blue one.", "The blue one end"],
            [("", "The blue..."), ("The blue", ""), ("The blue", " one."), ("The blue one", " end")],
            id="a stop that was none",
        ),
        pytest.param(
            ["Pick a", "Pick a", "Take it"],
            [("", "Pick a"), ("Pick a", ""), ("Pick a", "")],
            id="contradiction",
        ),
        pytest.param(["Pick up the", "Pick up the"], [("", "Pick up the"), ("Pick up the", "")], id="same"),
        pytest.param(
            ["把红色。", "把红色的方", "把红色的方块"],
            [("", "把红色。"), ("把红色", "的方"), ("把红色的方", "块")],
            id="chinese",
        ),
    ],
)
def test_agreement(hypotheses, expected):
    assert run(*hypotheses) == expected


@given(
    st.lists(st.lists(st.sampled_from(["a", "b.", "C", "红", "d,"]), max_size=6).map(" ".join), max_size=8)
)
def test_the_stable_prefix_only_grows(hypotheses):
    before = ""
    for stable, _ in run(*hypotheses):
        assert stable.startswith(before)
        before = stable
