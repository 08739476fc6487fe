# SPDX-License-Identifier: Apache-2.0
"""Did anybody say this? Every argument of a proposed call is traced to words said or things seen.

A small model fills slots that nobody filled. What it proposes counts only as far as the sentence supports it: no
invented object, target, direction or number, nothing said that is left out, and no gripper that nobody mentioned.
"""

from __future__ import annotations

import re

from voice_agent_ros.intent.cues import CUED, against_rules, cued_skills, unsupported, without_particles
from voice_agent_ros.intent.names import pose_references, references, without_determiner
from voice_agent_ros.intent.quantities import DEFAULT_DISTANCE_M, find_distances
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.steps import strong_parts
from voice_agent_ros.intent.vocabulary import chinese_names
from voice_agent_ros.intent.wordings import bare

PLACE_UNUSED = "a place was said but is not used"
_TOLERANCE = 0.01  # of a distance
_DIRECTIONS = {
    "up": r"(?<!pick )(?<!picking )(?<!hold )(?<!get )(?<!wake )(?<!shut )(?<!give )\bup\b"
    r"|\b(?:upwards?|higher|rais(?:e|ed|ing)|rise|lift(?:ed|ing)?|ascend|above|top|sky|ceiling)\b|上|高|升|抬",
    "down": r"(?<!put )(?<!sit )(?<!calm )\bdown\b"
    r"|\b(?:downwards?|lower(?:ed|ing)?|descend|sink|below|floor|ground|towards the table)\b|下|低|降",
    "left": r"\bleft(?:wards?)?\b|左",
    "right": r"(?<!all )\bright(?:wards?)?\b(?! (?:now|away|there|here))|右",
    "forward": r"\b(?:forwards?|ahead|front|further away|farther|away from (?:you|yourself)|out)\b|前",
    "back": r"\b(?:back|backwards?|closer to (?:you|yourself)|retreat|retract|reverse|behind)\b|后|退|缩",
}
_A_BIT = re.compile(
    r"\b(?:bit|little|slightly|tad|touch|somewhat|some|notch|smidge|inch|hair|higher|lower|closer|further"
    r"|farther)\b"
    r"|一点|一些|一下|稍|略|少许|[高低]点|[高低]些"
)
# An amount that nobody could read: the default is not what was meant.
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy"
    r"|eighty|ninety|hundred|thousand|dozen|several|half|third|quarter|twice|double|yards?|kilomet(?:er|re)s?|miles?)\b"
    r"|[二两三四五六七八九十百千半几]|分之|一(?=[尺寸里丝步拃指掌臂码])|[尺寸]"
)
_GRIPPER = r"\b(?:gripper|grippers|hands?|fingers?|claws?|jaws?|grip|clamps?|pincers?|tongs?|paws?)\b|夹|爪|手(?![机脚表套册工术段法续])|钳"
_OPEN = r"\b(?:open(?:ed|ing)?|release[ds]?|releasing|let go|drop|relax|loosen|unclench|spread|undo|free|let loose|widen)\b|[张打]开|松|放开"
_CLOSE = (
    r"\b(?:close[ds]?|closing|shut|clench|squeeze|pinch|tighten|clamp|grip (?:it|this|tight|firmly)|grasp"
    r"|clasp|hold)\b"
    r"|合|闭|关|夹紧|收紧|握|夹住|抓紧"
)
_OTHERS = re.compile(
    r"\b(?:others?|(?<=the )rest(?! (?:in|on|inside|there|here|at)\b)|remaining|together|friends|them|companions|siblings|same place)\b|其他|其它|别的"
    r"|另外|另一|剩下|一起"
)
_THERE = re.compile(r"\b(?:inside|in it|into it|in there|into there|container)\b|里面|里边|容器")
_OTHER_RELATIONS = re.compile(
    r"\b(?:next to|beside|besides|near|behind|in front of|under|underneath|below|between|away from|out of"
    r"|left of|right of"
    r"|around|against|from the (?!table))\b|旁边|附近|后面|前面|下面|左边|右边|之间|[从离]"
)
_LEAVING = r"\b(?:away from|clear of|off|off of|far from|apart from|past|around|back from|off from)"
# What nobody may get by way of something similar.
_NO_SKILL = re.compile(
    r"\b(?:throw|hurl|hit|smash|kick|punch|stab|crush|break|burn|push|pull|rotate|spin|turn|shake|pour"
    r"|roll|flip|knock"
    r"|poke|wave|swing|juggle|eat|drink|paint|wash|cut|dance|draw|write)(?:s|ing)?\b(?! (?:up|down)\b)"
    r"|扔(?!进|到|在)|砸|打(?!开)|踢|推|转|摇|倒|画|写|跳"
)


