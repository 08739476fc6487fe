# SPDX-License-Identifier: Apache-2.0
"""How long after the voice partials, finals and stops come, how many stops are caught and how often there was none.

Sentences and stops are those of data/, by voices that nothing was tuned on, or are taken from the folder that
VOICE_AGENT_RECORDINGS names (see hearing.py). The spotter is the default one (VOICE_AGENT_STOP_SPOTTER names another).
Decodes are real, everything else is on the audio's clock, so that sentences need not be waited for.
"""

from __future__ import annotations

import itertools
import os
from collections import defaultdict

import numpy as np

from benchmarks.asr_stop import recorded
from benchmarks.echo_room import EchoRoom, cancelled, robots_voice
from benchmarks.hearing import Hearing, Said, VirtualEars, _Worker, in_quiet, recordings
from benchmarks.row import Row
from benchmarks.speech_sets import synthesised
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.asr.spotters import stop_spotter
from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.intent.stop_phrases import find_stop_phrase

GROUP = "asr"
SENTENCES = 8  # of each voice
STOPS = 4  # of each voice
HEARD_WITHIN_S = (-0.3, 1.5)  # of the end of the word
OWN_VOICE_S = 300.0
STOP_EVERY_S = 5.0


def rows() -> list[Row]:
    """All of it, some minutes."""
    options = RecognizerOptions(name="whisper_local")
    engine = os.environ.get("VOICE_AGENT_STOP_SPOTTER", "auto")
    ears = VirtualEars(load_recognizer(options), stop_spotter(engine, "", "en", 1.0))
    given = recordings()
    stops = [said for said in given if find_stop_phrase(said.text)] or _stops()
    others = [said for said in given or sentences() if "stop" not in said.text.lower()]
    return [*latency(ears, others), *stopping(ears, stops, others), *own_voice(ears, stops)]


def sentences() -> list[Said]:
    """Some of each voice."""
    everything = [
        Said(one.text, one.voice, np.asarray(np.rint(one.audio * 32767), np.int16))
        for one in synthesised("test", "en")
    ]
    return _some(everything, SENTENCES)


def _stops() -> list[Said]:
    """Those whose last word is the stop, so that the delay after it can be told."""
    everything = [
        Said(one.text, one.voice, sound[round(one.begin * SAMPLE_RATE) : round(one.end * SAMPLE_RATE)])
        for sound, sentences in recorded()
        for one in sentences
        if one.is_stop and one.language == "en" and one.ends_with_it
    ]
    return _some(everything, STOPS)


def _some(everything: list[Said], count: int) -> list[Said]:
    taken: dict[str, list[Said]] = defaultdict(list)
    for said in everything:
        taken[said.voice].append(said)
    return [said for ones in taken.values() for said in ones[:count]]


def latency(ears: VirtualEars, sentences: list[Said]) -> list[Row]:
    """Of partials and finals, from when the sound was made."""
    partials, stable, finals, held, ahead = [], [], [], [], []
    early = kept = 0
    for said in sentences:
        audio = in_quiet(said)
        heard, worker = ears.hear(audio)
        shown, agreed = _lags(heard, worker)
        partials += shown
        stable += agreed
        held += worker.held_up
        ended = 0.7 + said.ends_s
        last = [at for at, words in heard.transcripts(final=True)]
        if last:
            finals.append(last[-1] - ended)
        told = [(at, words) for at, words in heard.transcripts(final=False) if words.is_speculative]
        early += len(told)
        for at, final in heard.transcripts(final=True):
            same = [
                when for when, words in told if (words.turn_id, words.text) == (final.turn_id, final.text)
            ]
            ahead += [at - same[-1]] if same else []
            kept += bool(same)
    return [
        Row.of_samples(GROUP, "partial behind the voice", partials, "s", 0.6),
        Row.of_samples(GROUP, "stable words behind the voice", stable, "s", 1.0),
        Row.of_samples(GROUP, "final after the end of speech", finals, "s", 0.6),
        Row.of_samples(GROUP, "decode for the final waits for a partial's", held, "s"),
        Row.of_samples(GROUP, "the final's words are told so much earlier (is_speculative)", ahead, "s"),
        Row(
            GROUP,
            "words told early that did not become final",
            1 - kept / max(1, early),
            "share",
            None,
            early,
        ),
    ]


