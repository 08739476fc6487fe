# SPDX-License-Identifier: Apache-2.0
"""How people really talk: contrasts, what is left out, what breaks off, order of doing, what was misheard, and talk of stopping."""

from __future__ import annotations

import pytest

from voice_agent_ros.intent.gaps import is_gap
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.stop_phrases import find_stop_phrase

SCENE = Scene(
    tuple(
        SceneObject(name, (0.3, 0.1 * at, 0.02))
        for at, name in enumerate(("red cube", "green cube", "blue cube", "bowl"))
    ),
    ("home", "ready"),
)
# What is to be done → sentences, parted by "/".
MEANT = {
    "move_by right 0.05": "don't go left, go right / don't go left go right / not left, right / no, not left but right / 别往左往右 / 别往左，往右 / 不是往左，是往右",
    "move_by left 0.1": "go left ten centimetres, not right / don't go right, move left by ten centimetres / 往左十厘米，别往右",
    "pick 'red cube'": "don't take the blue one, take the red one / 别拿蓝的，拿红的 / not the blue one, pick up the red one / the thing I want you to pick up is the red cube / the red cube is the one I want you to pick up",
    "pick_and_place 'red cube' bowl": "put the red cube, not the blue one, in the bowl / the bowl is where the red cube should go / what I want is for the red cube to end up in the bowl / okay so what I'd like is for the red cube to go in the bowl, please / put the red cube in the bowel / take the red cube, and then, um, drop it in the bowl",
    "place bowl": "and now in the bowl / in the bowl please / put that one you're holding in the bowl / put whatever you've got in the bowl / put the block that you are carrying in the bowl / the bowl, put it in the bowl / drop the thing you picked up in the bowl",
    "pick 'blue cube'": "pick up that blue cube next to the bowl / have the arm grab the blue cube / make the arm pick up the blue cube / pick up the green cube, no, not the green one, the blue one / it's the blue cube I want you to grab / pickup the blue cube / blue block up please / come on, pick up the blue one already! / 下一步，抓蓝色方块 / 帮奶奶拿一下蓝色方块 / 抓住蓝色的方块别松手 / 拿蓝的不是红的 / 拿红色的哦不蓝色的方块 / 把碗旁边的蓝方块拿起来 / 小伙子，把蓝色的方块夹起来",
    "pick_and_place 'green cube' bowl": "the green one in the bowl, please / the green cube belongs in the bowl, so put it there / 把红的哦不绿的放碗里",
    "move_by down 0.0762": "go down like uh three three inches",
    "move_by down 0.04 + close_gripper + move_by up 0.04": "嗯 往下四厘米 夹紧 再往上四厘米 / um go down four cm close the gripper and come up again four cm",
    "move_by right 0.1 + move_by forward 0.1": "move right ten cm and forward the same",
    "pick_and_place 'red cube' bowl + move_to home": "when you've put the red cube in the bowl, go home / 把红方块放到碗里后回家",
    "move_to home": "right we're finished go back to your home position / that's all for today, go home / we're done here, head home / 我们结束了，回家吧 / 收工，回原点",
    "move_by up 0.02": "go up to centimetres / move up too cm / up two senti meters / translate up twenty mil / 在往上两里米",
    "move_by up 0.04": "go up for centimetres / go up fore cm",
    "move_by right 0.03": "move write three centimetres",
    "move_joint 2 0.523599": "move joint to by thirty degrees / joint too plus thirty degrees",
    "open_gripper": "open the gripa / 张开加爪",
    "close_gripper": "clothes the gripper / don't open the gripper, close it",
    "pick_and_place 'red cube' bowl + pick_and_place 'green cube' bowl": "put both the red and the green cube in the bowl / both the red cube and the green cube go in the bowl / put the red cube in the bowl and the green cube too",
    "move_by left 0.05 + move_by up 0.05": "move left five centimetres, then up five / move five centimetres left and five up / left five centimetres up five / 往左五厘米再往上五 / 左五厘米上五厘米",
    "open_gripper + move_to home": "before you go home, open the gripper / before going home open the gripper / go home after opening the gripper / go home once you've opened the gripper / after you have opened the gripper, go home / 回家之前先张开夹爪 / 回家以前打开夹爪 / 张开夹爪后回家",
    "move_to home + open_gripper": "when you get home open your hand / once you're home, open the gripper / after going home, open the gripper / 回家后松开夹爪 / 回到家以后张开夹爪",
    "pick 'red cube' + move_to home": "pick up the red cube go home / 抓住红方块回家",
    "set_speed 0.5": "速度调到50%",
    "set_speed 1.0": "速度百分之百",
    "set_speed 0.8 True": "slow down a bit / a little slower please / 稍微慢一点 / 再慢一点点",
    "undo": "撤回",
    "move_to home + pick 'green cube'": "so first you go home, and then you pick up the green cube / so go home, and then pick up the green cube",
    "move_by up 0.05": "so we have room, move up / so you can reach it, move up",
}
# Slot that is asked for → sentences.
ASKED = {
    "target": "put it over there somewhere / bring it to / put it um over there / put the red cube somewhere / put the red cube in the / put it in the uh / put the red cube next to / stack one cube on the other / 把红方块放到 / 把红方块放到那边 / 放到 / 把那个东西放到那边",
    "direction": "move it ten centimetres / move ten centimetres / go five centimetres / 移动十厘米",
    "object": "pick up the uh / could you pick up the uh the um / pick up / grab that thing / take one / put one of the blocks in the bowl / put down the / 把那个什么拿过来 / 把那个 呃 那个什么 拿过来 / 拿起 / 把方块叠到另一个上面 / 拿一个",
    "angle": "rotate the gripper by / turn the gripper left by / rotate the gripper to / 请把夹爪转到 / 把第二关节转动到……",
    "distance": "move up by / move the arm to the left by",
    "name": "remember this place as / forget the place called / 记住这里叫 / 忘掉 / 把这个位置存为 / 记住这个位置叫",
    "joint": "rotate by ninety degrees / 转九十度",
    "pose": "go to the",
    "factor": "a bit faster / speed up / 稍微快一点",
}
NOTHING = """not the red cube, the blue one / not bowl in red put / close the gripper wait then open / don't go left and right / don't go left, right? / not left / don't take the blue one / 别往左 / 别往左右动 / don't go left, tell me a joke
I saw him go up for centimetres / when the light turns red, open the gripper / after lunch, open the gripper / I'll go home after opening the gripper
he goes home before you open the gripper / 五分钟后回家 / 他回家后张开夹爪 / take it easy / when do you get home / it is five left / put it mildly / that's all folks
it moved ten centimetres to the left / you're supposed to be at home / you can pick up cubes, right? / I told him to pick up the red cube go home / they had the robot pick up the red cube
what I want is for the war to end / the bowl is where I put the red cube / now the red cube is in the bowl / hands up / again and again he failed / 下一步 / 十厘米高 / 松手放进碗里 / 他回家之前张开了夹爪 / 上一点的那个
I picked up the red cube went home / what you picked up / the bowl is where he put the red cube / 机器人必须回家 / 再见"""
TALK = """he yelled, stop! / he shouted stop and ran / "stop" is a four letter word / "Stop!" she cried / what does stop mean / they sing stop in the name of love
if I say stop, stop / when I say stop you stop / she told me to stop smoking / the emergency stop is red / mum said stop it
他喊停 / 车停了 / 雨停了 / 停是什么意思 / 他让我停下来 / 歌里唱着“停”"""
STOPS = """stop / I said stop! / I told you to stop / "Stop!" / stop, he said so / stop it / stop stop stop / if I say stop it means stop! stop! / don't, stop! / the emergency stop! / we want you to stop
he is in the way, stop / make the robot stop / stop, the bus is coming / 停 / 让它停下 / 叫机器人停下 / 车来了，停！ / 我喊停了！停！ / 快停下"""


