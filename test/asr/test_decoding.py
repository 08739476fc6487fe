# SPDX-License-Identifier: Apache-2.0
"""The decoding thread, with a scripted recognizer that waits for the test."""

import threading
import time

import numpy as np

from voice_agent_ros.asr.decoding import MAX_URGENT, Decode, Decoded, DecodingWorker
from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.errors import EngineError


class ScriptedRecognizer:
    """Recognizes the audio's length, one permit a call."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.began: list[tuple[int, bool]] = []

    def recognize(self, audio, hints=(), *, is_draft=False) -> Recognition:
        self.began.append((len(audio), is_draft))
        assert self.permits.acquire(timeout=5.0)
        if "break" in hints:
            raise MemoryError("no more of it")
        if "fail" in hints:
            raise EngineError("It is broken.", "Mend it.")
        return Recognition(str(len(audio)), 1.0, "en")


def wait(condition) -> None:
    end = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def request(turn: str, serial: int, *, urgent: bool, hints=()) -> Decode:
    return Decode(turn, serial, urgent, np.zeros(serial, np.int16), hints)


def test_urgent_goes_first_and_the_newest_replaces_what_waits():
    recognizer, results = ScriptedRecognizer(), []
    worker = DecodingWorker(recognizer, results.append)
    try:
        worker.submit(request("a", 1, urgent=False))
        wait(lambda: recognizer.began)
        worker.submit(request("a", 2, urgent=False))
        worker.submit(request("a", 3, urgent=False))
        worker.submit(request("b", 4, urgent=True))
        worker.submit(request("b", 5, urgent=True))
        for _ in range(3):
            recognizer.permits.release()
        wait(lambda: len(results) == 3)
        assert recognizer.began == [(1, True), (5, False), (3, True)]
        assert [result.recognition.text for result in results] == ["1", "5", "3"]
    finally:
        worker.close()


def test_a_failure_is_a_result_and_the_next_decode_works():
    recognizer, results = ScriptedRecognizer(), []
    worker = DecodingWorker(recognizer, results.append)
    try:
        recognizer.permits.release(2)
        worker.submit(request("a", 1, urgent=True, hints=("fail",)))
        wait(lambda: results)
        assert results[0].recognition is None
        assert results[0].problem == "It is broken. Mend it."
        worker.submit(request("a", 2, urgent=True))
        wait(lambda: len(results) == 2)
        assert results[1].recognition is not None
    finally:
        worker.close()


def test_an_engine_that_breaks_in_its_own_way_deafens_nobody():
    recognizer, results = ScriptedRecognizer(), []
    worker = DecodingWorker(recognizer, results.append)
    try:
        recognizer.permits.release(2)
        worker.submit(request("a", 1, urgent=True, hints=("break",)))
        wait(lambda: results)
        assert "MemoryError: no more of it" in results[0].problem
        worker.submit(request("b", 2, urgent=True))
        wait(lambda: len(results) == 2)
        assert results[1].recognition is not None
    finally:
        worker.close()


def test_more_than_it_can_do_is_refused_not_hoarded():
    recognizer, results = ScriptedRecognizer(), []
    worker = DecodingWorker(recognizer, results.append)
    worker.submit(request("first", 1, urgent=True))
    wait(lambda: recognizer.began)
    for serial in range(2, MAX_URGENT + 4):
        worker.submit(request(f"t{serial}", serial, urgent=True))
    refused: list[Decoded] = list(results)
    assert [result.request.serial for result in refused] == [2, 3]
    assert "keep up" in refused[0].problem
    recognizer.permits.release()
    worker.close()
    assert not any(thread.name == "recognizer" for thread in threading.enumerate())
