# SPDX-License-Identifier: Apache-2.0
"""What the speech queue is given and what it asks for: limits, texts to synthesize, audio to send, news of replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voice_agent_ros.tts.delivery import AS_USUAL, Delivery
from voice_agent_ros.tts.synthesizer import Samples


@dataclass(frozen=True)
class Limits:
    """How much the queue holds and how long it waits.

    Attributes:
        replies: that may wait to be spoken.
        characters: of one reply; what exceeds them is not spoken.
        lead_s: audio sent ahead of what was played.
        chunk_s: audio in one chunk.
        prepared_s: audio synthesized ahead of what was sent.
        playback_timeout_s: a stream that does not get on for so long is given up.
        text_timeout_s: a reply whose next piece does not come for so long is taken to be complete.
    """

    replies: int = 16
    characters: int = 20_000
    lead_s: float = 0.5
    chunk_s: float = 0.04
    prepared_s: float = 4.0
    playback_timeout_s: float = 5.0
    text_timeout_s: float = 20.0
    preroll_s: float = 0.8  # that a reply may begin later, so that it does not run dry after its first words
    flush_s: float = 0.3  # silence that a listener is spared by saying the beginning of a sentence


@dataclass(frozen=True)
class Job:
    """A segment to synthesize. `key` tells replies with the same id apart."""

    key: int
    text: str
    delivery: Delivery = AS_USUAL
    pause_s: float = 0.0  # silence before it
    turn_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Chunk:
    """Audio to send now."""

    stream_id: str
    sequence: int
    samples: Samples
    sample_rate: int
    is_last: bool


@dataclass(frozen=True)
class Ended:
    """A reply is over.

    Attributes:
        spoken_text: what was heard of it.
        is_interrupted: it was not played to its end.
        is_announced: whoever plays audio has said, or will say, that the stream is finished; else we have to.
        problem: why it failed, if it did.
        flushes: how many segments ended for which reason.
        turn_id: that it belongs to.
        voices: who said it, with which voice, and in whose place; "nobody (why)" of a sentence that was not said.
    """

    reply_id: str
    spoken_text: str
    is_interrupted: bool
    is_announced: bool
    samples_played: int = 0
    problem: str = ""
    flushes: Mapping[str, int] = field(default_factory=dict, compare=False)
    turn_id: str = field(default="", compare=False)
    voices: tuple[str, ...] = field(default=(), compare=False)


@dataclass
class Step:
    """What is to be done now, in this order."""

    chunks: list[Chunk] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
