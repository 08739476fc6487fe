# SPDX-License-Identifier: Apache-2.0
"""What the sentence grammar understands, and what it must leave alone."""

import statistics
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent import grammar
from voice_agent_ros.intent.grammar import SentenceGrammar, SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject

SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)
ONE_CUBE = Scene(tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "bowl")), ("home",))


@pytest.fixture(scope="module")
def grammars():
    return SentenceGrammars()


def pick(thing):
    return {"skill": "pick", "arguments": {"object": thing}}


def put(thing, target="bowl"):
    return {"skill": "pick_and_place", "arguments": {"object": thing, "target": target}}


def place(target="bowl"):
    return {"skill": "place", "arguments": {"target": target}}


def by(direction, distance=0.05):
    return {"skill": "move_by", "arguments": {"direction": direction, "distance": distance}}


def to(pose):
    return {"skill": "move_to", "arguments": {"pose": pose}}


def bare(skill):
    return {"skill": skill, "arguments": {}}


UNDERSTOOD = [
    ("pick up the red cube", pick("red cube")),
    ("Pick up the red cube.", pick("red cube")),
    ("PICK UP THE RED CUBE!", pick("red cube")),
    ("um, could you please pick up the, uh, red cube", pick("red cube")),
    ("grab the red one", pick("red cube")),
    ("take the blue block", pick("blue cube")),
    ("would you mind picking up the green cube?", pick("green cube")),
    ("can you fetch me the green brick", pick("green cube")),
    ("lift the red box off the table", pick("red cube")),
    ("pick the red cube up please", pick("red cube")),
    ("I'd like you to grab the blue thing", pick("blue cube")),
    ("pick up the purple elephant", pick("purple elephant")),
    ("pick up the read cube", pick("red cube")),
    ("Pick up the red cube and put it in the bowl.", put("red cube")),
    ("put the red cube in the bowl", put("red cube")),
    ("drop the blue one into the bowl", put("blue cube")),
    ("take the green block and then place it inside the bowl", put("green cube")),
    ("move the red cube onto the blue cube", put("red cube", "blue cube")),
    ("I want the red cube in the bowl", put("red cube")),
    ("put the red cube in the drawer", put("red cube", "drawer")),
    ("put the purple elephant in the bowl", put("purple elephant")),
    ("put the red cube next to the bowl", put("red cube", "next to the bowl")),
    ("绿方块放到碗的左边", put("green cube", "left of the bowl")),
    ("put it in the bowl", place()),
    ("drop it into the bowl, please", place()),
    ("place it on the blue cube", place("blue cube")),
    ("go home", to("home")),
    ("go back home now", to("home")),
    ("move to the ready position", to("ready")),
    ("return to home", to("home")),
    ("go to the kitchen", to("kitchen")),
    ("move the arm up ten centimetres", by("up", 0.1)),
    ("move up by 10 cm", by("up", 0.1)),
    ("Move down 5cm.", by("down", 0.05)),
    ("go left a bit", by("left")),
    ("move a little to the right", by("right")),
    ("move forward", by("forward")),
    ("move back by one inch", by("back", 0.0254)),
    ("raise the arm by twenty five millimeters", by("up", 0.025)),
    ("lower the hand half a metre", by("down", 0.5)),
    ("move two and a half centimetres to the left", by("left", 0.025)),
    ("move up zero point one metres", by("up", 0.1)),
    ("open the gripper", bare("open_gripper")),
    ("open your hand", bare("open_gripper")),
    ("let go", bare("open_gripper")),
    ("close the gripper", bare("close_gripper")),
    ("shut the claw", bare("close_gripper")),
    ("stop", bare("stop")),
    ("Stop now!", bare("stop")),
    ("resume", bare("resume")),
    ("resume motion", bare("resume")),
    ("what is on the table", bare("describe_scene")),
    ("What's on the table?", bare("describe_scene")),
    ("what do you see", bare("describe_scene")),
    ("can you tell me what you see?", bare("describe_scene")),
    ("把红色的方块放进碗里", put("red cube")),
    ("请把蓝色方块放到碗里。", put("blue cube")),
    ("拿起绿色的方块，然后放进碗里", put("green cube")),
    ("拿起红色的方块", pick("red cube")),
    ("能不能帮我拿起蓝色的积木？", pick("blue cube")),
    ("抓住绿色的", pick("green cube")),
    ("拿起紫色的大象", pick("紫色的大象")),
    ("把它放进碗里", place()),
    ("回到初始位置", to("home")),
    ("向上移动十厘米", by("up", 0.1)),
    ("机械臂向左移动2.5厘米", by("left", 0.025)),
    ("往前走一点", by("forward")),
    ("抬高两厘米", by("up", 0.02)),
    ("张开夹爪", bare("open_gripper")),
    ("把夹爪打开", bare("open_gripper")),
    ("合上夹爪", bare("close_gripper")),
    ("停下", bare("stop")),
    ("恢复运动", bare("resume")),
    ("桌上有什么？", bare("describe_scene")),
    ("你看到了什么", bare("describe_scene")),
]
LEFT_ALONE = """
don't pick up the red cube
do not put the red cube in the bowl
never open the gripper
is the red cube in the bowl?
should I open the gripper?
pick up the red cube when I say so
he said pick up the red cube
"open the gripper"
I picked up the red cube
you moved the arm up ten centimetres
do not resume
move the red cube to the left
move up minus ten centimetres
move up ten
take it easy
pick up the red cube he dropped
what is the capital of France
I'd love to see the blue one end up with the others.

不要拿起红色方块
别张开夹爪
红色方块在碗里吗
他说把红色方块放进碗里
我刚才张开了夹爪
今天天气怎么样
""".strip().splitlines()


