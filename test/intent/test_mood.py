# SPDX-License-Identifier: Apache-2.0
"""Which sentences may be commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.mood import judge_mood

COMMANDS_EN = """
pick up the red cube
Pick up the red cube and put it in the bowl.
please put the blue cube in the bowl
could you pick up the red cube?
Can you please grab the green one?
would you mind picking up the red cube?
would you mind putting the blue cube into the bowl
will you open the gripper?
I'd love to see the blue one end up with the others.
I'd like the red cube in the bowl
I would like you to move the arm up
I want the blue block in the bowl
the red cube would look nice in the bowl
The green one should be with the others, please.
it would be great if you could put the red cube in the bowl
I was wondering if you could open the gripper
pick up the red cube, would you?
open the gripper, please
um, okay, move up ten centimetres
let's put the red cube away
no, the blue one
No, put it in the bowl.
how about picking up the green cube
you can open the gripper now
you should put the red cube in the bowl
let go
relax your fingers
move the arm up by ten centimetres
go to the home position
the blue block belongs in the bowl
pick up the cube that is red
can I have the red cube?
would you be so kind as to close the gripper
put the red one in the bowl, can you
do pick up the red cube
I wonder if you could put the green cube in the bowl
""".strip().splitlines()
NOT_COMMANDS_EN = {
    "negated": """
don't pick up the red cube
do not touch the red cube
Don’t open the gripper
dont open the gripper
never put the red cube in the bowl
please don't forget to pick up the red cube
pick up anything but the red cube
put the blue cube in the bowl without moving the arm
you must not close the gripper
stop moving the arm
leave the red cube alone
leave the red cube where it is
keep away from the red cube
could you not pick up the red cube
pick up the blue cube instead of the red one
no picking up the red cube
I wouldn't pick up the red cube
""",
    "question": """
is the red cube in the bowl?
Is the red cube in the bowl
what is on the table
why did you pick up the red cube
where is the blue cube?
how do I open the gripper
can you see the red cube?
do you see the red cube
should I pick up the red cube?
does the gripper open
tell me if the red cube is in the bowl
could you tell me where the red cube is
can the arm reach the bowl
are you able to pick up the red cube?
which cube is in the bowl
would the red cube fit in the bowl?
do you know how to pick up a cube
what happens when you open the gripper
have you ever opened the gripper
how heavy is the arm
pick up the red cube?
would you like to pick up the red cube
""",
    "past": """
you picked up the red cube
I put the red cube in the bowl yesterday
the robot moved the arm up
he already opened the gripper
I have put the red cube in the bowl
yesterday the arm moved up
you were picking up the red cube
""",
    "reported": """
he said pick up the red cube
"pick up the red cube" is a sentence
She told me to open the gripper
the sign says open the gripper
my boss asked me to put the red cube in the bowl
the book reads move up
what does “open the gripper” mean
""",
    "conditional": """
if I pick up the red cube it falls
pick up the red cube when the light is green
put the red cube in the bowl tomorrow
before you open the gripper move up
suppose the arm moves up
""",
    "statement": """
I am picking up the red cube
I'm going to pick up the red cube
I will open the gripper
he picks up the red cube
the red cube is in the bowl
they open the gripper
the bowl is empty
I like the red cube
robots pick up cubes
it's a nice bowl
""",
    "empty": """
...
?
""",
}
COMMANDS_ZH = """
把红色的方块放进碗里
请把红色方块放进碗里。
能不能把蓝色的方块放到碗里？
可以帮我拿起红色的方块吗
你能把夹爪打开吗
麻烦你张开夹爪
向上移动十厘米
我想让你拿起红色方块
请打开夹爪好吗？
拿起红色方块吧
合上夹爪
回到初始位置
不对，把蓝色的放进碗里
把别的方块放进碗里
""".strip().splitlines()
NOT_COMMANDS_ZH = {
    "negated": "不要拿红色方块\n别动红色的方块\n请不要打开夹爪\n别忘了拿红色方块\n不用把方块放进碗里",
    "question": "红色方块在碗里吗\n桌上有什么\n你能看到红色方块吗\n为什么张开夹爪\n哪个方块在碗里？\n机械臂多重",
    "past": "我刚才把红色方块放进碗里\n红色方块拿起来了\n你打开过夹爪\n你已经拿起红色方块",
    "reported": "他说把红色方块放进碗里\n“张开夹爪”\n牌子上写着张开夹爪\n老板告诉我拿起红色方块",
    "conditional": "如果拿起红色方块\n明天把红色方块放进碗里\n等我回来再打开夹爪",
    "statement": "我在拿红色方块\n他把红色方块放进碗里\n红色方块很漂亮\n红色方块是我的",
    "empty": "。。。",
}


@pytest.mark.parametrize("text", COMMANDS_EN)
def test_requests_and_wishes_are_commands(text):
    assert judge_mood(text, "en").is_command, judge_mood(text, "en")


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, line) for kind, lines in NOT_COMMANDS_EN.items() for line in lines.strip().splitlines()],
)
def test_what_is_not_asked_for_is_no_command(kind, text):
    mood = judge_mood(text, "en")
    assert not mood.is_command
    assert mood.kind == kind, mood


@pytest.mark.parametrize("text", COMMANDS_ZH)
def test_chinese_requests_are_commands(text):
    assert judge_mood(text, "zh").is_command, judge_mood(text, "zh")


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, line) for kind, lines in NOT_COMMANDS_ZH.items() for line in lines.splitlines()]
)
def test_chinese_that_is_not_asked_for_is_no_command(kind, text):
    mood = judge_mood(text, "zh")
    assert not mood.is_command
    assert mood.kind == kind, mood


@given(st.text(max_size=200), st.sampled_from(["en", "zh"]))
def test_any_text_has_a_mood(text, language):
    assert isinstance(judge_mood(text, language).is_command, bool)


@given(st.sampled_from(COMMANDS_EN[:3]), st.sampled_from(["don't ", "never ", "do not ", "he said "]))
def test_a_negation_or_report_before_a_command_undoes_it(command, prefix):
    assert not judge_mood(prefix + command, "en").is_command


@pytest.mark.parametrize(
    ("text", "is_command"),
    [
        ("Move the arm left ten centimeters.", True),
        ("Shift the gripper left by 5 cm.", True),
        ("The robot left ten minutes ago.", False),
        ("He left the cube in the bowl.", False),
    ],
)
def test_left_is_a_direction_or_a_past(text: str, is_command: bool) -> None:
    assert judge_mood(text, "en").is_command is is_command
