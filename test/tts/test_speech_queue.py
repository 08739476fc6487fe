# SPDX-License-Identifier: Apache-2.0
"""The speech queue in a scripted world: a clock, a synthesizer and a loudspeaker that are numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_speech import LIMITS, PER_CHARACTER, RATE, ScriptedWorld

from voice_agent_ros.tts.segmentation import FLUSH_WIDTH, text_width
from voice_agent_ros.tts.speech_steps import Ended, Limits


@pytest.fixture
def world():
    return ScriptedWorld()


def test_a_reply_is_spoken_and_heard_to_its_end(world):
    world.say("r1", "One two three. Four five six.")
    world.run(3.0)
    assert world.end_of("r1") == Ended("r1", "One two three. Four five six.", False, True, 28 * PER_CHARACTER)
    assert [c.sequence for c in world.chunks] == list(range(len(world.chunks)))
    assert [c.is_last for c in world.chunks[:-1]] == [False] * (len(world.chunks) - 1)
    assert world.chunks[-1].is_last
    assert world.queue.is_idle


def test_audio_is_never_more_than_the_lead_ahead(world):
    world.say("r1", "One two three four five six seven eight nine ten. " * 3)
    world.run(12.0)
    assert world.max_lead <= LIMITS.lead_s * RATE
    assert not world.end_of("r1").is_interrupted


def test_synthesis_runs_ahead_of_playback(world):
    world.say("r1", "One two three four. Five six seven eight. Nine ten eleven.")
    world.run(0.3)
    assert len(world.spoken_jobs) == 3
    assert world.queue.heard_text("r1") == "One"


def test_it_does_not_run_ahead_without_bounds(world):
    world.say("r1", "One two three four. " * 10)
    world.run(0.2)
    # 4 s of audio in stock are enough: sentences of 1.14 s each, one of them being sent.
    assert 4 <= len(world.spoken_jobs) <= 6


def test_replies_come_in_order(world):
    for name in ("a", "b", "c"):
        world.say(name, f"This is {name}.")
    world.run(5.0)
    assert world.order() == ["a", "b", "c"]


def test_what_matters_more_comes_first(world):
    world.say("first", "I am speaking already.")
    world.say("notice", "By the way.", kind="notice")
    world.say("answer", "This is the answer.", kind="answer")
    world.run(5.0)
    assert world.order() == ["first", "answer", "notice"]


def test_safety_outranks_what_is_being_spoken(world):
    world.say("answer", "One two three four five six seven eight nine ten.")
    world.run(0.5)
    world.say("safety", "Stopped.", kind="safety")
    sent = [c for c in world.chunks if c.stream_id == "answer"]
    assert sent[-1].is_last
    world.run(3.0)
    assert world.order() == ["answer", "safety"]
    cut = world.end_of("answer")
    assert cut.is_interrupted
    assert cut.spoken_text.startswith("One two")
    assert not cut.spoken_text.endswith("ten.")
    assert not world.end_of("safety").is_interrupted


def test_safety_waits_for_safety(world):
    world.say("s1", "The arm has stopped.", kind="safety")
    world.run(0.1)
    world.say("s2", "Motion is locked.", kind="safety")
    world.run(4.0)
    assert world.order() == ["s1", "s2"]
    assert not world.end_of("s1").is_interrupted


def test_a_notice_is_stale_once_the_answer_is_there(world):
    world.say("other", "Something else is being said.")
    world.say("notice", "I will pick it up.", kind="notice", turn_id="t")
    world.say("answer", "I have it.", kind="answer", turn_id="t")
    world.run(5.0)
    assert world.order() == ["other", "answer"]
    assert world.end_of("notice") == Ended("notice", "", True, False)


def test_speech_begins_before_the_text_is_complete(world):
    world.say("r1", "One two three. And", is_last=False)
    world.run(0.1)
    assert world.chunks
    world.say("r1", " that is all.", 1)
    world.run(4.0)
    assert world.end_of("r1").spoken_text == "One two three. And that is all."


def test_a_reply_without_words_yet_keeps_no_other_waiting(world):
    world.say("slow", "Let", is_last=False)
    world.say("quick", "Here I am.")
    world.run(1.0)
    assert world.order() == ["quick"]


def test_a_stop_drops_everything(world):
    world.say("r1", "One two three four five six seven eight.")
    world.say("r2", "Nine ten.")
    world.run(0.6)
    world.queue.stop()
    world.step()
    count = len(world.chunks)
    world.flush()
    world.say("r1", " And more.", 1)
    world.run(1.0)
    assert len(world.chunks) == count
    assert world.end_of("r1").is_interrupted
    assert world.end_of("r1").is_announced
    assert world.end_of("r1").spoken_text == "One two"
    assert world.end_of("r2") == Ended("r2", "", True, False)
    world.say("r3", "Back again.")
    world.run(2.0)
    assert not world.end_of("r3").is_interrupted


def test_the_audio_of_a_stopped_reply_is_not_mistaken_for_another(world):
    world.say("same", "One two three.")
    world.queue.stop()
    world.step()
    world.say("same", "Four five six.")
    world.run(3.0)
    assert world.ended[-1].spoken_text == "Four five six."
    assert world.ended[-1].samples_played == 14 * PER_CHARACTER


def test_what_was_heard_before_a_stop_is_what_the_loudspeaker_says_last(world):
    world.say("r1", "One two three four five six seven eight.")
    world.run(0.3)
    world.queue.stop()
    world.step()
    assert not world.ended
    world.say("safety", "Stopped.", kind="safety")
    world.say("r1", "too late", 1)
    world.playing["r1"] += 240  # it played a little longer until the stop reached it
    world.flush()
    world.run(2.0)
    assert world.end_of("r1").spoken_text == "One two"
    assert not world.end_of("safety").is_interrupted


def test_a_dead_loudspeaker_does_not_keep_a_stopped_reply(world):
    world.say("r1", "One two three four five six seven eight.")
    world.run(0.3)
    world.loudspeaker_works = False
    world.queue.stop()
    world.run(5.5)
    assert world.end_of("r1").is_interrupted
    assert world.queue.is_idle


def test_leaving_waits_for_nobody(world):
    world.say("r1", "One two three four five six seven eight.")
    world.say("r2", "Nine ten.")
    world.run(0.3)
    world.queue.stop(wait_for_player=False)
    world.step()
    assert {ended.reply_id for ended in world.ended} == {"r1", "r2"}


def test_a_flush_by_the_loudspeaker_ends_the_reply(world):
    world.say("r1", "One two three four five six seven eight nine ten.")
    world.run(0.6)
    world.flush()
    assert world.end_of("r1").is_interrupted
    assert world.queue.is_idle


def test_withdrawing_the_current_reply_closes_its_stream(world):
    world.say("r1", "One two three four five six seven eight nine ten.")
    world.run(0.3)
    world.queue.withdraw("r1")
    world.step()
    assert world.chunks[-1].is_last
    world.run(2.0)
    assert world.end_of("r1").is_interrupted


def test_withdrawing_a_waiting_reply_forgets_it(world):
    world.say("r1", "One two three.")
    world.say("r2", "Four five six.")
    world.queue.withdraw("r2")
    world.run(3.0)
    assert world.order() == ["r1"]
    assert world.end_of("r2") == Ended("r2", "", True, False)


@pytest.mark.parametrize("text", ["", "😀", "<think>hm</think>", "..."])
def test_nothing_to_say_counts_as_played(world, text):
    world.say("r1", text)
    assert world.end_of("r1") == Ended("r1", "", False, False)


def test_a_language_without_a_voice_counts_as_played_at_once(world):
    world.say("speaking", "One two three four five.")
    world.run(0.1)
    world.say("zh", "好的。", is_voiced=False)
    assert world.end_of("zh") == Ended("zh", "", False, False)


def test_a_loudspeaker_that_does_not_play_is_given_up(world):
    world.loudspeaker_works = False
    world.say("r1", "One two three four five six seven eight nine ten.")
    world.run(5.2)
    assert "not played" in world.end_of("r1").problem
    assert not world.end_of("r1").is_announced
    assert world.queue.is_idle


def test_a_reply_whose_end_never_comes_is_completed(world):
    world.say("r1", "One two three. And", is_last=False)
    world.run(24.0)
    assert world.end_of("r1").spoken_text == "One two three. And"
    assert world.chunks[-1].is_last


def test_failed_synthesis_ends_the_sentence_not_the_reply(world):
    world.say("r1", "One two three. Four five six.")
    (first,) = world.jobs
    world.jobs.clear()
    world.queue.synthesis_ended(first[1], "the engine failed")
    world.run(3.0)
    assert world.spoken_jobs == ["Four five six."]
    assert world.end_of("r1").problem == "the engine failed"
    assert not world.end_of("r1").is_interrupted


def test_a_reply_that_fails_altogether_is_reported(world):
    world.say("r1", "One two three.")
    ((_, key, _),) = world.jobs
    world.queue.synthesis_ended(key, "the engine failed")
    world.step()
    assert world.end_of("r1") == Ended("r1", "", True, False, problem="the engine failed")


def test_too_many_replies_are_refused_but_never_safety(world):
    for name in ("r0", "r1", "r2", "r3", "r4"):
        world.say(name, "One two three four five.")
    assert "wait to be spoken" in world.end_of("r4").problem
    world.say("safety", "Stopped.", kind="safety")
    assert "wait to be spoken" in world.end_of("r3").problem
    world.run(10.0)
    assert not world.end_of("safety").is_interrupted


def test_a_reply_without_end_is_cut_at_the_limit(world):
    world.say("r1", "word " * 200)
    world.run(20.0)
    assert world.end_of("r1").spoken_text == ("word " * 40).strip()


def test_samples_counted_at_another_rate_are_converted(world):
    world.say("r1", "One two three four five six.")
    world.loudspeaker_works = False
    world.run(0.1)
    world.queue.played("r1", 480 * 48, 48 * RATE, world.now)
    assert world.queue.heard_text("r1") == "One two"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("say"), st.sampled_from("abc"), st.sampled_from(["answer", "notice", "safety"])
            ),
            st.tuples(st.just("run"), st.floats(0.01, 1.0)),
            st.tuples(st.just("stop")),
            st.tuples(st.just("flush")),
            st.tuples(st.just("withdraw"), st.sampled_from("abc")),
        ),
        max_size=12,
    )
)
def test_whatever_happens_everything_ends(events):
    world = ScriptedWorld()
    begun = 0
    for number, event in enumerate(events):
        if event[0] == "say":
            begun += 1
            world.say(f"{event[1]}{number}", "One two three four. Five six.", kind=event[2])
        elif event[0] == "run":
            world.run(event[1])
        elif event[0] == "stop":
            world.queue.stop()
            world.flush()
        elif event[0] == "flush":
            world.flush()
        else:
            for number_said in range(number):
                world.queue.withdraw(f"{event[1]}{number_said}")
            world.step()
    world.run(25.0)
    assert world.queue.is_idle
    assert len(world.ended) == begun
    assert world.max_lead <= LIMITS.lead_s * RATE


@pytest.mark.parametrize(
    "words",
    [
        ["The", " quick", " brown", " fox", " jumps", " over", " the", " lazy", " dog", " and"] * 3,
        list("机械臂正在把红色的方块放到桌子左边的碗里面然后回到原来的位置") * 2,
    ],
    ids=["en", "zh"],
)
def test_a_sentence_without_marks_is_begun_while_it_is_being_written(world, words):
    """Text that comes without a pause is no reason to wait for its end."""
    for index, word in enumerate(words):
        world.say("r1", word, index, is_last=False)
        world.run(0.05)
        if world.spoken_jobs:
            break
    assert world.now - 100.0 < 0.3 + 0.5
    assert text_width(world.spoken_jobs[0]) >= FLUSH_WIDTH // 2


def test_who_interrupts_gets_an_answer(world):
    """The answer to the words that interrupt may be there before the news of the interruption."""
    world.say("old", "One two three four five six seven eight.", turn_id="t1")
    world.say("older", "It waits.", turn_id="t1")
    world.run(0.3)
    world.say("new", "Yes?", turn_id="t2")
    world.queue.stop(except_turn="t2")
    world.flush()
    world.run(2.0)
    assert [(ended.reply_id, ended.is_interrupted) for ended in world.ended] == [
        ("older", True),
        ("old", True),
        ("new", False),
    ]


SHORT_STARTS = [
    "Done. The green cube is in the bowl. Is there anything else that I can do for you?",
    "Yes, there is a cube behind the bowl, and another one is lying beside it.",
    "Okay, I will wave. One moment please.",
]


@pytest.mark.parametrize("text", SHORT_STARTS)
@pytest.mark.parametrize("rtf", [0.3, 0.5])
def test_a_slow_engine_begins_later_rather_than_run_dry_after_its_first_words(text, rtf):
    world = ScriptedWorld(Limits(characters=2000), rtf=rtf)
    world.say("r0", "This is how fast it speaks, which has to be known.")
    world.run(20.0)
    world.dry_s, begun = 0.0, world.now
    world.say("r1", text)
    while not any(chunk.stream_id == "r1" for chunk in world.chunks):
        world.run(0.01)
    assert world.now - begun < 2.0
    world.run(20.0)
    assert world.end_of("r1").spoken_text == text
    assert world.dry_s <= 0.03


@pytest.mark.parametrize(
    "text", ["好的，我现在把红色的方块放进碗里，然后回到初始位置等你。", "是的，碗的后面还有一个方块。"]
)
def test_nor_does_an_engine_run_dry_for_which_a_text_costs_something_by_itself(text):
    world = ScriptedWorld(Limits(characters=2000), synthesis_s=0.42, rtf=0.5, per_character=220)
    for number, known in enumerate(["我觉得最好不要这样做。", "这个机械臂有六个关节和一个两指夹爪。"]):
        world.say(f"r{number}", known)
        world.run(20.0)
    world.dry_s = 0.0
    world.say("r", text)
    world.run(20.0)
    assert world.end_of("r").spoken_text == text
    assert world.dry_s <= 0.03


def test_it_would_run_dry_otherwise():
    world = ScriptedWorld(Limits(characters=2000, preroll_s=0.0), rtf=0.5)
    world.say("r0", "This is how fast it speaks, which has to be known.")
    world.run(20.0)
    world.dry_s = 0.0
    world.say("r1", SHORT_STARTS[0])
    world.run(20.0)
    assert world.dry_s > 0.03
