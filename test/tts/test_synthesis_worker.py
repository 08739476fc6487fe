# SPDX-License-Identifier: Apache-2.0
"""The worker: results in order, nothing more after it was abandoned, an end in any case."""

import queue
import threading

import numpy as np
import pytest

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.speech_steps import Job
from voice_agent_ros.tts.synthesis_worker import MAX_JOBS, Result, SynthesisWorker

DEADLINE_S = 5.0


class ScriptedSynthesizer:
    """Gives one block per word; waits at the word 'wait' until told to go on, fails at 'fail'."""

    name, sample_rate, languages, voices = "scripted", 1000, ("en",), ("only",)

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.go_on = threading.Event()

    def synthesize(self, text, *, voice="", speed=1.0):
        for word in text.split():
            if word == "fail":
                raise EngineError("it failed")
            if word == "break":
                raise ZeroDivisionError("of all things")
            if word == "wait":
                self.waiting.set()
                assert self.go_on.wait(DEADLINE_S)
            yield np.full(len(word), 1000, np.int16)

    def close(self):
        pass


@pytest.fixture
def world():
    synthesizer, results = ScriptedSynthesizer(), queue.Queue()
    worker = SynthesisWorker(synthesizer, 1.0, results.put)
    yield synthesizer, worker, results
    synthesizer.go_on.set()
    worker.close()
    assert "synthesis" not in {thread.name for thread in threading.enumerate()}


def take(results: queue.Queue) -> Result:
    return results.get(timeout=DEADLINE_S)


def test_blocks_come_in_order_and_then_the_end(world):
    _, worker, results = world
    job = Job(1, "one three")
    worker.submit(job)
    assert [len(take(results).samples) for _ in range(2)] == [3, 5]
    assert take(results) == Result(job, None)


@pytest.mark.parametrize(
    ("word", "told"), [("fail", "it failed"), ("break", "scripted broke: ZeroDivisionError: of all things")]
)
def test_a_failure_is_told_and_survived(world, word, told):
    _, worker, results = world
    worker.submit(Job(1, word))
    assert told in take(results).problem
    worker.submit(Job(1, "one"))
    assert take(results).samples is not None


def test_an_abandoned_job_ends_at_its_next_block(world):
    synthesizer, worker, results = world
    worker.submit(Job(1, "one wait three four"))
    assert len(take(results).samples) == 3
    assert synthesizer.waiting.wait(DEADLINE_S)
    worker.abandon()
    synthesizer.go_on.set()
    assert take(results).samples is None
    assert results.empty()


def test_a_new_reply_replaces_the_old_ones_jobs(world):
    synthesizer, worker, results = world
    worker.submit(Job(1, "wait one"))
    assert synthesizer.waiting.wait(DEADLINE_S)
    worker.submit(Job(1, "two"))
    worker.submit(Job(2, "three"))
    synthesizer.go_on.set()
    seen = [take(results) for _ in range(4)]
    assert [(result.job.key, result.samples is None) for result in seen] == [
        (1, True),
        (1, True),
        (2, False),
        (2, True),
    ]


def test_it_does_not_pile_up_jobs(world):
    synthesizer, worker, results = world
    worker.submit(Job(1, "wait"))
    assert synthesizer.waiting.wait(DEADLINE_S)
    for _ in range(MAX_JOBS + 1):
        worker.submit(Job(1, "one"))
    assert "does not keep up" in take(results).problem


def test_closing_ends_the_thread_even_with_a_full_queue(world):
    synthesizer, worker, _ = world
    worker.submit(Job(1, "wait one two"))
    assert synthesizer.waiting.wait(DEADLINE_S)
    for _ in range(MAX_JOBS):
        worker.submit(Job(1, "one"))
    threading.Timer(0.05, synthesizer.go_on.set).start()
    worker.close()
