# SPDX-License-Identifier: Apache-2.0
"""A long recording through the transcription service's own loop: how fast, and in how much memory.

Five minutes of it; ASR_HOUR=1 for an hour; ASR_HOUR_S=60 for so many seconds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from benchmarks.speech_sets import synthesised

GROUP = "asr_hour"
LENGTH_S = 3600.0 if os.environ.get("ASR_HOUR") else float(os.environ.get("ASR_HOUR_S", "300"))
MEMORY_BUDGET_MB = 500.0


def rows() -> list[Row]:
    """One recording of sentences with pauses."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "long.wav"
        write_long(path, LENGTH_S)
        code = (
            "import sys; from pathlib import Path; from voice_agent_ros.asr.recognizers.engines import *;"
            "from voice_agent_ros.asr.vad import SileroDetector; from voice_agent_ros.transcription.media import Media;"
            "from voice_agent_ros.transcription.transcriber import transcribe;"
            "r = load_recognizer(RecognizerOptions(threads=2, domain_prompt=False));"
            "t = transcribe(Media(Path(sys.argv[1])), SileroDetector(), r);"
            "print(t.duration_s, t.elapsed_s, len(t.segments))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=4 * LENGTH_S,
        )
    duration_s, elapsed_s, segments = (float(word) for word in done.stdout.split()[-3:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Row(
            GROUP,
            f"{duration_s / 60:.0f} min: speed",
            duration_s / elapsed_s,
            "× real time",
            1.0,
            int(segments),
        ),
        Row(GROUP, f"{duration_s / 60:.0f} min: peak memory of the process", peak, "MB", MEMORY_BUDGET_MB),
    ]


def write_long(path: Path, seconds: float) -> None:
    """Sentences with pauses between them, as a WAV file."""
    rng = np.random.default_rng(0)
    sentences = synthesised("test", "en")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        left = round(seconds * 16000)
        while left > 0:
            spoken = sentences[int(rng.integers(0, len(sentences)))].audio
            pause = rng.normal(0, 0.0003, round(rng.uniform(0.2, 2.0) * 16000))
            sound = np.concatenate([spoken, pause])[:left]
            file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
            left -= len(sound)
