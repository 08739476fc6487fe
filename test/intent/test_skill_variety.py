# SPDX-License-Identifier: Apache-2.0
"""Skills in many wordings: what they need, in several orders, with what people put around it; and what only looks alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

from voice_agent_ros.intent.gaps import completed, is_gap
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.utterance import GrammarResult

SCENE = Scene(
    tuple(
        SceneObject(name, (0.3, 0.1 * at, 0.02))
        for at, name in enumerate(("red cube", "green cube", "blue cube", "bowl"))
    ),
    ("home", "ready"),
)
THIRTY = round(math.radians(30.0), 6)
# call → wordings; "/" parts them
EN = {
    (
        "wave",
        (),
    ): "wave / wave at me / give us a wave / wave hello to everyone / do a little wave for the camera / wave goodbye with your hand / give the kids a wave",
    (
        "pause",
        (),
    ): "pause / hold on a second / wait a moment / hang on / pause for a moment / take a short break / wait there for a minute / pause what you're doing",
    (
        "continue",
        (),
    ): "continue / carry on / keep going / go on with it / proceed / carry on where you left off / continue what you were doing",
    (
        "repeat",
        (),
    ): "repeat that / do that again / do the same thing once more / one more time / repeat the last action / redo your last move / again",
    (
        "undo",
        (),
    ): "undo that / undo the last move / take back that last move / take that back / reverse what you just did / revert your last step / go back to where you were",
    (
        "set_speed",
        (("factor", 0.5),),
    ): "half speed / go at half speed / set the speed to fifty percent / slow down / move slower / run at 50 percent speed / speed 0.5 / slow down to half of your speed / use half the speed",
    (
        "set_speed",
        (("factor", 0.25),),
    ): "slow down to a quarter / move at a quarter of full speed / set your speed to 25 percent / reduce the speed to a quarter",
    (
        "set_speed",
        (("factor", 1.0),),
    ): "full speed / use full speed / go back to full speed / set the speed to maximum / move at normal speed / at full speed",
    (
        "move_joint",
        (("joint", 2), ("angle", THIRTY)),
    ): "turn joint two by thirty degrees / joint 2 thirty degrees / rotate the second joint 30 degrees / thirty degrees on joint two / bend axis two 30 degrees / move joint number two by 30 degrees / the second joint turn it by thirty degrees / give joint two a turn of thirty degrees",
    (
        "move_joint",
        (("joint", 2), ("angle", -THIRTY)),
    ): "turn joint two by minus thirty degrees / joint 2 negative 30 degrees / rotate joint two backwards by 30 degrees / turn the second joint 30 degrees the other way",
    (
        "rotate_gripper",
        (("angle", THIRTY),),
    ): "turn the gripper thirty degrees counterclockwise / rotate your hand 30 degrees anticlockwise / counter clockwise thirty degrees with the gripper / give the gripper a turn of thirty degrees counterclockwise / twist the claw counterclockwise by 30 degrees",
    (
        "rotate_gripper",
        (("angle", -THIRTY),),
    ): "turn the gripper thirty degrees clockwise / gripper clockwise 30 degrees / spin the claw clockwise by thirty degrees / rotate 30 degrees clockwise",
    (
        "hand_over",
        (("object", "red cube"),),
    ): "hand me the red cube / give the red cube to me / pass me the red block / bring the red cube over here / hand over the red cube / the red cube hand it to me / can i have the red cube / let me have the red one",
    (
        "hand_over",
        (),
    ): "give it to me / hand it over / hand me that / pass me what you're holding / hand over what you have",
    (
        "look_at",
        (("target", "bowl"),),
    ): "look at the bowl / take a look at the bowl / point your camera at the bowl / eyes on the bowl / turn to face the bowl / keep an eye on the bowl / aim your gaze at the bowl / inspect the bowl",
    (
        "remember_place",
        (("name", "corner"),),
    ): "remember this place as corner / call this spot corner / save this position call it corner / this spot is called corner / save where you are under the name corner / let's call this place the corner / memorize here as corner",
    (
        "forget_place",
        (("name", "corner"),),
    ): "forget the place called corner / delete the corner / forget the corner place / erase the saved position corner / forget about the corner / remove the place named corner",
}
ZH = {
    ("wave", ()): "挥挥手 / 跟大家挥挥手 / 向奶奶挥一下手 / 打个招呼 / 给我们招个手 / 挥手示意",
    ("pause", ()): "暂停 / 等一下 / 先暂停会儿 / 稍等片刻 / 暂停一下动作 / 等等我 / 歇一会儿",
    ("continue", ()): "继续 / 接着做 / 继续刚才的动作 / 继续工作 / 接着往下做",
    (
        "repeat",
        (),
    ): "再来一次 / 重复上一个动作 / 刚才那个再做一遍 / 把刚才的动作重复一遍 / 照样再来一回 / 再做一次",
    (
        "undo",
        (),
    ): "撤销 / 退回上一步 / 取消上一步操作 / 把刚才的动作撤回来 / 退回到上一步 / 原路返回 / 撤销刚才那一步",
    (
        "set_speed",
        (("factor", 0.5),),
    ): "半速 / 用一半的速度 / 速度调到百分之五十 / 慢一点 / 把速度降到一半 / 以五成的速度动 / 速度减半",
    ("set_speed", (("factor", 1.0),)): "用全速 / 全速运行 / 恢复正常速度 / 速度调到最大 / 用最大速度移动",
    (
        "move_joint",
        (("joint", 2), ("angle", THIRTY)),
    ): "二号关节转三十度 / 把第二个关节转30度 / 关节二旋转三十度 / 转动二号关节三十度 / 第二轴转三十度 / 让二号关节转动三十度",
    (
        "move_joint",
        (("joint", 2), ("angle", -THIRTY)),
    ): "二号关节转负三十度 / 把第二关节反向转三十度 / 二号关节负三十度",
    (
        "rotate_gripper",
        (("angle", -THIRTY),),
    ): "夹爪顺时针转三十度 / 把爪子顺时针旋转三十度 / 顺时针把夹子转三十度 / 顺时针转三十度",
    ("rotate_gripper", (("angle", THIRTY),)): "夹爪逆时针转三十度 / 将夹爪逆时针拧三十度 / 逆时针三十度",
    (
        "hand_over",
        (("object", "red cube"),),
    ): "把红方块递给我 / 红色方块递过来 / 递给我红方块 / 把红方块拿过来给我 / 给我红的那个",
    ("hand_over", ()): "把它递给我 / 递过来 / 把手里的东西交给我 / 拿给我",
    ("look_at", (("target", "bowl"),)): "看着碗 / 看一下碗 / 把镜头对准碗 / 朝碗看 / 眼睛盯住碗",
    (
        "remember_place",
        (("name", "角落"),),
    ): "记住这里叫角落 / 把这个位置叫做角落 / 这里叫角落 / 保存当前位置为角落 / 把现在的地方保存为角落 / 记住这个位置叫角落",
    (
        "forget_place",
        (("name", "角落"),),
    ): "忘掉角落 / 把角落删掉 / 忘掉角落这个位置 / 删除叫角落的位置 / 把名叫角落的位置删掉",
}
AROUND = {
    "en": ["{}", "please {}", "{} please", "um {}", "okay now {}", "robot, {}", "{} now", "hey robot, {} please", "so, {}", "{}, thanks", "alright, {}", "great, you've got it, so now {}"],
    "zh": ["{}", "请{}", "麻烦{}", "{}吧", "嗯 {}", "机器人，{}", "好的，{}", "现在{}", "请你{}", "那就{}"],
}  # fmt: skip
NOT_ASKED = {
    "en": ["don't {}", "please do not {}", "never {}", "did somebody {}", "he told me to {}", "\"{}\" is what it says", "if it rains {}", "what happens when you {}", "she said {}", "yesterday I had to {}", "why would you {}"],
    "zh": ["不要{}", "千万别{}", "他说{}", "如果下雨就{}", "为什么要{}", "昨天他{}了吗", "书上写着“{}”", "你什么时候{}"],
}  # fmt: skip
OTHER_TALK = """
he waved at me / the joint venture pays thirty percent / wait for the bus / the speed of light / we should pause for lunch / I can't wait / hold on to the rail of the bus
remember when we met / remember to call me / call me tomorrow / forget it / forget about it / look out / it looks like rain / watch a movie / give me a break / give up / give me five
keep going on about it / once more unto the breach / turn the lights off / turn it off / take it back to the store / faster than light / a wave hit the beach / point taken / face the facts
joint two is thirty degrees / I turned joint two by thirty degrees / the speed is 30 percent / that was too fast for me to see what you did / I like to wave at people / she handed me the red cube
slow food is good / pass the time / pick up / hand over hand / I'll hand you the red cube / are you waving / the sign says wait / undo buttons are useful / speed limits are thirty here
right / all right then / left over food / up yours truly / what's up / down with it / back home we have cows
我不想挥手 / 他在挥手 / 等他来了再说 / 等一下我去看看 / 继续教育很重要 / 再来一杯 / 看电影 / 看什么看 / 给我讲个笑话 / 给我五分钟 / 叫妈妈 / 记住我的生日 / 速度真快 / 转发一下 / 转账一百 / 上次去北京 / 下次再说 / 左右为难 / 前天下雨
"""  # fmt: skip


@pytest.fixture(scope="module")
def grammars() -> SentenceGrammars:
    return SentenceGrammars()


def _wordings(language: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    for (skill, arguments), texts in (EN if language == "en" else ZH).items():
        for text in texts.split("/"):
            yield text.strip(), skill, dict(arguments)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_wording_with_everything_around_it(grammars: SentenceGrammars, language: str) -> None:
    wrong, count = [], 0
    around = AROUND[language]
    for at, (text, skill, arguments) in enumerate(_wordings(language)):
        # each wording alone, and in a few of the others in turn
        for frame in dict.fromkeys((around[0], *(around[(at + step) % len(around)] for step in range(1, 6)))):
            said = frame.format(text)
            calls = grammars.parse(said, language, SCENE).calls
            count += 1
            if [call.skill for call in calls] != [skill] or calls[0].arguments.model_dump(
                exclude_none=True
            ) != pytest.approx(arguments, abs=1e-4):
                wrong.append((said, [call.as_dict() for call in calls]))
    assert not wrong, f"{len(wrong)} of {count}: {wrong[:12]}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_moves_that_nobody_asks_for(grammars: SentenceGrammars, language: str) -> None:
    frames = NOT_ASKED[language]
    acted = []
    for at, (text, _, _) in enumerate(_wordings(language)):
        for frame in (
            frames[at % len(frames)],
            frames[(at + 3) % len(frames)],
            frames[(at + 5) % len(frames)],
        ):
            said = frame.format(text)
            if any(call.arguments.moves for call in grammars.parse(said, language, SCENE).calls):
                acted.append(said)
    assert acted == []


def test_what_only_looks_alike_moves_nothing(grammars: SentenceGrammars) -> None:
    texts = [one.strip() for line in OTHER_TALK.strip().splitlines() for one in line.split("/")]
    acted = [
        (text, calls)
        for text in texts
        if (calls := [call for call in grammars.parse(text, "", SCENE).calls if call.arguments.moves])
    ]
    assert acted == []


DIRECTIONS = {"up": "up", "down": "down", "left": "to the left", "right": "to the right", "forward": "forward", "back": "back"}  # fmt: skip
AMOUNTS = {0.1: "0.1 metres / 10 cm / 10cm / ten centimetres / .1 m / 100mm", 0.0762: "three inches / 3 inches / 3in", 0.05: "five centimeters / 5 cm"}  # fmt: skip


def test_verb_way_and_amount_in_every_order(grammars: SentenceGrammars) -> None:
    wrong = []
    amounts = [(metres, text.strip()) for metres, texts in AMOUNTS.items() for text in texts.split("/")]
    orders = itertools.cycle(("{verb} {way} {far}", "{verb} {far} {way}", "{way} {far}", "{far} {way}", "{verb} {way} by {far}"))  # fmt: skip
    for (way, spoken), (metres, far), order in zip(
        itertools.cycle(DIRECTIONS.items()), amounts * 5, orders, strict=False
    ):
        for verb in ("move", "go", "push"):
            said = order.format(verb=verb, way=spoken, far=far)
            calls = [call.as_dict() for call in grammars.parse(said, "en", SCENE).calls]
            if calls != [{"skill": "move_by", "arguments": {"direction": way, "distance": metres}}]:
                wrong.append((said, calls))
    assert not wrong, wrong[:10]


GAPS = [
    ("move", "direction", "up", {"direction": "up", "distance": 0.05}),
    ("move ten centimetres", "direction", "to the left", {"direction": "left", "distance": 0.1}),
    ("turn joint two", "angle", "thirty degrees", {"joint": 2, "angle": THIRTY}),
    ("turn the joint thirty degrees", "joint", "the second", {"joint": 2, "angle": THIRTY}),
    ("turn the joint thirty degrees", "joint", "joint two", {"joint": 2, "angle": THIRTY}),
    ("put the red cube", "target", "into the bowl", {"object": "red cube", "target": "bowl"}),
    ("put it over there", "target", "the bowl", {"target": "bowl"}),
    ("go over there", "pose", "home", {"pose": "home"}),
    ("change the speed", "factor", "half", {"factor": 0.5}),
    ("remember this place", "name", "corner", {"name": "corner"}),
    ("look", "target", "at the bowl", {"target": "bowl"}),
    ("give me that one", "object", "the red one", {"object": "red cube"}),
    ("put the cube in the bowl", "object", "the red one", {"object": "red cube", "target": "bowl"}),
    ("移动十厘米", "direction", "往上", {"direction": "up", "distance": 0.1}),
    ("动一下", "direction", "向前", {"direction": "forward", "distance": 0.05}),
    ("关节转三十度", "joint", "二号", {"joint": 2, "angle": THIRTY}),
    ("放到那边去", "target", "碗里", {"target": "bowl"}),
    ("把那个给我", "object", "红的", {"object": "red cube"}),
]


@pytest.mark.parametrize(("text", "slot", "answer", "arguments"), GAPS)
def test_a_gap_is_named_and_filled(
    grammars: SentenceGrammars, text: str, slot: str, answer: str, arguments: dict[str, object]
) -> None:
    language = "en" if text.isascii() else "zh"

    def parse(words: str) -> GrammarResult:
        return grammars.parse(words, language, SCENE)

    asked = parse(text)
    assert (asked.calls, asked.slot, is_gap(asked)) == ((), slot, True)
    for no_answer in ("not that", "what time is it", "I don't know", "open the gripper") if language == "en" else ("不知道", "现在几点"):  # fmt: skip
        assert completed(asked, no_answer, language, SCENE, parse) is None
    filled = completed(asked, answer, language, SCENE, parse)
    assert filled is not None
    assert filled.calls[0].arguments.model_dump(exclude_none=True) == pytest.approx(arguments, abs=1e-4)
    assert grammars.completed([text, answer], SCENE) == filled.calls


@pytest.mark.parametrize(
    "text",
    [
        "The blue one deserves a place in the bowl.",
        "I'd love to see the blue one end up with the others.",
        "The red cube would look nice in the bowl.",
        "The red cube belongs in the bowl.",
        "I'd love to see the red cube end up in the bowl.",
    ],
)
def test_a_hint_is_no_command(grammars: SentenceGrammars, text: str) -> None:
    result = grammars.parse(text, "en", SCENE)
    assert (result.calls, result.ambiguous, result.problem) == ((), (), "")
