# SPDX-License-Identifier: Apache-2.0
"""Words that would move the arm wrongly, or stops that would be missed: found by somebody who tried to."""

from __future__ import annotations

import pytest

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.stop_phrases import find_stop_phrase

ASKED = """
Open the gripper?
Pick up the red cube?
The red cube into the bowl?
Go home?
Going home?
Home?
Ready?
Gripper open?
Up five centimeters?
Again?
Wave?
张开夹爪吗？
回家？
拿起红色方块？
""".strip().splitlines()
MISSED = """
Don't, stop!
Don't! Stop!
Please don't, stop!
No. Don't. Stop.
The red one. Stop!
You need to stop!
You need to stop now
why don't you stop
Why won't you stop?
why doesn't it stop
it won't stop
the arm doesn't stop
Nobody move!
don't move the arm
Emergency!
不，停下
不要，停！
不要！停！
别，停！
能不能停下
能不能停
可不可以停下来
怎么不停
为什么还不停
机器人不停
""".strip().splitlines()
LEFT_ALONE = """
don't stop
Don't stop, go on.
I need to stop by the shop
why did you stop
don't move the red cube
Call the emergency services
不要停
他不停地说话
为什么停下
""".strip().splitlines()


@pytest.fixture(scope="module")
def grammars() -> SentenceGrammars:
    return SentenceGrammars()


@pytest.mark.parametrize("text", ASKED)
def test_a_question_mark_is_a_question(grammars: SentenceGrammars, text: str) -> None:
    things = tuple(
        SceneObject(name, (0.3, 0.1 * i, 0.02)) for i, name in enumerate(("red cube", "green cube", "bowl"))
    )
    assert not grammars.calls(text, "en", Scene(things, ("home", "ready")))


@pytest.mark.parametrize("text", MISSED)
def test_a_stop_is_not_missed(text: str) -> None:
    assert find_stop_phrase(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_stop(text: str) -> None:
    assert find_stop_phrase(text) is None
