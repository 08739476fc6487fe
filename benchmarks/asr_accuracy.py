# SPDX-License-Identifier: Apache-2.0
"""How many words are wrong: by voice, noise, language and engine; how sure the recognizer is of them; an hour at once.

Voices and sentences are those of the set `test`, which nothing was tuned on. People: what Debian's
pocketsphinx-testdata and alsa-utils carry. ASR_HOUR=1 adds a recording of one hour; ASR_SHERPA=DIR and
ASR_WHISPER=DIR add weights of your own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np

from benchmarks.row import Row
from benchmarks.speech_sets import Spoken, bare, noisy, people, synthesised
from voice_agent_ros.asr.recognizer import Recognizer
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.errors import ModelMissingError

GROUP = "asr"
NOISES = (("white", 10.0), ("crowd", 10.0), ("hum", 5.0))
NOISY_SENTENCES = 10  # of each voice
HOUR_S = 3600.0
WER_BUDGET = 0.05
FINAL_BUDGET_S = 0.6
HINTS = ("red cube", "green cup", "blue cube", "bowl", "bottle", "tray", "plate")


@dataclass
class Score:
    """Sentences as they should be and as they were heard."""

    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    sureness: list[float] = field(default_factory=list)

    @property
    def errors(self) -> float:
        """Word error rate; of Chinese, where every character stands alone, the character error rate."""
        return float(jiwer.process_words(self.said, self.heard).wer)


def measure(
    recognizer: Recognizer, sentences: Sequence[Spoken], hints: Sequence[str] = ()
) -> dict[str, Score]:
    """By voice."""
    scores: dict[str, Score] = defaultdict(Score)
    for spoken in sentences:
        begun = time.perf_counter()
        heard = recognizer.recognize(spoken.audio, hints)
        score = scores[spoken.voice]
        score.seconds.append(time.perf_counter() - begun)
        score.said.append(bare(spoken.text, spoken.language))
        score.heard.append(bare(heard.text, spoken.language))
        score.sureness.append(heard.confidence)
    return scores


def whole(scores: dict[str, Score]) -> Score:
    """All voices together."""
    total = Score()
    for score in scores.values():
        total.said += score.said
        total.heard += score.heard
        total.seconds += score.seconds
        total.sureness += score.sureness
    return total


def rows() -> list[Row]:
    """All of them."""
    found = [*_english(), *_mandarin()]
    if os.environ.get("ASR_HOUR"):
        found += _hour()
    return found


def _english() -> list[Row]:
    clean = synthesised("test", "en")
    found: list[Row] = []
    for model, path in _models("whisper-tiny.en", "whisper-base"):
        try:
            recognizer = load_recognizer(RecognizerOptions(model=model, path=path))
        except ModelMissingError as error:
            print(f"left out: {error}", flush=True)
            continue
        name = f"{Path(path).name or model}, en"
        scores = measure(recognizer, clean)
        found += [_row(f"{name}: {voice}", score) for voice, score in scores.items()]
        total = whole(scores)
        found.append(_row(f"{name}: all voices", total, WER_BUDGET))
        found.append(
            _row(f"{name}: with the scene's words", whole(measure(recognizer, clean, HINTS)), WER_BUDGET)
        )
        found += [_row(f"{name}: {voice}", score) for voice, score in measure(recognizer, people()).items()]
        some = _some(clean)
        for kind, ratio_db in NOISES:
            noisy_ones = [noisy(one, kind, ratio_db, number, clean) for number, one in enumerate(some)]
            found.append(
                _row(f"{name}: {kind} noise {ratio_db:g} dB", whole(measure(recognizer, noisy_ones)))
            )
        found.append(Row.of_samples(GROUP, f"time per utterance, {name}", total.seconds, "s", FINAL_BUDGET_S))
        found += _sureness(name, total)
        recognizer.close()
    return found


def _mandarin() -> list[Row]:
    sentences = synthesised("test", "zh")
    found: list[Row] = []
    engines = [
        (f"{Path(path).name or model}, zh", RecognizerOptions(model=model, path=path, language=language))
        for model, path in _models("whisper-base")
        for language in ("zh", "auto")
    ]
    if os.environ.get("ASR_SHERPA"):
        path = os.environ["ASR_SHERPA"]
        engines.append(
            (f"{Path(path).name}, zh", RecognizerOptions("sherpa_onnx", sherpa_path=path, language="zh"))
        )
    for name, options in engines:
        try:
            recognizer = load_recognizer(options)
        except ModelMissingError as error:
            print(f"left out: {error}", flush=True)
            continue
        how = ", language detected" if options.language == "auto" else ""
        total = whole(measure(recognizer, sentences))
        found.append(_row(f"{name}{how}: all voices", total, what="CER"))
        found.append(
            Row.of_samples(GROUP, f"time per utterance, {name}{how}", total.seconds, "s", FINAL_BUDGET_S)
        )
        if not how:
            with_words = whole(measure(recognizer, sentences, HINTS))
            found.append(_row(f"{name}: with the scene's words", with_words, what="CER"))
        recognizer.close()
    return found


def _sureness(name: str, total: Score) -> list[Row]:
    """How much the confidence is worth."""
    right = np.array([said == heard for said, heard in zip(total.said, total.heard, strict=True)])
    sure = np.array(total.sureness)
    return [
        Row(GROUP, f"{name}: sentences right", float(right.mean()), "of 1", n=len(right)),
        Row(GROUP, f"{name}: mean confidence", float(sure.mean()), "of 1", float(right.mean()), len(right)),
        Row(
            GROUP,
            f"{name}: Brier score of the confidence",
            float(np.mean((sure - right) ** 2)),
            "",
            n=len(right),
        ),
    ]


def _hour() -> list[Row]:
    """One hour of sentences with pauses, as a compressed file, through the service's own worker loop."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "hour.wav"
        _write_hour(path)
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
            timeout=4 * HOUR_S,
        )
    duration_s, elapsed_s, segments = (float(word) for word in done.stdout.split()[-3:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Row(GROUP, "one hour: speed", duration_s / elapsed_s, "× real time", n=int(segments)),
        Row(GROUP, "one hour: peak memory of the process", peak, "MB"),
    ]


def _write_hour(path: Path) -> None:
    rng = np.random.default_rng(0)
    sentences = synthesised("test", "en")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        left = round(HOUR_S * 16000)
        while left > 0:
            spoken = sentences[int(rng.integers(0, len(sentences)))].audio
            pause = rng.normal(0, 0.0003, round(rng.uniform(0.2, 2.0) * 16000))
            sound = np.concatenate([spoken, pause])[:left]
            file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
            left -= len(sound)


def _models(*names: str) -> list[tuple[str, str]]:
    own = os.environ.get("ASR_WHISPER", "")
    return [*((name, "") for name in names), *([("", own)] if own else [])]


def _some(sentences: Sequence[Spoken]) -> list[Spoken]:
    taken: dict[str, list[Spoken]] = defaultdict(list)
    for spoken in sentences:
        if len(taken[spoken.voice]) < NOISY_SENTENCES:
            taken[spoken.voice].append(spoken)
    return [spoken for some in taken.values() for spoken in some]


def _row(name: str, score: Score, baseline: float | None = None, what: str = "WER") -> Row:
    return Row(GROUP, f"{what}, {name}", score.errors, "of 1", baseline, len(score.said))
