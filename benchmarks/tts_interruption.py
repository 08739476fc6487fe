# SPDX-License-Identifier: Apache-2.0
"""Being interrupted: whether what is kept of a reply is what was in the audio, and how soon it is silent.

Kept text: a hundred replies are cut at random moments on a virtual clock; Whisper tiny.en tells what their audio holds.
It guesses torn words now and then, or leaves out the last one, so that one word of difference is often its own.
Silence: the product's nodes with a virtual sound card (PulseAudio's null sinks); somebody speaks at a random moment.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import numpy as np

from benchmarks.barge_in_live import measure
from benchmarks.row import Row
from benchmarks.spoken_replies import ENGLISH
from benchmarks.virtual_listener import Listened, listen
from voice_agent_ros.llm.conversation import heard_part
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.pace import Pace

GROUP = "tts_interruption"
COUNT = 100
WHISPER_RATE = 16_000
SILENT_MS = 80.0  # that is aimed at


def rows() -> list[Row]:
    """All rows of the group."""
    return [*_silence(), *_kept_text()]


def _kept_text() -> list[Row]:
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(path_of("whisper-tiny.en")), device="cpu", compute_type="int8", cpu_threads=2)
    engine, pace, chance = load_synthesizer("hibari"), Pace(), random.Random(7)
    # Numbers are written in more than one way.
    texts = [text for text in ENGLISH if not any(map(str.isdigit, text))]
    exact, guessed, whole, surplus = [], [], [], []
    for number in range(COUNT):
        text = texts[number % len(texts)]
        duration_s = listen(engine, text, pace).audio_s
        cut = listen(engine, text, pace, cut_at_s=chance.uniform(0.3, 0.95 * duration_s))
        recognised = _words(_recognise(whisper, cut, engine.sample_rate))
        exact.append(_distance(_words(cut.kept_text), recognised))
        surplus.append(len(_words(cut.kept_text)) - len(recognised))
        guessed.append(_distance(_words(heard_part(text, cut.audio_s, "en")), recognised))
        whole.append(_distance(_words(text), recognised))
    engine.close()
    found = []
    for name, distances in (
        ("kept text", exact),
        ("text by a guessed pace", guessed),
        ("the whole reply", whole),
    ):
        found += [
            Row.of_samples(GROUP, f"{name}: words that differ from the audio", distances, ""),
            _share(f"{name}: equal to the audio", distances, 0),
            _share(f"{name}: equal but for one word", distances, 1),
        ]
    lengths = [float(kept) for kept in surplus]
    found += [
        Row.of_samples(GROUP, "kept text: words more than in the audio", lengths, ""),
        _share("kept text: as many words as in the audio, or one more or less", [abs(n) for n in surplus], 1),
    ]
    return found


def _share(name: str, distances: Sequence[int], most: int) -> Row:
    value = sum(distance <= most for distance in distances) / len(distances)
    return Row(GROUP, name, 100.0 * value, "%", n=len(distances))


def _recognise(whisper: object, cut: Listened, rate: int) -> str:
    import soxr

    audio = soxr.resample(cut.heard.astype(np.float32) / 32768.0, rate, WHISPER_RATE)
    segments, _ = whisper.transcribe(audio, language="en", beam_size=1, condition_on_previous_text=False)  # type: ignore[attr-defined]
    return " ".join(segment.text for segment in segments)


def _words(text: str) -> list[str]:
    text = text.lower().replace("centimeter", "centimetre").replace("all right", "alright")
    return re.findall(r"[a-z']+", text)


def _distance(one: list[str], other: list[str]) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != against))
    return row[-1]


def _silence() -> list[Row]:
    found = measure()
    if found is None:
        print("The latency of barge-in is left out: PulseAudio is not installed.")
        return []
    return [
        Row.of_samples(GROUP, "somebody's voice begins to silence at the loudspeaker", found["voice"], "ms"),
        Row.of_samples(
            GROUP, "the voice is noticed to silence at the loudspeaker", found["noticed"], "ms", SILENT_MS
        ),
        Row.of_samples(
            GROUP, "somebody's voice begins to the end of the reply by words", found["words"], "ms"
        ),
        Row.of_samples(GROUP, "a stop request to silence at the loudspeaker", found["stop"], "ms", SILENT_MS),
    ]
