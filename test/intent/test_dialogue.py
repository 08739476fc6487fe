# SPDX-License-Identifier: Apache-2.0
"""Whole conversations on a virtual clock, with a scripted model, bridge and loudspeaker."""

from dataclasses import dataclass, field

import pytest

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Played, Settings
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.turn import Heard
from voice_agent_ros.llm.client import Failed, Finished, TextDelta, ToolCall
from voice_agent_ros.llm.conversation import Conversation

SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)
PARAPHRASE = "I'd love to see the blue one end up with the others"
BLUE = ToolCall("pick_and_place", '{"object": "blue cube", "target": "bowl"}')
EPOCH = 1_800_000_000.0


@dataclass
class FakeChat:
    turn_id: str
    request: object
    is_aborted: bool = False

    def abort(self):
        self.is_aborted = True


@dataclass
class FakePorts:
    """Takes down what the dialogue does."""

    chats: list = field(default_factory=list)
    goals: list = field(default_factory=list)
    pieces: list = field(default_factory=list)
    stops: list = field(default_factory=list)
    reports: list = field(default_factory=list)

    def ask(self, turn_id, request):
        self.chats.append(FakeChat(turn_id, request))
        return self.chats[-1]

    def execute(self, key, heard, engine, calls):
        self.goals.append((key, engine, [call.as_dict() for call in calls]))

    def say(self, piece):
        self.pieces.append(piece)

    def stop(self, heard, words):
        self.stops.append(words)

    def report(self, report):
        self.reports.append(report)


@pytest.fixture(scope="module")
def grammars():
    return SentenceGrammars()


class Talk:
    """A robot and a person on a virtual clock; scripted events stand for model, bridge and loudspeaker."""

    def __init__(self, grammars, **settings):
        self.now = 100.0
        self.ports = FakePorts()
        self.conversation = Conversation()
        self.dialogue = Dialogue(
            grammars,
            self.ports,
            self.conversation,
            lambda: self.now,
            lambda: EPOCH + self.now,
            Settings(**settings),
        )
        self.dialogue.on_scene(SCENE)
        self.turns = 0

    def hears(self, text, session="s", language="en"):
        self.turns += 1
        turn_id = f"t{self.turns}"
        start = EPOCH + self.now
        self.wait(1.0)
        heard = Heard(session, turn_id, text, language, start, EPOCH + self.now - 0.5, EPOCH + self.now)
        self.dialogue.on_heard(heard)
        return turn_id

    def wait(self, seconds):
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.dialogue.tick()

    def model(self, *events, turn_id=None):
        for event in events:
            self.dialogue.on_chat(turn_id or self.ports.chats[-1].turn_id, event)

    def bridge(self, phase, message="", key=None, **more):
        key = key or self.ports.goals[-1][0]
        self.dialogue.on_goal(key, GoalEvent(phase, EPOCH + self.now, message, **more))

    def asks(self, question="Shall I put the blue cube into the bowl?", nonce="nonce-1"):
        self.bridge("awaiting_confirmation", question, nonce=nonce)

    def plays(self, reply_id=None, seconds=1.0, interrupted=False):
        """Play a reply to its end."""
        reply_id = reply_id or self.ports.pieces[-1].reply_id
        self.dialogue.on_played(Played(reply_id, 0.02, EPOCH + self.now, False, False))
        self.wait(seconds)
        self.dialogue.on_played(Played(reply_id, seconds, EPOCH + self.now, True, interrupted))

    @property
    def said(self):
        return [piece.text for piece in self.ports.pieces if piece.text]

    @property
    def report(self):
        return self.ports.reports[-1]


@pytest.fixture
def talk(grammars):
    return Talk(grammars)


# Commands that the grammar knows.


def test_a_command_is_announced_done_and_reported(talk):
    turn_id = talk.hears("Put the red cube in the bowl")
    assert talk.ports.goals == [
        (
            turn_id,
            "grammar",
            [{"skill": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}],
        )
    ]
    assert not talk.ports.chats
    talk.bridge("planned", "I'll put the red cube into the bowl.")
    assert talk.ports.pieces[-1].kind == "notice"
    talk.plays()
    talk.bridge("goal_accepted")
    talk.wait(0.3)
    talk.bridge("first_motion")
    talk.wait(4.0)
    talk.bridge("result", "The red cube is in the bowl.", outcome="done")
    assert talk.ports.pieces[-1].kind == "answer"
    assert talk.report.outcome == "done"
    assert talk.report.reply == "The red cube is in the bowl."
    stages = {stage.name: stage for stage in talk.report.stages}
    assert list(stages) == [
        "speech",
        "final_transcript",
        "intent",
        "goal_accepted",
        "first_motion",
        "first_audio",
        "done",
    ]
    end = talk.report.heard.speech_end
    assert all(stage.start == end for name, stage in stages.items() if name != "speech")
    assert end < stages["final_transcript"].end <= stages["intent"].end <= stages["goal_accepted"].end
    assert stages["goal_accepted"].end < stages["first_motion"].end < stages["done"].end
    assert len(talk.ports.reports) == 1


