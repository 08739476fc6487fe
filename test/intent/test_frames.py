# SPDX-License-Identifier: Apache-2.0
"""Around every command: what asks for it changes nothing, and what denies, asks, reports or delays it moves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.wordings import folded

SENTENCES = Path(__file__).parents[1] / "data" / "commands_dev.yaml"
SCENE = Scene(
    tuple(
        SceneObject(name, (0.3, 0.1 * at, 0.02))
        for at, name in enumerate(("red cube", "green cube", "blue cube", "bowl"))
    ),
    ("home", "ready"),
)
FORBIDDING = {
    "en": """
don't {} / do not {} / never {} / you must not {} / i don't want you to {} / there is no need to {} / could you not {}
nobody asked you to {} / it would be bad to {} / it would be bad if you {} / i'm afraid you might {} / what if you {}
did you {} / why did you {} / should i {} / what happens if you {} / how do i {} / are you able to {} / do you know how to {}
have you ever tried to {} / is it safe to {} / who told you to {} / he said {} / she told me to {} / the sign says {} / {} he said
if someone says {} / he told the robot to {} / yesterday you {} / i was going to {} / earlier he asked me to {} / you should have {}
if the light is green {} / {} if it is safe / {} when i say so / {} but only if the bowl is empty / {} after lunch / {} tomorrow
{} unless it rains / {} in five minutes / {} as soon as the door opens / {} without checking / ignore the limits and {} / pretend to {}
imagine you {} / {} except the red one / my brother can {} / i will {} / they {} / {} is a bad idea / i love to {} / tell him to {}
next time {} / translate {} into french / in the film they {} / "{}" / say {} / i forgot to {} / you were supposed to {}
""",
    "zh": """
