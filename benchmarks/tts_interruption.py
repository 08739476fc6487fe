# SPDX-License-Identifier: Apache-2.0
"""Being interrupted: whether what is kept of a reply is what was in the audio, and how soon it is silent."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.barge_in_live import WORDS, measure
from benchmarks.heard_words import Aligner, Recognizer, plain_words
from benchmarks.row import Row, words_between
from benchmarks.spoken_replies import ENGLISH
from benchmarks.timed_voice import TimedVoice
from benchmarks.virtual_listener import listen
from voice_agent_ros.llm.conversation import heard_part
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.pace import Pace

GROUP = "tts_interruption"
COUNT = 100
SEED = 20_261_122
SILENT_MS = 80.0  # that is aimed at
SOUNDS = {
    "throat": "somebody clears their throat",
    "laughter": "somebody laughs",
    "noise": "a noise of 0.15 to 0.6 s",
}
NOTES = (
    f"Kept text: {COUNT} replies are cut at random moments on a virtual clock (a seed that nothing was tuned with), and two "
    "judges tell what was in the audio. Alignment: pocketsphinx lays the known words over the whole reply's audio; a word is "
    "wholly played, torn, or not begun at the moment of the cut, and a torn one may be kept or not. Recognition: Whisper base "
    "writes down what was played, given all but the last four of the words that were kept; of a torn word it makes another one now and then, and it "
    "guesses what has not been said yet (“how can I help” → “… you”), so that one word of difference may be its own.",
    "Silence: audio_node, tts_node and asr_node with PulseAudio's null sinks as microphone and loudspeaker. The sounds without "
    "words are measured in three rooms at the same time; the robot is made to forget each alarm, for else it would not "
    "pause for the next one. Throats and laughter are a synthesizer's “Ahem” and “Ha ha” at many speeds, more like words than "
    "people's. A sound that the voice detector takes for no voice pauses nothing, which is as good.",
)


def rows() -> list[Row]:
    """All rows of the group."""
    return [*_silence(), *_kept_text()]


def _kept_text() -> list[Row]:
    aligner, recognizer = Aligner(), Recognizer()
    engine, pace, chance = TimedVoice(load_synthesizer("hibari")), Pace(), random.Random(SEED)
    wrong, by_half, kept, guessed, surplus = [], [], [], [], []
    for number in range(COUNT):
        text = ENGLISH[number % len(ENGLISH)]
        whole = listen(engine, text, pace)
        cut = listen(engine, text, pace, cut_at_s=chance.uniform(0.3, 0.95 * whole.audio_s))
        spans, count = aligner.spans(whole.heard, text), len(cut.kept_text.split())
        played = sum(end <= cut.audio_s for _, end in spans)
        begun = sum(start < cut.audio_s for start, _ in spans)
        wrong.append(float(max(played - count, count - begun, 0)))
        by_half.append(float(abs(count - sum(start + end <= 2 * cut.audio_s for start, end in spans))))
        recognised = recognizer.words(cut.heard, text, count)
        said = plain_words(cut.kept_text)
        kept.append(float(words_between(said, recognised)))
        surplus.append(float(len(said) - len(recognised)))
        guessed.append(float(words_between(plain_words(heard_part(text, cut.audio_s, "en")), recognised)))
    engine.close()
    found = [
        _share("kept text: every word that was played and none that had not begun, by alignment", wrong, 0),
        _share("kept text: equal to the words of which half was played, by alignment", by_half, 0),
        _share("kept text: the same, but for one word", by_half, 1),
    ]
    for name, distances in (("kept text", kept), ("text by a guessed pace", guessed)):
        found += [
            _share(f"{name}: equal to what Whisper makes of the audio", distances, 0),
            _share(f"{name}: equal to it but for one word", distances, 1),
            Row.of_samples(GROUP, f"{name}: words that differ from it", distances, ""),
        ]
    return [
        *found,
        Row.of_samples(GROUP, "kept text: words more than Whisper makes of the audio", surplus, ""),
    ]


def _share(name: str, distances: Sequence[float], most: int) -> Row:
    value = sum(distance <= most for distance in distances) / len(distances)
    return Row(GROUP, name, 100.0 * value, "%", n=len(distances))


def _silence() -> list[Row]:
    measured = measure()
    if measured is None:
        print("The latency of barge-in is left out: PulseAudio is not installed.")
        return []
    found = measured[WORDS]
    return [
        Row.of_samples(GROUP, "somebody's voice begins to silence at the loudspeaker", found["voice"], "ms"),
        Row.of_samples(
            GROUP, "the voice is noticed to silence at the loudspeaker", found["noticed"], "ms", SILENT_MS
        ),
        Row.of_samples(
            GROUP, "somebody's voice begins to the end of the reply by words", found["words"], "ms"
        ),
        *(row for kind, name in SOUNDS.items() for row in _false_alarms(name, measured[kind])),
        Row.of_samples(GROUP, "a stop request to silence at the loudspeaker", found["stop"], "ms", SILENT_MS),
    ]


def _false_alarms(name: str, found: dict[str, list[float]]) -> list[Row]:
    pauses = found["paused"]
    return [
        _share(f"{name}: pauses the speech", [float(pause <= 0.0) for pause in pauses], 0),
        Row.of_samples(GROUP, f"{name}: pause before speech goes on", pauses, "s"),
        _share(f"{name}: no word lost or said twice, by Whisper", found["changed"], 0),
        Row.of_samples(
            GROUP, f"{name}: speech longer than without it, but for the pause", found["longer"], "ms"
        ),
    ]
