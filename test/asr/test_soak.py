# SPDX-License-Identifier: Apache-2.0
"""Hours of audio through the streaming code faster than real time: nothing grows, nothing is lost, nothing stays open.

A minute by default; VOICE_AGENT_SOAK_S=3600 for an hour.
"""

import os

import numpy as np
import psutil

from voice_agent_ros.asr.decoding import Decode, Decoded
from voice_agent_ros.asr.heard import NothingHeard, SpeechEnded, SpeechStarted, Words
from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.sequence import SequenceCheck
from voice_agent_ros.asr.streaming import StreamingRecognizer

SOAK_S = float(os.environ.get("VOICE_AGENT_SOAK_S", "60"))
CHUNK = 320
GROWTH_MB = 25.0


class LoudnessDetector:
    """Takes what is loud for speech."""

    def probability(self, frame) -> float:
        return 0.95 if np.abs(frame).max() > 0.02 else 0.02

    def reset(self) -> None:
        pass


class CountingDecoder:
    """Answers at the next chunk; counts."""

    def __init__(self) -> None:
        self.waiting: list[Decode] = []

    def submit(self, request: Decode) -> None:
        self.waiting.append(request)

    def results(self) -> list[Decoded]:
        waiting, self.waiting = self.waiting, []
        return [Decoded(request, Recognition("pick up the red cube", 0.9, "en")) for request in waiting]


def test_hours_leave_nothing_behind():
    decoder, check = CountingDecoder(), SequenceCheck()
    ears = StreamingRecognizer(LoudnessDetector(), decoder)
    random = np.random.default_rng(0)
    quiet = random.normal(0, 20, CHUNK).astype(np.int16)
    loud = random.normal(0, 2000, CHUNK).astype(np.int16)
    counts = {SpeechStarted: 0, SpeechEnded: 0, Words: 0, NothingHeard: 0}
    finals, sequence, first = 0, 0, 0.0
    process = psutil.Process()
    chunks = round(SOAK_S * 50)
    until, is_loud = 0, False
    for sequence in range(chunks):
        if sequence >= until:
            is_loud = not is_loud
            until = sequence + int(random.integers(15, 150))
        verdict = check.check("microphone-1", sequence)
        assert not verdict.lost
        events = ears.feed(loud if is_loud else quiet, sequence * 0.02)
        for result in decoder.results():
            events += ears.decoded(result)
        for event in events:
            counts[type(event)] += 1
            finals += isinstance(event, Words) and event.is_final
        if sequence == chunks // 5:
            first = process.memory_info().rss
    grown_mb = (process.memory_info().rss - first) / 1e6
    print(
        f"{SOAK_S:.0f} s of audio, {finals} utterances, grown by {grown_mb:.1f} MB, {check.lost} chunks lost"
    )
    assert check.lost == 0
    assert counts[SpeechStarted] - counts[SpeechEnded] in (0, 1)
    assert counts[SpeechEnded] - finals - counts[NothingHeard] in (0, 1)
    assert finals > SOAK_S / 20
    assert len(ears._awaited) <= 1
    assert grown_mb < GROWTH_MB
