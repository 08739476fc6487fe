# SPDX-License-Identifier: Apache-2.0
"""Words that come close to a command or a stop, and are none; and those that are, though they look like something else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.people import is_a_persons
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.utterance import GrammarResult, Utterance

SCENE = Scene(
    tuple(
        SceneObject(name, (0.3, 0.1 * index, 0.02))
        for index, name in enumerate(("red cube", "green cube", "blue cube", "bowl"))
    ),
    ("home", "ready"),
)


def listed(text: str) -> list[str]:
    """The sentences between the slashes."""
    return [one.strip() for one in text.replace("\n", " ").split("/") if one.strip()]


# Done already, and thanked or excused for.
THANKED = listed("""
thank you so much for closing the gripper / cheers for dropping the blue cube in the bowl / sorry for moving left five centimetres
/ nice work on stacking the green cube on the red cube / well done for going home / congratulations on picking up the bowl
/ 谢谢你把绿方块放到碗里 / 感谢你帮我合上夹爪 / 谢谢你往上走了五厘米 / 多亏你回家
""")
TOLD = listed("""
you set the blue cube on the green cube / you just shut your hand / and you put the green cube into the bowl
/ now you put the bowl on the red cube / they let go of the bowl / i set it on the blue cube / we just shut the gripper
/ 你刚放红方块到碗里 / 绿方块原本放在碗里
""")
SUPPOSED = listed("""
let's say the blue cube goes in the bowl / let's assume you close the gripper / ok let us say you go home
/ for example close the gripper / hypothetically pick up the green cube / in theory go home
/ 比如合上夹爪 / 例如拿起绿方块
""")
PLANNED = listed("""
the idea was to grab the blue cube / our goal is to open the gripper / so my next trick is to put the red cube in the bowl
/ i hope you pick up the green cube / well i bet the robot goes home / i'm still hoping that it closes the gripper
/ i wonder if you move left five centimetres / i suppose you open the hand / i think that he drops the blue cube
""")
CONDITIONAL = listed("""
each time the phone rings close the gripper / the moment he sits down go home / the second i turn round open your hand
/ pick up the blue cube provided nobody is near / assuming it is empty put the green cube in the bowl
/ close the gripper should anybody come near / go home at midnight / open the gripper at six o'clock / at half past nine go home
/ on tuesday pick up the bowl / next sunday go home / on my mark close the gripper / in half an hour open your hand
/ 下周拿红方块 / 晚上张开夹爪 / 十点半松手 / 有空把绿方块放碗里 / 改天回家
/ 一旦有人来就松手 / 每次电话响就合上夹爪 / 听到铃声就回家 / 一按铃就张开夹爪 / 数到五就松手 / 下午四点回家 / 到六点张开夹爪 / 九点钟回家
/ 到时候松开夹爪 / 晚点把红方块放碗里
""")
TAKEN_BACK = listed("""
close the gripper um scratch that / take the blue cube hmm cancel that please / hand me the green cube i take it back
/ move left five centimetres nah leave it / go home just messing with you / put the green cube in the bowl psych
/ go to ready i was joking / picking up the bowl is called off / put the blue cube on the red one no forget about it
/ close your hand no forget all that / pick up the bowl oh no cancel that / 拿绿方块不对撤销 / drop the cube in the bowl yeah right / hand me the bowl in your dreams
/ 合上夹爪嗨算了 / 拿红方块还是我自己来吧 / 把绿方块放碗里取消
/ 合上夹爪算了吧 / 拿绿方块说着玩的 / 回家骗你的 / 张开夹爪才怪 / 把红方块放碗里当我没说 / 取消把红方块放进碗里 / 往上十厘米算了
""")
FORBIDDEN = listed("""
严禁合上夹爪 / 切莫回家 / 休得张开夹爪 / 莫拿红方块 / 无须回家 / 并非让你张开夹爪 / 尚未合上夹爪 / 松开夹爪你就死定了 / 拿红方块你就惨了 / 合上夹爪你就完了
/ going home would be wrong / closing the gripper is too dangerous / the green cube stays in the bowl / careful opening the gripper
/ 拿绿方块你就等着瞧 / according to the boss you should close the gripper
""")
# What is to be done with somebody's hand is nothing for the robot's.
ASKED = listed("""
要不要张开夹爪 / 几点松手 / 何时回家 / 多久挥手 / 干嘛张开夹爪 / 把绿方块放碗里干吗 / 凭啥回家
""")
REPORTED = listed("""
my wife wants you to go home / the director wants me to open the gripper / somebody wants you to pick up the bowl / 领导让我挥挥手 / 老板叫我张开夹爪
""")
OF_PEOPLE = listed("""
close my fingers / squeeze his thumb / turn her wrist / raise my left arm ten centimetres / move peter's hand to the left / open the child's fist
/ tighten your grip on my finger / 转她的手腕 / 张开他的手指 / 把孩子的手往上抬 / 合上我的手掌
""")
HEIGHTS = listed("""
lift the arm to fifteen centimetres / lower the gripper to three centimetres / go down to about four centimetres
/ raise your hand to a height of twelve centimetres / move right to two centimetres / up to a level of ten centimetres
""")
# The fingers know open and closed.
PARTLY = listed("""
松开一点 / 爪子张开一些 / 夹爪稍微打开一点 / 手稍微合拢一点点 / 把夹爪关上一点 / open the claw a tiny bit / close your fingers a little
""")
# What is ruled out leaves nothing that could be put anywhere; a reason hides nothing that comes after it.
RULED_OUT = listed("""
don't take the bowl, then put it on the red cube / don't grab the green cube, and once you have it hand it to me
/ do not pick up the red cube, put it in the bowl / 别抓蓝方块，放进碗里 / 不要拿红方块，然后放到碗里
/ go down a bit, it's too high if anybody asks / move left, you're in my way never mind / go up, the gripper is too low cancel that
""")
OTHERS = listed("""
带我回家 / 送我们去那边 / 绿色方块真好看 / 蓝方块放碗里多好啊 / 到三点回家 / green cube bowl put it in
""")
NOTHING = [
    *(*ASKED, *REPORTED),
    *(*THANKED, *TOLD, *SUPPOSED, *PLANNED, *CONDITIONAL, *TAKEN_BACK, *FORBIDDEN),
    *(*OF_PEOPLE, *HEIGHTS, *PARTLY, *RULED_OUT, *OTHERS),
]
# Nor may a model make something of these.
NO_COMMAND = [*ASKED, *REPORTED, *THANKED, *TOLD, *SUPPOSED, *PLANNED, *CONDITIONAL, *TAKEN_BACK, *FORBIDDEN]
UNDERSTOOD = {
    "open_gripper": "thanks, open the gripper / my hands are out of the way, open the gripper / open your hand / 把夹爪张开 / 轻点松开",
    "close_gripper": "i suppose you should close the gripper / i wonder if you could close your hand / 夹紧一点 / 再握紧点 / you close the gripper / close the claw at once",
    "pick": "i was hoping you could pick up the red cube / i suggest you pick up the green cube / you pick up the red cube / 拿红方块就行 / 抓住绿方块就可以了",
    "pick_and_place": "you put the red cube in the bowl please / the bowl, put the green cube in it / 把红方块放碗里就好",
    "move_by": "lower the arm by five centimetres / go straight ahead / go ahead ten centimetres / 往上一厘米就行 / 往下一点五厘米 / 给我手抬高五厘米 / the arm should be five centimetres higher",
    "move_joint": "turn the second joint by ten degrees / 一号关节转十度就好",
    "move_to": "you go home please / 回家就行 / 可以回家了",
    "hand_over": "put the blue cube into my hand / 绿色的拿给我行吗 / 把蓝方块拿给我好不好 / 放到我手上",
    "wave": "say hello to us / 跟我打个招呼",
    "continue": "go ahead / ok go ahead then",
    "undo": "put it back where it was / cancel that last move",
}
CORRECTED = {
    ("pick", "green cube"): "拿蓝的呃不绿的 / 抓红色的不对是绿色的 / 拿起红方块哦不绿方块",
    ("pick", "yellow cube"): "pick up the red cube no the yellow cube",
}
STOPS = listed("""
stoppp / stooooop / the blue one stop / no not this one stop / the first one stop / time to stop now / if you don't stop right now
/ if it doesn't stop i'm leaving / didn't i say stop / could you hand me the stop / put the blue cube into the stop stop / close your stop
/ drop the green one in the stop / do it stop / have a look at it stop / stop it is going to fall / stop that was the wrong one / no don't lift stop / 停放开它 / 停放下 / i say stop / 我说停 / 我说停了你没听见吗 / 我都说停下了 / 跟你说停 / 终止 / 中止当前动作 / 请终止运行 / 还不停 / 你还不停下 / 再不停我就报警
/ 你要是不停我就走 / 不停我就关电闸
""")
NO_STOPS = listed("""
a one stop shop / lift the stop / release stop / why do you stop / do they stop / the stop was sudden / take the stop button / 停放区 / one-stop shopping / there's no time to stop / any time to stop for lunch / when i say stop you stop / go up until i say stop / 往下走到我喊停为止 / 不准停 / 等我说停你再停 / 我说停的时候再松手 / 他说停
/ 没终止 / 不要中止 / 雨不停 / 不停地动
""")


def language_of(text: str) -> str:
    """English has no characters beyond ASCII here."""
    return "en" if text.isascii() else "zh"


@pytest.fixture(scope="module")
def grammars() -> SentenceGrammars:
    return SentenceGrammars()


@pytest.mark.parametrize("text", NOTHING)
def test_it_moves_nothing(grammars: SentenceGrammars, text: str) -> None:
    assert not any(
        call.arguments.moves or call.skill == "forget_place"
        for call in grammars.calls(text, language_of(text), SCENE)
    )


@pytest.mark.parametrize("text", NO_COMMAND)
def test_a_model_may_make_nothing_of_it(text: str) -> None:
    assert not judge_mood(text, language_of(text)).is_command


@pytest.mark.parametrize(
    ("skill", "text"), [(s, one) for s, texts in UNDERSTOOD.items() for one in listed(texts)]
)
def test_what_only_looks_like_it_is_done(grammars: SentenceGrammars, skill: str, text: str) -> None:
    assert [call.skill for call in grammars.calls(text, language_of(text), SCENE)] == [skill]


@pytest.mark.parametrize(
    ("meant", "text"), [(meant, one) for meant, texts in CORRECTED.items() for one in listed(texts)]
)
def test_the_thing_that_is_meant_in_the_end(
    grammars: SentenceGrammars, meant: tuple[str, str], text: str
) -> None:
    skill, thing = meant
    assert grammars.calls(text, language_of(text), SCENE) == (parse_call(skill, {"object": thing}),)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        *(
            ("pick up the cube", one)
            for one in ("the green one?", "it's mine", "the blue one is broken", "is it red")
        ),
        *(("put the red cube", one) for one in ("in the bowl?", "it's in the bowl", "he put it in the bowl")),
        *(("move ten centimetres", one) for one in ("up?", "it's right", "left?")),
        *(("turn joint two", one) for one in ("thirty degrees?", "it's thirty degrees")),
        *(("拿方块", one) for one in ("绿的是我的", "她要绿的", "绿的？", "是我的", "不是绿的")),
    ],
)
def test_what_answers_no_question(grammars: SentenceGrammars, asked: str, answer: str) -> None:
    assert grammars.completed([asked, answer], SCENE) == ()


@pytest.mark.parametrize(
    ("asked", "answer", "thing"),
    [
        *(
            ("pick up the cube", one, "blue cube")
            for one in ("it's the blue one", "yes, the blue one", "well the blue")
        ),
        *(("拿方块", one, "green cube") for one in ("是绿色的", "嗯，绿的", "就是绿的")),
    ],
)
def test_what_answers_a_question(grammars: SentenceGrammars, asked: str, answer: str, thing: str) -> None:
    assert grammars.completed([asked, answer], SCENE) == (parse_call("pick", {"object": thing}),)


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_is_not_missed(text: str) -> None:
    assert find_stop_phrase(text)


@pytest.mark.parametrize("talk", ["and so on and so forth ", "还有就是说 "])
def test_who_talks_on_and_on_is_stopped_all_the_same(grammars: SentenceGrammars, talk: str) -> None:
    text = f"{talk * 800} stop"
    assert [call.skill for call in grammars.calls(text, "en", SCENE)] == ["stop"]


def test_what_was_said_before_a_correction_is_looked_at_once() -> None:
    seen: list[str] = []

    def covers(text: str, _: Scene) -> bool:
        seen.append(text)
        return True

    Utterance("go up no " * 20, "en", SCENE, lambda *_: GrammarResult(), covers).understood()
    assert len(seen) == len(set(seen)) > 0


@pytest.mark.parametrize("text", NO_STOPS)
def test_what_is_no_stop(text: str) -> None:
    assert find_stop_phrase(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "pick it up",
        "lift it off the table",
        "grab it from the desk",
    ],
)
def test_what_nobody_named_is_asked_about(grammars: SentenceGrammars, text: str) -> None:
    result = grammars.parse(text, "en", SCENE)
    assert (result.calls, result.skill, result.slot) == ((), "pick", "object")


@pytest.mark.parametrize("text", OF_PEOPLE)
def test_a_part_of_somebody(text: str) -> None:
    assert is_a_persons(text)


@pytest.mark.parametrize(
    "text",
    [
        "your hand",
        "the robot's arm",
        "the gripper",
        "let's hand it over",
        "my hand is clear",
        "把手抬高",
        "放到我手里",
        "给我手抬高",
    ],
)
def test_no_part_of_anybody(text: str) -> None:
    assert not is_a_persons(text)


@pytest.mark.parametrize(
    ("text", "skill", "arguments", "reason"),
    [
        ("pinch my thumb with the gripper", "close_gripper", {}, "somebody's"),
        ("用夹爪夹他的手指", "close_gripper", {}, "somebody's"),
        ("bring the hand up to 20 cm", "move_by", {"direction": "up", "distance": 0.2}, "not how far"),
        ("手升高到二十厘米", "move_by", {"direction": "up", "distance": 0.2}, "not how far"),
    ],
)
def test_what_a_model_may_not_propose(
    text: str, skill: str, arguments: dict[str, object], reason: str
) -> None:
    assert reason in "; ".join(ungrounded(parse_call(skill, arguments), text, SCENE, language_of(text)))


_SCRAPS = """
stop don't open close the gripper pick up put red blue cube bowl in on home left 10 five cm no not wait i mean you my hand to at
' % ? . , " 把 红 方块 放 进 碗里 别 不 停 往上 十 厘米 了 吗 ， 。 然后 ﬁ Ａ é ½ ① 〇
"""
_WORDS = st.sampled_from([*_SCRAPS.split(), "\u200b", "\u202e", "\x00", "\U0001f916", "\ud800"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(_WORDS, max_size=40).map(" ".join)))
def test_nothing_that_is_said_breaks_it(grammars: SentenceGrammars, text: str) -> None:
    stops = find_stop_phrase(text) is not None
    for language in ("en", "zh"):
        calls = grammars.calls(text, language, SCENE)
        assert stops == (tuple(call.skill for call in calls) == ("stop",))
        judge_mood(text, language)
