# SPDX-License-Identifier: Apache-2.0
"""Words without which nobody means a certain skill, and with which nobody means another one."""

from __future__ import annotations

import re

from voice_agent_ros.intent.people import OF_THE_ARM, is_a_persons
from voice_agent_ros.intent.quantities import find_angles, find_distances
from voice_agent_ros.intent.slots import senses, tokenised

TOLERANCE_RAD = 1e-3
_GRIPPER = r"(?:gripper|hand|claws?|jaws?|wrist|tool|fingers?)|夹爪|爪|手(?![机脚表套册工术段法续])|钳"
_TURN = r"\b(?:rotat|turn|twist|spin|roll|swivel)|\bclockwise|\banti-?clockwise|旋转|转|拧|顺时针|逆时针"
_CUES = {
    "look_at": re.compile(
        r"\b(?:look|looking|gaze|gazing|stare|staring|glance|peek|watch|aim|point|face)\b(?! like| good| nice| great)"
        r"(?=.*\b(?:at|to|towards?|on|over)\b)|\beyes? on\b|看[向着看]|看一?下|盯|对准|朝向|瞄"
    ),
    "hand_over": re.compile(
        r"\b(?:hand|pass|give|bring|deliver|fetch)\b (?:\w+ ){0,4}?(?:me|us|over|here)\b|\bbe given\b"
        r"|\bhand ?over\b|\b(?:give|bring|hand|pass) (?:.* )?to (?:me|us|him|her|them)\b|递|给我|交给|拿过?来给"
    ),
    "wave": re.compile(r"\bwav(?:e|ed|es|ing)\b|挥[挥一]?[挥手]|招招?手|摆摆手"),
    "move_joint": re.compile(r"\b(?:joint|axis)\b|关节|轴|\bj ?\d\b"),
    "rotate_gripper": re.compile(rf"(?:{_TURN})(?=.*(?:{_GRIPPER}))|(?:{_GRIPPER})(?=.*(?:{_TURN}))"),
}
_NUMBER_BEFORE = re.compile(r"\b(?:one|two|three|four|five|six|seven|eight|nine|\d+)\s+$")
CUED = frozenset(_CUES)
# Verbs whose "up", "down" or "back" is no direction.
_PARTICLES = re.compile(
    r"\b(?:slow|calm|cool|quiet|settle|shut|power|sit|lie|lay|put|set|write|note|boot|break|close|wind|die|turn|let"
    r"|speed|hurry|cheer|wake|give|hang|hold|pick|look|warm|tidy|clean|grow|wrap|sum|back|stand|sign|listen|line|start"
    r"|keep|catch|clamp|press|mess|screw|blow|fill|open|get|call|come|go|report|talk|think|ring|come right)(?:s|ed|ing)?"
    r"(?: (?:it|that|this|them|me|us|him|her|everything|things?|the \w+(?: \w+)?))? (?P<particle>up|down|back)\b"
    r"(?! (?:by|to the|a (?:bit|little|touch|tad)|an? inch|\d|slightly|more|(?:one|two|three|four|five|six|seven|eight"
    r"|nine|ten|twelve|fifteen|twenty|thirty|fifty)\b))"
)
# Those whose particle is never one, whatever follows: "slow down a bit" is no way to go.
_NEVER_A_WAY = re.compile(
    r"\b(?:boot|brush|calm|cheer|clean|cool|die|dry|fill|grow|hang|hurry|mess|note|power|quiet|quieten|ring|sign|simmer"
    r"|slow|speed|sum|tidy|tone|wake|warm|wash|water|wind|wrap|write)(?:s|ed|ing)?(?: (?:it|that|this|things))? (?:up|down)\b"
    r"|\bgo (?:right |on )?ahead(?=$|[.!,]| (?:please|then|now|robot|thanks?)\b)"  # agrees to something
)
_MOVING = ("go", "come", "get", "back", "look")  # "go up" is a direction
_PARTICLES_ZH = re.compile(
    r"[合关闭盖贴戴穿锁]上|[停慢静坐蹲躺放留]下来?|[等听看想试]一下|一下|上次|下次|上午|下午|上面|下面|马上|晚上|早上"
    r"|之前|以前|从前|之后|以后|然后|后来|最后|冷静下来|快起来|起来"
)


