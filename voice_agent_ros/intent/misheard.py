# SPDX-License-Identifier: Apache-2.0
"""Words that recognizers take for others, put right where only one of them makes sense: "go up to centimetres" is two.

With them go the Chinese words around a command that would change its mood, as "不错，" does.
"""

from __future__ import annotations

import re

_UNIT_EN = (
    r"(?:mm\b|cms?\b|milli-?met|centi-?met|decimet|met(?:er|re)s\b|inch(?:es)?\b|degrees?\b|per ?cent\b)"
)
_SPELLED_UNITS_EN = (
    (re.compile(r"\b(?:cent[iy]|s[ei]nt[iy]|centa|cent a|centre|center)[ -]?(met(?:er|re)s?)\b"), r"centi\1"),
    (re.compile(r"\bmill?(?:i|y|ie|e)?[ -]met(er|re)(s?)\b"), r"millimet\1\2"),
    (re.compile(r"\bradiant?s\b|\bradiance\b"), "radians"),
)
# Before a unit or after "joint" these are numbers.
_NUMBERS_EN = {
    **{
        "to": "two",
        "too": "two",
        "for": "four",
        "fore": "four",
        "ate": "eight",
        "won": "one",
        "tree": "three",
    },
    **{"free": "three", "fife": "five", "sicks": "six", "sics": "six", "tan": "ten", "tin": "ten"},
}
_BEFORE_UNIT_EN = re.compile(rf"(?<!up )\b({'|'.join(_NUMBERS_EN)})(?= {_UNIT_EN})")
_SAID_TWICE_EN = re.compile(rf"\b(\d+|[a-z]+)(?:,? (?:um |uh )?\1)+(?= {_UNIT_EN})")
_UP_TO_UNIT_EN = re.compile(rf"(?<=\bup )\b(to|too|for|fore)(?= {_UNIT_EN})")
_AFTER_JOINT_EN = re.compile(
    r"\b(joint|axis)( number)? (to|too|for|fore|won|tree|free|sicks|fife)"
    r"(?= (?:by|plus|minus|clockwise|counter|anti|a (?:bit|little))\b)"
)
_COLOURS_EN = "red|green|blue|yellow|black|white|orange|purple|pink|grey|gray|brown"
_WORDS_EN = (
    (
        re.compile(
            r"\b((?:move|go|shift|slide|step|nudge|scoot|turn|swing|arm|bit|little|further|more|to the|your|(?:met(?:er|re)s?|cm|mm)(?: to the)?)) (?:write|rite|wright)\b"
            r"(?=$|[ ,.;!]*(?:$|\d|by\b|a\b|about\b|please\b|and\b|then\b|\w+ (?:centi|milli|cm|mm)))"
        ),
        r"\1 right",
    ),
    (
        re.compile(r"\b(in|into|inside|on|over|to|at|from|of|with) (the|that|my|this|your) (?:bowel|bole|boll|bull|bow)\b"),
        r"\1 \2 bowl",
    ),
    (re.compile(r"\b(?:grain|greene|grin)(?= (?:cube|block|one|box|brick|ball|cup)s?\b)"), "green"),
    (re.compile(r"\bread(?= (?:and (?:the )?(?:blue|green|yellow) )?(?:cube|block|one|bowl|ball|box|brick|cup|thing)s?\b)"), "red"),
    (re.compile(rf"\b({_COLOURS_EN}) (?:cub|cue|queue|q|kube|cubed|tube)(?=$|[ ,.;!?])"), r"\1 cube"),
    (re.compile(r"\b(the|your) (?:gripa|griper|grippa|gripor|grip her|gripper's|ripper|crypper)(?=$|[ ,.;!?])"), r"\1 gripper"),
    (re.compile(r"^((?:please |robot,? )?)clothes (?=(?:the|your) (?:gripper|hand|claw|fingers|jaws))"), r"\1close "),
    (re.compile(r"^((?:please |robot,? )?)(?:undue|on do|un do)(?=$|[ ,.;!?]*(?:$|that|it|the last))"), r"\1undo"),
    (re.compile(r"^((?:please |robot,? )?)paws(?=[ .!]*(?:$|please|for a))"), r"\1pause"),
    (re.compile(r"^((?:please |robot,? )?)weight(?= (?:a|for|there|here)\b)"), r"\1wait"),
    (re.compile(r"^((?:please |robot,? |can you |could you )?)waive(?=$|[ .!]*$| (?:at|to|hello|goodbye)\b)"), r"\1wave"),
    (re.compile(r"\b(can|could|would|will) you like (?=(?:pick|put|grab|take|move|open|close|place|drop|lift)\b)"), r"\1 you "),
    (re.compile(r"\bpick-?up(?= (?:the|an?|that|this|it|my|your|red|green|blue|yellow)\b)"), "pick up"),
    (re.compile(r"(?<!\bthe )(?<!\bthis )(?<!\bthat )\bone (?=(?:cube|block|brick)\b)"), "a "),
    # "one of the blocks": a block, whichever
    (re.compile(r"\b(?:any |either |just )?(?:one|any|either) of (?:the|those|these|my|your|our) ((?:\w+ )?[a-z]+?)s\b"), r"a \1"),
    (re.compile(r"\b(that|this) there (?=\w+ (?:cube|block|one|bowl|ball)\b)"), r"\1 "),
)  # fmt: skip
_VERB_ZH = "把将拿抓放往向朝回张打闭合松抬举夹捡取移上下前后升降提去到看挥转"
_AROUND_ZH = (
    re.compile(
        r"^(?:(?:没错|做得(?:好|不错|很好)|干得(?:好|漂亮|不错)|很好|非常好|不错|真棒|太棒了|太好了|完美|漂亮|听着|听好了?|哦?对了|另外|还有|其实|唉|哎呀?|(?:新)?(?:命令|任务|指令)是?)[，,:：。!！ ]+)+(?=.{2})"
    ),
    re.compile(r"^(?:劳烦|有劳|烦请|麻烦)(?:你|您)?(?:帮我)?(?=.{2})"),
    re.compile(r"^请问(?=(?:你|您)?(?:能|可以|可不可以)(?!看|听|说|告诉).{2})"),
    re.compile(rf"^(?:要不然?|不如|干脆|就是|试着|试试|尝试(?:一下)?|那就?|我想请你|想请你|我是?说[，,：: ]*)(?:你|您|就)?(?=[{_VERB_ZH}])"),
    re.compile(r"(?<=.{2})[，, ]*就(?:可以|行)了?[。!！ ]*$"),
)  # fmt: skip
_WORDS_ZH = (
    # what follows it: thanks, or how carefully
    (
        re.compile(
            rf"^(.*[{_VERB_ZH}].*?)[，,。;；!！ ]+(?:(?:麻烦|辛苦|拜托)(?:你|您)?了?|谢谢(?:你|您|啦)?|听[到见]了?吗|明白了?吗|懂了?吗|知道了?吗|(?:小心|轻|慢|稳|当心)(?:一?点儿?|一些|些)|小心|注意安全|机器人)[。!！？?~ ]*$"
        ),
        r"\1",
    ),
    (re.compile(r"^下一步(?=[。！!？? ]*$)"), "接下来"),
    # said around a command: "下一步，…" is no step down
    (re.compile(r"^(?:(?:好的?|那么?|嗯|然后)[,， ]*)?(?:下一步|接下来|首先|第[一二三四五]步|下一个(?:任务|动作|命令))[，,:： 就是]*(?=.{2})"), ""),
    (re.compile(r"(?<=.{4})[，,。 ]*(?:千万|小心|可)?(?:不要|别)(?:松手|放开|松开|弄掉|掉了|摔了|弄坏|夹坏|捏碎|碰坏|太用力)(?:了|它)?[。!！]*$"), ""),
    (re.compile(r"帮(?:奶奶|爷爷|妈妈|爸爸|外婆|外公|老师|同学|哥哥|姐姐|弟弟|妹妹|大家|我们|咱们|朋友|叔叔|阿姨|这位\w{1,3}?)(?=[拿抓把将取夹放捡])"), "帮我"),
    (re.compile(r"^((?:请|帮我|麻烦你?|你|就)*)(?:随便|任意)(?=[拿抓取夹])"), r"\1"),
    (re.compile(r"(?:里|离|立|利|厘|离)[米迷咪](?!饭)"), "厘米"),
    (re.compile(r"(?<=[\d一二三四五六七八九十两半])(?:公份|工分|公芬|宫分)"), "公分"),
    (re.compile(r"(?:加|家|架|夹)(?:爪|抓子)|夹抓|家抓(?![住起取])"), "夹爪"),
    (re.compile(r"抓子"), "爪子"),
    (re.compile(r"(?:^|(?<=[,，。 ]))像(?=[左右上下前后])"), "向"),
    (re.compile(r"(?:^|(?<=[,，。 ]))在(?=[往向朝]|来一[次遍]|[左右]一?点)"), "再"),
    (re.compile(r"(?<=[往向朝])(?:做|坐|佐)(?!下)"), "左"),
    (re.compile(r"(?<=[往向朝])(?:又|有|优)"), "右"),
    (re.compile(r"(?:洪|宏|鸿|虹)(?=色|的方块|方块|积木)"), "红"),
    (re.compile(r"(?:率|律|旅|履|氯)(?=色)"), "绿"),
    (re.compile(r"(?:篮|拦|兰)(?=色)"), "蓝"),
    (re.compile(r"回[加佳](?=$|[吧,，。！! ])"), "回家"),
    # "把那个什么拿过来": the word is sought, nothing is asked
    (re.compile(r"(?<=[把将])那个?[,， 呃嗯]*(?:那个?)?(?:什么|啥|谁)(?:什么)?(?:东西|玩意儿?)?[,， ]*"), "那个"),
    (re.compile(r"(?<=[拿抓取起夹])那个?(?:什么|啥)(?:东西|玩意儿?)?(?=$|[,，。！!来过])"), "那个"),
    (re.compile(r"(?:其中|随便|任意)(?:的|哪)?一?个(?=\w)"), "一个"),
    (re.compile(r"^((?:请|帮我|麻烦你?|你)*(?:拿|抓|取|夹)(?:起|住)?)(?:其中)?一个(?=$|[,，。!！吧]|起来)"), r"\1那个"),
)  # fmt: skip


def as_meant(text: str, language: str) -> str:
    """A folded text with what was misheard put right."""
    if language == "zh":
        for pattern, meant in _WORDS_ZH:
            text = pattern.sub(meant, text)
        for pattern in _AROUND_ZH:
            text = pattern.sub("", text)
        return text
    for pattern, meant in _SPELLED_UNITS_EN:
        text = pattern.sub(meant, text)
    text = _SAID_TWICE_EN.sub(r"\1", text)
    text = _UP_TO_UNIT_EN.sub(_number, _BEFORE_UNIT_EN.sub(_number, text))
    text = _AFTER_JOINT_EN.sub(lambda match: f"{match[1]}{match[2] or ''} {_NUMBERS_EN[match[3]]}", text)
    for pattern, meant in _WORDS_EN:
        text = pattern.sub(meant, text)
    return text


def _number(match: re.Match[str]) -> str:
    return _NUMBERS_EN[match[1]]
