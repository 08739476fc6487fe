# SPDX-License-Identifier: Apache-2.0
"""Names of things in the languages spoken: scene names are English, people may say them otherwise."""

from __future__ import annotations

COLOURS_ZH = {
    "red": "红",
    "green": "绿",
    "blue": "蓝",
    "yellow": "黄",
    "orange": "橙",
    "purple": "紫",
    "pink": "粉",
    "black": "黑",
    "white": "白",
    "grey": "灰",
    "brown": "棕",
}
# The first is how the robot says it.
NOUNS_ZH = {
    "cube": ("方块", "立方体", "积木", "块"),
    "block": ("积木", "方块"),
    "ball": ("球",),
    "bowl": ("碗",),
    "box": ("盒子", "箱子", "盒"),
    "cup": ("杯子", "杯"),
    "bottle": ("瓶子",),
    "tray": ("托盘", "盘子"),
    "plate": ("盘子", "碟子"),
    "bin": ("箱子", "桶"),
    "basket": ("篮子",),
}
POSES_EN = {"home": ("start", "starting", "initial")}  # "back to the start position"
POSES_ZH = {
    "home": (
        "原位",
        "初始位置",
        "家",
        "起始位置",
        "原点",
        "初始位",
        "零位",
        "原来位置",
        "初始姿势",
        "home位",
        "家里",
        "老家",
        "起点",
    ),
    "ready": (
        "准备位置",
        "就绪位置",
        "准备姿势",
        "准备位",
        "就绪位",
        "预备位置",
        "预备姿势",
        "准备状态",
        "就绪状态",
        "准备",
        "就绪",
    ),
}
# English words for the same kind of thing; used when only one thing of that kind is seen.
SYNONYMS_EN = {
    "cube": ("cube", "block", "box", "brick", "dice"),
    "bowl": ("bowl", "dish"),
    "cup": ("cup", "mug"),
    "ball": ("ball", "sphere"),
}
DIRECTIONS_ZH = {"up": "上", "down": "下", "left": "左", "right": "右", "forward": "前", "back": "后"}


def noun_of(name: str) -> str:
    """The kind of thing: "cube" of "red cube"; empty of a name without words."""
    return (name.lower().split() or [""])[-1]


def colour_of(name: str) -> str:
    """The colour a name begins with, or nothing."""
    first = (name.lower().split() or [""])[0]
    return first if first in COLOURS_ZH else ""


def chinese_names(name: str) -> tuple[str, ...]:
    """Ways to say a scene name in Chinese, the usual one first; () if its words are unknown.

    "red cube" gives 红色方块, 红色的方块, 红方块, 红的方块 and the same with the noun's other words.
    """
    *modifiers, noun = name.lower().split() or [""]
    nouns = NOUNS_ZH.get(noun)
    if nouns is None or any(word not in COLOURS_ZH for word in modifiers) or len(modifiers) > 1:
        return ()
    if not modifiers:
        return nouns
    colour = COLOURS_ZH[modifiers[0]]
    return tuple(f"{colour}{link}{word}" for word in nouns for link in ("色", "色的", "", "的"))


def spoken_name(name: str, language: str) -> str:
    """How the robot says a scene name, without article."""
    if language.startswith("zh"):
        known = chinese_names(name)
        return known[0] if known else name
    return name
