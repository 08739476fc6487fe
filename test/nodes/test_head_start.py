# SPDX-License-Identifier: Apache-2.0
"""Words that the recognizer takes for complete: the model is asked at once, and only the final words count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from llm_world import PARAPHRASE, World
from until import until
from voice_agent_ros.msg import ReplyChunk, VoiceActivity

from voice_agent_ros.intent import dialogue_thinking
from voice_agent_ros.llm.client import Finished
from voice_agent_ros.nodes import qos

pytestmark = pytest.mark.ros
OTHER = PARAPHRASE.replace("blue", "green")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.start()
    yield world
    world.close()


def asked(world: World, words: str = PARAPHRASE) -> list[Any]:
    """Requests about these words, as they came to the model's server."""
    return [request for request in world.model.requests if words in json.dumps(request["messages"][-1])]


def ahead(world: World, words: str = PARAPHRASE) -> str:
    """Words that may be complete, and a model that has answered them."""
    turn_id = world.person.says(words, is_final=False, is_speculative=True)
    until(lambda: asked(world, words))
    until(lambda: [event for event in events_of(world) if isinstance(event, Finished)])
    return turn_id


def events_of(world: World) -> list[Any]:
    speculation = world.node._dialogue._thinking._speculation
    return list(speculation.events) if speculation is not None else []


def spoken(world: World) -> list[str]:
    return [chunk.text for chunk in world.person.replies if chunk.kind != ReplyChunk.KIND_EARCON]


def after_that(world: World) -> None:
    """Whatever came before has been dealt with once this is done."""
    turn_id = world.person.says("open the gripper")
    until(lambda: world.person.report_of(turn_id))


def test_the_model_is_asked_early_and_the_final_words_commit(world: World) -> None:
    turn_id = ahead(world)
    assert not world.bridge.goals
    assert not spoken(world)
    world.person.says(PARAPHRASE, turn_id=turn_id)
    assert until(lambda: world.person.report_of(turn_id)).outcome == "done"
    assert [goal.idempotency_key for goal in world.bridge.goals] == [turn_id]
    assert len(asked(world)) == 1


def test_the_guess_and_the_end_of_the_voice_may_come_after_the_final_words(world: World) -> None:
    activity = world.person.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
    until(activity.get_subscription_count)
    turn_id = world.person.says(PARAPHRASE)
    world.person.says(PARAPHRASE, turn_id=turn_id, is_final=False, is_speculative=True)
    activity.publish(VoiceActivity(turn_id=turn_id, is_speech=False))
    assert until(lambda: world.person.report_of(turn_id)).outcome == "done"
    activity.publish(VoiceActivity(turn_id=turn_id, is_speech=False))
    world.person.says(PARAPHRASE, turn_id=turn_id)
    after_that(world)
    assert len(asked(world)) == 1
    assert [goal.intent.turn_id for goal in world.bridge.goals].count(turn_id) == 1


def test_other_words_in_the_end_make_it_void(world: World) -> None:
    turn_id = ahead(world)
    world.model.calls("pick_and_place", object="green cube", target="bowl")
    world.person.says(OTHER, turn_id=turn_id)
    until(lambda: world.person.report_of(turn_id))
    (goal,) = world.bridge.goals
    assert json.loads(goal.intent.calls[0].arguments_json)["object"] == "green cube"
    assert len(asked(world, OTHER)) == 1


def test_final_words_that_never_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue_thinking, "HEAD_START_S", 0.3)
    world.model.delay_s = 2.0
    world.person.says(PARAPHRASE, is_final=False, is_speculative=True)
    until(lambda: asked(world))
    until(lambda: world.node._dialogue._thinking._speculation is None)
    until(lambda: world.model.cuts)  # the connection is closed
    after_that(world)
    assert [goal.intent.calls[0].skill for goal in world.bridge.goals] == ["open_gripper"]
    assert not any("blue" in text for text in spoken(world))
