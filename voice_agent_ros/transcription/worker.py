# SPDX-License-Identifier: Apache-2.0
"""The process that transcribes, at low priority; it is told what to do on stdin and reports on stdout, in JSON lines.

Jobs take turns, one piece each, so that a short recording need not wait for a long one. The process ends when
stdin does, that is, when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from voice_agent_ros.asr.recognizer import AdjustableRecognizer, Audio, Recognition
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.asr.recognizers.spelling import Spelling
from voice_agent_ros.asr.vad import SileroDetector
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.transcription.media import Media, MediaError
from voice_agent_ros.transcription.transcriber import Step, steps, summary
from voice_agent_ros.transcription.transcript import Segment
from voice_agent_ros.transcription.wishes import Wishes

AUTOGROUP = Path("/proc/self/autogroup")
PROGRESS_S = 0.25  # between two reports without words


class Job:
    """One recording, transcribed a step at a time."""

    def __init__(self, order: dict[str, Any], recognizer: AdjustableRecognizer, language: str) -> None:
        wishes = Wishes.model_validate(order["wishes"])
        self._media = Media(Path(order["path"]), max_duration_s=order["max_duration_s"])
        self._spelling = Spelling(wishes.chinese)
        self._language = wishes.language if wishes.language != "auto" else language
        hints = (wishes.prompt,) if wishes.prompt else ()
        self._begun = time.perf_counter()
        fitted = _Fitted(recognizer, self._language, words=wishes.words)
        self._steps: Iterator[Step] = steps(self._media, SileroDetector(), fitted, hints)
        self._found: list[Segment] = []
        self._reported = float("-inf")
        self.position_s = 0.0

    def advance(self) -> list[dict[str, Any]]:
        """Do a little; reports about it, the last of which may be that it is done."""
        step = next(self._steps, None)
        if step is None:
            transcript = summary(
                self._found,
                self._media,
                duration_s=self.position_s,
                elapsed_s=time.perf_counter() - self._begun,
                language=self._language if self._language != "auto" else "en",
            )
            # The segments have been reported already.
            head = {**transcript.as_dict(), "segments": []}
            return [{"event": "done", "transcript": head}]
        self.position_s = max(self.position_s, step.position_s)
        now = time.monotonic()
        if step.segment is None and now - self._reported < PROGRESS_S:
            return []
        self._reported = now
        report: dict[str, Any] = {
            "event": "progress",
            "position_s": self.position_s,
            "duration_s": self._media.duration_s,
        }
        if step.segment is not None:
            self._found.append(step.segment)
            segment = step.segment.as_dict()
            segment["text"] = self._spelling.of(segment["text"], segment["language"])
            report["segment"] = segment
        return [report]

    def close(self) -> None:
        """Give the file back."""
        self._media.close()


class _Fitted:
    """A recognizer that several jobs share, set to one job's wishes for each of its pieces."""

    def __init__(self, recognizer: AdjustableRecognizer, language: str, *, words: bool) -> None:
        self._recognizer, self._language, self._words = recognizer, language, words
        recognizer.adjust(language=language, word_times=words)  # whether it can at all

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        self._recognizer.adjust(language=self._language, word_times=self._words)
        return self._recognizer.recognize(audio, hints, is_draft=is_draft)

    def close(self) -> None:
        """The recognizer is not ours."""


def serve(
    recognizer: AdjustableRecognizer, language: str, reports: Any, orders: queue.Queue[dict[str, Any]]
) -> None:
    """Carry out orders, for ever."""
    jobs: OrderedDict[str, Job] = OrderedDict()

    def report(job: str, **content: Any) -> None:
        reports.write(json.dumps({"job": job, **content}, ensure_ascii=False) + "\n")
        reports.flush()

    while True:
        try:
            order = orders.get(block=not jobs)
        except queue.Empty:
            order = {}
        name = order.get("job", "")
        if order.get("do") == "start":
            begun = _attempt(partial(Job, order, recognizer, language), name, report)
            if begun is not None:
                jobs[name] = begun
            continue
        if order.get("do") == "cancel":
            if name in jobs:
                jobs.pop(name).close()
                report(name, event="cancelled")
            continue
        name, job = jobs.popitem(last=False)
        done = _attempt(partial(_advance, job, name, report), name, report)
        if done is False:
            jobs[name] = job
        else:
            job.close()


def _advance(job: Job, name: str, report: Any) -> bool:
    is_done = False
    for content in job.advance():
        report(name, **content)
        is_done = content["event"] == "done"
    return is_done


def _attempt(action: Any, name: str, report: Any) -> Any:
    """What the action returns; None if it failed, which is reported."""
    try:
        return action()
    except MediaError as error:
        report(name, event="failed", kind="media", message=error.message, fix=error.fix)
    except VoiceAgentError as error:
        report(name, event="failed", kind="engine", message=error.message, fix=error.fix)
    except (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError) as error:
        text = f"{type(error).__name__}: {error}"
        report(name, event="failed", kind="internal", message=f"Transcribing failed: {text}.", fix="")
    return None


def _read_orders(orders: queue.Queue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    # Whoever started us is gone; a decode that runs is of no use to anybody.
    os._exit(0)


def give_way(nice: int) -> None:
    """Be of low priority, as far as the system lets us."""
    with contextlib.suppress(OSError):
        nice = os.nice(nice)
    if hasattr(os, "SCHED_BATCH"):  # Linux: never in the way of somebody who wakes up
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Linux shares the time out among sessions first (sched_autogroup_enabled): in a session of its own, as this process
    # is, a niceness counts for nothing as long as the session's is 0.
    if AUTOGROUP.exists() and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            AUTOGROUP.write_text(str(nice))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", required=True, help="RecognizerOptions as JSON")
    parser.add_argument("--nice", type=int, default=10)
    arguments = parser.parse_args(argv)
    # Reports have stdout to themselves; what libraries print goes to stderr.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    give_way(arguments.nice)
    values = json.loads(arguments.options)
    options = RecognizerOptions(**{**values, "fallback": tuple(values.get("fallback", ()))})
    orders: queue.Queue[dict[str, Any]] = queue.Queue()  # bounded by whoever gives the orders
    try:
        recognizer = load_recognizer(options)
    except VoiceAgentError as error:
        reports.write(json.dumps({"event": "broken", "message": error.message, "fix": error.fix}) + "\n")
        reports.flush()
        return 1
    reports.write(json.dumps({"event": "ready"}) + "\n")
    reports.flush()
    threading.Thread(target=_read_orders, args=(orders,), name="orders", daemon=True).start()
    serve(recognizer, options.language, reports, orders)
    return 0


if __name__ == "__main__":
    sys.exit(main())