def test_a_refusal_is_spoken_and_reported(talk):
    talk.hears("pick up the purple elephant")
    talk.bridge("result", "I can't see a purple elephant.", outcome="refused", rule="unknown_object")
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "unknown_object")
    assert talk.report.reply == "I can't see a purple elephant."


def test_what_is_seen_is_answered(talk):
    talk.hears("what is on the table")
    talk.bridge("result", "I see a red cube and a bowl.", outcome="done")
    talk.plays()
    assert talk.report.outcome == "answered"


def test_a_duplicate_transcript_does_nothing(talk):
    turn_id = talk.hears("open the gripper")
    heard = Heard("s", turn_id, "open the gripper", "en", 1.0, 2.0, 3.0)
    talk.dialogue.on_heard(heard)
    assert len(talk.ports.goals) == 1


def test_a_missing_bridge_is_said(talk):
    talk.hears("open the gripper")
    talk.bridge("unavailable")
    assert "does not answer" in talk.said[-1]
    talk.wait(4.0)
    assert talk.report.outcome == "failed"


def test_a_lost_result_is_said_and_nothing_is_sent_again(talk):
    talk.hears("open the gripper")
    talk.wait(200.0)
    assert "lost touch" in talk.said[-1]
    assert talk.report.outcome == "failed"
    assert len(talk.ports.goals) == 1


def test_too_far_is_refused_in_words(talk):
    talk.hears("move up five metres")
    assert not talk.ports.goals
    talk.plays()
    assert talk.report.outcome == "refused"


def test_typed_chinese_is_answered_in_chinese(talk):
    talk.hears("拿起方块", language="zh")
    assert "红色方块" in talk.said[-1]
    assert talk.ports.pieces[-1].language == "zh"


# Several that could be meant.


def test_asks_which_and_takes_the_answer(talk):
    talk.hears("pick up the cube")
    assert talk.said == ["Which one do you mean: the red cube, the green cube or the blue cube?"]
    assert talk.ports.pieces[-1].kind == "question"
    talk.plays()
    assert talk.report.outcome == "asked"
    talk.hears("the blue one")
    assert talk.ports.goals[-1][1:] == ("none", [{"skill": "pick", "arguments": {"object": "blue cube"}}])


def test_an_answer_that_comes_too_late_is_a_new_sentence(talk):
    talk.hears("pick up the cube")
    talk.wait(30.0)
    talk.hears("the blue one")
    assert not talk.ports.goals


# The model.


def test_a_paraphrase_is_proposed_asked_and_done_after_yes(talk):
    asking = talk.hears(PARAPHRASE)
    assert talk.ports.chats[-1].request.tools
    talk.wait(0.5)
    talk.model(Finished((BLUE,)))
    assert talk.ports.goals[-1][1:] == (
        "llm",
        [{"skill": "pick_and_place", "arguments": {"object": "blue cube", "target": "bowl"}}],
    )
    talk.asks()
    assert (talk.ports.pieces[-1].kind, talk.ports.pieces[-1].reply_id) == ("question", "nonce-1")
    talk.plays("nonce-1", 2.0)
    assert (talk.report.heard.turn_id, talk.report.outcome) == (asking, "asked")
    talk.wait(0.5)
    answering = talk.hears("Yes.")
    assert len(talk.ports.goals) == 1
    talk.bridge("confirmed")
    talk.bridge("goal_accepted")
    talk.bridge("first_motion")
    talk.wait(3.0)
    talk.bridge("result", "The blue cube is in the bowl.", outcome="done")
    talk.plays()
    assert (talk.report.heard.turn_id, talk.report.outcome, talk.report.engine) == (answering, "done", "llm")
    assert [call.skill for call in talk.report.calls] == ["pick_and_place"]
    assert all(stage.end for stage in talk.report.stages)
    assert len(talk.ports.reports) == 2


def test_no_leaves_the_arm_alone(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("no thanks")
    talk.bridge("result", "All right, I won't.", outcome="refused", rule="not_confirmed")
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "not_confirmed")
    assert len(talk.ports.goals) == 1


