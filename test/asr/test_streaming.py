# SPDX-License-Identifier: Apache-2.0
"""Whole utterances on the audio's own time, before a scripted detector and a scripted decoder."""

import hashlib
import itertools

import numpy as np
import pytest

from voice_agent_ros.asr.decoding import Decode, Decoded
from voice_agent_ros.asr.ending import judge_ending
from voice_agent_ros.asr.endpointing import EndpointOptions
from voice_agent_ros.asr.heard import NothingHeard, SpeechEnded, SpeechStarted, StopHeard, Words
from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.streaming import StreamingOptions, StreamingRecognizer

RATE = 16000
CHUNK = 320
VOICE = 1000  # amplitude that the scripted detector takes for speech


class ScriptedDetector:
    def probability(self, frame) -> float:
        return 0.95 if np.abs(frame).max() * 32768 > VOICE / 2 else 0.02

    def reset(self) -> None:
        pass


class ScriptedDecoder:
    """Takes `cost_s` of the audio's time per decode, one at a time; says what the script says for the speech heard."""

    def __init__(self, script, cost_s: float = 0.1, final_cost_s: float = 0.2) -> None:
        self.script, self.cost_s, self.final_cost_s = script, cost_s, final_cost_s
        self.waiting: list[Decode] = []
        self.running: tuple[float, Decode] | None = None
        self.done: list[Decode] = []
        self.fails = False
        self.is_command = lambda _text, _language: False

    def submit(self, request: Decode) -> None:
        self.waiting = [other for other in self.waiting if other.turn_id != request.turn_id]
        self.waiting.append(request)
        self.waiting.sort(key=lambda other: not other.is_urgent)

    def step(self, now: float) -> list[Decoded]:
        results = []
        if self.running is not None and now >= self.running[0]:
            request = self.running[1]
            self.running = None
            self.done.append(request)
            voiced_s = np.count_nonzero(np.abs(request.audio) > VOICE / 2) / RATE
            if self.fails:
                results.append(Decoded(request, None, "it is broken"))
            else:
                recognition = Recognition(self.script(voiced_s), 0.9, "en")
                ending = judge_ending(recognition, self.is_command)
                results.append(Decoded(request, recognition, ending=ending))
        if self.running is None and self.waiting:
            request = self.waiting.pop(0)
            self.running = (now + (self.final_cost_s if request.is_urgent else self.cost_s), request)
        return results


class World:
    """Audio in chunks of 20 ms, and when what was heard."""

    def __init__(self, script=lambda voiced_s: "hello there", **options) -> None:
        self.decoder = ScriptedDecoder(script)
        turns = iter(range(100))
        self.ears = StreamingRecognizer(
            ScriptedDetector(), self.decoder, StreamingOptions(**options), lambda: f"t{next(turns)}"
        )
        self.now = 100.0
        self.events: list[tuple[float, object]] = []

    def hear(self, duration_s: float, amplitude: int = 0) -> None:
        for _ in range(round(duration_s * RATE / CHUNK)):
            samples = np.full(CHUNK, amplitude, np.int16)
            self.now += CHUNK / RATE
            self.take(self.ears.feed(samples, self.now - CHUNK / RATE))
            for result in self.decoder.step(self.now):
                self.take(self.ears.decoded(result))

    def speech(self, duration_s: float) -> None:
        self.hear(duration_s, VOICE)

    def silence(self, duration_s: float) -> None:
        self.hear(duration_s)

    def take(self, events) -> None:
        self.events += [(self.now, event) for event in events]

    def of(self, kind) -> list:
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def finals(self) -> list[Words]:
        return [words for words in self.of(Words) if words.is_final]

    @property
    def partials(self) -> list[Words]:
        return [words for words in self.of(Words) if not words.is_final]

    def when(self, wanted) -> float:
        return next(at for at, event in self.events if event is wanted)


def counting(voiced_s: float) -> str:
    """A word per 0.3 s of speech."""
    return " ".join(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"][
            : max(1, int(voiced_s / 0.3))
        ]
    )