@pytest.fixture(scope="module")
def grammars() -> SentenceGrammars:
    return SentenceGrammars()


def listed(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(expected, one.strip()) for expected, several in texts.items() for one in several.split("/")]


def plain(text: str) -> list[str]:
    return [one.strip() for line in text.splitlines() for one in line.split("/")]


def spelled(call: SkillCall) -> str:
    given = call.as_dict()
    steps = given["arguments"]["steps"] if given["skill"] == "sequence" else [given]
    return " + ".join(
        " ".join(
            [
                step["skill"],
                *(repr(one) if " " in str(one) else str(one) for one in step["arguments"].values()),
            ]
        )
        for step in steps
    )


@pytest.mark.parametrize(("expected", "text"), listed(MEANT))
def test_what_is_meant_is_done(grammars: SentenceGrammars, expected: str, text: str) -> None:
    result = grammars.parse(text, "", SCENE)
    assert [spelled(call) for call in result.calls] == [expected]


@pytest.mark.parametrize(("slot", "text"), listed(ASKED))
def test_what_is_left_out_is_asked(grammars: SentenceGrammars, slot: str, text: str) -> None:
    result = grammars.parse(text, "", SCENE)
    assert not result.calls
    assert is_gap(result)
    assert result.slot == slot


@pytest.mark.parametrize("text", plain(NOTHING))
def test_what_only_looks_alike_does_nothing(grammars: SentenceGrammars, text: str) -> None:
    assert grammars.parse(text, "", SCENE).calls == ()


@pytest.mark.parametrize("text", plain(TALK))
def test_talk_of_stopping_stops_nothing(text: str) -> None:
    assert find_stop_phrase(text) is None


@pytest.mark.parametrize("text", plain(STOPS))
def test_a_stop_beside_other_words_is_one(text: str) -> None:
    assert find_stop_phrase(text)
