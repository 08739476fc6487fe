# SPDX-License-Identifier: Apache-2.0
"""How many spoken stops the spotter alone catches, how soon, how often it stops for nothing, and what it costs.

By voices that it was not trained with (data/stops), in quiet, in noise, and over the robot's own voice; false stops on
the talk of these voices, on recordings of people that packages carry, on noises, and on the robot's own voice. Fresh voices
are those that had no part in anything that was ever decided about the spotter.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.echo_room import CHUNK, RATE, EchoRoom, cancelled, robots_voice
from benchmarks.row import Row
from benchmarks.speech_sets import people
from voice_agent_ros.asr.spotters import stop_spotter
from voice_agent_ros.asr.spotting import REFRACTORY_S, KeywordSpotter
from voice_agent_ros.audio.wav_source import load

GROUP = "asr_stop"
DATA = Path(__file__).with_name("data") / "stops"
Pcm = NDArray[np.int16]
LATE_S = 1.0  # later it is no spotted stop any more
EARLY_S = 0.15  # no stop is shorter
GAP_S = 1.2
NOISE_S = 300.0
OWN_VOICE_S = 300.0
OVER_S = 744.0  # each of 18 voices' ten stops once
STOP_EVERY_S = 4.0
# Sentences in which the stop is the last word: the delay after its end can be told.
LAST = ("stop.", "stop!", "停。", "停!", "停下。", "停下!", "停止。", "停止!")


@dataclass(frozen=True, eq=False)
class Sentence:
    """What somebody says, and where it is in his recording, s."""

    voice: str
    language: str
    text: str
    begin: float
    end: float
    is_stop: bool
    is_fresh: bool = False

    @property
    def is_bare(self) -> bool:
        """Nothing but the word."""
        return self.text.strip("。.!") in ("Stop", "停", "停下", "停止")

    @property
    def ends_with_it(self) -> bool:
        """Its end is the word's end."""
        return self.text.lower().endswith(LAST)


def recorded() -> list[tuple[Pcm, list[Sentence]]]:
    """By voice."""
    found = []
    for name, entry in yaml.safe_load((DATA / "manifest.yaml").read_text(encoding="utf-8")).items():
        sentences = [
            Sentence(
                entry["voice"],
                entry["language"],
                one["text"],
                begin=one["at"][0],
                end=one["at"][1],
                is_stop=one["stop"],
                is_fresh=entry.get("fresh", False),
            )
            for one in entry["sentences"]
        ]
        found.append((load(DATA / name, RATE), sentences))
    return found


def rows() -> list[Row]:
    """All of it, some five minutes of a core; VOICE_AGENT_STOP_SPOTTER names another spotter than the default one."""
    voices = recorded()
    engine = os.environ.get("VOICE_AGENT_STOP_SPOTTER", "auto")
    found: list[Row] = []
    for language in ("en", "zh"):
        spotter = stop_spotter(engine, "", language, 1.0)
        assert spotter is not None
        chosen = [one for one in voices if one[1][0].language == language]
        found += heard(spotter, f"{engine} {language}", [stops_of(*one) for one in chosen])
        if language == "en":
            found += over_own_voice(spotter, engine, chosen)
        found += false_stops(spotter, f"{engine} {language}", chosen)
    return found


def stops_of(sound: Pcm, sentences: list[Sentence]) -> tuple[Pcm, list[Sentence]]:
    """Of a voice's recording, the sentences that hold a stop, with silence between them."""
    gap = np.zeros(round(GAP_S * RATE), np.int16)
    parts, kept, at = [gap], [], GAP_S
    for one in sentences:
        if one.is_stop:
            part = sound[round(one.begin * RATE) : round(one.end * RATE)]
            kept.append(replace(one, begin=at, end=at + len(part) / RATE))
            parts += [part, gap]
            at += len(part) / RATE + GAP_S
    return np.concatenate(parts), kept


def heard(spotter: KeywordSpotter, name: str, voices: Sequence[tuple[Pcm, list[Sentence]]]) -> list[Row]:
    """Stops that are caught, and how soon."""
    found, cost, seconds = [], 0.0, 0.0
    for room, snr_db in (("quiet", None), ("noise 15 dB", 15.0), ("noise 10 dB", 10.0)):
        caught: list[tuple[Sentence, bool]] = []
        delays: list[float] = []
        for number, (sound, sentences) in enumerate(voices):
            began = time.process_time()
            spotted = times(spotter, in_noise(sound, snr_db, number))
            cost, seconds = cost + time.process_time() - began, seconds + len(sound) / RATE
            for one in sentences:
                hits = [at for at in spotted if one.begin + EARLY_S <= at <= one.end + LATE_S]
                caught.append((one, bool(hits)))
                if hits and one.ends_with_it:
                    delays.append(max(0.0, hits[0] - one.end))
        for kind, hit in (
            ("a bare stop", [hit for one, hit in caught if one.is_bare]),
            ("a stop in a phrase", [hit for one, hit in caught if not one.is_bare]),
            ("a stop of a fresh voice", [hit for one, hit in caught if one.is_fresh]),
        ):
            if hit:
                row = Row(GROUP, f"{name}: {kind} caught, {room}", np.mean(hit), "share", 0.95, len(hit))
                found.append(row)
        if delays:
            found.append(Row.of_samples(GROUP, f"{name}: after the word's end, {room}", delays, "s", 0.3))
    found.append(Row(GROUP, f"{name}: cost while armed", 100 * cost / seconds, "% of a core", 10.0))
    return found