def cued_skills(words: str) -> list[str]:
    """Skills that these words ask for by their own word."""
    found = [skill for skill, pattern in _CUES.items() if pattern.search(words)]
    return ["move_joint"] if "move_joint" in found else found


# What somebody would like to look at, or thinks fit: it may mean a wish, and is no command.
_HINT = re.compile(
    r"\b(?:i|we)(?:'d| would) (?:\w+ )?(?:love|adore) to (?:see|watch)\b(?! you\b)"
    r"|\bwould (?:\w+ )?(?:look (?:\w+ )?(?:nicer?|better|best|good|great|lovely|pretty)|be (?:\w+ )?(?:happier|at home))\b"
    r"|\bdeserves?\b|\bbelongs?\b(?!.*\b(?:put|place|move)\b)|\blooks? (?:lonely|sad|out of place|lost)\b"
)


def is_hint(words: str) -> bool:
    """Whether these words say how something would be better, and tell nobody to do it."""
    return _HINT.search(words) is not None


def is_no_way(words: str) -> bool:
    """Whether a verb takes the only "up" or "down" for itself: hurry up, slow down."""
    return _NEVER_A_WAY.search(words) is not None and not re.search(
        r"\b(?:up|down|left|right|forwards?|back|backwards?)\b", _NEVER_A_WAY.sub(" ", words)
    )


_UP_TO = {
    "en": re.compile(
        r"\b(?:to|at|until|till|height of|altitude of|level of)(?: (?:about|around|roughly|exactly|precisely|approximately))* $"
    ),
    "zh": re.compile(r"[到至](?:大概|大约|离.{1,4}|距.{1,4})?$"),
}


def is_a_height(words: str) -> bool:
    """Whether a distance says where to ("raise it to ten centimetres"), not how far."""
    return any(_UP_TO[lang].search(words[: one.start]) for one in find_distances(words) for lang in _UP_TO)


def without_particles(words: str) -> str:
    """The words without an "up" or "down" that belongs to its verb."""
    plain = _PARTICLES_ZH.sub("#", words)
    return _PARTICLES.sub(
        lambda match: (
            match.group()
            if match.group().split()[0] in _MOVING
            else match.group()[: match.start("particle") - match.start()] + "#"
        ),
        plain,
    )


def said_joint(words: str) -> int | None:
    """The number of the one joint that was said."""
    found = tokenised(words)[1].get("joint", [])
    return int(found[0][1]) if len(found) == 1 else None


def said_angle(words: str, skill: str, language: str) -> float | None:
    """The one angle that was said, with its sign: of the gripper, clockwise is negative."""
    found = tokenised(words)[1].get("angle", [])
    if len(found) != 1 or any(_NUMBER_BEFORE.search(words[: one.start]) for one in find_angles(words)):
        return None  # "one eighty degrees" is not 80
    angle = float(found[0][1])
    if skill != "rotate_gripper":
        return angle
    wise = {sense for word, sense in senses(language) if _has(word, words, language)}
    if {"clockwise", "counter_clockwise"} <= wise:
        wise = {"counter_clockwise"} if re.search(r"counter|anti|逆|反", words) else set()
    return abs(angle) * (-1.0 if wise == {"clockwise"} else 1.0) if wise else angle


# Nobody who wants something else than the robot's own movement means one.
_HANDLING = re.compile(
    r"\b(?:fetch|grab|pick|put|stack|pile|carry|throw|clamp|grip (?:it|that|this|the))\b"
    r"|[拿抓取捡拾夹放摞叠递](?!爪|子|低|高)"
)
_ONTO = re.compile(
    r"\b(?:put|set|place|lay|drop|leave|rest)\b.*\b(?:down|on|onto|in|into|inside|beside|next)\b|放[下在到进回]|"
    r"\b(?:stack|pile|perch|balance)\b|\bon (?:top of )?(?:the|that|this|a|an|your|my) (?!table|left|right|other hand)|[摞叠]"
)
_LETTING_GO = re.compile(
    r"\b(?:it|that|this|thing|holding|held|hand|put|place|set|lay|leave|rest|drop|release|let|deposit|dump|unload)\b|放|搁|丢|它|松|扔"
)
# What asks to leave the rules aside is no wish that a model may pass on.
_AGAINST_RULES = re.compile(
    r"\b(?:overrid\w*|ignor(?:e|ing)|bypass\w*|disabl\w*|circumvent\w*|disregard\w*|violat\w*|exceed\w*|jailbreak\w*"
    r"|no matter what|whatever happens|at any cost|beyond (?:the|your) (?:limits?|reach|workspace|boundar\w+)"
    r"|through the (?:table|wall|floor|ground)|without (?:asking|confirm\w*|checking|safety|limits?)"
    r"|(?:safety|speed|joint|workspace) (?:limits?|boundar\w+|checks?|rules?)|as (?:fast|hard) as (?:you|possible|it))\b"
    r"|忽略|无视|绕过|别管|不管|越过|超出|突破|解除|限制|安全规则|穿过|最大力|用力砸"
)