def _lags(heard: Hearing, worker: _Worker) -> tuple[list[float], list[float]]:
    """For each 0.1 s of speech: how much later it was first in a transcript, and when these words were stable."""
    events = heard.transcripts(final=False) + heard.transcripts(final=True)
    if not events:
        return [], []
    # A result is shown within a chunk of its decode's end; its audio ended when the decode was ordered.
    orders = sorted(worker.ends.values())
    covered = [max([order for order in orders if order < at - 0.05], default=at) for at, _ in events]
    begins, ends = events[0][1].speech_start, events[-1][1].speech_end
    shown, agreed = [], []
    for moment in np.arange(begins + 0.1, ends, 0.1):
        first = next((i for i, until in enumerate(covered) if until >= moment), None)
        if first is None:
            continue
        shown.append(events[first][0] - moment)
        count = len(events[first][1].text.split())
        sure = next(
            (at for at, w in events[first:] if w.is_final or len(w.text[: w.stable_length].split()) >= count),
            None,
        )
        if sure is not None:
            agreed.append(sure - moment)
    return shown, agreed


def stopping(ears: VirtualEars, stops: list[Said], others: list[Said]) -> list[Row]:
    """Stops in a quiet room, and in one with the noise of a fan."""
    found = []
    for name, noise in (("quiet", 10.0), ("noise, 15 dB", 600.0)):
        caught, spotted, delays = 0, 0, []
        for said in stops:
            heard, _ = ears.hear(in_quiet(said, noise_rms=noise))
            low, high = (0.7 + said.ends_s + edge for edge in HEARD_WITHIN_S)
            in_time = [at for at in heard.stops if low - said.ends_s <= at <= high]
            caught += bool(in_time)
            spotted += any(low - said.ends_s <= at <= high for at in heard.spotted)
            if in_time:
                delays.append(in_time[0] - 0.7 - said.ends_s)
        found += [
            Row(GROUP, f"stops caught, {name}", caught / len(stops), "share", 0.95, len(stops)),
            Row(
                GROUP,
                f"stops caught by the spotter alone, {name}",
                spotted / len(stops),
                "share",
                None,
                len(stops),
            ),
            Row.of_samples(GROUP, f"stop after the sentence's end, {name}", delays, "s", 0.3),
        ]
    false, in_words, seconds = 0, 0, 0.0
    for said in others:
        heard, _ = ears.hear(in_quiet(said))
        false += len(heard.spotted)
        in_words += len(heard.stops) - len(heard.spotted)
        seconds += len(said.audio) / SAMPLE_RATE
    found += [
        Row(
            GROUP,
            "false stops of the spotter",
            3600 * false / seconds,
            "per hour of speech",
            None,
            len(others),
        ),
        Row(
            GROUP,
            "false stops of transcripts",
            3600 * in_words / seconds,
            "per hour of speech",
            0.0,
            len(others),
        ),
    ]
    return found


def own_voice(ears: VirtualEars, stops: list[Said]) -> list[Row]:
    """The robot talks without pause at a normal level, its voice is cancelled: alone, and with stops over it."""
    played = robots_voice(OWN_VOICE_S)
    alone, _ = ears.hear(cancelled(EchoRoom().microphone(played, np.zeros_like(played)), played))
    said = np.zeros_like(played)
    ends = []
    chosen = itertools.cycle(stops)
    for begin in np.arange(5.0, OWN_VOICE_S - STOP_EVERY_S, STOP_EVERY_S):
        stop = next(chosen)
        at = round(begin * SAMPLE_RATE)
        said[at : at + len(stop.audio)] += stop.audio[: len(said) - at] / 32768
        ends.append((begin, begin + stop.ends_s))
    over, _ = ears.hear(cancelled(EchoRoom(seed=1).microphone(played, said), played))
    caught = [[at - end for at in over.stops if begin < at < end + HEARD_WITHIN_S[1]] for begin, end in ends]
    first = [min(delays) for delays in caught if delays]
    spotter = sum(any(begin < at < end + HEARD_WITHIN_S[1] for at in over.spotted) for begin, end in ends)
    return [
        Row(
            GROUP,
            "transcripts of its own voice in 5 min",
            len(alone.transcripts(final=True)),
            "transcripts",
            0.0,
        ),
        Row(GROUP, "stops of its own voice in 5 min", len(alone.stops), "stops", 0.0),
        Row(GROUP, "stops caught over its own voice", len(first) / len(ends), "share", 0.95, len(ends)),
        Row(GROUP, "of them by the spotter", spotter / len(ends), "share", None, len(ends)),
        Row.of_samples(GROUP, "stop after the sentence's end, over its own voice", first, "s", 0.3),
    ]
