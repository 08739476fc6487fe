# SPDX-License-Identifier: Apache-2.0
"""From recordings to transcripts: text, times, subtitles, shapes."""

import io
import itertools

import numpy as np
import pytest
from recordings import LOUD, RATE, FakeDetector, FakeRecognizer, demo, encoded, sound, wav

from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
from voice_agent_ros.asr.vad import SileroDetector
from voice_agent_ros.asr.word import Word
from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.transcription.media import Media
from voice_agent_ros.transcription.shapes import as_verbose_json
from voice_agent_ros.transcription.subtitles import cues, srt, vtt
from voice_agent_ros.transcription.transcriber import transcribe
from voice_agent_ros.transcription.transcript import Segment, Transcript, joined


def run(data: bytes, recognizer=None, **more) -> Transcript:
    with Media(io.BytesIO(data)) as media:
        return transcribe(media, FakeDetector(), recognizer or FakeRecognizer(), **more)


def test_a_recording_becomes_text_with_times():
    recognizer = FakeRecognizer()
    audio = sound((1.0, 0), (1.0, LOUD), (2.0, 0), (2.0, LOUD), (1.0, 0))
    result = run(wav(audio), recognizer, hints=("cube",))
    assert result.text == "1.0 2.0"
    assert result.duration_s == pytest.approx(7.0)
    assert 0.5 < result.confidence < 0.8
    assert recognizer.hints == ("cube",)
    assert [(s.start, s.end) for s in result.segments] == [
        (pytest.approx(1.0, abs=0.04), pytest.approx(2.0, abs=0.04)),
        (pytest.approx(4.0, abs=0.04), pytest.approx(6.0, abs=0.04)),
    ]
    # Words that a recognizer stretches into the silence are put back.
    for segment in result.segments:
        (word,) = segment.words
        assert segment.start - 0.11 <= word.start <= word.end <= segment.end + 0.11


def test_a_silent_recording_has_no_text():
    result = run(wav(sound((2.0, 0))), language="zh")
    assert (result.text, result.confidence, result.language, result.segments) == ("", 0.0, "zh", ())


def test_a_recording_that_is_cut_off_says_so():
    data = encoded(np.tile(sound((1.0, LOUD), (1.0, 0)), 10), "flac", "flac")
    assert "only" in run(data[: len(data) // 2]).warnings[0]
    assert run(data).warnings == ()


def test_it_survives_being_stored():
    result = run(wav(sound((1.0, LOUD), (1.0, 0))))
    assert Transcript.from_dict(result.as_dict()) == result


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        (["a b", "c"], "a b c"),
        (["打开夹爪。", "向上"], "打开夹爪。向上"),
        (["打开", "ok", "好"], "打开 ok 好"),
        ([], ""),
    ],
)
def test_only_scripts_with_spaces_get_spaces(texts, whole):
    assert joined(texts) == whole


def test_subtitles():
    segments = [Segment(0.0, 1.5, "Hi --> & <b>there</b>\n\n2", 0.9), Segment(3661.0, 3662.0004, "Bye", 0.9)]
    assert srt(segments) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHi → & <b>there</b> 2\n\n2\n01:01:01,000 --> 01:01:02,000\nBye\n\n"
    )
    assert vtt(segments).startswith(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHi → &amp; &lt;b&gt;there&lt;/b&gt; 2\n\n01:01:01.000 -->"
    )


@pytest.mark.parametrize("timed", [True, False])
def test_long_segments_become_cues_that_can_be_read(timed):
    texts = [f"word{n}" for n in range(60)]
    words = tuple(Word(text, 10 + n * 0.4, 10.3 + n * 0.4) for n, text in enumerate(texts)) if timed else ()
    found = cues([Segment(10.0, 34.0, " ".join(texts), 0.9, words=words)])
    assert " ".join(cue.text for cue in found) == " ".join(texts)
    assert all(cue.end - cue.start <= 7.0 and len(cue.text) <= 84 for cue in found)
    assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(found))
    assert found[0].start == 10.0
    assert found[-1].end == pytest.approx(34.0, abs=0.2)


def test_chinese_is_cut_between_characters():
    found = cues([Segment(0.0, 20.0, "把红色方块放到碗里，" * 20, 0.9)])
    assert "".join(cue.text for cue in found) == "把红色方块放到碗里，" * 20
    assert all(not cue.text.startswith("，") for cue in found)
    assert len(found) > 4


def test_the_verbose_shape_has_what_clients_read():
    shape = as_verbose_json(run(wav(sound((1.0, LOUD), (1.0, 0)))), words=True)
    assert {"task", "language", "duration", "text", "segments", "words", "usage"} <= shape.keys()
    keys = {"id", "seek", "start", "end", "text", "tokens", "temperature"}
    assert keys | {"avg_logprob", "compression_ratio", "no_speech_prob"} <= shape["segments"][0].keys()
    assert shape["words"][0].keys() == {"word", "start", "end"}


@pytest.fixture(scope="module")
def whisper():
    pytest.importorskip("faster_whisper")
    try:
        return WhisperLocal(path_of("whisper-tiny.en"), word_times=True)
    except ModelMissingError as error:
        pytest.skip(str(error))


@pytest.mark.weights
def test_times_are_right_to_0_2_s_through_cuts_and_containers(whisper):
    """Sentences at known places; each begins and ends with silence of known length."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 6.0, 60 * RATE).astype(np.int16)
    spoken = {"pick_red_cube.wav": "pick", "blue_look_nice.wav": "the", "green_with_the_others.wav": "the"}
    places, at = [], 1.3
    for name in (*spoken, *list(spoken)[:1]):
        clip = demo(name)
        loud = np.flatnonzero(np.abs(clip.astype(int)) > 330)
        begin = round(at * RATE)
        noise[begin : begin + len(clip)] += clip
        places.append((at + loud[0] / RATE, at + loud[-1] / RATE, spoken[name]))
        at += len(clip) / RATE + rng.uniform(0.4, 6.0)
    data = encoded(noise[: round((at + 1) * RATE)], "matroska", "libopus")
    with Media(io.BytesIO(data)) as media:
        result = transcribe(media, SileroDetector(), whisper)
    assert len(result.segments) == len(places)
    for segment, (start, end, first) in zip(result.segments, places, strict=True):
        assert segment.start == pytest.approx(start, abs=0.2)
        assert segment.end == pytest.approx(end, abs=0.2)
        assert segment.words[0].text.lower() == first
        assert segment.words[0].start == pytest.approx(start, abs=0.2)
        assert segment.words[-1].end == pytest.approx(end, abs=0.2)
