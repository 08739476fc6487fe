# SPDX-License-Identifier: Apache-2.0
"""How many words are wrong: by voice, noise, language and engine; how sure the recognizer is of them.

Voices and sentences are those of the set `test`, which nothing was tuned on. People: what Debian's
pocketsphinx-testdata and alsa-utils carry. ASR_SHERPA=DIR and ASR_WHISPER=DIR add weights of your own.
"""

from __future__ import annotations

import os
import time
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
DEFAULT = "whisper-tiny.en"
NOISES = (("white", 10.0), ("crowd", 10.0), ("hum", 5.0))
NOISY_SENTENCES = 10  # of each voice
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
    return [*_english(), *_mandarin()]


def _english() -> list[Row]:
    clean = synthesised("test", "en")
    found: list[Row] = []
    for model, path in _models(DEFAULT, "whisper-base"):
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
        found.append(Row.of_samples(GROUP, f"time per utterance, {name}", total.seconds, "s", FINAL_BUDGET_S))
        found += _sureness(name, total)
        if model != DEFAULT and not path:
            recognizer.close()
            continue
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