不要{} / 别{} / 千万别{} / 你不能{} / 不许{} / 不用{} / 没必要{} / 我不想让你{} / 为什么要{} / 如果{}会怎样 / 怎么{} / 他说{}
书上写着{} / 昨天你{} / 等我说好再{} / 如果灯亮了就{} / 明天{} / 五分钟后{} / 他让你{} / 我弟弟会{} / 假装{} / {}是危险的 / 没人让你{}
谁让你{} / 我不喜欢你{} / 最好别{} / 难道你要{} / “{}” / 老师说{} / 禁止{} / 无需{} / 我没说{} / 什么时候{} / 是不是该{} / 要是{} / 下次{}
他们{} / 我会{} / 忽略限制{} / 除了红色的{} / 本来要{} / 差点{} / 幸好没{}
""",
}
ASKING = {
    "en": [
        *(
            "could you {}",
            "can you please {}",
            "would you {}",
            "please {}",
            "i'd like you to {}",
            "i want you to {}",
        ),
        *(
            "i was wondering if you could {}",
            "it would be great if you could {}",
            "robot, {}",
            "um, {}",
            "okay, {}",
            "now {}",
        ),
        *(
            "go ahead and {}",
            "i need you to {}",
            "your next task is to {}",
            "would you be so kind as to {}",
            "{} please",
            "{} for me",
        ),
        *(
            "do you think you could {}",
            "let's {}",
            "make sure to {}",
            "{} when you have a moment",
            "{}, thank you",
            "{} if you could",
        ),
        *(
            "it would help if you could {}",
            "all you need to do is {}",
            "it's time to {}",
            "hey robot, could you please {}",
        ),
    ],
    "zh": [
        *(
            "请{}",
            "麻烦你{}",
            "帮我{}",
            "能不能{}",
            "可以{}吗",
            "你能{}吗",
            "请你{}吧",
            "嗯，{}",
            "机器人，{}",
            "现在{}",
            "{}，谢谢",
        ),
        *("我想让你{}", "那个，{}", "能不能帮我{}", "劳驾{}", "好的，{}"),
    ],
}
PLAIN = {
    "en": [
        *("pick up the red cube", "put the green cube in the bowl", "put it in the bowl", "go home", "move up five centimeters"),
        *("open the gripper", "close your hand", "take the blue block and put it on the red one", "move the arm a bit to the left"),
        *("raise the hand by two inches", "go back to the ready position", "grab the bowl", "stack the blue cube on the green one"),
    ],
    "zh": [
        *("拿起红色方块", "把绿方块放到碗里", "把它放进碗里", "回家", "向上移动五厘米", "张开夹爪", "合上爪子"),
        *("把蓝色的放在红色的上面", "往左移动一点", "回到准备位置", "抓住那个碗"),
    ],
}  # fmt: skip
MOVES_NO_ARM = ("stop", "pause", "describe_scene", "set_speed", "remember_place", "forget_place")


@pytest.fixture(scope="module")
def grammars() -> SentenceGrammars:
    return SentenceGrammars()


def _commands(language: str) -> list[str]:
    rows = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    return [
        folded(row["text"]).strip(".!?。！？ ")
        for row in rows
        if row["kind"] == "command"
        and row["language"] == language
        and row["expect"]["calls"][0]["skill"] not in MOVES_NO_ARM
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_frame_that_forbids_lets_a_command_through(grammars: SentenceGrammars, language: str) -> None:
    frames = [
        frame.strip() for line in FORBIDDING[language].strip().splitlines() for frame in line.split("/")
    ]
    moved = []
    for at, command in enumerate(_commands(language)):
        for frame in frames[at % 3 :: 3]:  # every frame around a third of the commands
            text = frame.replace("{}", command)
            calls = grammars.parse(text, language, SCENE).calls
            if any(
                call.arguments.moves or call.skill in ("resume", "continue", "repeat", "undo")
                for call in calls
            ):
                moved.append((text, calls))
    assert moved == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_asks_for_a_command_changes_nothing(grammars: SentenceGrammars, language: str) -> None:
    changed = []
    for command in PLAIN[language]:
        alone = grammars.parse(command, language, SCENE).calls
        assert alone, command
        for frame in ASKING[language]:
            text = frame.replace("{}", command)
            if grammars.parse(text, language, SCENE).calls != alone:
                changed.append(text)
    assert changed == []


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(PLAIN["en"]),
    st.lists(st.sampled_from(["um", "uh", "please", "okay", "so", "well", "hey robot", "now"]), max_size=3),
    st.lists(st.sampled_from(["please", "now", "thank you", "for me", "robot", "okay"]), max_size=2),
)
def test_fillers_change_nothing(command: str, before: list[str], after: list[str]) -> None:
    grammars = _grammars()
    framed = " ".join([*before, command, *after])
    assert grammars.parse(framed, "en", SCENE).calls == grammars.parse(command, "en", SCENE).calls


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        [
            "stop",
            "halt",
            "freeze",
            "whoa",
            "don't move",
            "that's enough",
            "quit moving",
            "cease",
            "emergency",
            "hold it",
        ]
    ),
    st.sampled_from(["", "robot ", "please ", "okay ", "no ", "hey "]),
    st.sampled_from(["", " now", " please", " right now", " robot"]),
)
def test_a_stop_is_heard_with_anything_polite_around_it(stop: str, before: str, after: str) -> None:
    if stop == "don't move" and before == "no ":
        return
    assert find_stop_phrase(f"{before}{stop}{after}"), f"{before}{stop}{after}"


@pytest.mark.parametrize(
    "text",
    [
        "停",
        "停下",
        "停住",
        "别动",
        "别再动了",
        "不要动",
        "不许动",
        "住手",
        "打住",
        "够了",
        "刹车",
        "快停",
        "停一下",
        "站住",
        "急停",
        "都别动",
    ],
)
def test_a_chinese_stop_is_heard(text: str) -> None:
    assert find_stop_phrase(text)
    assert find_stop_phrase(f"机器人，{text}！")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "get lost",
            "take a break",
            "give me a minute",
            "hold your horses",
            "pick up the pace",
            "take the lead",
            "grab a bite",
        ),
        *(
            "put yourself together",
            "move along now people",
            "shut up",
            "open your mind",
            "drop the act",
            "raise the roof",
            "get over it",
        ),
        *(
            "put a sock on it",
            "take it easy",
            "hold the line",
            "catch you later",
            "get a move on",
            "let the music play",
            "close the deal",
        ),
        *(
            "给我讲个笑话",
            "拿主意",
            "放轻松",
            "打开天窗说亮话",
            "开心一点",
            "抓紧时间",
            "放假了",
            "回头见",
            "上一边去",
        ),
    ],
)
def test_an_idiom_names_nothing(grammars: SentenceGrammars, text: str) -> None:
    calls = grammars.parse(text, "", SCENE).calls
    assert not any(call.arguments.moves for call in calls), calls


def _grammars(made: list[SentenceGrammars] = []) -> SentenceGrammars:  # noqa: B006  one for all examples
    if not made:
        made.append(SentenceGrammars())
    return made[0]
