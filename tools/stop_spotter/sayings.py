# SPDX-License-Identifier: Apache-2.0
"""Who says what: voices and sentences for training and for measuring, which share neither."""

from __future__ import annotations

# Kokoro's voices that are measured with; all others train, in English with whatever accent they have. Those of
# FRESH_VOICES had no part in any decision: their figures are the honest ones.
TEST_VOICES = {
    "en": (
        *("af_sarah", "af_kore", "af_nova", "am_eric", "am_onyx", "am_puck", "am_fenrir"),
        *("bf_lily", "bf_isabella", "bm_lewis", "bm_fable", "bm_daniel"),
    ),
    "zh": ("zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi"),
}
FRESH_VOICES = {"en": ("af_river", "am_liam", "bf_alice", "hm_psi"), "zh": ()}  # too few speak Mandarin
FLITE_TRAINS = ("kal16", "awb")
FLITE_TESTS = ("slt", "rms")
ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029")
ESPEAK_VARIANTS = ("m1", "m3", "m5", "m7", "f1", "f2", "f4", "f5")

BARE = {"en": ("Stop.", "Stop!", "stop"), "zh": ("停。", "停!", "停")}
PHRASES = {
    "en": (
        "Stop it.",
        "Stop, stop, stop!",
        "Stop moving.",
        "Stop the robot now.",
        "No, stop!",
        "Okay, stop.",
        "Oh no, stop, please!",
        "You should stop.",
        "Could you stop?",
        "Wait, stop.",
        "That is enough, stop.",
        "Arm, stop.",
    ),
    "zh": (
        *("停下。", "停下!", "停止。", "停止!", "停下来。", "停止!", "停一下。", "快停。"),
        *(
            "请停下来。",
            "马上停止。",
            "机器人,停。",
            "急停!",
            "紧急停止!",
            "不要了,停下。",
            "好了,停。",
            "停停停!",
        ),
    ),
}
TEST_PHRASES = {
    "en": (
        *("Stop.", "Stop!", "Stop, stop!", "Stop now.", "Please stop.", "Stop the arm.", "Emergency stop!"),
        *("Hey, stop that!", "Robot, stop.", "Stop right there."),
    ),
    "zh": ("停。", "停!", "停下。", "停下!", "停止。", "停止!", "请停下。", "立刻停止。"),
}
# What sounds like it and is something else.
NEAR = {
    "en": (
        "Top. Step. Stock. Start. Stuff.",
        "Shop. Store. Star. Stand. Steep.",
        "Drop. Spot. Pop. Hop. Chop.",
        "Swap. Stub. Stab. Up. Slow.",
        "Go on. Cup. Soap. Strap. Sharp.",
        "Stack it on top of the box, step by step.",
        "Put the tape on the desktop, at the spot.",
        "Start the story at the start. Stay there.",
        "It's at the top of the steps. What's up?",
        "Stock up, start up, set up, step up.",
        "Grip it, tap it, tip it, drop it off.",
        "Cost of the strong stone steps, stored on stairs.",
    ),
    "zh": (
        "听。挺。定。请。清。",
        "听一下。听说。请听。",
        "提起来。体积。题目。天气。",
        "地上。递给我。顶上。一定。",
        "情况。轻一点。青色的。",
        "挺好的,听得很清楚。",
    ),
}
TALK = {
    "en": (
        "Pick up the red cube and put it in the bowl.",
        "Move the arm up ten centimeters and open the gripper.",
        "The birds sat on the fence and watched the rain come down.",
        "We had soup and fresh bread for lunch, and then some coffee.",
        "How many people are going to be at the meeting on Thursday?",
        "My sister lives in a small house near the river.",
        "He put the book back on the shelf and turned off the light.",
        "I cannot remember where I left the keys to the workshop.",
        "The battery should be charged to about eighty percent.",
        "Take the screwdriver, loosen the bolt, and lift the cover off.",
        "Yes. No. Okay. Right. Good. Thank you. Sure. Hello. Wait.",
        "One, two, three, four, five, six, seven, eight, nine, ten.",
        "Left, right, up, down, forward, backward, faster, slower.",
        "What time does the last train leave from the central station?",
        "It was a dark and windy night when the ship came into the harbour.",
        "Tell me what you see, then go back to the home position.",
        "Nobody knew whether the old clock on the wall still worked.",
        "The children painted the box yellow, and the lid purple.",
        "Please speak a bit louder, I can hardly hear you.",
        "Everything depends on what happens during the next few weeks.",
    ),
    "zh": (
        "请把红色的方块放到碗里。",
        "把手臂向上移动十厘米,然后打开夹爪。",
        "今天天气很好,我们可以出去走走。",
        "桌子上有什么东西?",
        "我不记得把钥匙放在哪里了。",
        "你能告诉我现在几点了吗?",
        "好的。不是。可以。谢谢。你好。等等。",
        "一,二,三,四,五,六,七,八,九,十。",
        "左边,右边,上面,下面,前面,后面。",
        "他昨天下午去商店买了一些水果和面包。",
        "明天上午我们在办公室开会。",
        "再快一点,再高一点。",
    ),
}
TEST_TALK = {
    "en": (
        "Could you bring me the yellow box from the other table?",
        "The shop at the corner is open until half past six.",
        "She stepped outside and looked up at the stars.",
        "We should start with the top drawer and then clean the rest.",
        "I dropped my pen somewhere, maybe under the desk.",
        "Put the green cup next to the bowl, and close the gripper.",
        "Do you know how long the battery of this laptop lasts?",
        "He told me a story about a dog, a boat and a bottle of milk.",
        "Turn the wrist by forty five degrees and wait a moment.",
        "The weather will be cloudy with some rain in the afternoon.",
        "There is a lot of stuff in stock, so help yourself.",
        "Let me think about that for a second, and I will get back to you.",
    ),
    "zh": (
        "把蓝色的杯子放到盘子旁边。",
        "你看到了几个方块?",
        "我们下个星期去北京。",
        "听说这家店的东西挺好的。",
        "请再说一遍,我没听清楚。",
        "这个电池一定要充满电。",
        "手腕向左转三十度。",
        "他喜欢一边听音乐一边工作。",
    ),
}
# The robot's own words: never a stop.
OWN_WORDS = (
    "I am picking up the red cube now.",
    "The red cube is in the bowl.",
    "I have put the blue cube into the bowl.",
    "The gripper is open.",
    "The gripper is closed.",
    "Moving up ten centimeters.",
    "Moving to the home position.",
    "Shall I pick up the green cube?",
    "I cannot reach that from here.",
    "I do not see a yellow cube. I see a red cube, a green cube and a bowl.",
    "That is too far to the left.",
    "I did not understand that. Please say it again.",
    "All right, I will not do that.",
    "The arm is at the ready position, twenty centimeters above the table.",
    "On top of the blue cube is nothing.",
    "What shall I do next?",
    "Done.",
    "Okay.",
    "There are three cubes and one bowl on the table.",
    "I will put it on the shelf, step by step.",
)
