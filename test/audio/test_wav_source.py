# SPDX-License-Identifier: Apache-2.0
"""Recordings as a microphone, on a virtual clock."""

from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.audio.wav_source import Clip, WavSource, load, load_clips
from voice_agent_ros.errors import DeviceError


class VirtualClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep_until(self, when: float) -> None:
        self.time = max(self.time, when)


def clip(value: int, duration_s: float, name: str = "a.wav") -> Clip:
    return Clip(Path(name), np.full(round(duration_s * 16000), value, np.int16))


def listen(source: WavSource, duration_s: float):
    return [source.read() for _ in range(round(duration_s / 0.02))]


def loud(blocks, value: int) -> np.ndarray:
    return np.abs(np.concatenate([block.samples for block in blocks]).astype(int) - value) < 50


def test_blocks_come_when_a_microphone_would_deliver_them():
    clock = VirtualClock()
    source = WavSource([], clock=clock)
    blocks = listen(source, 1.0)
    assert clock.time == pytest.approx(1001.0)
    assert [block.index for block in blocks] == list(range(50))
    assert [block.at for block in blocks] == pytest.approx([1000.0 + 0.02 * index for index in range(50)])
    assert all(len(block.samples) == 320 and block.samples.any() for block in blocks)
    assert max(np.abs(block.samples).max() for block in blocks) < 30


def test_all_clips_are_heard_whole_with_gaps_between_and_silence_after():
    ends = []
    source = WavSource(
        [clip(5000, 0.5, "a.wav"), clip(9000, 0.333, "b.wav")],
        gap_s=1.0,
        clock=VirtualClock(),
        on_end=lambda clip, sound, end: ends.append((clip.path.name, sound, end)),
    )
    source.play_all()
    blocks = listen(source, 3.0)
    first, second = loud(blocks, 5000), loud(blocks, 9000)
    assert first.sum() == 8000
    assert second.sum() == 5328
    assert np.flatnonzero(second)[0] - np.flatnonzero(first)[-1] - 1 == 16000
    begin = np.flatnonzero(first)[0] / 16000
    assert [name for name, _, _ in ends] == ["a.wav", "b.wav"]
    assert ends[0][2] == pytest.approx(1000.0 + begin + 0.5, abs=1e-3)
    assert ends[1][2] == pytest.approx(1000.0 + begin + 0.5 + 1.0 + 0.333, abs=1e-3)
    assert not loud(listen(source, 1.0), 5000).any()


def test_on_request_a_clip_begins_at_once():
    source = WavSource([clip(5000, 0.1)], gap_s=1.0, clock=VirtualClock())
    assert not loud(listen(source, 2.0), 5000).any()
    assert source.clips_left == 1
    assert source.play_next() is not None
    assert np.flatnonzero(loud(listen(source, 0.5), 5000))[0] < 320
    assert source.play_next() is None


def test_the_end_of_the_sound_is_told_apart_from_the_end_of_the_file():
    ends = []
    samples = np.concatenate([np.full(8000, 5000), np.zeros(3200)]).astype(np.int16)
    source = WavSource(
        [Clip(Path("a.wav"), samples)],
        gap_s=0.0,
        clock=VirtualClock(),
        on_end=lambda clip, sound, end: ends.append((sound, end)),
    )
    source.play_next()
    listen(source, 1.0)
    assert ends == [pytest.approx((1000.5, 1000.7))]


def test_after_a_standstill_time_is_given_up_and_no_sound():
    clock = VirtualClock()
    source = WavSource([clip(5000, 2.0)], gap_s=0.0, clock=clock)
    source.play_next()
    blocks = listen(source, 0.5)
    clock.time += 60.0
    blocks += listen(source, 2.0)
    assert loud(blocks, 5000).sum() == 32000
    assert [block.index for block in blocks] == list(range(125))
    assert blocks[-1].at == pytest.approx(clock.time - 0.02)


def test_what_is_no_number_is_silence(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    values = np.array([0.5, np.nan, np.inf, 1e38, -0.5] * 100, np.float32)
    soundfile.write(tmp_path / "a.wav", values, 16000, subtype="FLOAT")
    assert load(tmp_path / "a.wav", 16000)[:5].tolist() == [16384, 0, 32767, 32767, -16384]


@pytest.mark.parametrize(
    ("rate", "subtype", "channels"),
    [
        (16000, "PCM_16", 1),
        (44100, "PCM_24", 2),
        (8000, "PCM_U8", 1),
        (48000, "FLOAT", 1),
        (22050, "ULAW", 2),
    ],
)
def test_any_format_is_read(tmp_path, rate, subtype, channels):
    soundfile = pytest.importorskip("soundfile")
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "x.wav", np.repeat(tone[:, None], channels, axis=1), rate, subtype=subtype)
    (loaded,) = load_clips([tmp_path / "x.wav"])
    assert loaded.duration_s == pytest.approx(1.0, abs=0.01)
    assert loaded.samples.max() == pytest.approx(16384, rel=0.05)
    assert 290 < np.argmax(np.abs(np.fft.rfft(loaded.samples))) / loaded.duration_s < 310


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file|System error"),
        (b"", "0 bytes"),
        (b"this is no audio at all, but a text", "Format not recognised.*Give a WAV"),
        (b"RIFF\x24\x00\x00\x00WAVE", "Give a WAV|Record it again"),
    ],
)
def test_what_is_no_audio_is_named(tmp_path, content, said):
    path = tmp_path / "x.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceError, match=rf"x\.wav.*({said})"):
        load_clips([path])
