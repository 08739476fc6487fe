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
from voice_agent_ros.motion.refusal_words import REFUSALS
from voice_agent_ros.motion.relation_words import IN, INTO, placed
from voice_agent_ros.skills.sequence import Sequence as Steps

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
        "gripper_stuck": "The gripper did not move as it should. Look at it, and at its controller.",
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
        "gripper_stuck": "夹爪没有按要求动作，请检查夹爪和它的控制器。",
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
    words = _words(details, language_of(language))
    if rule in LIMITS and "limit" in details:
        words["limit"] = LIMITS[rule](float(details["limit"]), language_of(language))
    why = _Words({**words, "rule": rule.replace("_", " ")}).filled(template)
    if "step" not in details:
        return why
    return FRAMES[language_of(language)]["step"].format(step=details["step"], why=why)


def slowly(sentence: str, language: str) -> str:
    """A sentence of what will be done, with that it is done slowly."""
    stem, end = sentence.rstrip(".?。？"), sentence[len(sentence.rstrip(".?。？")) :]
    return f"{stem}{'，慢一点' if language == 'zh' else ', slowly'}{end}"


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
        words["whole"] = WHOLES[language]["present" if arguments.get("of_present") else "allowed"]
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


WHOLES = {
    "en": {"present": "present", "allowed": "allowed"},
    "zh": {"present": "现在", "allowed": "允许"},
}


def percent(factor: float, language: str) -> str:
    """`50 percent`."""
    value = f"{100 * factor:.3g}"
    return f"百分之{value}" if language == "zh" else f"{value} percent"


def _speed(metres_per_second: float, language: str) -> str:
    if language == "zh":
        return f"每秒{length(metres_per_second, language)}"
    return f"{length(metres_per_second, language)} a second"


def _seconds(value: float, language: str) -> str:
    return f"{value:.3g}秒" if language == "zh" else f"{value:.3g} second{'' if value == 1.0 else 's'}"


LIMITS = {"joint_step": degrees, "tool_speed": _speed, "duration": _seconds}  # how a rule's limit is said


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
