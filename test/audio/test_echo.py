# SPDX-License-Identifier: Apache-2.0
"""The robot's own voice is taken out of the microphone, and nobody else's, in a simulated room."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.echo_room import EchoRoom
from voice_agent_ros.audio.echo import EchoCanceller, PlayedAudio, estimate_delay
from voice_agent_ros.audio.linear_echo import LinearEcho
from voice_agent_ros.audio.source import BLOCK_SAMPLES, SAMPLE_RATE, Block

pytest.importorskip("pywebrtc_audio")


def speechlike(seconds: float, seed: int) -> np.ndarray:
    """Noise in the bands and with the rhythm of a voice."""
    random = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    shaped = np.fft.irfft(spectrum * np.exp(-((np.log((hertz + 1) / 500)) ** 2)), count)
    rhythm = np.clip(np.sin(2 * np.pi * 3.7 * np.arange(count) / SAMPLE_RATE + seed), 0, 1)
    voice = shaped * rhythm
    return (0.25 * voice / np.abs(voice).max()).astype(np.float32)


def heard(microphone, played, *, stamps_late_s: float = 0.0):
    """What is left; the loudspeaker's time stamps may be wrong."""
    reference = PlayedAudio(SAMPLE_RATE)
    canceller = EchoCanceller(reference)
    out = []
    for index in range(len(microphone) // BLOCK_SAMPLES):
        part = slice(index * BLOCK_SAMPLES, (index + 1) * BLOCK_SAMPLES)
        ahead = slice(part.start + 1600, part.stop + 1600)  # the converter is fed 100 ms ahead
        at = 10.0 + part.start / SAMPLE_RATE
        reference.add((played[ahead] * 32767).astype(np.int16), at + 0.1 + stamps_late_s)
        out.append(canceller.process(Block(microphone[part], index, at)).samples)
    return np.concatenate(out), canceller


def level_db(samples) -> float:
    return 10 * np.log10(np.mean(np.square(samples.astype(float) / 32768)) + 1e-12)


def test_an_echo_goes_and_a_voice_stays():
    room = EchoRoom(noise_db=-70)
    played = speechlike(8.0, 1)
    said = np.zeros_like(played)
    said[5 * SAMPLE_RATE : 6 * SAMPLE_RATE] = speechlike(1.0, 2)
    microphone = room.microphone(played, said)
    left, canceller = heard(microphone, played)
    alone = slice(3 * SAMPLE_RATE, 5 * SAMPLE_RATE)
    assert level_db(microphone[alone]) - level_db(left[alone]) > 14
    both = slice(5 * SAMPLE_RATE, 6 * SAMPLE_RATE)
    assert level_db(left[both]) > level_db((said[both] * 32767).astype(np.int16)) - 10
    assert canceller.delay_s == pytest.approx(0.02, abs=0.005)


@pytest.mark.parametrize("late_s", [0.1, -0.05])
def test_wrong_time_stamps_are_found_out(late_s):
    room = EchoRoom(noise_db=-70)
    played = speechlike(12.0, 1)
    left, _ = heard(room.microphone(played, np.zeros_like(played)), played, stamps_late_s=late_s)
    end = slice(9 * SAMPLE_RATE, 12 * SAMPLE_RATE - 4000)
    assert level_db(room.microphone(played, np.zeros_like(played))[end]) - level_db(left[end]) > 14


def test_while_nothing_is_played_the_sound_is_not_touched():
    played = PlayedAudio(24000)
    canceller = EchoCanceller(played)
    block = Block(np.arange(BLOCK_SAMPLES, dtype=np.int16), 0, 5.0)
    assert canceller.process(block) is block
    played.add(np.zeros(480, np.int16), 5.0)
    assert canceller.process(block) is block


def test_what_was_played_is_found_by_its_time():
    played = PlayedAudio(SAMPLE_RATE)
    ramp = np.arange(1, 3201, dtype=np.int16)
    for index, part in enumerate(np.split(ramp, 10)):
        jitter = 0.004 * (-1) ** index
        played.add(part, 10.0 + index * 0.02 + jitter)
    took = played.take(10.05, 320)
    assert np.array_equal(np.diff(took), np.ones(319))
    assert abs(int(took[0]) - 801) <= 64
    assert not played.take(9.0, 320).any()
    assert not played.take(11.0, 320).any()
    played.add(ramp[:320], 12.0)  # a pause, then more
    assert played.take(12.0, 320)[0] == 1
    assert not played.take(11.5, 320).any()


def test_noise_has_no_delay():
    random = np.random.default_rng(0)
    a, b = (random.normal(0, 1000, 32000).astype(np.int16) for _ in range(2))
    assert estimate_delay(a, b) is None
    assert estimate_delay(np.roll(a, 480), a) == pytest.approx(0.03, abs=0.001)


@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_who_speaks_over_the_echo_is_let_through_as_he_is(gain):
    room = EchoRoom(noise_db=-70)
    played = 0.5 * speechlike(8.0, 1)
    said = np.zeros_like(played)
    said[5 * SAMPLE_RATE : 6 * SAMPLE_RATE] = gain * speechlike(1.0, 2)
    left, _ = heard(room.microphone(played, said), played)
    both = slice(5 * SAMPLE_RATE, 6 * SAMPLE_RATE)
    voice = said[both] * 32767
    assert level_db(left[both] - voice) < level_db(voice) - 12
    alone = slice(3 * SAMPLE_RATE, 5 * SAMPLE_RATE)
    assert level_db(left[alone]) < level_db(voice) - 25


def test_the_linear_filter_learns_a_room_and_touches_no_voice():
    room = EchoRoom(noise_db=-75, distortion=0.0)
    played = speechlike(8.0, 1)
    said = np.zeros_like(played)
    said[5 * SAMPLE_RATE :] = speechlike(3.0, 2)
    microphone = room.microphone(played, said)
    far = np.rint(played * 32767).astype(np.int16)
    linear = LinearEcho()
    rest = np.concatenate(
        [
            linear.process(microphone[at : at + BLOCK_SAMPLES], far[at : at + BLOCK_SAMPLES])[0]
            for at in range(0, len(far) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)
        ]
    )
    alone = slice(3 * SAMPLE_RATE, 5 * SAMPLE_RATE)
    assert level_db(rest[alone]) < level_db(microphone[alone]) - 18
    both = slice(5 * SAMPLE_RATE, 8 * SAMPLE_RATE - BLOCK_SAMPLES)
    assert level_db(rest[both] - said[both] * 32767) < level_db(said[both] * 32767) - 12
    linear.reset()
    assert np.array_equal(
        linear.process(microphone[:BLOCK_SAMPLES], far[:BLOCK_SAMPLES])[0], microphone[:BLOCK_SAMPLES]
    )