def test_an_utterance_from_start_to_final():
    world = World(counting)
    world.silence(1.0)
    world.speech(1.5)
    world.silence(1.0)
    (started,), (ended,), (final,) = world.of(SpeechStarted), world.of(SpeechEnded), world.finals
    assert final.text == "one two three four five"
    assert final.turn_id == started.turn_id == ended.turn_id == "t0"
    assert final.speech_start == pytest.approx(101.0, abs=0.04)
    assert final.speech_end == pytest.approx(102.5, abs=0.04)
    assert final.stable_length == len(final.text)
    revisions = [words.revision for words in world.of(Words)]
    assert revisions == list(range(1, len(revisions) + 1))
    assert len(world.partials) >= 3
    # The endpoint's silence is all that it costs: decoding took place meanwhile.
    assert world.when(final) - 102.5 == pytest.approx(0.68, abs=0.05)
    urgent = [request for request in world.decoder.done if request.is_urgent]
    assert len(urgent) == 1
    assert final.audio_hash == hashlib.sha256(urgent[0].audio.tobytes()).hexdigest()
    assert np.abs(urgent[0].audio[: int(0.15 * RATE)]).max() == 0, "no pre-roll"


def test_what_will_be_final_is_told_in_the_pause_in_the_same_words():
    world = World(lambda voiced_s: "tell me, something" if voiced_s > 1.0 else "Tell me something")
    world.speech(1.5)
    world.silence(1.0)
    (final,) = world.finals
    *partials, early = world.partials
    assert early.is_speculative
    assert not early.is_final
    assert not early.audio_hash, "nothing for a gate to judge"
    assert (early.text, early.turn_id) == (final.text, final.turn_id)
    assert early.revision == final.revision - 1
    assert not any(words.is_speculative for words in [*partials, final])
    assert world.when(early) < 101.5 + 0.4 < world.when(final)


def test_a_pause_in_the_middle_is_told_anew_at_the_end():
    world = World(counting)
    world.speech(1.5)
    world.silence(0.5)
    world.speech(1.5)
    world.silence(1.0)
    assert [words.text for words in world.partials if words.is_speculative][-1] == world.finals[0].text
    assert [words.is_speculative for words in world.partials].count(True) == 2
    assert len(world.finals) == 1


@pytest.mark.parametrize(
    ("text", "pause_s", "options"),
    [
        ("put the red cube into the", 0.5, {}),  # it promises more
        ("hello there", 0.16, {}),  # who speaks on before the decode is done
        ("hello there", 0.5, {"tells_early": False}),
    ],
)
def test_nothing_is_told_early(text, pause_s, options):
    world = World(lambda _: text, **options)
    world.speech(1.5)
    world.silence(pause_s)
    world.speech(1.5)
    assert not any(words.is_speculative for words in world.partials)


def test_what_an_unattentive_ear_hears_is_not_told_early():
    world = World(counting)
    world.ears.attend(False)
    world.speech(1.5)
    world.silence(1.0)
    assert not world.of(Words)


def test_the_stable_prefix_grows():
    world = World(counting)
    world.speech(3.0)
    world.silence(1.0)
    stable = [words.text[: words.stable_length] for words in world.partials]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(stable))
    assert len(stable[-1].split()) >= 6


def test_partials_keep_up_with_the_voice():
    world = World(counting)
    world.speech(3.0)
    lags = [world.when(words) - 100.0 - 0.3 * len(words.text.split()) for words in world.partials]
    assert max(lags) < 0.6


def test_a_decode_on_suspicion_is_dropped_when_speech_goes_on():
    world = World(counting)
    world.speech(0.9)
    world.silence(0.3)
    world.speech(0.6)
    world.silence(1.0)
    (final,) = world.finals
    assert final.text == "one two three four five"
    assert len([request for request in world.decoder.done if request.is_urgent]) == 2


def test_a_slow_recognizer_still_gives_the_right_final():
    world = World(counting)
    world.decoder.cost_s = world.decoder.final_cost_s = 1.5
    world.speech(0.9)
    world.silence(1.3)
    world.speech(1.2)
    world.silence(6.0)
    assert [final.text for final in world.finals] == ["one two three", "one two three four"]
    assert [final.turn_id for final in world.finals] == ["t0", "t1"]


def test_a_partial_waits_for_a_final_never_the_reverse():
    world = World(counting)
    world.decoder.cost_s = 0.25
    world.speech(1.2)
    world.silence(0.8)
    (final,) = world.finals
    assert world.when(final) - 101.2 < 0.72, "the endpoint alone"


def test_a_whole_command_is_not_waited_for():
    world = World(counting)
    world.decoder.is_command = lambda text, _: text == "one two three"
    world.speech(0.95)
    world.silence(0.8)
    (final,) = world.finals
    assert world.when(final) - 100.95 == pytest.approx(0.42, abs=0.04)


