# SPDX-License-Identifier: Apache-2.0
"""What the bridge says to people: refusals, announcements, questions and outcomes, in English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SKILLS, SkillCall
from voice_agent_ros.intent.vocabulary import DIRECTIONS_ZH, POSES_ZH, spoken_name
from voice_agent_ros.motion.beside import beside, readings
from voice_agent_ros.motion.relation_words import IN, INTO, placed
from voice_agent_ros.skills.sequence import Sequence as Steps

REFUSALS = {
    "en": {
        "unknown_object": "I can't see {a_object}. I see {seen}.",
        "unknown_object.nothing": "I can't see {a_object}. I see nothing at all.",
        "unknown_pose": "I don't know a pose called {pose}. I know {known}.",
        "hand_full": "I'm already holding the {object}.",
        "hand_empty": "I'm not holding anything.",
        "holds_other": "I'm holding the {object}, not the {wanted}.",
        "not_known": "I can't see, and nobody has told me where the {object} is. I know where to find {seen}.",
        "nothing_known": "I can't see: no camera tells me what is there, my scene file is empty and I have been "
        "taught no place. So I don't know where the {object} is.",
        "cannot_take": "I can't pick up the {object}.",
        "name_taken": "Something here is called {place} already. Please choose another name.",
        "bad_name": "I can't use that as the name of a place. Please choose another one.",
        "unknown_place": "I know no place called {place}. I know {known}.",
        "unknown_place.nothing": "I know no place called {place}: I have been taught none.",
        "too_many_places": "I know {count} places already. Tell me to forget one first.",
        "places_file": "I can't write my places down, so nothing has changed.",
        "same_object": "I can't put the {object} into itself.",
        "beside_itself": "I can't put the {object} beside itself.",
        "no_room": "There is no room for the {object} {relation} {place}.",
        "no_room.taken": "There is no room for the {object} {relation} {place}: the {blocker} is there.",
        "too_wide": "The {object} is too wide for my gripper.",
        "no_clearance": "The things around the {object} leave no room for my fingers.",
        "unreachable": "I can't reach that far.",
        "workspace": "That would take me {excess} outside my workspace.",
        "workspace.z.low": "That would put my hand {excess} below the table.",
        "scene_changed": "The {object} was moved in the meantime. Please say it again.",
        "audit": "I can't write my safety record, so I don't move.",
        "table": "That would push my hand into the table.",
        "obstacle": "The {object} is in the way.",
        "joint_limit": "That would take {joint} past its limit.",
        "self_collision": "That would bring me into my own way.",
        "keep_out": "That would take me into the {zone}, where I must not go.",
        "unknown_joint": "I have no joint {number}; I have {count}.",
        "cannot_look": "I can't point at the {object} from here.",
        "latched": "I have been stopped. Say resume first.",
        "busy": "I'm still busy with something else.",
        "not_confirmed": "All right, I won't.",
        "not_a_command": "I only move when I'm told to, so I stay where I am.",
        "not_grounded": "I'm not sure what you mean. Please say it in other words.",
        "low_confidence": "I'm not sure that I heard you right. Please say it again.",
        "turn_used": "I have done that already. Please say it again if you want more.",
        "stale": "That took too long, so I left it. Please say it again.",
        "not_allowed": "I'm not allowed to do that.",
        "arm_moved": "The arm was moved in the meantime. Please say it again.",
        "no_joint_states": "I can't feel my joints, so I don't move.",
        "bad_arguments": "I didn't get what exactly you want.",
        "too_soon": "One thing at a time, please.",
        "interrupted": "Somebody spoke in between, so I left it. Please say it again.",
        "key_reused": "That was asked for in another way before, so I left it.",
        "too_often": "That is too much at once. Please wait a moment.",
        "too_slow": "I can't go that slowly.",
        "faster_on_the_way": "On the way I only get slower. Ask me for more speed by itself.",
        "too_many_steps": "Those are {count} steps; I do at most {limit} at a time.",
        "nothing_to_repeat": "There is nothing that I could do again.",
        "nothing_to_undo": "I can't go back from here.",
        "nothing_to_continue": "There is nothing to go on with.",
        "nothing_to_pause": "I'm not doing anything.",
        "pause_expired": "That was too long ago. Please say it again.",
        "not_confirmed.expired": "I heard no answer, so I left it.",
        "not_confirmed.other": "I left that, because you said something else.",
        "": "I can't do that safely ({rule}).",
    },
    "zh": {
        "unknown_object": "我没有看到{object}。我看到{seen}。",
        "unknown_object.nothing": "我没有看到{object}，什么也没看到。",
        "unknown_pose": "我不知道{pose}这个位置。",
        "hand_full": "我已经拿着{object}了。",
        "hand_empty": "我手里没有东西。",
        "holds_other": "我拿着的是{object}，不是{wanted}。",
        "not_known": "我看不见，也没有人告诉我{object}在哪里。我知道{seen}在哪里。",
        "nothing_known": "我看不见：没有摄像头，场景文件是空的，也没有人教过我位置，所以我不知道{object}在哪里。",
        "cannot_take": "我拿不起{object}。",
        "name_taken": "这里已经有叫{place}的了，请换个名字。",
        "bad_name": "这个不能当位置的名字，请换一个。",
        "unknown_place": "我不知道叫{place}的位置。我知道{known}。",
        "unknown_place.nothing": "我不知道叫{place}的位置，还没有人教过我位置。",
        "too_many_places": "我已经记了{count}个位置，请先让我忘掉一个。",
        "places_file": "我没法把位置记下来，所以什么都没有改变。",
        "same_object": "我不能把{object}放进它自己里面。",
        "beside_itself": "我不能把{object}放到它自己旁边。",
        "no_room": "{place}{relation}没有放{object}的空间。",
        "no_room.taken": "{place}{relation}没有放{object}的空间，{blocker}在那里。",
        "too_wide": "{object}太宽了，夹爪夹不住。",
        "no_clearance": "{object}旁边没有空间放手指。",
        "unreachable": "那里太远，我够不着。",
        "workspace": "那会超出我的工作范围{excess}。",
        "workspace.z.low": "那会让手低于桌面{excess}。",
        "scene_changed": "{object}刚才被移动了，请再说一遍。",
        "audit": "我无法写安全记录，所以不动。",
        "table": "那会让手碰到桌子。",
        "obstacle": "{object}挡住了路。",
        "joint_limit": "那会超出关节{joint}的极限。",
        "self_collision": "那样我会碰到自己。",
        "keep_out": "那会进入{zone}，我不可以去那里。",
        "unknown_joint": "我没有第{number}个关节，我有{count}个关节。",
        "cannot_look": "从这里我没法指向{object}。",
        "latched": "我已停止。请先说恢复。",
        "busy": "我还在忙别的事。",
        "not_confirmed": "好的，我不做。",
        "not_a_command": "没有命令我就不动。",
        "not_grounded": "我不确定您的意思，请换个说法。",
        "low_confidence": "我没听清楚，请再说一遍。",
        "turn_used": "这个我已经做过了。还要的话请再说一遍。",
        "stale": "等得太久，我没有做。请再说一遍。",
        "not_allowed": "我不可以做这个。",
        "arm_moved": "手臂在这期间被移动了，请再说一遍。",
        "no_joint_states": "我感觉不到关节，所以不动。",
        "bad_arguments": "我没明白您具体要什么。",
        "too_soon": "请一件一件来。",
        "interrupted": "中间有人说了话，所以我没有做。请再说一遍。",
        "key_reused": "这个请求和之前的不一致，所以我没有做。",
        "too_often": "请求太多了，请等一下。",
        "too_slow": "我不能那么慢。",
        "faster_on_the_way": "做到一半我只能变慢。要快一点请单独说。",
        "too_many_steps": "一共{count}步，我一次最多做{limit}步。",
        "nothing_to_repeat": "没有可以重复的动作。",
        "nothing_to_undo": "从这里我没法退回去。",
        "nothing_to_continue": "没有可以继续的动作。",
        "nothing_to_pause": "我没有在动。",
        "pause_expired": "等得太久了，请再说一遍。",
        "not_confirmed.expired": "我没有听到回答，就没有做。",
        "not_confirmed.other": "您说了别的，我就没有做。",
        "": "我不能安全地做这个（{rule}）。",
    },
}
SENSES = {"en": ("counter-clockwise", "clockwise"), "zh": ("逆时针", "顺时针")}  # positive, negative
MINUS = {"en": "minus ", "zh": "负"}
FRAMES = {
    "en": {
        "step": "Step {step}: {why}",
        "announce": "I'll {what}.",
        "question": "Shall I {what}?",
        "done": "Done.",
        "and": " and ",
    },
    "zh": {
        "step": "第{step}步：{why}",
        "announce": "我来{what}。",
        "question": "要我{what}吗？",
        "done": "好了。",
        "and": "，然后",
    },
}
OUTCOMES = {
    "en": {
        "done.rests": "Done: the {object} is {relation} {place}.",
        "done.unseen": "I have put the {object} {relation} {place}, as far as I can tell without seeing it.",
        "done.holds": "I've got the {object}.",
        "remembered": "I'll remember this place as {place}.",
        "forgotten": "I have forgotten {place}.",
        "not_held": "I didn't get hold of the {object}.",
        "dropped": "I lost the {object} on the way.",
        "not_there": "I let go of the {object}, but it is not {relation} {place}.",
        "stopped": "Stopped.",
        "rejected": "The {controller} controller rejected the movement: {reason}.",
        "aborted": "The {controller} controller gave up: {reason}.",
        "timeout": "The {controller} controller did not finish in time.",
        "absent": "The {controller} controller does not answer.",
        "not_reached": "The arm did not get where it should.",
        "still_moving": "The arm does not stand still, so I don't go on.",
        "internal": "Something went wrong inside me, so I stopped.",
        "resumed": "I may move again.",
        "paused": "Paused.",
        "pausing": "Say continue when I may go on.",
        "stopped.moving": "I was told to stop, but the arm does not stand still yet!",
        "scene": "I see {seen}.",
        "scene.nothing": "I see nothing on the table.",
    },
    "zh": {
        "done.rests": "好了，{object}在{place}{relation}。",
        "done.unseen": "我把{object}放到{place}{relation}了，不过我看不见，没法确认。",
        "done.holds": "我拿到{object}了。",
        "remembered": "记住了，这里叫{place}。",
        "forgotten": "我已经忘记{place}了。",
        "not_held": "我没有抓住{object}。",
        "dropped": "{object}在路上掉了。",
        "not_there": "我松开了{object}，但它不在{place}{relation}。",
        "stopped": "已停止。",
        "rejected": "控制器{controller}拒绝了动作：{reason}。",
        "aborted": "控制器{controller}中止了动作：{reason}。",
        "timeout": "控制器{controller}没有按时完成。",
        "absent": "控制器{controller}没有响应。",
        "not_reached": "手臂没有到达目标位置。",
        "still_moving": "手臂没有停稳，我不继续。",
        "internal": "内部出错，我停下了。",
        "resumed": "我可以动了。",
        "paused": "已暂停。",
        "pausing": "可以继续的时候请说继续。",
        "stopped.moving": "我收到了停止，但手臂还没有停稳！",
        "scene": "我看到{seen}。",
        "scene.nothing": "桌上什么也没有。",
    },
}


def language_of(tag: str) -> str:
    """The language that we have sentences in for a BCP-47 tag."""
    return "zh" if tag.lower().startswith("zh") else "en"


def _said(name: str, language: str) -> str:
    return spoken_name(name, language) if name.strip() else name


def listing(names: Sequence[str], language: str) -> str:
    """`the red cube, the green cube and the bowl`."""
    said = [_said(name, language) for name in names]
    if language == "zh":
        return "、".join(said)
    articles = [f"the {name}" for name in said]
    return articles[0] if len(articles) == 1 else f"{', '.join(articles[:-1])} and {articles[-1]}"


def length(metres: float, language: str) -> str:
    """`10 centimetres`."""
    centimetres = f"{100 * metres:.3g}"
    if language == "zh":
        return f"{centimetres}厘米"
    return f"{centimetres} centimetre{'' if centimetres == '1' else 's'}"


def _words(details: Mapping[str, Any], language: str) -> dict[str, str]:
    words = {}
    for key, value in details.items():
        if key in ("object", "target", "wanted", "blocker"):
            words[key] = _said(str(value), language)
            words[f"a_{key}"] = f"{'an' if words[key][:1].lower() in 'aeiou' else 'a'} {words[key]}"
        elif key == "seen":
            words[key] = listing(value, language) if value else ""
        elif key == "known":
            words[key] = ", ".join(value)
        elif key == "excess":
            words[key] = length(max(float(value), 0.01), language)
        elif key == "joint":
            words[key] = str(value).replace("_", " ")
        elif key == "beside":
            words["relation"], words["place"] = placed(value, language)
        elif key == "reason":
            words[key] = str(value).rstrip(" .。")
        else:
            words[key] = str(value)
    return words


def refusal(rule: str, details: Mapping[str, Any], language: str) -> str:
    """Why something is not done."""
    known = REFUSALS[language_of(language)]
    if rule == "unknown_object" and not details.get("seen"):
        rule = "unknown_object.nothing"
    if rule == "unknown_place" and not details.get("known"):
        rule = "unknown_place.nothing"
    if rule == "no_room" and details.get("blocker"):
        rule = "no_room.taken"
    if rule == "workspace":
        rule = next(
            (r for r in (f"workspace.{details.get('axis')}.{details.get('side')}",) if r in known), rule
        )
    if rule == "not_confirmed":
        variant = {"no": "", "expired": ".expired"}.get(details.get("answer", "no"), ".other")
        rule = f"not_confirmed{variant}"
    template = known.get(rule, known[""])
    why = template.format(rule=rule.replace("_", " "), **_words(details, language_of(language)))
    if "step" not in details:
        return why
    return FRAMES[language_of(language)]["step"].format(step=details["step"], why=why)


def outcome(name: str, details: Mapping[str, Any], language: str) -> str:
    """What came of it; `relation` in the details is that of motion/plan.Rests."""
    language = language_of(language)
    words = _words(details, language)
    if "relation" in words:
        words["relation"], words["place"] = _rests(str(details["relation"]), str(details["target"]), language)
    return OUTCOMES[language][name].format(**words)


def _rests(relation: str, target: str, language: str) -> tuple[str, str]:
    if relation in IN[language]:
        return IN[language][relation], _the(target, language)
    return placed(readings(target)[0], language)


def _the(name: str, language: str) -> str:
    return _said(name, language) if language == "zh" else f"the {_said(name, language)}"


def steps_of(calls: Sequence[SkillCall]) -> list[SkillCall]:
    """The calls with every sequence replaced by its steps."""
    return [
        step
        for call in calls
        for step in (call.arguments.calls() if isinstance(call.arguments, Steps) else (call,))
    ]


def intention(calls: Sequence[SkillCall], language: str, scene: Scene, held: str = "") -> str:
    """What calls will do, without a subject: `put the red cube into the bowl`."""
    language = language_of(language)
    parts = []
    for call in steps_of(calls):
        templates = SKILLS[call.skill].intention
        if template := templates.get(language, templates.get("en", "")):
            parts.append(_intention(template, call, language, scene, held))
    return FRAMES[language]["and"].join(parts)


def _intention(template: str, call: SkillCall, language: str, scene: Scene, held: str) -> str:
    arguments = call.arguments.model_dump(exclude_none=True)
    words = _words({k: v for k, v in arguments.items() if k in ("object", "target")}, language)
    thing, target = scene.find(arguments.get("object", "") or held), scene.find(arguments.get("target", ""))
    onto = thing is not None and target is not None and min(target.size[:2]) <= 1.5 * max(thing.size[:2])
    words["relation"] = INTO[language]["on" if onto else "in"]
    if "target" in arguments:
        words["place"] = _the(arguments["target"], language)
        if (place := beside(arguments["target"], scene)) is not None:
            words["relation"], words["place"] = placed(place, language, as_seen=True)
    said = _said(arguments.get("object", "") or held, language)
    words["held"] = said if language == "zh" else f"the {said}" if said else "it"
    if "pose" in arguments:
        pose = arguments["pose"]
        words["pose"] = POSES_ZH.get(pose, (pose,))[0] if language == "zh" else pose
    if "direction" in arguments:
        words["direction"] = _direction(arguments["direction"], language)
        words["distance"] = length(arguments["distance"], language)
    if "angle" in arguments:
        words["angle"] = degrees(abs(arguments["angle"]), language)
        words["sense"] = SENSES[language][arguments["angle"] < 0.0]
        if "joint" in arguments and arguments["angle"] < 0.0:
            words["angle"] = f"{MINUS[language]}{words['angle']}"
    if "factor" in arguments:
        words["factor"] = percent(arguments["factor"], language)
    return _Words({**{key: str(value) for key, value in arguments.items()}, **words}).filled(template)


def _direction(name: str, language: str) -> str:
    """Left and right as the arm's user has them, whom the arm may face: said, so that nobody takes the arm's."""
    if language == "zh":
        return f"您的{DIRECTIONS_ZH[name]}边" if name in ("left", "right") else DIRECTIONS_ZH[name]
    return f"to your {name}" if name in ("left", "right") else name


class _Words(dict[str, str]):
    """Words for a template; what it does not know is left out, so that an added skill cannot break a sentence."""

    def __missing__(self, key: str) -> str:
        return ""

    def filled(self, template: str) -> str:
        """The template with its words."""
        return " ".join(template.format_map(self).split())


def degrees(radians: float, language: str) -> str:
    """`30 degrees`."""
    value = f"{math.degrees(radians):.3g}"
    return f"{value}度" if language == "zh" else f"{value} degree{'' if value == '1' else 's'}"


def percent(factor: float, language: str) -> str:
    """`50 percent`."""
    value = f"{100 * factor:.3g}"
    return f"百分之{value}" if language == "zh" else f"{value} percent"


def announcement(calls: Sequence[SkillCall], language: str, scene: Scene, held: str = "") -> str:
    """Said before the arm moves; "" if there is nothing to announce."""
    what = intention(calls, language, scene, held)
    return FRAMES[language_of(language)]["announce"].format(what=what) if what else ""


def question(calls: Sequence[SkillCall], language: str, scene: Scene, held: str = "") -> str:
    """Asked before the arm moves, worded so that yes or no settles it."""
    return FRAMES[language_of(language)]["question"].format(what=intention(calls, language, scene, held))


def done(language: str) -> str:
    """The shortest report of success."""
    return FRAMES[language_of(language)]["done"]
