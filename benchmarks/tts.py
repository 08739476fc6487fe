# SPDX-License-Identifier: Apache-2.0
"""Speech: when the first sound of a reply that is still being written comes, and the gaps after it.

Replies are written at 24 tokens/s on a virtual clock; synthesis takes the time that it really took. The same engine
gets the text in three ways: as tts_node cuts it, by sentences only, and whole. English: hibari has no Mandarin.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.row import Row
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.tts.synthesizer import Synthesizer

GROUP = "tts"
TOKENS_PER_S = 24.0
COLD_STARTS = 3
REPLIES = (
    "Sure, I will put the red cube into the bowl. After that I will move back home and wait for you.",
    "I can see three cubes and a bowl. The red cube is on the left, the blue one is next to the bowl.",
    "All right, the gripper is open. You can take the cube whenever you like.",
    "I cannot reach that place, because it is 0.9 m away. My arm is 0.6 m long. Shall I go as far as I can?",
    "The capital of France is Paris. It lies on the river Seine, and more than two million people live there.",
    "Dr. Smith asked for 3.5 cm, so I will lift it by 3.5 cm. Please keep your hands away from the arm.",
    "Yes.",
    "No, that would be outside of the area in which I may move. Tell me another place.",
    "I moved the blue cube 10 centimetres to the left. It stands beside the green one now.",
    "My joints are at rest, the gripper is closed and nothing is in it. I am ready.",
    "Okay, I will wave. One moment please.",
    "The arm has six joints and a gripper with two fingers. It can carry half a kilogram and turn its hand around.",
    "First I will take the red cube, then the green one, and at last the blue one. Shall I begin?",
    "That cost about $29. I do not know what it costs today.",
    "I stopped because you said stop. Say continue when I may go on.",
    "I did not understand the last word. Which cube do you mean, the red one or the blue one?",
    "The bowl is empty. There is nothing that I could give you.",
    "Light is faster than sound, which is why you see the lightning first and hear the thunder later.",
    "I will move slowly from now on. Say faster if that is too slow for you.",
    "Done. The green cube is in the bowl. Is there anything else that I can do for you?",
)
Cutter = Callable[[str], list[tuple[int, str]]]


@dataclass
class Heard:
    """One reply: time to the first sound, silences after it, s; synthesis by audio time."""

    first_s: float
    gaps_s: list[float]
    rtf: float


def _as_spoken(text: str) -> list[tuple[int, str]]:
    """Segments, each with the number of characters that had to be written before it was known."""
    segmenter, found = Segmenter(), []
    for index, character in enumerate(text):
        found += [(index + 1, segment) for segment in segmenter.feed(character)]
    return [*found, *((len(text), segment) for segment in segmenter.finish())]


def _by_sentences(text: str) -> list[tuple[int, str]]:
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s|$)", text)]
    starts = [0, *ends[:-1]]
    return [(min(end + 1, len(text)), text[start:end]) for start, end in zip(starts, ends, strict=True)]


def _whole(text: str) -> list[tuple[int, str]]:
    return [(len(text), text)]


def _listen(engine: Synthesizer, text: str, cutter: Cutter) -> Heard:
    per_character_s = _tokens(text) / TOKENS_PER_S / len(text)
    now = play_end = first_s = synthesis_s = audio_s = 0.0
    gaps = []
    for characters, segment in cutter(text):
        now = max(now, characters * per_character_s)
        begun = time.perf_counter()
        is_first_block = True
        for block in engine.synthesize(speakable(segment)):
            arrived = now + time.perf_counter() - begun
            if not first_s:
                first_s = play_end = arrived
            elif is_first_block:
                gaps.append(max(0.0, arrived - play_end))
            is_first_block = False
            play_end = max(play_end, arrived) + len(block) / engine.sample_rate
            audio_s += len(block) / engine.sample_rate
        took = time.perf_counter() - begun
        now, synthesis_s = now + took, synthesis_s + took
    return Heard(first_s, gaps, synthesis_s / audio_s)


def _tokens(text: str) -> int:
    """As many as a byte-pair tokenizer makes of plain English: a word or a mark is one."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def rows() -> list[Row]:
    """All rows of the group."""
    loads_s = []
    for _ in range(COLD_STARTS):
        begun = time.perf_counter()
        engine = load_synthesizer("hibari")
        loads_s.append(time.perf_counter() - begun)
        engine.close()
    engine = load_synthesizer("hibari")
    ours = [_listen(engine, text, _as_spoken) for text in REPLIES]
    sentences = [_listen(engine, text, _by_sentences) for text in REPLIES]
    whole = [_listen(engine, text, _whole) for text in REPLIES]
    alone = []
    for text in REPLIES:
        begun = time.perf_counter()
        next(iter(engine.synthesize(text)))
        alone.append((time.perf_counter() - begun) * 1000)
    engine.close()

    def median(heard: list[Heard]) -> float:
        return Row.of_samples(GROUP, "", [one.first_s for one in heard], "s").value

    firsts = [one.first_s for one in ours]
    gaps_ms = [gap * 1000 for one in ours for gap in one.gaps_s]
    return [
        Row.of_samples(GROUP, "hibari: load and warm up", loads_s, "s"),
        Row.of_samples(GROUP, "hibari: first block of a whole text, warm", alone, "ms"),
        Row.of_samples(GROUP, "hibari: synthesis by audio time", [one.rtf for one in ours], ""),
        Row.of_samples(
            GROUP, "first sound after the first token, by sentences: baseline", firsts, "s", median(sentences)
        ),
        Row.of_samples(
            GROUP, "first sound after the first token, whole: baseline", firsts, "s", median(whole)
        ),
        Row.of_samples(GROUP, "silence between segments", gaps_ms, "ms", 30.0),
    ]
