# SPDX-License-Identifier: Apache-2.0
"""How something is said: read strictly, carried to the engine by sentence, left out where an engine cannot do it."""

import json
import queue

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.tts.delivery import AS_USUAL, Delivery, read_delivery, read_plan
from voice_agent_ros.tts.reply import Piece
from voice_agent_ros.tts.speech_queue import SpeechQueue
from voice_agent_ros.tts.speech_steps import Job
from voice_agent_ros.tts.synthesis_worker import SynthesisWorker

DEADLINE_S = 5.0


def test_a_plan_is_read():
    plan = json.dumps(
        [{"text": "Careful!", "speed": 1.3, "emotion": "worried"}, {"text": "Hot.", "pause_s": 0.5, "x": 1}]
    )
    assert read_plan(plan) == [
        ("Careful!", Delivery(speed=1.3, emotion="worried")),
        ("Hot.", Delivery(pause_s=0.5)),
    ]
    assert read_delivery("") is AS_USUAL


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "[]",
        "{}",
        "nope",
        '[{"speed": 1}]',
        '[{"text": "a", "speed": 9}]',
        '[{"text": "a", "volume": NaN}]',
        '[{"text": "a", "pause_s": -1}]',
        '[{"text": "a", "emphasis": "b"}]',
        "[" * 100_000,
        json.dumps([{"text": "a"}] * 1000),
    ],
)
def test_a_wrong_plan_is_refused_with_a_reason(plan):
    with pytest.raises(ConfigurationError, match=r"speech_plan is wrong"):
        read_plan(plan)


def jobs_of(pieces):
    queue_ = SpeechQueue()
    for index, (text, delivery) in enumerate(pieces):
        queue_.add(Piece("r", index, text, index == len(pieces) - 1, delivery=delivery), 0.0)
    jobs = []
    for _ in range(20):
        for job in queue_.step(0.0).jobs:
            jobs.append(job)
            queue_.synthesized(job.key, np.full(100, 5000, np.int16), 24000)
            queue_.synthesis_ended(job.key, seconds=0.001)
    return jobs


def test_each_sentence_is_said_in_its_own_way():
    slow, loud = Delivery(speed=0.8), Delivery(volume=1.5, pause_s=0.4)
    jobs = jobs_of([("This is slow, ", slow), ("this is loud. ", loud), ("And so is this.", loud)])
    assert (jobs[0].text, jobs[0].delivery, jobs[0].pause_s) == ("This is slow,", slow, 0.0)
    assert " ".join(job.text for job in jobs[1:]) == "this is loud. And so is this."
    assert all(job.delivery == loud for job in jobs[1:])
    assert jobs[1].pause_s == 0.4
    assert all(job.pause_s == 0.0 for job in jobs[2:]), (
        "pieces of the same way of saying it are not torn apart"
    )


def test_text_that_is_streamed_with_one_delivery_stays_in_one_piece():
    text = '{"emotion": "glad", "pause_s": 1}'
    jobs = jobs_of([(word, read_delivery(text)) for word in ("I ", "am ", "very ", "glad.")])
    assert [(job.text, job.pause_s) for job in jobs] == [("I am very glad.", 1.0)]


class PlainSynthesizer:
    name, sample_rate, languages, voices = "plain", 1000, ("en",), ("one", "two")

    def __init__(self):
        self.asked = []

    def synthesize(self, text, **options):
        self.asked.append(options)
        yield np.full(100, 1000, np.int16)

    def close(self):
        pass


class ActingSynthesizer(PlainSynthesizer):
    is_expressive = True


@pytest.mark.parametrize("kind", [PlainSynthesizer, ActingSynthesizer])
def test_an_engine_gets_what_it_can_do(kind):
    engine, results = kind(), queue.Queue()
    worker = SynthesisWorker(engine, 1.0, results.put, volume=0.5)
    delivery = Delivery(speed=1.5, volume=3.0 / 2, voice="nobody", emotion="glad", emphasis=("now",))
    worker.submit(Job(1, "Come now.", delivery, 0.2))
    pause, speech, end = (results.get(timeout=DEADLINE_S) for _ in range(3))
    worker.close()
    assert len(pause.samples) == 200
    assert not pause.samples.any()
    assert speech.samples.max() == 750
    assert end.samples is None
    expected = {"voice": "", "speed": 1.5}
    if kind is ActingSynthesizer:
        expected["manner"] = "Sound glad. Stress: now."
    assert engine.asked == [expected]