def over_own_voice(
    spotter: KeywordSpotter, name: str, voices: Sequence[tuple[Pcm, list[Sentence]]]
) -> list[Row]:
    """The robot speaks without pause, its voice is cancelled: alone, and with stops over it."""
    played = robots_voice(OWN_VOICE_S)
    alone = times(spotter, cancelled(EchoRoom().microphone(played, np.zeros_like(played)), played))
    played = robots_voice(OVER_S)
    said = np.zeros_like(played)
    # By turns, so that every voice has its share of the five minutes.
    by_voice = [[(sound, one) for one in sentences if one.is_stop] for sound, sentences in voices]
    stops = itertools.cycle([one for ones in zip(*by_voice, strict=False) for one in ones])
    ends = []
    for begin in np.arange(5.0, OVER_S - STOP_EVERY_S, STOP_EVERY_S):
        sound, one = next(stops)
        part = sound[round(one.begin * RATE) : round(one.end * RATE)] / 32768.0
        said[round(begin * RATE) :][: len(part)] += part
        ends.append((begin, begin + len(part) / RATE, one.is_fresh))
    over = times(spotter, cancelled(EchoRoom(seed=1).microphone(played, said), played))
    caught = [any(begin + EARLY_S <= at <= end + LATE_S for at in over) for begin, end, _ in ends]
    fresh = [hit for hit, (_, _, is_fresh) in zip(caught, ends, strict=True) if is_fresh]
    return [
        Row(GROUP, f"{name} en: false stops of its own voice in 5 min", len(alone), "stops", 0.0),
        Row(GROUP, f"{name} en: stops caught over its own voice", np.mean(caught), "share", 0.95, len(ends)),
        Row(
            GROUP,
            f"{name} en: stops of fresh voices caught over its own voice",
            np.mean(fresh),
            "share",
            0.95,
            len(fresh),
        ),
    ]


def false_stops(
    spotter: KeywordSpotter, name: str, voices: Sequence[tuple[Pcm, list[Sentence]]]
) -> list[Row]:
    """Where nobody says stop."""
    talk = [
        sound[round((one.begin - 0.2) * RATE) : round((one.end + 0.3) * RATE)]
        for sound, sentences in voices
        for one in sentences
        if not one.is_stop
    ]
    found = [_false(spotter, f"{name}: false stops, talk", [np.concatenate(talk)])]
    if name.endswith("en"):
        humans = [one.audio for one in people() if "stop" not in one.text.lower()]
        if humans:
            sounds = [np.asarray(np.rint(audio * 32767), np.int16) for audio in humans]
            found.append(_false(spotter, f"{name}: false stops, people", sounds))
        found.append(_false(spotter, f"{name}: false stops, noise", noises()))
    return found


def _false(spotter: KeywordSpotter, name: str, sounds: Sequence[Pcm]) -> Row:
    count = sum(len(times(spotter, sound)) for sound in sounds)
    seconds = sum(len(sound) for sound in sounds) / RATE
    return Row(GROUP, name, 3600 * count / seconds, "per hour of it", None, round(seconds))


def times(spotter: KeywordSpotter, sound: Pcm) -> list[float]:
    """When it reported something, s; one word is one report, as in `SpottingWorker`."""
    spotter.reset()
    found: list[float] = []
    for offset in range(0, len(sound) - CHUNK + 1, CHUNK):
        at = (offset + CHUNK) / RATE
        if spotter.hear(sound[offset : offset + CHUNK]) is not None and (
            not found or at - found[-1] >= REFRACTORY_S
        ):
            found.append(at)
    return found


def in_noise(sound: Pcm, snr_db: float | None, seed: int) -> Pcm:
    """With the noise of a fan, at a ratio to the voice's power while it speaks."""
    dice = np.random.default_rng(seed)
    white = dice.standard_normal(len(sound))
    spectrum = np.fft.rfft(white) / np.sqrt(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 50.0))
    noise = np.fft.irfft(spectrum, len(sound))
    voiced = sound[np.abs(sound.astype(np.int32)) > 330].astype(np.float64)
    level = 10.0 if snr_db is None else float(np.sqrt(np.mean(voiced**2))) / 10 ** (snr_db / 20)
    mixed = sound + noise * level / np.sqrt(np.mean(noise**2))
    return np.asarray(np.clip(np.rint(mixed), -32768, 32767), np.int16)


def noises() -> list[Pcm]:
    """White, hum, a motor that comes and goes, knocks: five minutes together."""
    dice = np.random.default_rng(5)
    size = round(NOISE_S / 4 * RATE)
    at = np.arange(size) / RATE
    knocks = np.zeros(size)
    for place in dice.integers(0, size - 4000, 150):
        knocks[place : place + 4000] += dice.standard_normal(4000) * np.exp(-np.arange(4000) / 400)
    pitch = 200 * (1.5 + np.sin(2 * np.pi * 0.4 * at))
    motor = sum(np.sin(n * 2 * np.pi * np.cumsum(pitch) / RATE) / n for n in range(1, 7))
    kinds = [
        dice.standard_normal(size),
        sum(np.sin(2 * np.pi * 50 * n * at) / n for n in range(1, 9)) + 0.1 * dice.standard_normal(size),
        motor * (np.sin(2 * np.pi * 0.5 * at) > 0) + 0.05 * dice.standard_normal(size),
        knocks + 0.02 * dice.standard_normal(size),
    ]
    return [np.asarray(np.rint(kind / np.abs(kind).max() * 12000), np.int16) for kind in kinds]
