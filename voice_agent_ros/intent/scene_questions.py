# SPDX-License-Identifier: Apache-2.0
"""Questions after what the arm sees: "what have we got on the table", "list the objects in front of you", "桌上摆了些啥"."""

from __future__ import annotations

import re
from functools import lru_cache

_SEE = r"(?:see(?:ing)?|detect(?:ing)?|recogni[sz]e|spot|perceive|make out|notice|observe|observing|identify|find|view|viewing|look(?:ing)? at|watch|sense|discern|have|got|find|picking up|facing)"
_THINGS = r"(?:things|objects|items|stuff|cubes|blocks|toys|pieces|parts|bits|shapes|colou?red (?:things|objects|cubes|blocks)|kinds? of (?:things|objects|items|stuff)|sorts? of (?:things|objects|items|stuff)|materials|elements|workpieces|bricks)"
_SPOT = (
    r"(?:table|desk|bench|scene|workspace|work space|work area|workbench|working area|surface|work surface|counter|countertop|table ?top|camera|view|field of view|field of vision|environment|surroundings|vicinity|area"
    r"|camera view|camera image|image|picture|sight|reach)"
)
_WHERE = (
    rf"(?:(?:lying |sitting |standing |located |placed |present |laid out |spread out |visible |that is |that's |that are |which is |which are |up |out |over |right |all |just |currently )*(?:on|in|around|at|upon|within|inside|from)(?: (?:the|your|this|our|my|that|top of the|the current))? {_SPOT}(?: (?:of|in front of) (?:you|us|me|the (?:arm|robot)))?"
    r"|(?:right |directly |there )?(?:in front of|before|around|near|next to|close to|beneath|below) (?:you|us|me|the (?:arm|robot|camera))|around(?: here| there)?|(?:over |right |out |up |lying |sitting )*(?:here|there)|in (?:view|sight|reach|the room)|within (?:your )?(?:view|sight|reach)|available|visible|nearby|lying around|right now|now|at the moment|currently|today|to work with|to pick up|to grab|to choose from|at hand|at your disposal|currently visible|with your camera|through your camera|with your eyes|for me|at present)"
)
_PLACES = rf"(?: {_WHERE})*"
_YOU = r"(?:you|we|i|the robot|the arm|the camera|your camera|robot)"
_ABLE = r"(?: can| could| are able to| currently| now| actually|'re| are| do| right now| all| presently| have| may)*"
_WHAT = rf"(?:what(?: all| else| exactly| things?| objects?| items?| kinds? of {_THINGS}| sorts? of {_THINGS})?|which(?: {_THINGS}| ones)?|what {_THINGS})"
_SEEN = rf"(?:{_YOU}{_ABLE} {_SEE}(?: there| here)?)"
_EMBEDDED = (
    rf"(?:{_WHAT} {_SEEN}{_PLACES}|{_WHAT}(?:'s| is| are|'re)(?: there| all| currently| now| lying| sitting| located| present| placed)*{_PLACES}|{_WHAT} there (?:is|are){_PLACES}"
    rf"|{_WHAT} (?:lies|sits|stands|is lying|are lying|is sitting){_PLACES}|{_WHAT} {_PLACES[4:-2]})"
)
_NOUN = (
    rf"(?:(?:all |all of |any |each of |every one of |of )?(?:the |your |those |these )?(?:current |visible |available |present |different |various |whole |entire |recogni[sz]ed |detected |seen )*(?:{_THINGS}|scene|view|surroundings|environment|workspace|work area|work surface|table|desk|situation|setup|set up|layout|state of the table|contents of the table|table contents|scenery|contents of your workspace|things around|field of view|state of the scene|camera image|camera view)"
    rf"|everything(?: there is)?|whatever|anything|all|all that|what|it all|every (?:object|thing|item))(?: that)?(?: {_SEEN}| (?:that |which )?(?:are|is|lies|lie)(?: there| lying)?)?{_PLACES}"
)
_TELL = r"(?:tell|show|give|report|describe|list|name|enumerate|say|explain|read out|read off|call out|read|state|summari[sz]e|detail|outline|let me know|let us know|inform me of|inform me about|inform us of|inform me|fill me in on|identify|recite|run through|walk me through|talk me through|go over|list off|list out|rattle off|itemi[sz]e|inventory|catalog|catalogue|take inventory of|take stock of|scan|survey|inspect|check|look at|look over|have a look at|take a look at|announce|mention|share|brief me on|update me on|count up)"
_ABOUT = r"(?: me| us| to me| to us| for me| aloud| out loud| now| please| exactly)*(?: about| of| on| with)?(?:(?: me)?(?: a| an| the)?(?: quick| short| brief| full| complete)?(?: list| overview| description| summary| inventory| rundown| report| idea| account| run-down| picture)(?: of| on| about))?"
_WANT = r"(?:(?:i|we)(?:'d| would)? (?:like|want|need|love|wish|am curious|wonder|was wondering)(?: to (?:know|hear|see|find out|learn)(?: about)?)?|i'm (?:curious|wondering)(?: about)?|i'm curious to know|do you know|have you any idea|any idea|wondering|you know|can you see|could you see|so|and|now|well|hey)"
_EN = (
    rf"(?:{_WANT} )*(?:"
    rf"{_WHAT} (?:do|can|could|are|have|all do|all can|might|would) {_SEEN}{_PLACES}"
    rf"|{_WHAT}(?:'s| is| are|'re|'ve you| have you)(?: there| all| currently| now| lying| sitting| located| present| placed| everything| visible| got| detected| spotted| found| seen| the {_THINGS})*(?: {_WHERE})+"
    rf"|{_WHAT} (?:is|are) there{_PLACES}|{_WHAT} (?:is|are|'s) visible{_PLACES}|{_EMBEDDED}"
    rf"|(?:do|can|could|are) you {_SEE} (?:anything|something|any {_THINGS}|some {_THINGS}|stuff)(?: at all| else)?{_PLACES}"
    rf"|(?:what (?:does|do)|how (?:does|do)) (?:the |your |my |our )?(?:current )?(?:{_SPOT}|scene|setup|things|situation)(?: in front of you)? look(?: like)?{_PLACES}"
    rf"|(?:is |are )?(?:anything|something|any {_THINGS})(?: at all| else)? {_WHERE}(?: {_WHERE})*"
    rf"|(?:look at|check|scan|inspect) (?:the |your )?{_SPOT} and (?:{_TELL})(?: me| us)? what(?:'s| is) (?:on it|there|in it|on there)"
    rf"|(?:is|are) there (?:anything|something|any {_THINGS}|some {_THINGS})(?: at all| else)?{_PLACES}"
    rf"|{_TELL}{_ABOUT} (?:{_EMBEDDED}|{_NOUN})(?: to me| for me| to us)?"
    rf"|(?:look|have a look|take a look|glance|peek|scan|have a peek|take a peek|look about)(?: around| round| about)?{_PLACES},?(?: and| then| and then)+ (?:{_TELL})(?:{_ABOUT} (?:{_EMBEDDED}|{_NOUN}))(?: to me| for me)?"
    rf"|(?:look|have a look|take a look|have a quick look|take a quick look) around{_PLACES}"
    r"|(?:describe|report)(?: it| this| that)?|scene (?:description|report)|describe what's up"
    r")(?: please)?"
)
# "what" alone, or with nothing said of where, asks after anything.
_TOO_LITTLE = r"(?:(?:tell|show|give|say|explain|report|state|let me know)(?: me| us)?(?: about)? )?(?:what|which|whatever|anything|all|it all|everything|what's|what is|what are|which are|which ones|what else|what all|what exactly|what things)(?: now| today| right now| at the moment| currently| for me| available)*|(?:check|identify|inspect|share|mention|look at|scan|look over|show|give|read|name|survey|say|state|read out|explain|tell|go over|report|announce)(?: me| us)? (?:the |all the |your |my )?(?:table|desk|all|blocks|cubes|toys|pieces|parts|view|anything|whatever|situation|bits|shapes|setup|layout|stuff|it all)|what(?:'s| is) (?:now|today|right now|currently|all|there now)|(?:describe|report) that"

