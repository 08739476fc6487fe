# SPDX-License-Identifier: Apache-2.0
"""Every container that FFmpeg reads, on its own time axis; and a clear word on what is none."""

import io
import os
import struct

import numpy as np
import pytest
from recordings import LOUD, RATE, encoded, sound, wav

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.transcription.media import Media, MediaError, mixed

BURSTS = sound((1.0, 0), (0.5, LOUD), (2.0, 0), (0.5, LOUD), (1.0, 0))


def read(data: bytes, **more) -> np.ndarray:
    with Media(io.BytesIO(data), **more) as media:
        return np.concatenate(list(media.blocks()))


def edges(audio: np.ndarray) -> list[float]:
    """Where loud begins and ends, s; smoothed over 10 ms."""
    level = np.convolve(np.abs(audio), np.ones(160) / 160, mode="same") > 0.05
    return [float(at) / RATE for at in np.flatnonzero(np.diff(level.astype(int)))]


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("wav", "pcm_s24le", 44100, "stereo"),
        ("wav", "pcm_mulaw", 8000, "mono"),
        ("flac", "flac", 48000, "stereo"),
        ("mp3", "libmp3lame", 44100, "stereo"),
        ("ogg", "libopus", 48000, "stereo"),
        ("ogg", "flac", 44100, "stereo"),
        ("ipod", "aac", 44100, "stereo"),
        ("matroska", "libopus", 48000, "mono"),
        ("webm", "libopus", 48000, "mono"),
        ("mpegts", "aac", 48000, "stereo"),
        ("adts", "aac", 32000, "mono"),
        ("aiff", "pcm_s16be", 22050, "stereo"),
        ("avi", "pcm_s16le", 16000, "5.1"),
    ],
)
def test_every_container_keeps_its_times(container, codec, rate, layout):
    tone = BURSTS * np.sign(np.sin(np.arange(len(BURSTS)) * 0.3))
    audio = read(encoded(tone, container, codec, rate, layout))
    assert audio.dtype == np.float32
    assert len(audio) / RATE == pytest.approx(5.0, abs=0.15)
    found = edges(audio)
    for at in (1.0, 1.5, 3.5, 4.0):
        assert min(abs(at - edge) for edge in found) < 0.06, (container, found)


def test_a_hole_in_the_time_stamps_is_silence():
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for at in (0.0, 5.0):
            frame = av.AudioFrame.from_ndarray(
                np.full((1, RATE), LOUD, np.int16), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = RATE, round(at * RATE)
            output.mux(stream.encode(frame))
    audio = read(file.getvalue())
    assert len(audio) / RATE == pytest.approx(6.0, abs=0.02)
    assert np.max(np.abs(audio[RATE + 800 : 5 * RATE - 800])) < 1e-3


NO_RECORDINGS = {
    "empty": (b"", "is empty"),
    "text": (b"hello, this is a text\n" * 10, "is a text file"),
    "chinese text": ("你好，这是文字。".encode() * 2000, "is a text file"),
    "playlist": (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", "is a text file"),
    "list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "is a text file"),
    "playlist with a zero": (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n\0\0", "no sound or video"),
    "bytes": (bytes(range(256)) * 100, "no sound or video"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(5000), "no sound or video"),
    "beginning of a header": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no sound"),
    "header alone": (wav(np.zeros(0, np.int16)), "no sound"),
}


@pytest.mark.parametrize(("content", "message"), NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_recording_is_said_to_be_none(content, message):
    with pytest.raises(MediaError, match=message) as error:
        read(content)
    assert error.value.fix


def test_a_video_without_sound_is_said_to_be_one():
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(MediaError, match="no sound track"):
        read(file.getvalue())


def stated(form: int, channels: int, rate: int, bits: int, data: bytes) -> bytes:
    """A WAV file whose head says what it likes."""
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, (rate * width) % 2**32, width % 2**16, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + head + b"data" + struct.pack("<I", len(data)) + data


@pytest.mark.parametrize(
    ("form", "channels", "rate", "bits"),
    [(1, 1, 0x7FFFFFFF, 16), (0x7777, 1, 16000, 16), (1, 1, 1, 16), (1, 0xFFFF, 16000, 16), (3, 1, 16000, 4)],
)
def test_a_form_of_sound_that_there_cannot_be_is_said_to_be_none(form, channels, rate, bits):
    with pytest.raises(MediaError):
        read(stated(form, channels, rate, bits, bytes(40_000)), max_duration_s=3600.0)


def test_what_is_no_number_is_silence():
    values = np.array([0.5, np.nan, np.inf, -np.inf, 1e38, -0.5] * 1000, np.float32)
    audio = read(stated(3, 1, RATE, 32, values.tobytes()))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1.0
    assert audio[:6].tolist() == pytest.approx([0.5, 0.0, 1.0, -1.0, 1.0, -0.5])


def test_a_file_that_is_cut_off_gives_what_it_has():
    data = encoded(np.tile(BURSTS, 4), "flac", "flac")
    with Media(io.BytesIO(data[: len(data) // 2])) as media:
        seconds = sum(len(block) for block in media.blocks()) / RATE
        assert 1.0 < seconds < 19.0
        assert media.duration_s == pytest.approx(20.0, abs=0.1)


def test_rubbish_in_the_middle_does_not_end_it():
    data = bytearray(encoded(np.tile(BURSTS, 4), "mp3", "libmp3lame"))
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()
    with Media(io.BytesIO(bytes(data))) as media:
        assert sum(len(block) for block in media.blocks()) / RATE == pytest.approx(20.0, abs=1.0)


def test_what_is_too_long_is_refused_also_if_it_does_not_say_so():
    data = wav(np.tile(BURSTS, 3))
    with pytest.raises(MediaError, match="longer than"):
        read(data, max_duration_s=10.0)
    silent = bytearray(encoded(np.tile(BURSTS, 3), "adts", "aac"))
    with pytest.raises(MediaError, match="longer than"):
        read(bytes(silent), max_duration_s=10.0)


@pytest.mark.parametrize("name", ["none.wav", ".", "no\0thing.wav", "x" * 5000, "pipe"])
def test_a_path_that_leads_nowhere_is_named(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VoiceAgentError, match=r"cannot be opened|is a directory|is a pipe"):
        Media(tmp_path / name)


def test_channels_that_cancel_each_other_are_heard_all_the_same():
    tone = (BURSTS * np.sign(np.sin(np.arange(len(BURSTS)) * 0.3)) * 32767).astype("<i2")
    upside_down = stated(1, 2, RATE, 16, np.stack([tone, -tone], 1).tobytes())
    assert np.allclose(read(upside_down), tone / 32768, atol=1e-3)
    one_silent = stated(1, 2, RATE, 16, np.stack([0 * tone, tone], 1).tobytes())
    assert np.allclose(read(one_silent), tone / 65536, atol=1e-3)
    apart = np.random.default_rng(0).normal(0.0, 0.1, (2, RATE)).astype(np.float32)
    assert np.array_equal(mixed(apart), apart.mean(axis=0, dtype=np.float32))
