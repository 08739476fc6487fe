# SPDX-License-Identifier: Apache-2.0
"""Before the words are final: a sign at their end, a head start for the model, and nothing that counts yet."""

import pytest
from talk import BLUE, PARAPHRASE, Talk

from voice_agent_ros.llm.client import Failed, Finished, TextDelta

STORY = "tell me something about cubes"


def test_a_sign_comes_with_the_end_of_the_words(talk):
    turn_id = talk.begins("put the red cube")
    assert not talk.ports.signs
    talk.dialogue.on_speech_end(turn_id)  # in the same call: no clock has moved
    (sign,) = talk.ports.signs
    assert (sign.kind, sign.text, sign.turn_id, sign.is_last) == ("earcon", "", turn_id, True)
    talk.hears("put the red cube into the bowl")
    assert len(talk.ports.signs) == 1


def test_noise_without_words_gets_no_sign(talk):
    talk.dialogue.on_speech_end("t1")
    talk.begins("  ")
    talk.dialogue.on_speech_end("t1")
    assert not talk.ports.signs


def test_who_waits_for_the_model_gets_a_sign_at_the_latest_then(talk):
    talk.hears(STORY)
    assert len(talk.ports.signs) == 1


def test_signs_can_be_switched_off(grammars):
    talk = Talk(grammars, earcon=False)
    talk.dialogue.on_speech_end(talk.begins(STORY))
    talk.hears(STORY)
    assert not talk.ports.signs


def test_the_model_has_a_head_start(talk):
    talk.begins(STORY, is_speculative=True)
    assert len(talk.ports.chats) == 1
    talk.model(TextDelta("Cubes have six faces, "))
    assert not talk.said
    talk.hears(STORY)
    assert len(talk.ports.chats) == 1
    assert talk.said == ["Cubes have six faces,"]
    talk.model(TextDelta("and twelve edges."), Finished())
    assert "".join(talk.said) == "Cubes have six faces, and twelve edges."


def test_a_reply_that_is_complete_before_the_words_are_final(talk):
    talk.begins(STORY, is_speculative=True)
    talk.model(TextDelta("Cubes have six faces."), Finished())
    assert not talk.said
    talk.hears(STORY)
    talk.plays()
    assert talk.report.outcome == "answered"


def test_a_call_on_speculation_reaches_nobody_until_the_words_are_final(talk):
    turn_id = talk.begins(PARAPHRASE, is_speculative=True)
    talk.model(Finished((BLUE,)))
    talk.dialogue.on_speech_end(turn_id)
    talk.wait(5.0)
    assert not talk.ports.goals
    talk.hears(PARAPHRASE)
    assert [key for key, _, _ in talk.ports.goals] == [turn_id]


def test_words_that_went_on_make_it_void(talk):
    talk.begins(PARAPHRASE, is_speculative=True)
    talk.model(Finished((BLUE,)))
    talk.hears(f"{PARAPHRASE} but not now")
    assert not talk.ports.goals
    assert not talk.said
    assert talk.ports.chats[0].is_aborted
    talk.model(Finished((BLUE,)), chat=0)
    assert not talk.ports.goals


def test_a_full_stop_or_a_capital_letter_changes_nothing(talk):
    talk.begins("tell me something about cubes", is_speculative=True)
    talk.model(TextDelta("Cubes have six faces."), Finished())
    talk.hears("Tell me something about cubes.")
    assert len(talk.ports.chats) == 1
    assert talk.said == ["Cubes have six faces."]


def test_a_question_mark_does(talk):
    talk.begins("the blue one would be nicer in the bowl", is_speculative=True)
    talk.model(Finished((BLUE,)))
    talk.hears("The blue one would be nicer in the bowl, would it not?")
    assert not talk.ports.goals


def test_who_goes_on_speaking_frees_the_model(talk):
    talk.begins(STORY, is_speculative=True)
    talk.begins(STORY)
    assert not talk.ports.chats[0].is_aborted
    talk.begins(f"{STORY} and then")
    assert talk.ports.chats[0].is_aborted
    talk.hears(f"{STORY} and then about bowls")
    assert len(talk.ports.chats) == 2


def test_a_plain_command_in_the_end_makes_it_void(talk):
    talk.begins("I'd love to see the blue one", is_speculative=True)
    talk.hears("open the gripper")
    assert all(chat.is_aborted for chat in talk.ports.chats)
    assert [engine for _, engine, _ in talk.ports.goals] == ["grammar"]


@pytest.mark.parametrize("text", ["open the gripper", "stop", "pick up the cube", "where is your arm"])
def test_what_needs_no_model_is_not_asked_of_it(talk, text):
    talk.dialogue.on_speech_end(talk.begins(text, is_speculative=True))
    assert not talk.ports.chats
    assert not talk.ports.goals
    assert not talk.ports.stops