def ungrounded(call: SkillCall, text: str, scene: Scene, language: str) -> list[str]:
    """Reasons why a call is not what the sentence says; empty if every part of it is supported."""
    words = bare(text)
    if language == "zh":
        words = words.replace(" ", "")
    given = call.arguments.model_dump(exclude_none=True)
    reasons = _things(call, given, words, scene, language)
    if len(strong_parts(text, language)) > (2 if call.skill == "pick_and_place" else 1):
        reasons.append("several steps were said")
    reasons += unsupported(call.skill, given, words, language)
    if against_rules(words) and call.arguments.moves:
        reasons.append("the rules were to be left aside")
    if "direction" in given and len(said := _directions(words)) > 1:
        reasons.append(f"{' and '.join(said)} were said")
    if "direction" in given and not re.search(_DIRECTIONS[given["direction"]], without_particles(words)):
        reasons.append(f"nobody said {given['direction']}")
    if "distance" in given and not _distance_is_said(given["distance"], words):
        reasons.append(f"nobody said {given['distance']} m")
    if "pose" in given and not _is_said(
        given["pose"], pose_references(scene.poses, language), words, language
    ):
        reasons.append(f"nobody said {given['pose']}")
    if "pose" not in given and call.arguments.moves and (poses := _said_poses(words, scene, language)):
        reasons.append(f"{' and '.join(poses)} was said but is not used")
    if call.arguments.moves and call.skill not in CUED and (match := _NO_SKILL.search(words)):
        reasons.append(f"{match.group()!r} is no skill")
    reasons += _gripper(call.skill, words)
    return reasons


def _directions(words: str) -> list[str]:
    """Every direction that was said: of two, a model would take either."""
    plain = without_particles(words)
    return [name for name, pattern in _DIRECTIONS.items() if re.search(pattern, plain)]


def _things(call: SkillCall, given: dict[str, object], words: str, scene: Scene, language: str) -> list[str]:
    """Reasons against object and target."""
    named = named_things(words, scene, language)
    taken = {str(given[slot]) for slot in ("object", "target") if slot in given}
    reasons = []
    for slot in ("object", "target"):
        if slot in given:
            name = str(given[slot])
            if not _thing_is_meant(name, slot, words, scene, language, named):
                reasons.append(f"nobody said {name}")
    if {"object", "target"} <= set(given) and _are_exchanged(given, words, scene, language):
        reasons.append(f"{given['object']} is where something goes")
    if len(taken) == 1 and "object" in given and "target" in given:
        reasons.append(f"{given['object']} cannot go into itself")
    if call.arguments.moves:
        reasons += [f"{name} was said but is not used" for name in sorted(named - taken)]
    if "target" in given and (match := _OTHER_RELATIONS.search(words)):
        reasons.append(f"{match.group()!r} is neither into nor onto")
    if call.skill == "pick" and "object" in given and _is_left(str(given["object"]), words, scene, language):
        reasons.append(f"it is away from {given['object']}")
    if "object" in given and "target" not in given and _names_a_place(words, language):
        reasons.append(PLACE_UNUSED)
    return reasons


def named_things(text: str, scene: Scene, language: str) -> set[str]:
    """Names of the things seen that a text refers to without ambiguity."""
    words = bare(text) if language != "zh" else bare(text).replace(" ", "")
    found: set[str] = set()
    covered = words
    for phrase, names in sorted(references(scene, language).items(), key=lambda item: -len(item[0])):
        if not phrase or phrase not in covered:
            continue  # most of them: no pattern has to be built for these
        pattern = re.escape(phrase) if language == "zh" else rf"\b{re.escape(phrase)}s?\b"
        if re.search(pattern, covered):
            covered = re.sub(pattern, " # ", covered)
            if len(names) == 1:
                found.add(names[0])
    for name in scene.names:  # "the blue ones", "the blue, please"
        if language != "zh" and name not in found and _colour_alone(name, covered, scene):
            found.add(name)
    return found


def _colour_alone(name: str, words: str, scene: Scene) -> bool:
    *modifiers, _noun = bare(name).split() or [""]
    for word in modifiers:
        unique = sum(word in bare(other).split() for other in scene.names) == 1
        # Followed by another noun ("the blue elephant") it means that.
        if unique and re.search(
            rf"\b{re.escape(word)}(?= #|$| (?:ones?|is|should|would|in|into|to|up|on|and|please)\b)", words
        ):
            return True
    return False


def _thing_is_meant(name: str, slot: str, words: str, scene: Scene, language: str, named: set[str]) -> bool:
    seen = scene.find(name)
    if seen is None or seen.source == "taught":  # a place has the one name that it was given
        return _words_are_said(name, words, language)
    if seen.name in named:
        return True
    # "the others", "there": only what is seen, and nothing that was named otherwise.
    if _OTHERS.search(words):
        return True
    return slot == "target" and _THERE.search(words) is not None


def _words_are_said(name: str, words: str, language: str) -> bool:
    plain = without_determiner(name, language)
    if not plain:
        return False
    if language == "zh":
        return plain in words or any(other in words for other in chinese_names(name))
    return re.search(rf"\b{re.escape(plain)}\b", words) is not None


def _are_exchanged(given: dict[str, object], words: str, scene: Scene, language: str) -> bool:
    """Whether what is to be taken is where the other goes: "the red one in the bowl" never puts the bowl anywhere.

    Nor does the larger of two go into the smaller, unless just that was said.
    """
    goes, into = scene.find(str(given["object"])), scene.find(str(given["target"]))
    if goes is None or into is None or _is_only_target(into.name, words, scene, language):
        return False
    is_larger = max(goes.size[:2]) > max(into.size[:2])
    return is_larger or _is_only_target(goes.name, words, scene, language)