_SPOT_ZH = r"(?:你|咱们|我们|这|那|的)*(?:桌子|桌面|桌|台面|台子|工作台|操作台|实验台|工作区域?|视野|画面|场景|镜头|摄像头|眼|面|跟|周围|身边|附近|手边|这里|这儿|那儿|那里|这边|那边|前面|前|眼皮底下|现场)(?:上面|上头|上边|里面|里头|里边|上|里|中|内|前面|前头|前|边|的)*"
_WHAT_ZH = r"(?:些|着|了|的|是|有|几|到)*(?:什么|啥|哪些|哪几[样个种]|几样|哪样|什么样的?|何)"
_THING_ZH = r"(?:东西|物体|物品|玩意儿?|方块|积木|物件|内容|样的东西|物料|零件)"
_HAVE_ZH = r"(?:放置?着?|摆放?着?|存在|剩下|还有|有着?|能?看(?:到|见|得到|得见|清)|能?瞧(?:见|到)|可以(?:看|瞧)(?:到|见)|识别(?:到|出)?|检测(?:到|出)?|发现|看|认(?:出|得出?)|观察到|感知到|察觉到|扫描到|是|放)"
_TELL_ZH = r"(?:描述|介绍|说说|说|讲讲|讲|报告|列出|列举|列|报|念|告诉|汇报|形容|概括|总结|说明|清点|盘点|播报|罗列|看看|看|瞧瞧|瞧|观察|检查|扫描)"
_FOR_ME = r"(?:跟我|给我|对我|和我|向我|帮我|替我|为我|请|麻烦|给大家|能不能|你|来|先|再|快)*"
_ASK_ZH = rf"(?:现在|目前|当前|这会儿|你|都|此刻|眼下|到底|究竟|那|请问|在|我想知道|想知道)*(?:{_SPOT_ZH})?(?:你|现在|目前|当前|都|到底|究竟|又|还|能|一共|总共|上)*{_HAVE_ZH}{_WHAT_ZH}{_THING_ZH}?(?:在{_SPOT_ZH})?"
_ZH = (
    rf"(?:现在|目前)?{_SPOT_ZH}(?:现在|是|都|的)*(?:什么|啥|怎样的|怎么样的)(?:情况|状况|样子|场景)(?:呀|啊|呢)?|(?:{_FOR_ME}(?:{_TELL_ZH}(?:一下|一说|一讲|一遍|一看|下|出来)*(?:我们|我|大家|给我听|给我|听听|听|看|瞧)*)+)?{_ASK_ZH}(?:呀|啊|呢|吗|了|啦|哦|嘛|来着)*"
    rf"|{_FOR_ME}{_TELL_ZH}(?:一下|一说|一讲|一遍|一看|下|出来|说|讲)*(?:我们|我|大家|给我听|给我|听)*(?:你|现在|目前|当前|的|所|能|可以|都|看到|看见|看得到|看得见|所见|周围|眼前|所有|全部|一切|{_SPOT_ZH}|在|整个|这个|有)*"
    rf"(?:场景|桌面|画面|情况|{_THING_ZH}|环境|周围|视野|状况|景象|布局|一切|看到的|所见|情形|清单|桌子上的|有的)(?:都|给我听|说一遍|一遍|说出来|列出来|告诉我|报一遍|是什么|是啥|有哪些|有什么)*(?:呀|啊|呢)*"
    rf"|(?:把)(?:你|现在|目前|当前|的|所|能|可以|都|看到|看见|看得到|看得见|眼前|所有|全部|{_SPOT_ZH}|在)*(?:场景|画面|情况|{_THING_ZH}|看到的|环境)(?:都|全)?(?:给我|跟我)?(?:{_TELL_ZH})(?:一下|一遍|出来|给我听|我|我听|听)*"
)
_TOO_LITTLE_ZH = r"(?:看看?|瞧瞧?|检查|观察|扫描|念|报|讲|说)(?:一下|下)?(?:那个|这个|那|这|的|我|给我)*(?:方块|积木|东西|物体|物件|桌面|情况|周围|画面|零件|内容)?|(?:你|那|这)*是什么.*|看什么|看啥|(?:现在|你|这|那)*(?:有|看|说|讲|是|放)(?:些)?(?:什么|啥|何)(?:呀|啊|呢)?"


