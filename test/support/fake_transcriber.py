# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the transcription worker: a recording's bytes are what it does, one word at a time.

say:WORD  a segment        wait:S  takes so long        bad  the recording is none        crash  exits
crash-once:PATH  exits unless that file exists, which it makes         hang  never reports again
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

REPORTS = threading.Lock()
CANCELLED: set[str] = set()


def report(job: str, **content: object) -> None:
    with REPORTS:
        sys.stdout.write(json.dumps({"job": job, **content}) + "\n")
        sys.stdout.flush()


def segment(number: int, text: str) -> dict[str, object]:
    fixed = {"confidence": 0.9, "language": "en", "mean_log_probability": -0.1, "no_speech_probability": 0.01}
    return {
        **fixed,
        "start": float(number),
        "end": number + 0.5,
        "text": text,
        "words": [[text, number, number + 0.5, 1.0]],
    }


def work(order: dict[str, object]) -> None:
    job, said = str(order["job"]), 0
    words = Path(str(order["path"])).read_bytes().decode("utf-8", "replace").split()
    for place, word in enumerate(words, 1):
        if job in CANCELLED:
            report(job, event="cancelled")
            return
        kind, _, value = word.partition(":")
        if kind == "wait":
            time.sleep(float(value))
        elif kind == "bad":
            report(job, event="failed", kind="media", message="This is no recording.", fix="Give one.")
            return
        elif kind == "crash" or (kind == "crash-once" and not Path(value).exists()):
            if value:
                Path(value).touch()
            sys.stderr.write("segmentation fault, says the stand-in\n")
            sys.stderr.flush()
            os._exit(139)
        elif kind == "hang":
            time.sleep(1000)
        more = {"segment": segment(said, value)} if kind == "say" else {}
        said += kind == "say"
        report(job, event="progress", position_s=float(place), duration_s=float(len(words)), **more)
    head = {
        "language": "en",
        "duration_s": float(len(words)),
        "elapsed_s": 0.1,
        "segments": [],
        "warnings": [],
    }
    report(job, event="done", transcript=head)


def main() -> None:
    if sys.argv[1] == "broken":
        sys.stdout.write(
            json.dumps({"event": "broken", "message": "There are no weights.", "fix": "Fetch."}) + "\n"
        )
        return
    with Path(sys.argv[1]).open("a") as log:
        log.write("started\n")
    sys.stdout.write(json.dumps({"event": "ready"}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "cancel":
            CANCELLED.add(order["job"])
        else:
            threading.Thread(target=work, args=(order,), daemon=True).start()
    os._exit(0)


if __name__ == "__main__":
    main()