def test_words_that_promise_more_are_waited_for():
    world = World(lambda voiced_s: "pick up the" if voiced_s < 1.0 else "pick up the red cube")
    world.speech(0.9)
    world.silence(1.0)
    world.speech(0.6)
    world.silence(1.0)
    (final,) = world.finals
    assert final.text == "pick up the red cube"


def test_who_speaks_again_at_once_loses_nothing():
    options = EndpointOptions(end_silence_s=0.3, short_silence_s=0.3, long_silence_s=0.3)
    world = World(counting, endpoint=options)
    world.speech(0.96)
    world.silence(0.32)
    world.speech(0.96)
    world.silence(1.0)
    assert [final.text for final in world.finals] == ["one two three"] * 2


def test_a_click_in_the_pause_does_not_throw_the_decode_away():
    world = World(counting)
    world.speech(0.96)
    world.silence(0.3)
    world.hear(0.02, VOICE)
    world.silence(0.8)
    (final,) = world.finals
    assert len([request for request in world.decoder.done if request.is_urgent]) == 1
    assert final.speech_end == pytest.approx(100.96, abs=0.04)


def test_stop_in_a_partial_comes_once_and_before_the_end():
    world = World(lambda voiced_s: "please stop now" if voiced_s > 0.8 else "please")
    world.speech(2.0)
    (stop,) = world.of(StopHeard)
    assert stop.phrase == "stop"
    assert not stop.is_final
    assert world.when(stop) - 100.8 < 0.6
    world.silence(1.0)
    assert len(world.of(StopHeard)) == 1
    world.speech(1.0)
    world.silence(1.0)
    assert len(world.of(StopHeard)) == 2, "another turn can stop again"


def test_a_word_that_is_only_in_the_final_stops_too():
    world = World(lambda voiced_s: "stop", partial_interval_s=5.0)
    world.speech(0.3)
    world.silence(1.0)
    assert len(world.of(StopHeard)) == 1


def test_noise_that_sounds_like_speech_gives_nothing():
    world = World(lambda voiced_s: "")
    world.speech(0.5)
    world.silence(1.0)
    assert not world.of(Words)
    (nothing,) = world.of(NothingHeard)
    assert not nothing.is_failure


def test_a_recognizer_that_fails_is_reported():
    world = World()
    world.decoder.fails = True
    world.speech(0.5)
    world.silence(1.0)
    (nothing,) = world.of(NothingHeard)
    assert nothing.is_failure
    assert "broken" in nothing.reason
    world.decoder.fails = False
    world.speech(0.5)
    world.silence(1.0)
    assert len(world.finals) == 1


def test_the_robots_own_voice_is_no_command_but_can_be_stopped_over():
    world = World(lambda voiced_s: "please stop" if voiced_s > 1.5 else "open it")
    world.ears.attend(False)
    world.speech(2.0)
    world.silence(1.0)
    assert [type(event) for _, event in world.events] == [StopHeard]
    world.ears.attend(True)
    world.speech(1.0)
    world.silence(1.0)
    assert [final.text for final in world.finals] == ["open it"]


def test_who_goes_on_talking_when_attention_returns_is_heard_from_there():
    world = World(counting)
    world.ears.attend(False)
    world.speech(1.0)
    world.ears.attend(True)
    world.speech(0.95)
    world.silence(1.0)
    (final,) = world.finals
    assert final.speech_start == pytest.approx(101.0, abs=0.1)
    assert final.text == "one two three"


def test_an_utterance_that_began_with_attention_is_finished():
    world = World(counting)
    world.speech(0.6)
    world.ears.attend(False)
    world.speech(0.6)
    world.silence(1.0)
    assert [final.text for final in world.finals] == ["one two three four"]


def test_a_stream_that_breaks_off_ends_the_utterance():
    world = World(counting)
    world.speech(1.3)
    world.take(world.ears.cut())
    assert len(world.of(SpeechEnded)) == 1
    world.silence(1.0)
    assert [final.text for final in world.finals] == ["one two three four"]


def test_speech_without_end_is_cut_into_utterances():
    world = World(counting)
    world.speech(45.0)
    world.silence(1.0)
    assert len(world.finals) == 3
    assert len({final.turn_id for final in world.finals}) == 3


def test_a_stop_that_straddles_the_return_of_attention_is_heard():
    world = World(lambda voiced_s: "stop")
    world.ears.attend(False)
    world.speech(0.4)
    world.take(world.ears.attend(True))
    world.silence(1.0)
    assert len(world.of(StopHeard)) == 1
    assert not world.finals
