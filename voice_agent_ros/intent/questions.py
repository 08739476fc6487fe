# SPDX-License-Identifier: Apache-2.0
"""The usual questions about robot and scene: which one is it, and about what? See `intent.answers`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from voice_agent_ros.intent.wordings import bare, plainly

MAX_WORDS = {"en": 18, "zh": 30}


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        about: the things named in it, by their part: "thing" or "where".
    """

    topic: str
    about: dict[str, str] = field(default_factory=dict)


def questions(text: str, language: str) -> Iterator[Question]:
    """Ways to read a text as one of these questions, the likeliest first; none if it is something else."""
    words = plainly(bare(text), language)
    words = _LEADING[language].sub("", words.replace(" ", "") if language == "zh" else words)
    size = len(words) if language == "zh" else len(words.split())
    if not 1 <= size <= MAX_WORDS[language]:
        return
    for pattern, topic in _compiled(language):
        if match := pattern.fullmatch(words):
            about = {name.rstrip("23"): said for name, said in match.groupdict().items() if said}
            yield Question(topic, about)


@lru_cache(maxsize=2)
def _compiled(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), topic) for pattern, topic in _QUESTIONS[language])


_HAND = r"(?:your|the|my) (?:hand|gripper|claw|grip|fingers?)"
_ARM = r"(?:your |the |robot )*(?:arm|hand|gripper|tool|claw|end effector)"
_LEADING = {
    "en": re.compile(
        r"^(?:(?:hey|hi|hello|ok(?:ay)?|so|and|but|well|um+|uh+|robot|please|now|tell me|do you know|can you tell me"
        r"|could you tell me|can you say|i wonder|say)\b ?)+"
    ),
    "zh": re.compile(r"^(?:请问|你好|喂|那么?|嗯|告诉我|你知道|机器人|现在)+"),
}
_THING = r"(?P<thing>(?:the |my |your |a |an |any |that |this )*[\w' -]+?)"
_NOW = r"(?: (?:now|right now|at the moment|currently|there|here|on the table|somewhere|please))*"


