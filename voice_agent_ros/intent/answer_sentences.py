# SPDX-License-Identifier: Apache-2.0
"""How the robot says what it knows about itself and its scene."""

from __future__ import annotations

import re

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "where": "{thing} is {place}.",
        "in_hand": "in my hand",
        "inside": "in {container}",
        "spot": "{far} centimetres away from my base, {side}",
        "left": "to your left",
        "right": "to your right",
        "ahead": "straight ahead",
        "unseen": "I can't see any {thing}. I see {seen}.",
        "unseen_nothing": "I can't see any {thing}. I see nothing at all.",
        "see_yes": "Yes, I see {seen}.",
        "yes": "Yes: {sentence}",
        "no": "No: {sentence}",
        "inside_what": "{seen}: that is {place}.",
        "inside_nothing": "I see nothing {place}.",
        "count": "I see {count} {thing}.",
        "holding": "I'm holding {thing}.",
        "holding_nothing": "I'm not holding anything.",
        "hand_unknown": "I can't tell: my motion bridge doesn't say.",
        "gripper": "My gripper is {grip}.",
        "grip_open": "open",
        "grip_closed": "closed",
        "grip_partly open": "partly open",
        "arm_pose": "My arm is in the {pose} position.",
        "arm_at": "My arm is in none of the positions I know by name. Its joints are at {joints} degrees.",
        "arm_unknown": "I don't know where my arm is: I can't feel my joints.",
        "moving": "I'm moving right now.",
        "free": "I may move, and I'm waiting for you.",
        "latched": "I must not move: {reason}. Say resume when I may.",
        "bridge_silent": "My motion bridge says nothing, so nothing moves.",
        "nothing_done": "I haven't done anything yet.",
        "because": "The last thing you asked for ended like this: {message}",
        "ended_done": "I did what you asked for last: {wish}.",
        "ended_refused": "I did not do the last thing: {wish}.",
        "ended_failed": "I tried the last thing, {wish}, and it failed.",
        "ended_stopped": "I was stopped at the last thing: {wish}.",
        "ended_answered": "I only answered your question.",
        "problems": "Something is wrong: {problems}.",
        "well": "I'm fine, and nothing complains.",
        "abilities": "I can pick things up, put them somewhere, hand them to you, move my arm and gripper, wave, and tell you"
        " what I see. For instance: put the red cube into the bowl. Say stop at any time.",
        "poses": "I know these positions: {poses}.",
        "no_poses": "I know no positions by name.",
    },
    "zh": {
        "where": "{thing}{place}。",
        "in_hand": "在我手里",
        "inside": "在{container}里",
        "spot": "离我的底座{far}厘米，{side}",
        "left": "在您的左边",
        "right": "在您的右边",
        "ahead": "在正前方",
        "unseen": "我没有看到{thing}。我看到{seen}。",
        "unseen_nothing": "我没有看到{thing}，什么也没看到。",
        "see_yes": "是的，我看到{seen}。",
        "yes": "是的，{sentence}",
        "no": "不，{sentence}",
        "inside_what": "{place}的是{seen}。",
        "inside_nothing": "我没看到有东西{place}。",
        "count": "我看到{count}个{thing}。",
        "holding": "我拿着{thing}。",
        "holding_nothing": "我手里没有东西。",
        "hand_unknown": "我不清楚，运动桥没有告诉我。",
        "gripper": "我的夹爪{grip}。",
        "grip_open": "张开着",
        "grip_closed": "闭合着",
        "grip_partly open": "半开着",
        "arm_pose": "我的手臂在{pose}位置。",
        "arm_at": "我的手臂不在任何有名字的位置，各关节角度是{joints}度。",
        "arm_unknown": "我不知道手臂在哪里，感觉不到关节。",
        "moving": "我正在动。",
        "free": "我可以动，正在等您吩咐。",
        "latched": "我现在不可以动：{reason}。可以动的时候请说恢复。",
        "bridge_silent": "运动桥没有回应，所以什么都不会动。",
        "nothing_done": "我还什么都没做。",
        "because": "您上次的吩咐是这样结束的：{message}",
        "ended_done": "您上次吩咐的我做了：{wish}。",
        "ended_refused": "上次的事我没有做：{wish}。",
        "ended_failed": "上次的事我试了，没有成功：{wish}。",
        "ended_stopped": "上次的事做到一半被停止了：{wish}。",
        "ended_answered": "我只是回答了您的问题。",
        "problems": "有问题：{problems}。",
        "well": "我很好，没有故障。",
        "abilities": "我能拿东西、放东西、递给您、移动手臂、开合夹爪、挥手，也能说我看到了什么。比如：把红色方块放进碗里。随时可以说停。",
        "poses": "我知道这些位置：{poses}。",
        "no_poses": "我没有记住任何位置。",
    },
}
# Why the bridge has latched → in words for people; the rest is said as it is.
_REASONS = (
    (r"not released since start", "nobody has released me since I was started", "启动后还没有人允许我动"),
    (r"keyword|transcript|asked to stop|heard|typed", "somebody said stop", "有人说了停"),
    (r"button", "somebody pressed the stop button", "有人按了停止按钮"),
    (r"joint_states", "I could not feel my joints any more", "我感觉不到关节了"),
    (r"controller", "a controller did not answer in time", "控制器没有按时回应"),
    (r"fallen silent", "a part of me had fallen silent", "我的一个部分没有回应了"),
    (r"internal error", "something went wrong inside me", "内部出错了"),
)


def reason_in_words(reason: str, language: str) -> str:
    """Why motion is not allowed."""
    for pattern, english, chinese in _REASONS:
        if re.search(pattern, reason):
            return chinese if language == "zh" else english
    return reason.replace("_", " ") or ("没有说明原因" if language == "zh" else "nobody said why")
