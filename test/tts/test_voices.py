# SPDX-License-Identifier: Apache-2.0
"""Engines that stand in for each other: within the same sentence, by language, and back again by themselves."""

import time

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError, EngineError
from voice_agent_ros.tts.engines import load_chain
from voice_agent_ros.tts.synthesizers.openai_api import OpenAiSynthesizer, SpeechServer
from voice_agent_ros.tts.trim import trimmed
from voice_agent_ros.tts.voices import RETRY_AFTER_S, VoiceChain, language_of


class ScriptedEngine:
    def __init__(self, name, languages=("en",), rate=24000):
        self.name, self.languages, self.sample_rate, self.voices = name, languages, rate, (f"{name}'s",)
        self.faults: list[int] = []  # samples given before each failure
        self.asked: list[str] = []
        self.is_closed = False
        self.error: Exception | None = None

    def synthesize(self, text, *, voice="", speed=1.0):
        self.asked.append(text)
        if self.faults:
            yield np.full(self.faults.pop(0), 1000, np.int16)
            raise self.error or EngineError(f"{self.name} failed.")
        yield np.full(len(text) * self.sample_rate // 14, 2000, np.int16)

    def close(self):
        self.is_closed = True


@pytest.fixture
def clock():
    return [100.0]


def chain_of(engines, clock, told=None):
    return VoiceChain(engines, (told if told is not None else []).append, lambda: clock[0])


def speech(chain, text="One two three four five six seven eight nine ten.", **options):
    return np.concatenate([np.zeros(0, np.int16), *chain.synthesize(text, **options)])


def test_a_failure_before_the_first_sound_is_tried_once_more(clock):
    first, second = ScriptedEngine("a"), ScriptedEngine("b")
    first.faults = [0]
    assert len(speech(chain_of([first, second], clock)))
    assert (len(first.asked), len(second.asked)) == (2, 0)


def test_then_the_next_one_says_the_same_sentence_and_the_first_comes_back_by_itself(clock):
    first, second, told = ScriptedEngine("a"), ScriptedEngine("b"), []
    chain = chain_of([first, second], clock, told)
    first.faults = [0, 0]
    assert len(speech(chain))
    assert (len(first.asked), second.asked) == (2, [first.asked[0]])
    speech(chain)
    assert (len(first.asked), len(second.asked)) == (2, 2), "it is left alone for a while"
    clock[0] += RETRY_AFTER_S
    speech(chain)
    assert (len(first.asked), len(second.asked)) == (3, 2)
    assert "replaced" in told[0]
    assert "again" in told[-1]


def who(chain, text="One two three four five six seven eight nine ten."):
    return list(dict.fromkeys(block.by for block in trimmed(chain.timed(text), chain.sample_rate)))


def test_it_is_known_who_spoke_and_in_whose_place(clock):
    first, second, third = ScriptedEngine("a"), ScriptedEngine("b"), ScriptedEngine("c", ("zh",))
    chain = chain_of([first, second, third], clock)
    assert who(chain) == ["a a's"]
    assert who(chain, "好的，我来拿红色的方块。") == ["c c's"], "nobody else speaks it"
    first.faults = [0, 0]
    assert who(chain) == ["b b's instead of a (a failed.)"]
    assert who(chain) == ["b b's instead of a (a failed.)"], "while it is left alone"
    clock[0] += RETRY_AFTER_S
    first.faults = [2 * 24000]
    assert who(chain) == ["a a's", "b b's instead of a (a failed.)"]
    clock[0] += RETRY_AFTER_S
    assert who(chain) == ["a a's"]


def test_the_voice_is_told_as_it_was_asked_for_and_at_another_rate_too(clock):
    second = ScriptedEngine("b", ("zh",), 16000)
    second.voices = ("/voices/zh_CN-huayan.onnx", "other")
    chain = chain_of([ScriptedEngine("a"), second], clock)
    assert who(chain, "好的，我来拿红色的方块。") == ["b zh_CN-huayan.onnx"]
    asked = chain.timed("好的，我来拿红色的方块。", voice="other")
    assert {block.by for block in asked} == {"b other"}


def test_an_engine_that_breaks_in_a_way_that_nobody_foresaw_is_replaced_too(clock):
    first, second, told = ScriptedEngine("a"), ScriptedEngine("b"), []
    first.faults, first.error = [0, 0], ZeroDivisionError("of all things")
    assert len(speech(chain_of([first, second], clock, told)))
    assert second.asked
    assert "a broke: ZeroDivisionError: of all things" in told[0]


def test_an_address_that_is_none_is_a_failure_like_any_other():
    engine = OpenAiSynthesizer(SpeechServer("http://a\x00b"))
    with pytest.raises(EngineError, match="InvalidURL"):
        next(engine.synthesize("Hello."))
    engine.close()


def test_who_takes_over_in_the_middle_goes_on_there(clock):
    first, second = ScriptedEngine("a"), ScriptedEngine("b")
    first.faults = [2 * 24000]
    speech(chain_of([first, second], clock))
    assert first.asked[0].endswith(second.asked[0])
    assert 5 < len(second.asked[0]) < len(first.asked[0]) - 10


def test_the_language_of_a_segment_chooses(clock):
    english, chinese = ScriptedEngine("a"), ScriptedEngine("b", ("zh",), 16000)
    chain = chain_of([english, chinese], clock)
    assert chain.languages == ("en", "zh")
    samples = speech(chain, "好的，我来拿红色的方块。")
    assert chinese.asked
    assert not english.asked
    assert len(samples) == pytest.approx(12 * 24000 / 14, rel=0.01), "resampled to the rate of the first"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Yes.", "en"),
        ("好的。", "zh"),
        ("我用 ROS 控制机械臂。", "zh"),
        ("The word 你好 means hello.", "en"),
        ("29", "en"),
    ],
)
def test_the_script_tells_the_language(text, language):
    assert language_of(text, ("en", "zh")) == language