def test_another_sentence_instead_of_yes_is_heard_as_such(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    turn_id = talk.hears("open the gripper")
    talk.bridge("result", "All right, I won't.", key="t1", outcome="refused", rule="not_confirmed")
    assert "All right, I won't." not in talk.said
    assert talk.ports.goals[-1][0] == turn_id


def test_a_correction_that_says_everything_is_carried_out(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("No, put the green one in the bowl.")
    assert talk.ports.goals[-1][1:] == (
        "grammar",
        [{"skill": "pick_and_place", "arguments": {"object": "green cube", "target": "bowl"}}],
    )


def test_a_correction_that_says_too_little_is_asked_about(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("no, the green one")
    assert len(talk.ports.goals) == 1
    assert "whole sentence" in talk.said[-1]


def test_yes_before_the_question_was_played_does_not_count(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.hears("yes")
    assert "finished asking" in talk.said[-1]
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("refused", "answered_too_early")
    talk.plays("nonce-1")
    talk.hears("yes")
    talk.bridge("result", "Done.", outcome="done")
    talk.plays()
    assert talk.report.outcome == "done"


def test_an_unanswered_question_expires_in_words(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.wait(20.0)
    talk.bridge("result", "All right, I won't.", outcome="refused", rule="not_confirmed")
    assert talk.said[-1] == "All right, I won't."
    assert [report.outcome for report in talk.ports.reports] == ["asked"]


def test_yes_to_nothing_moves_nothing(talk):
    talk.hears("yes")
    assert not talk.ports.goals
    assert not talk.ports.chats
    assert talk.said == ["I wasn't waiting for an answer."]


@pytest.mark.parametrize(
    "calls",
    [
        (),
        (ToolCall("fly", "{}"),),
        (ToolCall("pick", "garbage"),),
        (ToolCall("pick", '{"object": NaN}'),),
        (ToolCall("pick", '{"object": "red cube"}'),),  # not what was said
        (ToolCall("pick_and_place", '{"object": "blue cube", "target": "moon"}'),),
        (ToolCall("move_by", '{"direction": "up", "distance": 1e308}'),),
        (ToolCall("resume", "{}"),),
        (ToolCall("stop", "{}"),),
        (BLUE, ToolCall("open_gripper", "{}")),
        (ToolCall("pick", "[" * 5000),),
    ],
)
def test_what_the_model_gets_wrong_is_not_guessed_at(talk, calls):
    talk.hears(PARAPHRASE)
    talk.model(Finished(calls))
    assert not talk.ports.goals
    assert "didn't understand" in talk.said[-1]
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "not_understood")


def test_a_model_that_repeats_itself_is_heard_once(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE, BLUE, BLUE)))
    assert [len(calls) for _, _, calls in talk.ports.goals] == [1]


def test_words_of_a_model_that_should_act_are_not_spoken(talk):
    talk.hears(PARAPHRASE)
    talk.model(TextDelta("Sure, I am moving the blue cube now."), Finished())
    assert not any("Sure" in text for text in talk.said)


@pytest.mark.parametrize(
    "text",
    [
        "don't put the red cube in the bowl",
        "is the red cube in the bowl?",
        "he said put the red cube in the bowl",
        "I put the red cube in the bowl yesterday",
        "what is the capital of France",
    ],
)
def test_what_is_no_command_gets_no_tools(talk, text):
    talk.hears(text)
    assert not talk.ports.goals
    assert not talk.ports.chats[-1].request.tools
    talk.model(TextDelta("It is "), TextDelta("Paris, I think."), Finished((BLUE,)))
    assert not talk.ports.goals
    assert "".join(talk.said) == "It is Paris, I think."
    talk.plays()
    assert (talk.report.outcome, talk.report.engine) == ("answered", "llm")


def test_an_answer_is_spoken_clause_by_clause(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, "), TextDelta("and eight"))
    assert talk.said == ["Cubes have six faces,"]
    talk.model(TextDelta(" corners."), Finished())
    pieces = talk.ports.pieces
    assert "".join(piece.text for piece in pieces) == "Cubes have six faces, and eight corners."
    assert [piece.index for piece in pieces] == [0, 1]
    assert [piece.is_last for piece in pieces] == [False, True]
    assert len({piece.reply_id for piece in pieces}) == 1


def test_an_empty_answer_is_said_to_be_none(talk):
    talk.hears("what is love")
    talk.model(Finished())
    assert talk.said == ["I don't know what to say to that."]


def test_without_a_model_the_robot_says_so_and_the_grammar_works(talk):
    talk.hears("what is the capital of France")
    talk.model(Failed("unreachable", "nobody there"))
    assert "language model does not answer" in talk.said[-1]
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("failed", "llm_unreachable")
    talk.hears("open the gripper")
    assert talk.ports.goals[-1][1] == "grammar"


def test_a_model_that_dies_in_mid_sentence(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, and "), Failed("broken", "connection reset"))
    assert talk.said[-1].endswith("I lost my train of thought.")
    assert talk.ports.pieces[-1].is_last
    talk.plays()
    assert talk.report.outcome == "failed"


def test_a_slow_model_is_excused(grammars):
    talk = Talk(grammars, one_moment_s=1.0)
    talk.hears("what is the capital of France")
    talk.wait(2.0)
    assert talk.said == ["One moment."]
    assert talk.ports.pieces[-1].kind == "notice"


# Interruption and stop.


def test_speaking_over_the_robot_ends_what_it_was_thinking(talk):
    talk.hears(PARAPHRASE)
    talk.dialogue.on_partial("t9", "wait")
    assert talk.ports.chats[-1].is_aborted
    talk.model(Finished((BLUE,)))
    assert not talk.ports.goals
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("refused", "interrupted")


def test_a_partial_of_the_same_turn_interrupts_nothing(talk):
    turn_id = talk.hears(PARAPHRASE)
    talk.dialogue.on_partial(turn_id, "I'd love")
    assert not talk.ports.chats[-1].is_aborted


def test_an_interrupted_answer_is_closed(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, and then "))
    talk.dialogue.on_partial("t9", "thanks")
    assert talk.ports.pieces[-1].is_last
    talk.model(TextDelta("nothing of this."), turn_id="t1")
    assert not any("nothing of this" in text for text in talk.said)


def test_a_new_sentence_takes_the_place_of_one_being_thought_about(talk):
    talk.hears(PARAPHRASE)
    talk.hears("open the gripper")
    assert talk.ports.chats[0].is_aborted
    talk.model(Finished((BLUE,)), turn_id="t1")
    assert [engine for _, engine, _ in talk.ports.goals] == ["grammar"]


def test_stop_while_the_model_thinks(talk):
    talk.hears(PARAPHRASE)
    talk.dialogue.on_stop()
    assert talk.ports.chats[-1].is_aborted
    talk.model(Finished((BLUE,)))
    assert not talk.ports.goals
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("stopped", "stopped")


def test_speech_does_not_end_a_motion(talk):
    talk.hears("put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.hears("what is the capital of France")
    talk.bridge("result", "The red cube is in the bowl.", key="t1", outcome="done")
    assert "The red cube is in the bowl." in talk.said


def test_stop_is_passed_on_at_once_and_answered(talk):
    talk.hears("stop")
    assert talk.ports.stops == ["stop"]
    talk.dialogue.on_stop()  # its own request comes back
    talk.bridge("result", "Stopped.", outcome="stopped", rule="stopped")
    assert talk.ports.pieces[-1].kind == "safety"
    talk.plays()
    assert talk.report.outcome == "stopped"


def test_stop_while_a_question_is_open(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("stop")
    assert talk.ports.stops == ["stop"]
    assert talk.ports.goals[-1][2] == [{"skill": "stop", "arguments": {}}]


def test_a_stopped_motion_is_reported_as_stopped(talk):
    talk.hears("put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.dialogue.on_stop()
    talk.bridge("result", "I stopped.", outcome="stopped", rule="stopped")
    talk.plays()
    assert talk.report.outcome == "stopped"


# What is remembered.


def test_only_what_was_heard_is_remembered(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces and eight corners, I believe."), Finished())
    talk.plays(seconds=1.0, interrupted=True)
    history = talk.conversation.history("s", talk.now)
    assert history == [("tell me something about cubes", "Cubes have …")]
    talk.hears("what did you say")
    contents = [message["content"] for message in talk.ports.chats[-1].request.messages]
    assert "Cubes have …" in contents
    assert not any("corners" in content for content in contents)


def test_sessions_do_not_mix(talk):
    talk.hears("my name is Ada", session="ada")
    talk.model(TextDelta("Nice to meet you, Ada."), Finished())
    talk.plays()
    talk.hears("what is my name", session="bob")
    assert not any("Ada" in str(message) for message in talk.ports.chats[-1].request.messages)


def test_a_hundred_turns_stay_bounded(talk):
    for number in range(100):
        talk.hears(f"what is {number} plus one")
        talk.model(TextDelta(f"It is {number + 1}, I should say."), Finished())
        talk.plays()
    assert len(talk.ports.reports) == 100
    assert len(talk.ports.chats[-1].request.messages) <= 10
    talk.wait(200.0)
    assert not talk.dialogue._turns


def test_it_means_what_was_done_last_for_a_minute(talk):
    talk.hears("Look at the red cube.")
    talk.bridge("result", "Done.", key="t1", outcome="done")
    talk.hears("Look at it.")
    assert talk.ports.goals[-1][1:] == (
        "grammar",
        [{"skill": "look_at", "arguments": {"target": "red cube"}}],
    )
    talk.wait(70.0)
    talk.hears("Look at it.")
    assert len(talk.ports.goals) == 2