@pytest.mark.parametrize(("text", "call"), UNDERSTOOD)
def test_understood(grammars, text, call):
    assert [c.as_dict() for c in grammars.parse(text, "", SCENE).calls] == [call]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(grammars, text):
    assert grammars.parse(text, "", SCENE).calls == ()


@pytest.mark.parametrize(
    "text", ["pick up the cube", "take the block", "put the brick in the bowl", "拿起方块"]
)
def test_asks_which_of_several(grammars, text):
    result = grammars.parse(text, "", SCENE)
    assert result.calls == ()
    assert result.ambiguous == ("red cube", "green cube", "blue cube")
    assert result.slot == "object"


def test_the_only_one_of_its_kind_needs_no_colour(grammars):
    assert [c.as_dict() for c in grammars.parse("pick up the block", "", ONE_CUBE).calls] == [
        pick("red cube")
    ]


def test_an_exact_name_wins_over_a_synonym(grammars):
    scene = Scene((SceneObject("cube", (0, 0, 0)), SceneObject("box", (0, 0, 0))))
    assert [c.as_dict() for c in grammars.parse("put the cube in the box", "", scene).calls] == [
        put("cube", "box")
    ]


def test_too_far_is_understood_but_no_call(grammars):
    result = grammars.parse("move up five metres", "", SCENE)
    assert result.calls == ()
    assert result.problem


def test_calls_are_numbered(grammars):
    assert grammars.parse("open the gripper", "", SCENE).calls[0].call_id == "0"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120))
def test_any_text_can_be_parsed(text):
    _any_grammars().parse(text, "en", SCENE)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "pick",
                "up",
                "put",
                "the",
                "red",
                "blue",
                "cube",
                "bowl",
                "in",
                "into",
                "and",
                "it",
                "move",
                "left",
                "ten",
                "cm",
                "not",
            ]
        ),
        max_size=20,
    )
)
def test_any_order_of_known_words_names_only_known_skills(words):
    for call in _any_grammars().parse(" ".join(words), "en", SCENE).calls:
        # "the red cube, not the blue cube" says which; nothing else may be said after "not"
        after = words[words.index("not") + 1 :] if "not" in words else []
        assert set(after) <= {"the", "red", "blue", "cube", "bowl"}
        assert "not" not in words or after or words[-1:] != ["not"]
        assert call.skill in {"pick", "place", "pick_and_place", "move_by", "move_to", "sequence"}


def test_fast_enough_for_every_sentence(grammars):
    times = []
    for text, _ in UNDERSTOOD:
        began = time.thread_time()
        grammars.parse(text, "", SCENE)
        times.append(time.thread_time() - began)
    assert statistics.median(times) < 0.005


@pytest.mark.parametrize(("expected", "built"), [("auto", ["en"]), ("en", ["en"]), ("zh", ["en", "zh"])])
def test_the_expected_language_is_built_before_the_first_sentence(monkeypatch, expected, built):
    asked = []
    monkeypatch.setattr(grammar, "SentenceGrammar", asked.append)
    grammar.SentenceGrammars(expected)
    assert asked == built


def test_an_unknown_language_is_named():
    with pytest.raises(ConfigurationError, match="Languages: en, zh"):
        SentenceGrammar("fr")


def test_a_broken_sentence_file_is_named():
    with pytest.raises(ConfigurationError, match="do not fit"):
        SentenceGrammar("en", "intents: [")


def _any_grammars(made=[]):  # noqa: B006  one for all examples
    if not made:
        made.append(SentenceGrammars())
    return made[0]