# Skills that are not offered: who says one of these means it, and nothing that moves.
_NOT_OFFERED = re.compile(
    r"\b(?:stop|halt|freeze|pause|wait|continue|resume|undo|redo|repeat|again|memori[sz]e|remember|forget|previous"
    r"|(?:the|my|your) last|(?:half|full|quarter|slow|top|maximum) speed|faster|slower|percent)\b"
    r"|停|暂停|继续|恢复|撤[销回]|上一步|刚才|记住|记一下|忘[了记掉]|重复|再来|再做|速度"
)
_SEVERAL = re.compile(
    r"\b(?:all (?:the|of|three|my|those|these)|every\w*|both|each)\b|都|所有|全部|每|两[个块]"
)
_GRIPPER_TOO = re.compile(
    r"\b(?:open|close|shut|release|relax|unclench)(?:s|ed|ing)? (?:up )?(?:the |your |that )?(?:gripper|hand|claws?|jaws?|fingers?)\b"
    r"|[张打松]开[^，。]{0,2}[爪手]|[合闭]上[^，。]{0,2}[爪手]|[爪手][^，。]{0,2}(?:[张打松]开|[合闭]上)"
)


def against_rules(words: str) -> bool:
    """Whether somebody wants the rules left aside."""
    return _AGAINST_RULES.search(words) is not None


def unsupported(skill: str, given: dict[str, object], words: str, language: str) -> list[str]:
    """Reasons why these words do not mean the skill."""
    cued = cued_skills(words)
    if cued and skill not in cued:
        return [f"{' and '.join(cued)} was said"]
    if skill in CUED and skill not in cued:
        return [f"nobody said {skill}"]
    reasons = _not_by_the_arm(skill, words)
    if match := _NOT_OFFERED.search(words):
        reasons.append(f"{match.group()!r} means something else")
    if match := _SEVERAL.search(words):
        reasons.append(f"{match.group()!r} is more than one")
    if "distance" not in given and find_distances(words):
        reasons.append("a distance was said but is not used")
    if not skill.endswith("_gripper") and (match := _GRIPPER_TOO.search(words)):
        reasons.append(f"{match.group()!r} was said, too")
    if skill == "move_by" and (match := _HANDLING.search(without_particles(words))):
        reasons.append(f"{match.group()!r} is more than a movement")
    if skill == "pick" and (match := _ONTO.search(words)):
        reasons.append(f"{match.group()!r} is more than picking up")
    if skill == "place" and not _LETTING_GO.search(words):
        reasons.append("nobody said that something be put down")
    if "joint" in given and given["joint"] != said_joint(words):
        reasons.append(f"nobody said joint {given['joint']}")
    if "angle" in given:
        said = said_angle(words, skill, language)
        if said is None or abs(said - float(str(given["angle"]))) > TOLERANCE_RAD:
            reasons.append(f"nobody said {given['angle']} rad")
    return reasons


def _not_by_the_arm(skill: str, words: str) -> list[str]:
    """Reasons that lie in what is to be moved, and where to."""
    reasons = []
    if skill in OF_THE_ARM and is_a_persons(words):
        reasons.append("it is somebody's hand or face")
    if skill == "move_by" and is_a_height(words):
        reasons.append("a place was said, not how far")
    return reasons


def _has(word: str, words: str, language: str) -> bool:
    return word in words if language == "zh" else re.search(rf"\b{re.escape(word)}\b", words) is not None
