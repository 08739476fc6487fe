# SPDX-License-Identifier: Apache-2.0
"""Prohibitions and warnings that have no "not" in them: "keep your gripper off it", "spare the red one", "离它远点"."""

from __future__ import annotations

import re

_HAND = r"(?:hands?|gripper|claws?|fingers?|paws?|arms?|mitts?|jaws?|pincers?)"
_THING = r"(?:the|that|this|my|our|those|these|any|it\b)"
_ORDER = r"(?:pick|grab|take|lift|fetch|get|put|place|drop|move|open|close|release|raise|lower|bring|give|hand|go|turn|rotate|wave)"
_WARNINGS_EN = (
    # Keeping away. "Keep it out of the way" is one, "take it out of the bowl" is none.
    r"\b(?:keep|stay|steer|stand|shy|veer)(?:s|ing)?\b(?: (?!moving\b|going\b)\w+){0,5}? (?:away|off|clear|out of)\b",
    rf"\b{_HAND} (?:off|away from|clear of|out of) {_THING}",
    r"\b(?:lay|hold) off\b(?! \d)",
    # Leaving it as it is.
    r"\blet (?:\w+ ){1,4}?(?:be$|be (?:for|please|where)|stay\b|remain\b|sit (?:where|there)|lie (?:where|there)|alone\b)",
    r"\bstays? put\b|^(?:the|this|that|my|our) (?:\w+ ){1,3}(?:stays|remains|has to (?:stay|remain)|must (?:stay|remain))\b",
    r"\b(?:spare|guard|protect|safeguard|preserve)s? (?:the|that|this|my|our|those|these|all)\b",
    r"\bsave (?:the|that|this|my) .*\bfor (?:later|tomorrow|now|another|last)\b",
    r"\blet go of (?:any|the|that|every) (?:plan|idea|thought|intention)",
    # Beware.
    r"\bbeware\b|\bwatch out\b|\blook out for\b",
    r"^(?:please )?mind (?:the|that|my|your|those)\b",
    r"^(?:please )?(?:be )?(?:very |really )?careful (?:(?:with|of|around|near)|(?:when |while )?\w+ing) (?:the |that |my )?(?:\w+ ){0,3}\w+$",
    # Giving it up.
    r"\b(?:cease|desist|abstain|refrain|resist|quit)\b|\benough (?:of|with)\b",
    # Taking it back, at the end of what was asked: "cancel that" alone is for what the arm does.
    rf"\b{_ORDER}\b.* (?:(?:strike|scratch|cancel|scrap|disregard) (?:that|it)|i take (?:that|it) back)(?: please)?$",
    rf"\b{_ORDER}\b.* (?:(?:nah|no|nope|actually|well|hm+|meh) (?:leave|skip|drop) (?:it|that)|psych)$",
    r"\b(?:just|only|was|am|i'm) (?:kidding|joking|messing(?: with you)?|pulling your leg)$|\bis (?:cancelled|canceled|called off)\b",
    r"\ba wide berth\b|\bgive (?:\w+ ){1,4}?a (?:miss|rest|break)\b|\bpass on (?:the|that|this)\b",
    # Wishing the opposite.
    r"\b(?:god|heaven|heavens) forbids?\b|\bover my dead body\b|\bfar be it\b|\bfat chance\b|^as if\b|\btoo bad\b|(?<=\w )(?:yeah right|like hell|negative|in your dreams|you wish)$",
    r"\b(?:be|is|was|seems?|sounds?) (?:so |far |much |very |really |way |quite )?(?:wrong|dangerous|unsafe|unwise|foolish|risky|forbidden|pointless|useless|unnecessary|premature|too (?:soon|early|late|risky|dangerous))\b",

    r"\bthe last thing (?:i|we|anyone)\b|\bany(?:where|thing|one) but\b",
    r"\b(?:a|an|one) (?:\w+ )?(?:mistake|shame|pity|sin|crime|disaster|waste|bad idea|bad thing|bad move)\b",
    r"\b(?:bad|terrible|awful|stupid|poor|wrong|foolish|dangerous|unwise|risky|silly) (?:idea|thing|move|plan)?\b ?(?:to|if)\b",
    # Daring somebody.
    r"\b(?:i|we) dare you\b|\byou dare\b|\bat your (?:own )?(?:peril|risk)\b",
    r"\band you(?:'re| are|'ll| will)(?: be)? (?:dead|fired|done for|toast|sorry|regret)\b",
    r"\b(?:off limits|out of bounds|taboo|verboten)\b",
)  # fmt: skip
_WARNINGS_ZH = (
    r"离.{1,12}?远(?:点|一点|一些|些)|(?:躲|避|绕)(?:开|过)|少[碰动摸]",
    r"(?:小心|当心|留神|提防)(?!地|翼翼|的?[把将]|[一]?点儿?[把将拿放抓]|[拿放抓轻慢移])",
    r"[手爪](?:子|爪)?(?:都|快|赶紧|给我)?(?:从.{1,12}?)?(?:拿|移|挪|缩)开|住手|打住",
    r"(?:待|呆|留|搁)着|放着(?:$|吧|就[好行])|留在原|待在原|保持原[样状]",
    r"严禁|严格禁止|切莫|休得|^莫(?![名非])|无须|毋|(?<!从)未(?![来必])|尚未|并非|取消(?=[把将拿抓夹捡放张打合回往向移去松])",
    r"(?:开|说)(?:个)?(?:的)?玩笑|说着玩|闹着玩|逗你|骗你|口误|才怪|(?<=.)(?:撤回|作废)$|当我没说|做梦|个屁",
    r"就(?:死定|完|完蛋|惨|糟)了|死定了|拔(?:了?你的?)?电源|收拾你|揍你",
    r"休想|何必|岂[能可敢]|哪能|省得|免得|以免|免谈|^免了|^算了|(?<=..)算了吧?$|(?<=[家块爪手里碗])取消$|我自己来|等着瞧|禁区|保护好?|护好|谁让你|[敢](?:再)?[动碰拿摸抓试]",
)
PROHIBITED_EN = re.compile("|".join(_WARNINGS_EN))
PROHIBITED_ZH = re.compile("|".join(_WARNINGS_ZH))
# Words that ask whether something can be done, never for it: unlike 能不能, which is polite.
ABILITY_ZH = re.compile(
    r"会不会|^(?:你|您|它|机器人|机械臂|机械手)*(?:到底|也|还|都)?会[^把将给帮请]*[吗么不]$|[拿抓够举提搬碰夹]得(?:起来?|着|到|动|了|住)"
    r"|懂(?:得|不懂)?(?:怎么|如何)?.*[吗么]$|有(?:没有)?能力"
)
