# SPDX-License-Identifier: Apache-2.0
"""Has everything said by everybody, into one folder of WAV files; run again, it goes on where it ended.

Example:
    PYTHONPATH=.:tools python -m stop_spotter.synthesise --kokoro ~/kokoro --out ~/stop --share 0/2
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import soundfile

from stop_spotter import sayings
from stop_spotter.voices import RATE, Kokoro, Sound, espeak, flite, hibari

SPEEDS = (0.8, 1.0, 1.2)
Texts = dict[str, tuple[str, ...]]
TESTS: dict[str, Texts] = {"phrase": sayings.TEST_PHRASES, "talk": sayings.TEST_TALK}
TRAINS: dict[str, Texts] = {
    "bare": {**sayings.BARE},
    "phrase": sayings.PHRASES,
    "near": sayings.NEAR,
    "talk": sayings.TALK,
}


@dataclass(frozen=True)
class Saying:
    """A sentence of a voice.

    Attributes:
        kind: `bare` and `phrase` hold a stop; `near`, `talk` and `own` hold none.
    """

    role: str  # train, test
    kind: str
    language: str
    engine: str
    voice: str
    text: str
    speed: float

    @property
    def name(self) -> str:
        """Of its file."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def plan(kokoro: Path) -> list[Saying]:
    """Everything that is to be said, in an order that is the same each time."""
    voices = sorted(path.stem for path in (kokoro / "voices").glob("*.bin"))
    found = [*_programs(), *_kokoro(voices)]
    found += [Saying("train", "own", "en", "hibari", "hibari", text, 1.0) for text in sayings.OWN_WORDS]
    return found


def _kokoro(voices: list[str]) -> Iterator[Saying]:
    for language, tested in sayings.TEST_VOICES.items():
        for voice in (*tested, *sayings.FRESH_VOICES[language]):
            for kind, texts in TESTS.items():
                for text in texts[language]:
                    yield Saying("test", kind, language, "kokoro", voice, text, 1.0)
    known = {name for group in sayings.TEST_VOICES.values() for name in group}
    fresh = {name for group in sayings.FRESH_VOICES.values() for name in group}
    dice = random.Random(1)
    for voice in voices:
        if voice in known:
            continue
        for language in ("en", "zh") if voice.startswith(("z", "j")) else ("en",):
            # Chosen for fresh voices, too, and left out: so the others' sentences do not depend on who is fresh.
            for one in _of_trainer(
                voice, language, dice, is_native=voice.startswith("z") and language == "zh"
            ):
                if voice not in fresh:
                    yield one


def _of_trainer(voice: str, language: str, dice: random.Random, *, is_native: bool) -> Iterator[Saying]:
    rich = language == "en" or is_native

    def some(texts: tuple[str, ...], count: int) -> list[str]:
        return list(texts) if is_native else dice.sample(texts, min(count, len(texts)))

    for text, speed in zip(
        (*sayings.BARE[language], sayings.BARE[language][0]), (0.85, 1.0, 1.2, 1.35), strict=True
    ):
        yield Saying("train", "bare", language, "kokoro", voice, text, speed)
    for kind, texts, count in (
        ("phrase", sayings.PHRASES, 5),
        ("near", sayings.NEAR, 3 if rich else 1),
        ("talk", sayings.TALK, 2 if rich else 1),
    ):
        for text in some(texts[language], count):
            yield Saying("train", kind, language, "kokoro", voice, text, dice.choice(SPEEDS))


def _programs() -> Iterator[Saying]:
    dice = random.Random(2)
    for voice in sayings.FLITE_TRAINS:
        for kind, texts in TRAINS.items():
            for text in texts["en"]:
                yield Saying("train", kind, "en", "flite", voice, text, dice.choice(SPEEDS))
    for accent in sayings.ESPEAK_ACCENTS:
        for variant in sayings.ESPEAK_VARIANTS:
            for kind, texts in TRAINS.items():
                for text in dice.sample(texts["en"], 3):
                    voice = f"{accent}+{variant}"
                    yield Saying("train", kind, "en", "espeak", voice, text, dice.choice(SPEEDS))
    for voice in sayings.FLITE_TESTS:
        for kind, tests in TESTS.items():
            for text in tests["en"]:
                yield Saying("test", kind, "en", "flite", voice, text, 1.0)


def main() -> None:
    """Say it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--kokoro", type=Path, required=True, help="folder: kokoro.onnx, vocab.json, voices/*.bin"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", default="0/1", help="i/n: only each n-th sentence, from the i-th")
    options = parser.parse_args()
    share, shares = (int(part) for part in options.share.split("/"))
    options.out.mkdir(parents=True, exist_ok=True)
    kokoro = Kokoro(options.kokoro)
    say: dict[str, Callable[[Saying], Sound]] = {
        "kokoro": lambda one: kokoro.say(one.text, one.voice, one.language, one.speed),
        "espeak": lambda one: espeak(one.text, one.voice, one.speed),
        "flite": lambda one: flite(one.text, one.voice, one.speed),
        "hibari": lambda one: hibari(one.text),
    }
    planned = plan(options.kokoro)
    listing = {one.name: asdict(one) for one in planned}
    (options.out / "sayings.json").write_text(
        json.dumps(listing, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    for one in planned[share::shares]:
        path = options.out / f"{one.name}.wav"
        if not path.exists():
            soundfile.write(path, say[one.engine](one), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
