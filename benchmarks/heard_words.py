# SPDX-License-Identifier: Apache-2.0
"""Judges of what was in the audio of a reply that was cut: where the known words lie in it, and what a recognizer makes of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import soxr

from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.tts.synthesizer import Samples

RATE, VOICE_RATE = 16_000, 24_000
FREE_WORDS = 4  # that the recognizer is not given
# What of the replies is spoken otherwise than it is written.
_ALOUD = {
    "0.9": "zero point nine",
    "0.6": "zero point six",
    "3.5": "three point five",
    "10": "ten",
    "$29": "twenty nine dollars",
    "m": "metres",
    "cm": "centimetres",
    "dr": "doctor",
}


class Aligner:
    """Pocketsphinx lays the known words over the audio of the whole reply: nothing of the voice's own times is used."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(samprate=RATE, loglevel="FATAL", lm=None)
        self._spans: dict[str, list[tuple[float, float]]] = {}

    def spans(self, audio: Samples, text: str) -> list[tuple[float, float]]:
        """When each of the text's words begins and ends, s."""
        if text in self._spans:
            return self._spans[text]
        said = [_aloud(word) for word in text.split()]
        self._decoder.set_align_text(" ".join(said))
        self._decoder.start_utt()
        pcm = np.clip(_resampled(audio), -1.0, 1.0) * 32767.0
        self._decoder.process_raw(pcm.astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        # Silence and noise have names in brackets.
        found = [one for one in self._decoder.seg() if one.word[0] not in "<["]
        assert len(found) == sum(len(words.split()) for words in said), f"Not aligned: {text}"
        spans, at = [], 0
        for words in said:
            last = at + len(words.split())
            spans.append((found[at].start_frame / 100, (found[last - 1].end_frame + 1) / 100))
            at = last
        self._spans[text] = spans
        return spans


class Recognizer:
    """Whisper base writes down what it hears."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        path = str(path_of("whisper-base"))
        self._whisper: Any = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=2)

    def words(self, audio: Samples, text: str, count: int) -> list[str]:
        """The words in the audio; the first of them are given, up to some before the last of `count`."""
        given = " ".join(text.split()[: max(count - FREE_WORDS, 0)])
        segments, _ = self._whisper.transcribe(
            _resampled(audio),
            language="en",
            beam_size=1,
            condition_on_previous_text=False,
            prefix=given or None,
        )
        return plain_words(" ".join(one.text for one in segments))


def plain_words(text: str) -> list[str]:
    """Without capitals and marks; hyphens part words, and one spelling for each."""
    text = text.lower().replace("all right", "alright").replace("centimetre", "centimeter")
    text = re.sub(
        r"(?<=\d)\.(?=\d)", " point ", text.replace(" m ", " meters ").replace(" cm", " centimeters")
    )
    return re.findall(r"[a-z0-9']+", text)


def _aloud(word: str) -> str:
    key = re.sub(r"[^\w.'$]", "", word).strip(".").lower()
    return _ALOUD.get(key) or re.sub(r"[^a-z']", "", key)


def _resampled(audio: Samples) -> Any:
    return soxr.resample(audio.astype(np.float32) / 32768.0, VOICE_RATE, RATE)
