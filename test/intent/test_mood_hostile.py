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
NO_COMMAND = """
The last thing I want is for you to go home.
Picked up the red cube.
There are ten centimeters left.
Under no circumstances pick up the red cube.
On no account open the gripper.
Pick up the red cube? Over my dead body.
Pick up the red cube, I wouldn't.
Pick up the red cube, just kidding.
Pick up the red cube, scratch that.
Pick up the red cube, on second thought leave it.
Pick up the red cube or don't.
Pick up the red cube on my signal.
Pick up the red cube the moment I leave.
Open the gripper, said the teacher.
Step one: open the gripper.
I forbid you to pick up the red cube.
Nobody pick up the red cube.
Watch me pick up the red cube.
Let me open the gripper.
I bet you can open the gripper.
You always open the gripper.
He must open the gripper.
My boss wants the gripper open.
It would be stupid to pick up the red cube.
Cancel opening the gripper.
Make sure the gripper stays closed.
Open the gripper and I'll unplug you.
Go home. Just kidding.
Go home, as if.
God forbid you go home.
No picking up the red cube.
Opening the gripper was a mistake.
John, go home.
他把红色方块放进碗里
谁让你把红色方块放进碗里
你敢张开夹爪试试
张开夹爪会怎么样
最好别张开夹爪
等一下再张开夹爪
老师让我张开夹爪
张开夹爪很危险
""".strip().splitlines()
STATED = """
I want to go home.
I need to go home now.
We should go home.
The robot can go home.
Why not open the gripper?
The last thing you should do is open the gripper.
Opened the gripper.
The gripper should be open already.
Only five centimeters left.
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


NAMES = ("red cube", "green cube", "bowl")
SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.1 * index, 0.02)) for index, name in enumerate(NAMES)), ("home", "ready")
)


@pytest.mark.parametrize("text", [*ASKED, *NO_COMMAND, *STATED])
def test_it_moves_nothing(grammars: SentenceGrammars, text: str) -> None:
    assert not grammars.calls(text, "en" if text.isascii() else "zh", SCENE)


@pytest.mark.parametrize("text", MISSED)
def test_a_stop_is_not_missed(text: str) -> None:
    assert find_stop_phrase(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_stop(text: str) -> None:
    assert find_stop_phrase(text) is None


@pytest.mark.parametrize(
    "words", ["Slow down a bit.", "Cool down a little.", "Hurry up a bit.", "Calm down.", "Wake up."]
)
def test_a_verb_with_up_or_down_is_no_way_to_go(words: str) -> None:
    calls = SentenceGrammars().calls(words, "en", SCENE)
    assert all(call.skill != "move_by" for call in calls)