# A sentence without any of these asks nothing of the kind; only one with them needs the long patterns.
_CUES_EN = re.compile(
    r"\b(?:what\w*|what's|which|who|tell|show|list|report|describ\w*|descriptions?|overview|summar\w*|inventory|rundown|run-down|idea|account|picture|name|enumerat\w*|say|explain\w*"
    r"|read|call|stat\w*|detail|outline|know|inform|fill|identif\w*|recit\w*|run|walk|talk|go over|anything|everything|something|any|around|check|scan|inspect|glance|peek|see|detect|spot|perceive"
    r"|scene|view|visible|how|count|situation|surroundings|environment)\b"
)
_CUES_ZH = re.compile(r"[什啥哪何几]|描述|介绍|[说讲列报念告看瞧汇概总结清点盘播罗观检扫形]|情况|场景")


@lru_cache(maxsize=2)
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What asks, and what is too little for that; made when they are needed first, because it takes 60 ms."""
    whole, little = (_ZH, _TOO_LITTLE_ZH) if language == "zh" else (_EN, _TOO_LITTLE)
    return re.compile(whole), re.compile(little)


def prepare(language: str) -> None:
    """Make the patterns of a language now."""
    _patterns(language)


def asks_what_is_seen(words: str, language: str) -> bool:
    """Whether words without punctuation ask what is to be seen."""
    if (_CUES_ZH if language == "zh" else _CUES_EN).search(words) is None:
        return False
    whole, little = _patterns("zh" if language == "zh" else "en")
    return whole.fullmatch(words) is not None and little.fullmatch(words) is None
