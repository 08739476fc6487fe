# SPDX-License-Identifier: Apache-2.0
"""What a long recording that is being transcribed costs the live ears and the chat: both with the job, and without.

Sentences are heard as asr_latency hears them, a chat answers one short question after another; the job is done by the
transcription service's own worker. ASR_JOB_SENTENCES and ASR_JOB_QUESTIONS tell how many.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import openai

from benchmarks.asr_hour import write_long
from benchmarks.asr_latency import sentences
from benchmarks.hearing import Said, VirtualEars, in_quiet
from benchmarks.row import Row
from benchmarks.xlm import ask_with_openai
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.commands.own_llm_server import llama_server
from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.transcription.wishes import Wishes
from voice_agent_ros.transcription.worker_process import WorkerOptions, WorkerProcess

GROUP = "asr_job"
SENTENCES = int(os.environ.get("ASR_JOB_SENTENCES", "24"))
QUESTIONS = int(os.environ.get("ASR_JOB_QUESTIONS", "16"))
RECORDING_S = 1800.0  # longer than the measurement: the job is given up at its end
SLOWER = 1.3  # times at most
CHAT_WEIGHTS = "qwen2.5-coder-0.5b-instruct"
BEGUN_S = 60.0
Case = TypeVar("Case")


class Job:
    """A long recording, transcribed by the worker in an event loop of its own.

    Attributes:
        position_s: how far it is.
    """

    def __init__(self, recording: Path) -> None:
        self.position_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._worker = WorkerProcess(WorkerOptions(RecognizerOptions(threads=1, domain_prompt=False)))
        self._thread = threading.Thread(target=self._loop.run_forever, name="job", daemon=True)
        self._thread.start()
        start = self._worker.start("job", recording, Wishes(), self._take, max_duration_s=2 * RECORDING_S)
        asyncio.run_coroutine_threadsafe(start, self._loop).result(BEGUN_S)
        end = time.monotonic() + BEGUN_S
        while not self.position_s:
            if time.monotonic() > end:
                raise TimeoutError("The job has not begun.")
            time.sleep(0.05)

    def _take(self, report: dict[str, object]) -> None:
        if report["event"] == "progress":
            self.position_s = float(str(report["position_s"]))

    def close(self) -> None:
        """Give it up."""
        asyncio.run_coroutine_threadsafe(self._worker.close(), self._loop).result(BEGUN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(BEGUN_S)
        self._loop.close()


@contextlib.contextmanager
def job_of(recording: Path) -> Iterator[Job]:
    """While the block runs."""
    job = Job(recording)
    try:
        yield job
    finally:
        job.close()


def rows() -> list[Row]:
    """Alone and beside the job in turns, so that what else the computer does falls on both."""
    ears = VirtualEars(load_recognizer(RecognizerOptions(name="whisper_local")))
    chosen = sentences()[:SENTENCES]
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        write_long(folder / "long.wav", RECORDING_S)
        finals = compared(folder / "long.wav", lambda said: final_after(ears, said), chosen)
        found = _rows("final after the end of speech", finals)
        try:
            url = opened.enter_context(llama_server(path_of(CHAT_WEIGHTS)))
        except ModelMissingError:
            return found
        client = opened.enter_context(openai.OpenAI(base_url=url, api_key="none", max_retries=0))
        questions = [f"What is {number} and {number}?" for number in range(QUESTIONS)]
        for question in questions[:2]:
            ask_with_openai(client, question)
        answers = compared(folder / "long.wav", lambda text: ask_with_openai(client, text), questions)
        return [*found, *_rows("first token of an answer", answers)]


def compared(
    recording: Path, measure: Callable[[Case], float], cases: Sequence[Case]
) -> tuple[list[float], list[float], float]:
    """Seconds without a job and beside one, and how fast the job went, times real time."""
    alone, beside, heard_s, took_s = [], [], 0.0, 0.0
    for half in (cases[::2], cases[1::2]):
        alone += [measure(case) for case in half]
        with job_of(recording) as job:
            began, position = time.monotonic(), job.position_s
            beside += [measure(case) for case in half]
            heard_s, took_s = heard_s + job.position_s - position, took_s + time.monotonic() - began
    return alone, beside, heard_s / took_s


def final_after(ears: VirtualEars, said: Said) -> float:
    """Seconds from the end of the voice to the last final transcript."""
    heard, _ = ears.hear(in_quiet(said))
    finals = heard.transcripts(final=True)
    return finals[-1][0] - 0.7 - said.ends_s if finals else float("nan")


def _rows(name: str, found: tuple[list[float], list[float], float]) -> list[Row]:
    alone, beside, speed = found
    alone, beside = ([value for value in values if not math.isnan(value)] for values in (alone, beside))
    ratio = statistics.median(beside) / statistics.median(alone)
    return [
        Row.of_samples(GROUP, f"{name}, alone", alone, "s"),
        Row.of_samples(GROUP, f"{name}, beside a job", beside, "s"),
        Row(GROUP, f"{name}: beside a job against alone", ratio, "×", SLOWER, len(beside)),
        Row(GROUP, f"{name}: speed of the job meanwhile", speed, "× real time"),
    ]
