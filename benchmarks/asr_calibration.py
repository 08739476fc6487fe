# SPDX-License-Identifier: Apache-2.0
"""Fits the constants of asr/recognizers/calibration.py, and says how good they are on voices that they do not know.

Every sentence of the set `tune` is recognized once clean and once in noise; a logistic regression learns from what
the recognizer says about itself whether all words are right. Needs scikit-learn, which nothing else here does.

Example:
    pip install scikit-learn && PYTHONPATH=. python benchmarks/asr_calibration.py --model whisper-tiny.en
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from benchmarks.speech_sets import Spoken, bare, noisy, synthesised
from voice_agent_ros.asr.recognizers.calibration import Calibration
from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
from voice_agent_ros.models.catalogue import path_of

KINDS = ("white", "hum", "crowd")
RATIOS_DB = (15.0, 10.0, 5.0, 0.0)
_LEAST = 1e-6


def observe(model: str, sentences: list[Spoken]) -> tuple[np.ndarray, np.ndarray]:
    """What the recognizer says about itself, and whether all words were right; each clean and in one noise."""
    recognizers: dict[str, WhisperLocal] = {}
    features, right = [], []
    crowd = list(sentences)
    for number, clean in enumerate(sentences):
        if clean.language not in recognizers:
            recognizers[clean.language] = WhisperLocal(path_of(model), clean.language)
        dirty = noisy(clean, KINDS[number % 3], RATIOS_DB[number // 3 % 4], number, crowd)
        for spoken in (clean, dirty):
            heard = recognizers[clean.language].recognize(spoken.audio)
            silence = min(max(heard.no_speech_probability, _LEAST), 1 - _LEAST)
            features.append((min(0.0, heard.mean_log_probability), math.log(silence / (1 - silence))))
            right.append(bare(heard.text, clean.language) == bare(clean.text, clean.language))
    return np.array(features), np.array(right)


def fit(features: np.ndarray, right: np.ndarray, source: str) -> Calibration:
    """The logistic regression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=1000).fit(features, right)
    return Calibration(float(model.intercept_[0]), *(float(weight) for weight in model.coef_[0]), source)


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: how far confidence and frequency are apart, in bins of equal numbers."""
    order = np.argsort(confidence)
    return float(
        sum(
            len(part) / len(order) * abs(confidence[part].mean() - right[part].mean())
            for part in np.array_split(order, bins)
            if len(part)
        )
    )


def confidences(calibration: Calibration, features: np.ndarray) -> np.ndarray:
    """Of all observations."""
    return np.array([calibration.confidence(lp, 1 / (1 + math.exp(-odds))) for lp, odds in features])


def main() -> None:
    """Fit, and print the constants and how good they are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="whisper-tiny.en")
    parser.add_argument("--every", type=int, default=1, help="take only every n-th sentence")
    options = parser.parse_args()
    languages = ("en",) if options.model.endswith(".en") else ("en", "zh")
    tune, test = (
        [one for lang in languages for one in synthesised(which, lang)][:: options.every]
        for which in ("tune", "test")
    )
    features, right = observe(options.model, tune)
    found = fit(features, right, f"{len(right)} sentences of the set tune, {'+'.join(languages)}")
    print(found)
    seen, truth = observe(options.model, test)
    sure = confidences(found, seen)
    raw = np.exp(seen[:, 0])
    for name, values in (("calibrated", sure), ("exp(mean log-probability)", raw)):
        error, brier = calibration_error(values, truth), float(np.mean((values - truth) ** 2))
        print(
            f"test, {name}: n {len(truth)} right {truth.mean():.3f} mean {values.mean():.3f} ECE {error:.3f} Brier {brier:.3f}"
        )
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        taken = sure >= threshold
        print(
            f"  >= {threshold}: taken {taken.mean():.3f}, right among them {truth[taken].mean():.3f}, "
            f"right ones refused {(truth & ~taken).sum() / truth.sum():.3f}"
        )


if __name__ == "__main__":
    main()
