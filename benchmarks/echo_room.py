# SPDX-License-Identifier: Apache-2.0
"""A room to measure in: what a loudspeaker plays comes back to the microphone late, reverberant and distorted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.audio.echo import EchoCanceller, PlayedAudio
from voice_agent_ros.audio.source import Block
from voice_agent_ros.tts.synthesizers.hibari import HibariSynthesizer

RATE = 16000
CHUNK = 320
AHEAD_S = 0.1  # what is to be played is known so long before
ROBOTS_WORDS = (
    "I am picking up the red cube now. I have put the blue cube into the bowl. The green cube is to the left of the "
    "bowl, about ten centimeters away from the gripper. I am moving the arm up slowly. Shall I go on with the next one? "
    "The gripper is open and the arm is back in its home position. I can see three cubes and one bowl on the table. "
)
Sound = NDArray[np.float32]  # in [-1, 1]


class EchoRoom:
    """A loudspeaker and a microphone in a room.

    Args:
        delay_s: of the direct sound and of converters whose time stamps do not tell.
        gain_db: of the echo against what is played.
        reverberation_s: until the echo has decayed by 60 dB.
        distortion: 0: the loudspeaker is linear; 1: it is driven to its limits.
        noise_db: of the room, against full scale.
    """

    def __init__(
        self,
        delay_s: float = 0.02,
        gain_db: float = -6.0,
        reverberation_s: float = 0.3,
        distortion: float = 0.3,
        noise_db: float = -60.0,
        seed: int = 0,
    ) -> None:
        self._random = np.random.default_rng(seed)
        length = round(reverberation_s * RATE)
        decay = np.exp(-6.9 * np.arange(length) / length)
        tail = 0.25 * self._random.standard_normal(length) * decay
        tail[0] = 1.0
        tail *= 10 ** (gain_db / 20) / np.sqrt(np.sum(np.square(tail)))
        self._response = np.concatenate([np.zeros(round(delay_s * RATE)), tail])
        self._distortion = distortion
        self._noise = 10 ** (noise_db / 20)

    def echo(self, played: Sound) -> Sound:
        """What of a loudspeaker's sound arrives at the microphone, without noise."""
        driven = played
        if self._distortion > 0:
            drive = 1.0 + 4.0 * self._distortion
            driven = (np.tanh(drive * played) / drive).astype(np.float32)
        size = len(played) + len(self._response) - 1
        wide = 1 << (size - 1).bit_length()
        spectrum = np.fft.rfft(driven, wide) * np.fft.rfft(self._response, wide)
        return np.fft.irfft(spectrum, wide)[: len(played)].astype(np.float32)

    def microphone(self, played: Sound, said: Sound) -> NDArray[np.int16]:
        """What the microphone delivers while somebody speaks over the loudspeaker."""
        noise = self._noise * self._random.standard_normal(len(played))
        mixed = self.echo(played) + said[: len(played)] + noise
        return np.asarray(np.rint(np.clip(mixed, -1.0, 1.0) * 32767.0), np.int16)


def robots_voice(seconds: float) -> Sound:
    """The robot talking without pause."""
    import soxr

    voice = HibariSynthesizer()
    once = np.concatenate(list(voice.synthesize(ROBOTS_WORDS))).astype(np.float32) / 32768
    once = soxr.resample(once, voice.sample_rate, RATE)
    count = round(seconds * RATE)
    return np.asarray(np.tile(once, count // len(once) + 1)[:count], np.float32)


def cancelled(microphone: NDArray[np.int16], played: Sound) -> NDArray[np.int16]:
    """What the ears hear of it."""
    reference = PlayedAudio(RATE)
    canceller = EchoCanceller(reference)
    pcm = np.asarray(np.rint(np.clip(played, -1.0, 1.0) * 32767.0), np.int16)
    ahead = round(AHEAD_S * RATE)
    reference.add(pcm[:ahead], 0.0)
    out = []
    for offset in range(0, len(microphone) - CHUNK + 1, CHUNK):
        at = offset / RATE
        reference.add(pcm[offset + ahead : offset + ahead + CHUNK], at + AHEAD_S)
        out.append(canceller.process(Block(microphone[offset : offset + CHUNK], offset // CHUNK, at)).samples)
    return np.concatenate(out)
