# SPDX-License-Identifier: Apache-2.0
"""What a sentence supports, and what was made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SKILLS, SkillCall, parse_call

SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)
BLUE = {"object": "blue cube", "target": "bowl"}
RED = {"object": "red cube", "target": "bowl"}
SUPPORTED = [
    ("I'd love to see the blue one end up with the others", "pick_and_place", BLUE),
    (
        "The green one should be with the others, please",
        "pick_and_place",
        {"object": "green cube", "target": "bowl"},
    ),
    ("the red cube would look nice in the bowl", "pick_and_place", RED),
    ("the blue should go into the bowl", "pick_and_place", BLUE),
    ("get that red block into the dish", "pick_and_place", RED),
    ("snatch the purple elephant", "pick", {"object": "purple elephant"}),
    ("relax your fingers", "open_gripper", {}),
    ("make a fist with your hand and hold it closed", "close_gripper", {}),
    ("a tiny bit higher", "move_by", {"direction": "up", "distance": 0.05}),
    ("shove the hand ten centimetres leftwards", "move_by", {"direction": "left", "distance": 0.1}),
    ("head to your home spot", "move_to", {"pose": "home"}),
    ("蓝色的应该跟其他的在一起", "pick_and_place", BLUE),
    ("麻烦红色方块进碗里", "pick_and_place", RED),
    ("手往上十厘米", "move_by", {"direction": "up", "distance": 0.1}),
]
MADE_UP = [
    ("I'd love to see the blue one end up with the others", "pick_and_place", RED, "blue cube was said"),
    ("snatch the red cube", "pick_and_place", RED, "nobody said bowl"),
    ("snatch something", "pick", {"object": "red cube"}, "nobody said red cube"),
    ("snatch the cube", "pick", {"object": "red cube"}, "nobody said red cube"),
    ("snatch the blue elephant", "pick", {"object": "blue cube"}, "nobody said blue cube"),
    ("snatch the red cube", "pick", {"object": "banana"}, "nobody said banana"),
    ("nudge it left", "move_by", {"direction": "right", "distance": 0.05}, "nobody said right"),
    ("all right", "move_by", {"direction": "right", "distance": 0.05}, "nobody said right"),
    ("nudge it left", "move_by", {"direction": "left", "distance": 0.3}, "nobody said 0.3"),
    ("left ten centimetres", "move_by", {"direction": "left", "distance": 1.0}, "nobody said 1.0"),
    ("off you go", "move_to", {"pose": "home"}, "nobody said home"),
    ("tell me a story", "open_gripper", {}, "open the gripper"),
    ("relax your fingers", "close_gripper", {}, "close the gripper"),
    ("open a bottle of wine", "open_gripper", {}, "nobody said gripper"),
    ("the red cube goes beside the bowl", "pick_and_place", RED, "neither into nor onto"),
    (
        "the red cube goes in the red cube",
        "pick_and_place",
        {"object": "red cube", "target": "red cube"},
        "itself",
    ),
    ("the red cube belongs in the bowl", "pick", {"object": "red cube"}, "not used"),
    ("red cube up ten centimetres", "move_by", {"direction": "up", "distance": 0.1}, "red cube was said"),
    ("红色方块进碗里", "pick_and_place", BLUE, "nobody said blue cube"),
    ("往左一点", "move_by", {"direction": "right", "distance": 0.05}, "nobody said right"),
]


@pytest.mark.parametrize(("text", "skill", "arguments"), SUPPORTED)
def test_supported_by_what_was_said(text, skill, arguments):
    language = "en" if text.isascii() else "zh"
    assert ungrounded(parse_call(skill, arguments), text, SCENE, language) == []


@pytest.mark.parametrize(("text", "skill", "arguments", "reason"), MADE_UP)
def test_made_up(text, skill, arguments, reason):
    language = "en" if text.isascii() else "zh"
    assert reason in "; ".join(ungrounded(parse_call(skill, arguments), text, SCENE, language))


@given(st.text(max_size=100), st.text(min_size=1, max_size=30), st.sampled_from(["en", "zh"]))
def test_any_name_can_be_judged(text, name, language):
    reasons = ungrounded(parse_call("pick", {"object": name}), text, SCENE, language)
    assert all(isinstance(reason, str) for reason in reasons)


@given(st.floats(0.001, 2.0), st.sampled_from(["up", "down", "left", "right", "forward", "back"]))
def test_a_direction_that_nobody_said_is_never_supported(distance, direction):
    call = parse_call("move_by", {"direction": direction, "distance": distance})
    assert ungrounded(call, "sing a song for my grandmother", SCENE, "en")


@pytest.mark.parametrize(
    ("thing", "place", "text", "is_said"),
    [
        ("red cube", "bowl", "it would be lovely to have the red one in the bowl", True),
        ("bowl", "red cube", "it would be lovely to have the red one in the bowl", False),
        ("red cube", "blue cube", "the blue one belongs on the red one", False),
        ("blue cube", "red cube", "the blue one belongs on the red one", True),
        ("bowl", "red cube", "the bowl belongs on the red cube", True),
        ("bowl", "red cube", "fill the bowl with the red cube", False),
        ("red cube", "bowl", "fill the bowl with the red cube", True),
        ("bowl", "red cube", "把红色的弄进碗里", False),
        # "rest" is only sometimes the others.
        ("blue cube", "bowl", "that thing should rest in the bowl", False),
        ("blue cube", "bowl", "the blue one should join the rest in the bowl", True),
    ],
)
def test_what_goes_where(thing, place, text, is_said):
    things = [SceneObject(f"{colour} cube", (0.3, 0.0, 0.02)) for colour in ("red", "green", "blue")]
    scene = Scene((*things, SceneObject("bowl", (0.4, 0.1, 0.03), size=(0.18, 0.18, 0.055))), ("home",))
    call = parse_call("pick_and_place", {"object": thing, "target": place})
    assert (ungrounded(call, text, scene, "en" if text.isascii() else "zh") == []) is is_said


@pytest.mark.parametrize(
    "skill", ["pick", "place", "pick_and_place", "move_by", "move_to", "look_at", "hand_over"]
)
@pytest.mark.parametrize(
    "text", ["back off from the red one", "put the red one in the bowl", "离红色方块远点", ""]
)
def test_a_call_that_lacks_arguments_can_be_judged(skill, text):
    """To find out whether one is missing, the rest is judged by itself."""
    model = SKILLS[skill].arguments
    for some in (
        {},
        {"object": "red cube"},
        {"target": "bowl"},
        {"object": "nothing seen", "target": "nowhere"},
    ):
        known = {key: value for key, value in some.items() if key in model.model_fields}
        for language in ("en", "zh"):
            assert isinstance(
                ungrounded(SkillCall(model.model_construct(**known)), text, SCENE, language), list
            )