def test_stop_ends_it(talk):
    talk.begins(PARAPHRASE, is_speculative=True)
    talk.dialogue.on_stop()
    assert talk.ports.chats[0].is_aborted
    talk.model(Finished((BLUE,)), chat=0)
    talk.hears(PARAPHRASE)
    assert not talk.ports.goals
    assert len(talk.ports.chats) == 2


def test_another_speaker_ends_it(talk):
    talk.begins(STORY, "t8", is_speculative=True)
    talk.begins("hello", "t9")
    assert talk.ports.chats[0].is_aborted


def test_the_same_words_twice_are_asked_once(talk):
    turn_id = talk.begins(STORY, is_speculative=True)
    talk.begins(STORY, is_speculative=True)
    talk.dialogue.on_speech_end(turn_id)
    assert len(talk.ports.chats) == 1


def test_a_changed_scene_makes_it_void(talk):
    from voice_agent_ros.intent.scene import Scene, SceneObject

    talk.begins(STORY, is_speculative=True)
    talk.model(TextDelta("I see a red cube and a bowl, of course."))
    talk.dialogue.on_scene(Scene((SceneObject("tray", (0.3, 0.0, 0.02)),), ("home",)))
    talk.hears(STORY)
    assert talk.ports.chats[0].is_aborted
    assert not talk.said
    assert len(talk.ports.chats) == 2


def test_it_fails_like_any_other(talk):
    talk.begins(STORY, is_speculative=True)
    talk.model(Failed("unreachable", "nobody there"))
    talk.hears(STORY)
    assert "does not answer" in talk.said[-1]


def test_it_is_bounded(talk):
    talk.begins(STORY, is_speculative=True)
    talk.model(*[TextDelta("word ")] * 5000)
    talk.hears(STORY)
    assert len(talk.ports.chats) == 2
    assert not talk.said


def test_it_can_be_switched_off(grammars):
    talk = Talk(grammars, speculate=False)
    talk.dialogue.on_speech_end(talk.begins(STORY, is_speculative=True))
    assert not talk.ports.chats


def test_an_open_question_is_not_guessed_at(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.begins("no, the green one", is_speculative=True)
    assert len(talk.ports.chats) == 1


def test_the_end_of_a_voice_may_come_after_the_final_words(talk):
    talk.begins(STORY)
    turn_id = talk.hears(STORY)
    talk.dialogue.on_speech_end(turn_id)
    assert len(talk.ports.chats) == 1
    assert len(talk.ports.signs) == 1


@pytest.mark.parametrize(("lasted_s", "signs"), [(0.05, 0), (0.15, 0), (0.3, 1), (2.0, 1)])
def test_a_short_word_gets_a_sign_before_anybody_knows_which(talk, lasted_s, signs):
    talk.dialogue.on_speech_begin("t1", 1000.0)
    talk.dialogue.on_speech_end("t1", 1000.0 + lasted_s)
    talk.dialogue.on_speech_end("t1", 1000.0 + lasted_s)
    assert [sign.turn_id for sign in talk.ports.signs] == ["t1"] * signs
    assert not talk.ports.chats


def test_a_voice_of_another_turn_gives_no_sign(talk):
    talk.dialogue.on_speech_begin("t1", 1000.0)
    talk.dialogue.on_speech_end("t2", 1002.0)
    talk.dialogue.on_speech_end("", 1002.0)
    assert not talk.ports.signs


def test_words_that_never_become_final_free_the_model(talk):
    turn_id = talk.begins(PARAPHRASE, is_speculative=True)
    talk.wait(8.0)
    assert not talk.ports.chats[0].is_aborted
    talk.wait(4.0)
    assert talk.ports.chats[0].is_aborted
    talk.model(Finished((BLUE,)), chat=0)
    assert not talk.ports.goals
    assert not talk.said
    talk.dialogue.on_speech_end(turn_id)
    talk.hears(PARAPHRASE)  # after all
    assert not talk.ports.goals


def test_the_guess_may_come_after_the_final_words(talk):
    talk.hears(PARAPHRASE)
    talk.begins(PARAPHRASE, "t1", is_speculative=True)
    assert len(talk.ports.chats) == 1
    talk.model(Finished((BLUE,)))
    assert [key for key, _, _ in talk.ports.goals] == ["t1"]


def test_an_answer_to_which_one_is_not_guessed_at(talk):
    talk.hears("pick up the cube")
    talk.begins("the shiny one maybe", is_speculative=True)
    assert not talk.ports.chats
    talk.begins("tell me a joke", "t9", session="another", is_speculative=True)
    assert len(talk.ports.chats) == 1
