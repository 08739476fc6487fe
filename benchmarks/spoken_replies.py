# SPDX-License-Identifier: Apache-2.0
"""Fifty replies as a robot's language model writes them, in two languages, and how fast it writes them."""

from __future__ import annotations

import re

TOKENS_PER_S = 24.0
ENGLISH = (
    "Sure, I will put the red cube into the bowl. After that I will move back home and wait for you.",
    "I can see three cubes and a bowl. The red cube is on the left, the blue one is next to the bowl.",
    "All right, the gripper is open. You can take the cube whenever you like.",
    "I cannot reach that place, because it is 0.9 m away. My arm is 0.6 m long. Shall I go as far as I can?",
    "The capital of France is Paris. It lies on the river Seine, and more than two million people live there.",
    "Dr. Smith asked for 3.5 cm, so I will lift it by 3.5 cm. Please keep your hands away from the arm.",
    "Yes, there is a cube behind the bowl.",
    "No, that would be outside of the area in which I may move. Tell me another place.",
    "I moved the blue cube 10 centimetres to the left. It stands beside the green one now.",
    "My joints are at rest, the gripper is closed and nothing is in it. I am ready.",
    "Okay, I will wave. One moment please.",
    "The arm has six joints and a gripper with two fingers. It can carry half a kilogram and turn its hand around.",
    "First I will take the red cube, then the green one, and at last the blue one. Shall I begin?",
    "That cost about $29. I do not know what it costs today.",
    "I stopped because you said stop. Say continue when I may go on.",
    "I did not understand the last word. Which cube do you mean, the red one or the blue one?",
    "The bowl is empty. There is nothing that I could give you.",
    "Light is faster than sound, which is why you see the lightning first and hear the thunder later.",
    "I will move slowly from now on. Say faster if that is too slow for you.",
    "Done. The green cube is in the bowl. Is there anything else that I can do for you?",
    "It is half past ten in the morning, and you have asked me for three things so far today.",
    "Good morning! How can I help you? I can pick things up, hand them over and tell you what I see.",
    "The gripper did not close all the way, so something is in it, but I cannot see what it is.",
    "A robot is a machine that can do a series of tasks by itself; most of them have arms, wheels or legs.",
    "I would rather not do that, since the cup is full and I would have to turn it over on my way.",
)
CHINESE = (
    "好的，我现在把红色的方块放进碗里，然后回到初始位置等你。",
    "我看到三个方块和一个碗。红色的方块在左边，蓝色的在碗的旁边。",
    "夹爪已经打开了，你可以随时把方块拿走。",
    "那个位置我够不到，因为它在0.9米以外，而我的手臂只有0.6米长。要我尽量靠近吗？",
    "法国的首都是巴黎，它位于塞纳河畔，有两百多万人住在那里。",
    "我会把它抬高3.5厘米，请不要把手放在机械臂旁边。",
    "是的，碗的后面还有一个方块。",
    "不行，那里超出了我可以活动的范围，请告诉我另一个地方。",
    "我把蓝色的方块向左移动了10厘米，现在它在绿色方块的旁边。",
    "我的关节都停下来了，夹爪是合上的，里面什么也没有。我准备好了。",
    "好的，我来挥挥手，请稍等。",
    "这个机械臂有六个关节和一个两指夹爪，可以举起半公斤的东西。",
    "我先拿红色的，再拿绿色的，最后拿蓝色的。可以开始了吗？",
    "它大概要29元，我不知道今天的价格。",
    "因为你说了停，所以我停下来了。想让我继续的话，请说继续。",
    "最后一个词我没有听懂。你说的是哪一个方块，红色的还是蓝色的？",
    "碗是空的，没有什么可以给你的。",
    "光比声音快，所以你会先看到闪电，然后才听到雷声。",
    "从现在起我会慢慢移动。如果你觉得太慢，请告诉我。",
    "完成了，绿色的方块已经在碗里了。还有什么需要我做的吗？",
    "现在是上午十点半，今天你一共让我做了三件事。",
    "早上好！我能帮你做什么？我可以拿东西、递东西，也可以告诉你我看到了什么。",
    "夹爪没有完全合上，说明里面有东西，但是我看不见那是什么。",
    "机器人是一种可以自己完成一系列任务的机器，大多数都有手臂、轮子或者腿。",
    "我觉得最好不要这样做，因为杯子是满的，我在路上必须把它翻过来。",
)


def written_at(text: str) -> list[tuple[float, str]]:
    """The text as it is written: tokens with the time at which each is there, s.

    Tokens are as large as a byte-pair tokenizer's: a word with the space before it or a mark, one or two Chinese characters.
    """
    tokens = re.findall(r"[\u4e00-\u9fff]{1,2}|\s?[A-Za-z]+|\s?\d|\s?[^\sA-Za-z\d]|\s+", text)
    assert "".join(tokens) == text
    return [((index + 1) / TOKENS_PER_S, token) for index, token in enumerate(tokens)]
