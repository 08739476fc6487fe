# SPDX-License-Identifier: Apache-2.0
"""The virtual loudspeaker and its file."""

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.audio.file_sink import FileSink, WavRecording
from voice_agent_ros.audio.playback import PlaybackQueue
from voice_agent_ros.errors import DeviceError

RATE = 8000


def read(path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_the_file_is_complete_at_every_moment(tmp_path):
    path = tmp_path / "new" / "x.wav"
    recording = WavRecording(path, RATE)
    assert len(read(path)) == 0
    for _ in range(3):
        recording.add(np.full(RATE, 7, np.int16))
    assert len(read(path)) == 3 * RATE, "as it would be found after a kill"
    recording.add(np.full(10, 7, np.int16))
    recording.close()
    assert len(read(path)) == 3 * RATE + 10


def test_it_plays_in_real_time_and_shortens_long_silence(tmp_path):
    queue = PlaybackQueue(RATE)
    sink = FileSink(queue, tmp_path / "x.wav", max_silence_s=0.1)
    sound = np.full(round(0.2 * RATE), 1000, np.int16)
    for stream in ("a", "b"):
        time.sleep(0.4)
        began = time.monotonic()
        queue.add(stream, 0, RATE, sound, is_last=True)
        while not any(played.is_finished for played in queue.news()):
            assert time.monotonic() - began < 3.0
            time.sleep(0.005)
        assert time.monotonic() - began > 0.15
    sink.close()
    written = read(tmp_path / "x.wav")
    assert np.count_nonzero(written) == 2 * len(sound)
    assert len(written) <= 2 * len(sound) + RATE * 0.3


def test_a_place_that_cannot_be_written_is_named():
    with pytest.raises(DeviceError, match=r"out_path"):
        FileSink(PlaybackQueue(RATE), Path("/proc/nowhere/x.wav"))