def test_if_all_fail_it_is_said_why(clock):
    engines = [ScriptedEngine("a"), ScriptedEngine("b")]
    for engine in engines:
        engine.faults = [0, 0]
    with pytest.raises(EngineError, match="b failed"):
        speech(chain_of(engines, clock))
    assert len(speech(chain_of(engines, clock))), "both are tried when both are away"


def test_a_voice_leads_to_its_engine(clock):
    engines = [ScriptedEngine("a"), ScriptedEngine("b")]
    speech(chain_of(engines, clock), voice="b's")
    assert engines[1].asked
    assert not engines[0].asked


def test_a_chain_needs_its_server_named():
    with pytest.raises(ConfigurationError, match="speech_url"):
        load_chain(["openai"])


def test_what_cannot_be_loaded_is_left_out():
    pytest.importorskip("hibari")
    told = []
    engine = load_chain(["piper:/nowhere.onnx", "hibari"], report=told.append)
    assert engine.name == "hibari"
    assert "left out" in told[0]
    engine.close()


@pytest.fixture(scope="module")
def peer():
    pytest.importorskip("hibari")
    from speech_peers import SpeechPeer

    peer = SpeechPeer()
    yield peer
    peer.close()


@pytest.mark.parametrize("fault", ["hang", "500"])
def test_a_server_that_fails_is_replaced_and_comes_back_without_a_restart(peer, clock, fault):
    server = OpenAiSynthesizer(SpeechServer(peer.url, languages=("en",), read_s=0.3))
    spare = ScriptedEngine("spare")
    chain = chain_of([server, spare], clock)
    peer.faults = [fault, fault]
    assert len(speech(chain)) > 24000
    assert len(spare.asked) == 1
    clock[0] += RETRY_AFTER_S
    server._client.timeout = 10.0
    assert len(speech(chain)) > 24000
    assert len(spare.asked) == 1
    chain.close()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("dripping 500 out of memory", "ReadTimeout"),
        ("dripping 200 RIFF", "s of audio in"),
        ("dripping 200 <!DOCTYPE html><html>Log in", "for pcm"),
        ('dripping 200 {"error": "no such model"}', "for pcm"),
        ("dripping 200 OggS", "for pcm"),
    ],
)
def test_what_a_server_drips_or_calls_sound_is_no_sound(peer, fault, why):
    server = OpenAiSynthesizer(SpeechServer(peer.url, languages=("en",), read_s=0.6))
    peer.faults = [fault]
    begun = time.monotonic()
    with pytest.raises(EngineError, match=why):
        speech(server)
    assert time.monotonic() - begun < 5.0
    server.close()


@pytest.mark.parametrize("fault", ["break", "stall", "drip"])
def test_a_server_that_fails_in_the_middle_is_gone_on_with(peer, clock, fault):
    server = OpenAiSynthesizer(
        SpeechServer(peer.url, languages=("en",), read_s=10.0 if fault == "break" else 0.4)
    )
    server._client.timeout = 10.0 if fault == "break" else 0.8
    spare = ScriptedEngine("spare")
    chain = chain_of([server, spare], clock)
    peer.faults = [fault]
    begun = time.monotonic()
    text = "One two three four five six."
    assert len(speech(chain, text)) > 24000
    assert len(spare.asked) == 1
    assert text.endswith(spare.asked[0])
    assert len(spare.asked[0]) < len(text)
    assert time.monotonic() - begun < 12.0
    chain.close()


def test_a_wav_head_is_no_sound(peer):
    server = OpenAiSynthesizer(SpeechServer(peer.url, languages=("en",), read_s=10.0))
    plain = speech(server)
    peer.as_wav = True
    assert np.array_equal(speech(server), plain)
    peer.as_wav = False
    server.close()