_QUESTIONS = {
    "en": (
        (rf"(?:where(?:'s| is| are)|what is the position of|in what position is) {_ARM}{_NOW}", "arm"),
        (
            rf"(?:what|which) (?:position|pose|posture) (?:are you|is {_ARM}) in{_NOW}|how is {_ARM} (?:positioned|doing)",
            "arm",
        ),
        (rf"where are you(?: pointing)?{_NOW}", "arm"),
        (
            rf"(?:what|which (?:object|thing|one)) (?:are you|is (?:the|your) (?:robot|arm|hand|gripper)) (?:holding|carrying|gripping)(?: in {_HAND})?{_NOW}"
            rf"|(?:what's|what is|what have you got|what do you have|is there (?:anything|something)|(?:have|do) you (?:got |have )?(?:anything|something)) (?:in|inside|between) {_HAND}{_NOW}"
            rf"|are you (?:still )?(?:holding|carrying|gripping) (?:anything|something|it)(?: in {_HAND})?{_NOW}|is {_HAND} (?:empty|full|free){_NOW}",
            "holding",
        ),
        (rf"(?:is|are) {_HAND} (?:open|closed|shut)(?: or (?:open|closed|shut))?{_NOW}", "gripper"),
        (rf"is {_THING} (?:in|inside|on|on top of) (?P<where>(?:the |my |your )?[\w ]+?){_NOW}", "is_in"),
        (
            r"(?:what's|what is|what are|what things are|is there (?:anything|something)) (?:there )?(?:in|inside|on top of) (?P<where>(?:the |my |your )?[\w ]+)",
            "what_is_in",
        ),
        (
            rf"how many (?P<thing>[\w ]+?)(?: (?:do|can) you (?:see|have|count|make out)| are (?:there|on the table|left)| is there)*{_NOW}",
            "how_many",
        ),
        (
            rf"(?:do|can) you (?:see|spot|detect|find|have) {_THING}{_NOW}|(?:is|are) there {_THING.replace('thing', 'thing2')}{_NOW}",
            "is_there",
        ),
        (
            rf"(?:where(?:'s| is| are| did you (?:put|leave|place))|what is the (?:position|location) of) {_THING}{_NOW}",
            "where",
        ),
        (
            r"why (?:did|have|are|were|do|does|is|has|won't|don't|doesn't|didn't|haven't|hasn't|aren't|isn't|can't|couldn't|wouldn't) (?:you|it|that|nothing|the (?:arm|robot|gripper|hand))\b.*"
            r"\b(?:stop(?:ped)?|stopping|refus\w+|not (?:do|doing|move|moving|did)|reject\w*|fail\w*|do (?:it|that|what i said|as i said)|done|move|moving|work|standing still|stand still|halt\w*|pick\w*|decline\w*|say no|help)\b.*"
            r"|why not|why|what(?:'s| is| was| went) (?:the (?:problem|matter|reason)|wrong)(?: with you)?|what(?:'s| is) (?:stopping|keeping) you|how come|what happened(?: there| just now)?",
            "why",
        ),
        (
            r"what (?:did|have) you (?:just )?(?:do|done)(?: just now| last| before| so far| right now)?|what was (?:that|the last thing(?: you did)?|your last (?:action|movement|task))"
            r"|(?:did|does) (?:it|that) work(?: out)?|did you (?:do|manage|make|finish) (?:it|that)|are you (?:done|finished|ready with that)|have you (?:done|finished) (?:it|that)?",
            "last",
        ),
        (
            rf"(?:can|may) you (?:still )?move{_NOW}|are you (?:still )?(?:stopped|latched|blocked|locked|frozen|paused|moving|busy|ready|free|able to move)(?: to move)?{_NOW}|do i (?:have|need) to (?:say )?resume.*",
            "may_move",
        ),
        (
            r"how are you(?: doing| feeling)?(?: today| now)?|are you (?:ok(?:ay)?|all right|alright|well|fine|healthy)|(?:do you have|are there|have you got|is there|have you) (?:any |a )?(?:problems?|errors?|faults?|issues?|warnings?|trouble)(?: with you)?"
            r"|what(?:'s| is) your (?:status|state|condition)|is (?:everything|all) (?:ok(?:ay)?|all right|alright|fine|working)|(?:any |what )?(?:problems|errors|diagnostics|status|status report|faults)(?: do you have)?",
            "health",
        ),
        (
            r"what (?:all )?(?:can|could) (?:you|i) (?:do|say|ask(?: you)?|tell you)(?: for me| to you| here)?|what (?:are you able to do|are you capable of|do you do|are your (?:skills|abilities|capabilities|commands))"
            r"|which (?:commands|skills|things) (?:do you (?:know|have|understand)|can you do)|(?:please )?help(?: me)?|how (?:can|could) you help(?: me)?|what commands (?:do you (?:know|understand)|are there)|how do i use you",
            "abilities",
        ),
        (
            r"(?:what|which) (?:poses|positions|places)(?: and places)? (?:do you (?:know|have)|are there|can you go to|have you been taught|did you learn)",
            "poses",
        ),
    ),
    "zh": (
        (
            r"(?:你的?)?(?:手臂|机械臂|胳膊|手|夹爪|爪子)(?:现在)?(?:在)?(?:哪里?|哪儿|什么位置|什么姿势|什么地方)(?:呢|啊)?|你(?:现在)?在(?:哪里?|哪儿|什么位置)(?:呢|啊)?",
            "arm",
        ),
        (
            r"(?:你)?(?:的)?(?:手里|手上|手中|夹爪里|爪子里)(?:现在)?(?:拿着|抓着|夹着|有)?(?:的是|的)?(?:什么|啥|东西吗|什么东西)(?:东西)?(?:呢|啊)?|你(?:现在|正)?(?:在)?(?:拿|抓|夹|握)(?:着|住)?(?:的是|了)?(?:什么|啥)(?:东西)?(?:呢|啊)?|(?:你)?(?:手里|手上)(?:有没有|有)东西吗?|你(?:的)?手(?:是)?空(?:的|着)吗?",
            "holding",
        ),
        (
            r"(?:你的?)?(?:夹爪|爪子|手)(?:现在)?(?:是)?(?:张?开|闭合?|合上|关)(?:着|的)?(?:吗|还是.*)",
            "gripper",
        ),
        (r"(?P<thing>[^在]+)(?:是不是)?在(?P<where>[^里上吗]+)(?:里面?|上面?|中)(?:吗|么)?", "is_in"),
        (r"(?P<where>[^里上桌手]+)(?:里面?|上面?|中)(?:有|是)(?:什么|啥|东西吗)(?:东西)?", "what_is_in"),
        (
            r"(?:桌上|桌子上|这里|你看到|你看见|你能看到)?(?:一共|总共)?有?(?:几|多少)(?:个|块|只)(?P<thing>[^在]+?)(?:在桌上|呢|啊)?",
            "how_many",
        ),
        (
            r"(?:你)?(?:能)?(?:看到|看见|看得到|有没有看到)(?P<thing>.+?)(?:了)?吗|(?:桌上|桌子上|这里)?有没有(?P<thing2>.+)|(?:桌上|这里)有(?P<thing3>.+)吗",
            "is_there",
        ),
        (
            r"(?P<thing>.+?)(?:现在)?在(?:哪里?|哪儿|什么地方|什么位置)(?:呢|啊)?|(?:哪里|哪儿)有(?P<thing2>.+)",
            "where",
        ),
        (
            r"(?:你)?(?:刚才|刚刚|现在)?(?:为什么|为何|怎么|干嘛|干吗|凭什么)(?:要|会|又|还|突然|就)?(?:停|不|拒绝|没|失败).*|为什么呢?|为啥(?:不|停|没)?.*|(?:出)?(?:什么|啥)(?:问题|毛病|情况)了?|怎么(?:了|回事)|发生了?什么(?:事)?",
            "why",
        ),
        (
            r"(?:你)?(?:刚才|刚刚|上次|之前)?(?:都)?(?:做|干)了(?:些)?(?:什么|啥)|(?:你)?(?:刚才|刚刚)(?:在)?(?:做|干)(?:什么|啥)(?:了)?|(?:你)?(?:做完|完成|弄好|做好|成功|好)了(?:吗|没有|没)",
            "last",
        ),
        (
            r"(?:你)?(?:现在)?(?:能|可以|还能)(?:动|移动|走)(?:吗|了吗)|(?:你)?(?:现在)?(?:是不是)?(?:停|锁|卡)(?:住|止|着)?(?:了)?吗|(?:你)?(?:准备好|忙)(?:了)?吗|(?:你)?在(?:动|移动|忙)吗",
            "may_move",
        ),
        (
            r"(?:你)?(?:还|现在)?(?:好吗|没事吧|没问题吧|正常吗|怎么样)|(?:有|有没有)(?:什么)?(?:故障|问题|错误|毛病)吗?|(?:你的?)?(?:状态|情况|诊断)(?:怎么样|如何|是什么)?",
            "health",
        ),
        (
            r"(?:你)?(?:都)?(?:能|会|可以)(?:帮我)?(?:做|干)(?:些|点)?(?:什么|啥|哪些事情?)(?:事情?)?(?:呢|啊)?|(?:你)?(?:有|会)(?:什么|哪些)(?:功能|技能|本领|命令|指令)|(?:我)?(?:可以|能)(?:对你)?(?:说|问)(?:些)?什么|帮助",
            "abilities",
        ),
        (r"(?:你)?(?:知道|认识|记得|有)(?:哪些|什么)(?:位置|姿势|地方|姿态)", "poses"),
    ),
}
