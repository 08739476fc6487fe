# SPDX-License-Identifier: Apache-2.0
"""Understanding single sentences with the robot's own dialogue, before a model whose words are scripted."""

import pytest

from voice_agent_ros.commands.sentence_reader import SentenceReader
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.llm.client import Failed, Finished, TextDelta, ToolCall

SCENE = Scene(
    tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in ("red cube", "blue cube", "bowl")), ("home", "ready")
)
BLUE = ToolCall("pick_and_place", '{"object": "blue cube", "target": "bowl"}')


class FakeClient:
    """Answers every request with the same events."""

    def __init__(self, *events) -> None:
        self.events = events
        self.requests = []

    def chat(self, request, listener):
        self.requests.append(request)
        for event in self.events:
            listener(event)
        return self

    def abort(self) -> None:
        pass


@pytest.fixture(scope="module")
def grammars():
    return SentenceGrammars()


def read(text, grammars, *events, language="en"):
    client = FakeClient(*events)
    return SentenceReader(SCENE, grammars, lambda: client).read(text, language), client


def test_what_the_grammar_knows_does_not_load_the_model(grammars):
    reader = SentenceReader(SCENE, grammars, lambda: pytest.fail("loaded"))
    understood = reader.read("pick up the red cube", "en")
    assert understood.engine == "grammar"
    assert [call.as_dict() for call in understood.calls] == [
        {"skill": "pick", "arguments": {"object": "red cube"}}
    ]


def test_what_it_does_not_know_goes_to_the_model(grammars):
    understood, _ = read("the blue cube deserves a place in the bowl", grammars, Finished((BLUE,)))
    assert understood.engine == "llm"
    assert understood.calls[0].as_dict()["arguments"] == {"object": "blue cube", "target": "bowl"}


def test_a_call_that_the_words_do_not_support_is_none(grammars):
    understood, _ = read("the red cube deserves a place in the bowl", grammars, Finished((BLUE,)))
    assert not understood.calls
    assert understood.reply


def test_talk_is_a_reply(grammars):
    understood, _ = read("what is the capital of France?", grammars, TextDelta("Paris."), Finished())
    assert (understood.engine, understood.calls, understood.reply) == ("llm", (), "Paris.")


def test_without_the_grammar_the_model_is_asked_about_everything():
    understood, client = read(
        "pick up the red cube", None, Finished((ToolCall("pick", '{"object": "red cube"}'),))
    )
    assert client.requests
    assert understood.engine == "llm"
    assert understood.calls


def test_without_a_model_what_the_grammar_does_not_know_is_nothing(grammars):
    understood = SentenceReader(SCENE, grammars, None).read("thank you", "en")
    assert (understood.engine, understood.calls, understood.reply) == ("none", (), "")


def test_a_model_that_fails_is_a_problem_not_a_call(grammars):
    understood, _ = read("tell me a story", grammars, Failed("unreachable", "nobody there"))
    assert (understood.engine, understood.calls, understood.problem) == ("none", (), "nobody there")


def test_sentences_have_no_past(grammars):
    client = FakeClient(TextDelta("Hm."), Finished())
    reader = SentenceReader(SCENE, grammars, lambda: client)
    assert reader.read("pick up the cube", "en").reply  # which one?
    assert not reader.read("the red one", "en").calls
