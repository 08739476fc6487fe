# SPDX-License-Identifier: Apache-2.0
"""Utterances are kept for those who ask for it, readable by nobody else, and not for ever."""

from __future__ import annotations

import os
import wave

import numpy as np
import pytest

from voice_agent_ros.asr.debug_recordings import DebugRecordings, Retention
from voice_agent_ros.errors import ConfigurationError

SOUND = (1000 * np.sin(np.arange(1600) / 5.0)).astype(np.int16)


def kept(folder):
    return sorted(path.name for path in folder.glob("heard_*.wav"))


def test_what_was_heard_can_be_heard_again(tmp_path):
    recordings = DebugRecordings(tmp_path / "heard", Retention(), pytest.fail)
    recordings.add("turn/../1", SOUND)
    recordings.close()
    (path,) = (tmp_path / "heard").iterdir()
    assert path.name.endswith("_turn____1.wav")
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (16000, 1)
        assert np.array_equal(np.frombuffer(file.readframes(10**6), "<i2"), SOUND)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_only_the_newest_stay(tmp_path):
    recordings = DebugRecordings(tmp_path, Retention(files=3), pytest.fail)
    for number in range(6):
        recordings.add(f"turn-{number}", SOUND)
    recordings.close()
    for index, name in enumerate(kept(tmp_path)):  # as if a second lay between them
        os.utime(tmp_path / name, (1e9 + index, 1e9 + index))
    assert len(kept(tmp_path)) == 3


def test_what_is_old_goes_and_what_is_not_ours_stays(tmp_path):
    for name in ("heard_20200101-000000_x.wav", "holiday.wav"):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1e9, 1e9))
    DebugRecordings(tmp_path, Retention(hours=1.0), pytest.fail).close()
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.wav"]


def test_a_folder_that_cannot_be_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="Choose another folder"):
        DebugRecordings(tmp_path / "file" / "heard", Retention(), pytest.fail)


def test_a_disk_that_fails_is_told_once_and_holds_nobody_up(tmp_path):
    told = []
    recordings = DebugRecordings(tmp_path / "heard", Retention(), told.append)
    (tmp_path / "heard").rmdir()
    for number in range(5):
        recordings.add(f"turn-{number}", SOUND)
    recordings.close()
    assert len(told) == 1
    assert "could not be kept" in told[0]