def _is_left(name: str, words: str, scene: Scene, language: str) -> bool:
    """ "Move away from the red cube": nobody takes what they go away from."""
    phrases = "|".join(re.escape(p) for p, names in references(scene, language).items() if names == (name,))
    if not phrases:
        return False
    if language == "zh":
        return (
            re.search(rf"(?:离|离开|避|让)(?:{phrases})|从(?:{phrases})(?:那|这|上|旁|边|附近)", words)
            is not None
        )
    return re.search(rf"{_LEAVING} (?:the |that |this |my |a )?(?:{phrases})\b", words) is not None


def _names_a_place(words: str, language: str) -> bool:
    if language == "zh":
        return re.search(r"放[进到在入]|[里内]面?$", words) is not None
    return (
        re.search(r"\b(?:into|in the|onto|inside|on top of|with the (?:others?|rest))\b", words) is not None
    )


def _distance_is_said(distance: float, words: str) -> bool:
    said = find_distances(words)
    if said:
        return any(abs(distance - one.metres) <= _TOLERANCE * one.metres for one in said)
    no_number = not _NUMBER.search(words)
    return (
        no_number
        and abs(distance - DEFAULT_DISTANCE_M) < 1e-9
        and bool(_A_BIT.search(words) or _is_short(words))
    )


def _is_short(words: str) -> bool:
    """ "move up", without saying how far."""
    return not re.search(
        r"\b(?:inch|metre|meter|centimet|millimet|foot|feet|degrees?|percent|half|double|far)", words
    )


def _is_said(value: str, phrases: dict[str, str], words: str, language: str) -> bool:
    meaning = [phrase for phrase, meant in phrases.items() if meant == value] or [value.replace("_", " ")]
    if language == "zh":
        return any(phrase in words for phrase in meaning)
    return any(re.search(rf"\b{re.escape(phrase.lower())}\b", words) for phrase in meaning)


def _said_poses(words: str, scene: Scene, language: str) -> list[str]:
    phrases = pose_references(scene.poses, language)
    return [pose for pose in scene.poses if _is_said(pose, phrases, words, language)]


def _gripper(skill: str, words: str) -> list[str]:
    """A skill without arguments would otherwise fit any sentence."""
    wanted, opposite = {"open_gripper": (_OPEN, _CLOSE), "close_gripper": (_CLOSE, _OPEN)}.get(
        skill, (None, None)
    )
    if wanted is None or opposite is None:
        return []
    if not re.search(wanted, words):
        return [f"nobody said to {skill.replace('_', ' the ')}"]
    if re.search(opposite, words):
        return ["both opening and closing were said"]
    if not re.search(_GRIPPER, words) and not re.search(r"\b(?:let go|release|drop)\b|松开|放开", words):
        return ["nobody said gripper"]
    return []


def suggested_skills(text: str, scene: Scene, language: str) -> list[str]:
    """Skills that a sentence can mean at all, judged by its words: the only ones a model is offered for it."""
    words = bare(text)
    if language == "zh":
        words = words.replace(" ", "")
    if cued := cued_skills(words):
        return cued
    skills = _suggested_for_things(words, scene, language)
    plain = without_particles(words)
    if any(re.search(pattern, plain) for pattern in _DIRECTIONS.values()) and not skills:
        skills.append("move_by")
    if _said_poses(words, scene, language):
        skills.append("move_to")
    if re.search(_GRIPPER, words) or (
        not skills and re.search(r"\b(?:let go|release|drop|grip)\b|松开|放开", words)
    ):
        skills += [
            skill
            for skill, pattern in (("open_gripper", _OPEN), ("close_gripper", _CLOSE))
            if re.search(pattern, words)
        ]
    return skills


def _suggested_for_things(words: str, scene: Scene, language: str) -> list[str]:
    things = named_things(words, scene, language)
    has_others = _OTHERS.search(words) is not None
    into = has_others or len(things) > 1 or _THERE.search(words) or _names_a_place(words, language)
    if not things:
        pronoun = re.search(r"\b(?:it|that|this)\b|它|这个|那个", words)
        return ["place"] if into and pronoun else []
    if len(things) == 1 and not has_others and _is_only_target(next(iter(things)), words, scene, language):
        return ["place"]
    return ["pick_and_place"] if into else ["pick"]


def _is_only_target(name: str, words: str, scene: Scene, language: str) -> bool:
    """Whether the one thing that is named is where something goes: "… into the bowl"."""
    phrases = "|".join(re.escape(p) for p, names in references(scene, language).items() if names == (name,))
    if language == "zh":
        return re.search(rf"[进到在入](?:{phrases})", words) is not None
    into = r"(?<!grip )(?<!hold )(?<!hands )(?<!hand )(?<!eye )(?:in|into|inside|on|onto|on top of|over)"
    return re.search(rf"\b{into} (?:the |that |this |a |an |my |your )?(?:{phrases})\b", words) is not None
