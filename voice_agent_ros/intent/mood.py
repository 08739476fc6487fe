# SPDX-License-Identifier: Apache-2.0
"""May this sentence be a command at all? Decided by rules before any model is asked, and strictly: in doubt, no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from voice_agent_ros.intent.prohibitions import ABILITY_ZH, PROHIBITED_EN, PROHIBITED_ZH
from voice_agent_ros.intent.requests import without_frame, without_reason
from voice_agent_ros.intent.wordings import MAX_LENGTH, bare, folded, plainly, without_leading_no

Kind = Literal["command", "negated", "question", "past", "reported", "conditional", "statement", "empty"]


@dataclass(frozen=True)
class Mood:
    """The mood of a sentence.

    Attributes:
        kind: "command" stands for everything that may be a command or a wish.
        cue: the words that decided against a command.
    """

    kind: Kind
    cue: str = ""

    @property
    def is_command(self) -> bool:
        """Whether a motion may come of it."""
        return self.kind == "command"


_COMMAND = Mood("command")
_ACTIONS = (
    r"(?:pick|grab|take|lift|fetch|get|put|place|drop|move|set|open|close|shut|release|raise|lower|bring"
    r"|carry|hold"
    r"|give|hand|throw|push|pull|touch|go|drive|turn|rotate|stack|store|transfer|deliver|collect|stop|resume)"
)
_PAST_VERBS = (
    r"(?:(?!(?:need|feed|speed|proceed|red|embed|indeed|supposed|coloured|colored)\b)\w{2,}ed|put|took|held|brought|gave|threw|went"
    r"|left|got|made"
    r"|did|was|were|had|saw|fell|broke|lost|found|kept|said|told|ate|bought|ran|stood|thought|knew|wrote"
    r"|heard)"
)
_SUBJECTS = r"(?:i|you|he|she|we|they|who|someone|somebody|everyone|nobody|the (?:robot|arm|gripper|man|woman|boy|girl))"
_PERCEPTION = (
    r"(?:see|hear|tell|know|feel|explain|describe|say|remember|think|guess|understand|believe|speak|sing"
    r"|count|name|list"
    r"|recognise|recognize|identify|reach|notice|find out|detect|even|ever|really|actually|talk|read"
    r"|recommend|promise)"
)

# Thanks and apologies for what was done; "thanks in advance for …" asks for it.
_THANKED_EN = re.compile(
    r"^(?:many |no |so |great |good |nice )*(?:thanks|thank you|cheers|sorry|apologies|congratulations|congrats|kudos|job|work|well done)"
    r"(?: (?!in advance)\w+){0,3}? (?:(?:for|on|of|with|at) (?:\w+ly )?)?(?!(?:being|going to)\b)\w+ing\b[^,.;!?]*[.!]*$"
)
# "You put the cube in the bowl", "we let go": of a verb that is its own past, told sooner than asked.
_SAME_IN_PAST_EN = re.compile(
    r"^(?:(?:and|so|but|now|then|oh),? )*(?:you|i|he|she|it|we|they|somebody|someone) (?:just |only )?(?:put|set|shut|let|hit|cut|split|spread)\b(?!.*\bplease\b)"
)
# "let's say you open it"; "let's say hello" is none
_SUPPOSED_EN = re.compile(
    r"^(?:(?:ok(?:ay)?|so|now|well|and),? )*(?:let's|let us|lets) (?:assume|presume|imagine|(?:just )?say,? (?:that |for (?:instance|example),? )?(?:you|we|i|it|he|she|they|the|this|a)\b)"
)
# "The plan is to go home", "I hope you go home"; "I hope you could …" and "I guess you should …" ask.
_PLANNED_EN = re.compile(
    r"^(?:(?:and|so|well|ok(?:ay)?),? )*(?:the|my|our|your|his|her|their) (?:\w+ )?(?:plan|idea|goal|aim|intention|dream|trick|point|rule) (?:is|was) to\b"
    r"|^(?:(?:and|so|well|ok(?:ay)?),? )*i(?:'m| am)? (?:just |still |really )?(?:hope|hoping|guess|bet|assume|think|reckon|suppose|believe|doubt|fear|afraid|sure|wonder if|wondering if)"
    r" (?:that )?(?:you|he|she|it|they|we|the (?:robot|arm)) (?!should|could|can|ought|must|need|would|might|will|have|had|better|don't|do not|won't)\w+"
)
_TOLD_EN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("past", _THANKED_EN),
    ("past", _SAME_IN_PAST_EN),
    ("conditional", _SUPPOSED_EN),
    ("statement", _PLANNED_EN),
)
# Complaints, and what is only to be confirmed, whatever polite words begin it.
_ASKED_BACK_EN = re.compile(
    r"^(?:time and )?again and again\b|^hands up\b|^home runs?\b|\bright ?\?$|^you(?:'re| are) (?:supposed|meant) to be\b|^(?:it|that) (?:just |then |already |suddenly )?(?!need|feed|speed|proceed)[a-z]{3,}ed\b"
)
_TAG_EN = re.compile(
    r"[, ]+(?:(?:can|could|will|would|won't) (?:you|ya|u)(?: please| do that| do that for me| manage that)?|is that (?:ok(?:ay)?|possible|all right)|would you mind|if that's ok(?:ay)?|ok(?:ay)?|alright|all right|please|yes|yeah|eh|got it|understood|you hear(?: me)?"
    r"|if you (?:can|could|would"
    r"|please|don't mind|like|want|would be so kind))\s*[?.!]*$"
)
_ASKED_FOR = re.compile(r"(?:can|could|may|might) (?:i|we) (?:please )?(?:have|get|see) (?!to\b)")
_WISH_EN = re.compile(
    r"\b(?:i(?: would|'d)(?: really| very much)? (?:love|like|prefer|appreciate)|i (?:really )?(?:want"
    r"|need|wish|hope)"
    r"|(?:would|should|could|might|needs? to|has to|have to|must|belongs?|deserves?|ought to)\b)"
)

_NEGATED_EN = re.compile(
    r"\b(?:not|never|no|none|nothing|nobody|neither|nor|cannot|without|avoid|refrain|refuse|instead of"
    r"|rather than"
    r"|no longer|anything but|ignore|skip|forbidden|prohibited|hands off|stay away|keep (?:away|off|clear"
    r"|your hands)"
    r"|forget|unless|except|hardly|n't|stop \w+ing|quit \w+ing)\b"
    r"|\b\w+n't\b|\b(?:dont|doesnt|didnt|wont|cant|couldnt|wouldnt|shouldnt|isnt|arent|wasnt|mustnt|havent"
    r"|hasnt)\b"
    r"|^(?:please )?leave\b|\bleave (?:\w+ ){0,3}(?:alone|be|there|where)\b"
)
_REPORTED_EN = re.compile(
    r"[\"“”«»「」『』]|^(?:please )?say\b|\b(?:said|says|saying|told|tells|asked|asks|wrote|writes|shouted|quote|quoted"
    r"|whispered|according to|(?:he|she|they|everybody|everyone|somebody|someone|mum|mom|dad|(?:the|my|our|his|her) (?!robot\b|arm\b)\w+) wants? (?:me|you|us|him|her) to|claims?"
    r"|claimed|suggested|suggests|(?:sign|book|manual|song|poem|movie|film|story|card|label|sentence"
    r"|phrase|words?|text"
    r"|line|message|email|note) (?:is|reads|goes)|(?<!i )means?|translate(?! (?:the|your) (?:tool|arm|gripper|hand|tip)|(?: \w+)* (?:\d|up|down|left|right|forward|back|mm|cm)\b)|spell|pronounce|repeat after"
    r"|the (?:word|phrase"
    r"|sentence|command|instruction|words))\b"
)
_CONDITIONAL_EN = re.compile(
    r"\b(?:if|when|whenever|until|till|before|as soon as|later|tomorrow|tonight|next (?:time|week|year"
    r"|month)|someday"
    r"|in case"
    r"|assuming|provided|providing|presuming|hypothetically|theoretically|in theory|for (?:example|instance)"
    r"|(?:every|each) time|the (?:moment|minute|second|instant|day)(?: that)? (?:i|you|he|she|it|we|they|some(?:body|one)|any(?:body|one)|the|my)"
    r"|(?<=\w )should (?:it|he|she|they|there|any(?:body|one|thing)|some(?:body|one|thing))"
    r"|(?:on|next|this|every|by) (?:mon|tues|wednes|thurs|fri|satur|sun)day|in half an hour"
    r"|on my (?:mark|signal|count|command|cue|go|word)|on the count of|at (?:noon|midnight|lunch ?time|half past \w+)|\w+ o'?clock"
    r"|suppose|supposing|imagine|pretend|after (?!all\b|the (?:emergency )?stop$)|once (?!more|again)|in (?:a|an|one|two"
    r"|three|five|ten|\d+)"
    r" (?:seconds?|minutes?|hours?|days?|while|moment))\b"
)
_PAST_EN = re.compile(
    # "move the arm left": after a verb of ours, "left" is where to, not what it did.
    rf"(?<!get )(?<!have )(?<!want )(?<!need )(?<!make )(?<!keep )(?<!like )(?<!see )(?<!clamp )(?<!squeeze )(?<!tighten )(?<!press )(?<!pinch )(?<!snap )(?<!push )(?<!pull )(?<!draw )(?<!leave )(?<!hold )(?<!grip )(?<!set )\b{_SUBJECTS} (?:just |already |finally |never |once |accidentally |recently |only )?"
    rf"(?!(?<=the arm )left\b|(?<=the robot )left\b|(?<=the gripper )left\b){_PAST_VERBS}\b"
    r"|^the (?:arm|robot|gripper) left\b"
    r"|\b(?:yesterday|ago|earlier|already|last (?:time|week|night|year|month)|used to|back then|once upon)\b"
    rf"|\b(?:have|has|had|having|i've|you've|he's|she's|we've|they've) (?:just |already |also )?(?:been"
    rf"|{_PAST_VERBS})\b"
    r"|^(?:the|a|an|my|our|your|this|that) (?:\w+ ){1,3}(?:fell|went|broke|came|ran|got|did|had|flew|sank"
    r"|rose|grew|won|lost|left(?= (?:the|a|his|her|it|me|us|you|for|home|yesterday)\b)"
    r"|gave|took|stood|sat|(?<!be )(?<!get )(?<!being )(?<!to )(?!(?:need|feed|speed|seed|bleed|breed|shed|sled|red|coloured|colored|supposed)\b)[a-z]{3,}ed)\b|^(?:was|were"
    r"|did|had)\b|\b(?:was|were|has been|have been)\b"
)
_QUESTION_EN = re.compile(
    r"^(?!what(?:ever)? (?:you(?:'re|'ve| are| have)?|is in|is between|you hold) ?(?:holding|carrying|got|gripping|hold|have|your|the)?\b.*\b(?:goes|go|belongs|should|must|needs)\b)(?:(?:and|but|so|ok|okay|well|hey|hi|hello|please|robot|um+|uh+)[, ]+)*(?:what|what's|where|where's"
    r"|when|why|who|who's"
    r"|whose|whom|which|how|is|are|am|was|were|does|did|has|had|isn't|aren't|can|could|will|would|shall"
    r"|should|may"
    r"|might|must|(?:do (?:you|i|we|they|any|the(?! same| last| previous| whole))|have (?:you|i|we|they|any))|any (?:idea|chance))\b"
    r"|\b(?:tell|show|ask|remind|teach|let|explain to|describe to) (?:me|us|him|her) (?:if|whether|what"
    r"|where|who|how|why"
    r"|which|when|about|a|the|your|more|something|know)\b|\b(?:wonder|wondering|know|explain|guess|see"
    r"|check|sure"
    r"|describe|say|understand) (?:if|whether|what|where|who|how|why|which|when)\b|\bis it possible\b"
    r"|\bright\?$"
)
# "what you've picked up": names a thing, reports nothing
_TAKEN_EN = re.compile(
    r"\b(?:what(?:ever)?|(?:the|that|this)(?: \w+){1,3}?)(?: that| which)? you(?:'ve| have)?(?: just| now)? (?:got|picked up|grabbed|taken|took|lifted)\b(?! the| a| it| that| this| my| to\b)"
)
_STATEMENT_EN = re.compile(
    rf"^(?:i|we)(?: always| often| usually| sometimes| never| really| just)* (?:(?:am|are|will"
    rf"|shall)(?: now| just)?"
    rf"(?: going to| about to| trying to| planning to)?|can|could|may|might)? ?{_ACTIONS}(?:ing)?\b"
    rf"|^(?:i'm|we're|i'll|we'll|i am|we are)\b(?! asking)(?:.* )?(?:{_ACTIONS}|\w+ing)\b"
    r"|^(?:you are|you're)\b(?! (?:to|supposed to|welcome to|allowed to)\b)"
    r"|^i (?:really |also |just )?(?:like|love|hate|enjoy|know|believe|guess|remember|own|live|work|feel"
    r"|am|dislike)\b"
    rf"|(?<!let )(?<!make )(?<!have )\b(?!it (?:goes|belongs) (?:in|into|on|onto|inside|to|on top)\b)(?:he|she|it|they|people|robots?|everyone|everybody|someone|somebody)(?: always| often| never"
    rf"| usually"
    rf"| sometimes| can| will| would| could| may| might| must)* (?:{_ACTIONS}e?s?|(?:is|are) \w+ing)\b"
    r"|^(?:the|a|an|my|your|this|that|these|those|it|there|it's|that's|there's|all|some|most"
    r"|\w+s)\b(?:(?! and ).)*?"
    r"(?<!\bthat)(?<!\bwhich)(?:\b|(?='s))(?<!that )(?<!which )(?:is|are|'s|was|were|has|seems?|looks?|feels?|costs?|weighs?|smells?|tastes?|sounds?)\b"
    r"(?! (?:supposed|meant|needed|wanted|required|to (?:be|go)|due|welcome))"
)


def judge_mood(text: str, language: str) -> Mood:
    """The mood of what somebody said.

    Polite requests ("could you …", "would you mind …ing", "能不能…") and wishes ("I'd love to see …") are commands;
    negations, questions, quotations, reports, the past, conditions and plain statements are not.
    """
    if not bare(text):
        return Mood("empty")
    if len(text) > MAX_LENGTH:
        return Mood("statement", "too long")  # what is not read could forbid it
    return _judge_zh(plainly(folded(text), "zh")) if language.startswith("zh") else _judge_en(folded(text))


def _first(rules: tuple[tuple[Kind, re.Pattern[str]], ...], text: str) -> Mood | None:
    for kind, pattern in rules:
        if match := pattern.search(text):
            return Mood(kind, match.group().strip())
    return None


def _judge_en(text: str) -> Mood:
    text = without_reason(without_leading_no(text), "en")
    if _REPORTED_EN.search(text):
        return Mood("reported", "quotation")
    if match := _ASKED_BACK_EN.search(text):
        return Mood("question" if text.endswith("?") else "statement", match.group())
    if mood := _first(_TOLD_EN, text):
        return mood
    if re.match(r"(?:the|your|my|it|that|this|he|she|they|i|we|you)\b", text) is None:
        text = re.sub(r",? already(?=[.! ]*$)", "", text)  # "do it already!"
    if re.search(r"\bi'?d (?:love|like|be|appreciate|prefer|really|very)\b", text) is None:
        text = re.sub(r"\bi'd\b", "i had", text)
    request = without_frame(plainly(bare(text), "en"))
    tagged = _TAG_EN.search(text) is not None
    is_asked = request.is_asked or _ASKED_FOR.match(request.core) is not None
    asked_nicely = is_asked and re.match(rf"{_PERCEPTION}\b", request.core) is None
    words = request.core if asked_nicely or not is_asked else bare(text)
    if not words:
        return Mood("empty")
    words = _TAKEN_EN.sub("it", words)
    prohibited: tuple[tuple[Kind, re.Pattern[str]], ...] = (("negated", PROHIBITED_EN),)
    # "careful with …" loses its first word with what frames a request
    if mood := _first((("negated", _NEGATED_EN), *prohibited), words) or _first(prohibited, bare(text)):
        return mood
    if not asked_nicely and (mood := _first((("question", _QUESTION_EN),), words)):
        return mood
    if mood := _first((("conditional", _CONDITIONAL_EN), ("past", _PAST_EN)), words):
        return mood
    if re.search(r"\b(?:tell|show|teach) (?:me|us)\b|\b(?:if|whether)\b", words):
        return Mood("question", "tell me")
    is_wish = _WISH_EN.search(words) is not None
    if not is_wish and not asked_nicely and (mood := _first((("statement", _STATEMENT_EN),), words)):
        return mood
    if text.rstrip().endswith("?") and not asked_nicely and not tagged:
        return Mood("question", "?")
    return _COMMAND


_POLITE_ZH = re.compile(
    r"^(?:嗯|呃|啊|喂|你好|好的?|那么?|请问|请|麻烦|劳驾|拜托|小?机器人|机械臂|机械手|现在|然后|先|那个)*"
    r"(?:你|您)?(?:能不能|可不可以|可以不可以|能否|可否|可以|能|会不会|愿不愿意|愿意|要不(?!要))(?:请|麻烦|帮我"
    r"|帮忙|给我|为我|你|您)*"
    r"(?!看|听|知道|告诉|认识|觉得|说|想|明白|理解|识别|感觉|解释|介绍|数|走吗|做什么|够|碰|抓到|拿到)"
)
_CALM_ZH = re.compile(r"^(?:(?:好了|行了|够了|可以了)[，,。!！ ]*)+(?=.)|(?:你先)?别忙别的[，,]")
_PERMITTED_ZH = re.compile(
    r"^(?:嗯|好|那|现在|请)*(?:你|您|夹爪|机械臂|手臂|手|爪子|机器人)?(?:可以|该|应该|能)(?!不).+了(?=[吧啊哦呀，,。!！]|$)"
)
_TAG_ZH = re.compile(r"(?:好吗|行吗|可以吗|好不好|行不行|可不可以|好么|成吗|吧|谢谢你?|拜托了?)[呀啊呢哦]*$")
_NEGATED_ZH = re.compile(
    r"不(?!好意思|错|客气|过|停地|同)|(?<![特分区级辨离告个类差])别(?![的人])|没|勿|甭|禁止|切勿|无需|拒绝"
    r"|放弃|除了|而非|避免|忘"
)
_REPORTED_ZH = re.compile(
    r"[\"“”‘’「」『』《》]|说(?!明)|告诉|写着|写道|听说|问(?!题)|叫做|意思是|翻译|念|讲的是|让我|叫我(?=[回去来把拿放抓张松合挥])"
)
_CONDITIONAL_ZH = re.compile(
    r"一旦|每[次当逢]|[听看][到见].{1,8}就|(?<![第再来上下])一(?![点些下起样直个块只号共边定旦米厘毫公分步格条层截段小]).{1,4}就(?![行好可是够成])|数[到完].{1,3}[再就]"
    r"|(?:[到在]|上午|下午|早上|晚上|中午|凌晨)[一二三四五六七八九十两\d]+点(?![\d零一二三四五六七八九儿点])|[一二三四五六七八九十两\d]+点[钟整]"
    r"|[一二三四五六七八九十两\d]+点半(?![厘毫公分米度])|(?:早上|上午|中午|下午|晚上|傍晚|半夜)(?!好)|周[一二三四五六日末天]|下周|改[天日]|(?<![里面上还])有空(?![位间地隙的])|有机会|回头[再就]"
    r"|到时候?|晚点|比如|例如|譬如|比方|如果|要是|假如|假设|倘若|万一|的话|的时候|之后|以后|以前|之前|等.{1,8}[再就]|明天|后天|今晚|待会"
    r"|等会|一会儿?(?:再|后)|下次|分钟后|秒后|小时后|除非"
)
_PAST_ZH = re.compile(
    r"(?<![为除得罢算])了(?!解)|(?<![不超经难通])过(?![来去程])|刚才|刚刚|昨天|前天|已经|曾经?|上次|以前|刚(?=把|[拿放抓夹捡张合回松][^的]*$)|(?:本来|原本)(?!的)"
    r"|之前|去年|当时"
)
_QUESTION_ZH = re.compile(
    r"吗|么$|呢$|干[嘛吗]|何时|几[点时]|多久|凭啥|什么|啥|谁|哪|怎么|怎样|如何|为何|多少|多大|多高|多重|多远|几个|几块|是不是|有没有|对不对"
    r"|是否|能不能|可不可以|会不会|要不要|该不该|[？?]"
)
_STATEMENT_ZH = re.compile(
    r"^(?:多谢|谢谢|感谢|多亏)(?:你|您)们?(?=[^，,。！!]{2})|[好难]看[啊呀呢吧了]*$|多[么]?好[啊呀]?$|[送带接陪领载]我们?(?:回|去|到)|"
    r"^(?:你|机器人|请)*(?:假装|忽略|无视|差点|差一点|本来|居然|竟然|敢|幸好|难道|想象|设想|据说|命令)|"
    r"^(?:他|她|它(?!应该|要|得|该|必须|就?放|需要)|他们|她们|它们|人们|大家|有人|机器人(?:会|在|正在|可以|必须|总是|经常|一般|通常|总|常))"
    r"|^(?:我|我们|咱们)(?!想要?|希望|要你|需要|要求|请你?|让你|麻烦你?|要(?:那|这|红|绿|蓝|黄|黑|白|夹爪|爪子|机械|手臂|第|关节|[一二三四五六七八九十\d]+号))(?!(?<=咱们)(?:回|把|拿|放|往|向|开|合|松|张))"
    r"|^[^把将给帮请让]*(?:是|像|很|真|太|非常|喜欢|讨厌|觉得|属于|有(?:点|些))(?![的把])"
)


def _judge_zh(text: str) -> Mood:
    if _REPORTED_ZH.search(folded(text)):
        return Mood("reported", "引述")
    asks = "?" in folded(text)
    text = without_reason(folded(text), "zh")
    text = _CALM_ZH.sub("", text)
    if (permitted := _PERMITTED_ZH.match(text)) and not asks:  # "you may go home now" is no past
        text = permitted.group()[:-1] + text[permitted.end() :]
    words = bare(text).replace(" ", "")
    words = re.sub(r"^不[是对行]?(?=把|拿|抓|我要|红|绿|蓝|那|这)", "", words)
    if match := ABILITY_ZH.search(words):
        return Mood("question", match.group())
    polite = _POLITE_ZH.match(words)
    rest = words[polite.end() :] if polite else words
    if polite:
        rest = re.sub(r"[吗么呢]$", "", rest)
    shorter = _TAG_ZH.sub("", rest)
    tagged = shorter != rest
    rules: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("negated", _NEGATED_ZH),
        ("negated", PROHIBITED_ZH),
        ("question", _QUESTION_ZH),
        ("conditional", _CONDITIONAL_ZH),
        ("past", _PAST_ZH),
        ("statement", _STATEMENT_ZH),
    )
    if mood := _first(rules, shorter):
        return mood
    if asks and not polite and not tagged:
        return Mood("question", "？")
    return _COMMAND if shorter else Mood("empty")
