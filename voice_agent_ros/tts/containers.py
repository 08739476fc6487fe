# SPDX-License-Identifier: Apache-2.0
"""Audio files that are written while their audio is still being made: WAV, PCM, FLAC, Opus, MP3."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice_agent_ros.tts.synthesizer import Samples

CONTENT_TYPES = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "mp3": "audio/mpeg",
}
_CODECS = {
    "flac": ("flac", "flac", "s16"),
    "opus": ("ogg", "libopus", "s16"),
    "mp3": ("mp3", "libmp3lame", "s16p"),
}
_OPUS_RATE = 48_000
_UNKNOWN_SIZE = 0xFFFFFFFF  # as every streamed WAV says


class _Written(io.RawIOBase):
    """Collects what the muxer writes; it cannot go back, as a client cannot."""

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._data += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._data)
        self._data.clear()
        return taken


class AudioFile:
    """A file that grows: each call gives the bytes that are final.

    Args:
        form: one of CONTENT_TYPES.
        rate: of the samples, Hz.
    """

    def __init__(self, form: str, rate: int) -> None:
        self._form, self._rate = form, rate
        self._is_begun = False
        if form not in _CODECS:
            return
        import av

        container, codec, layout = _CODECS[form]
        self._written = _Written()
        self._av = av
        self._file = av.open(self._written, "w", format=container)
        self._stream: Any = self._file.add_stream(
            codec, rate=_OPUS_RATE if form == "opus" else rate, layout="mono"
        )
        self._resampler = av.AudioResampler(layout, "mono", _OPUS_RATE if form == "opus" else rate)

    def add(self, samples: Samples) -> bytes:
        """More audio."""
        if self._form in _CODECS:
            frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = self._rate
            self._encode(self._resampler.resample(frame))
            return self._written.take()
        data = samples.astype("<i2", copy=False).tobytes()
        if self._form == "wav" and not self._is_begun:
            data = _wav_head(self._rate) + data
        self._is_begun = True
        return data

    def finish(self) -> bytes:
        """The end."""
        if self._form not in _CODECS:
            return b""
        self._encode([*self._resampler.resample(None), None])
        self._file.close()
        return self._written.take()

    def _encode(self, frames: Sequence[object]) -> None:
        for frame in frames:
            self._file.mux(self._stream.encode(frame))


def _wav_head(rate: int) -> bytes:
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE")
        + fmt
        + struct.pack("<4sI", b"data", _UNKNOWN_SIZE)
    )
