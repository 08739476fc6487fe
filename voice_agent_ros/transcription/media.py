# SPDX-License-Identifier: Apache-2.0
"""The sound of any file that FFmpeg reads, block by block, at 16 kHz and on the file's own time axis."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import ModelMissingError, VoiceAgentError

SAMPLE_RATE = 16000
# Self-contained files only. Playlists and other formats that name further files or addresses are not opened.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpeg,mpegts,nut,ogg,rm,tta,voc,w64,wav,wv"
)
GAP_S = 0.1  # a hole in the time stamps longer than this is silence
CANCELLED = 0.01  # of the power of a channel; of channels that have nothing in common a quarter stays
MOST_BROKEN_PACKETS = 200  # in a row
_SNIFFED_BYTES = 4096


class MediaError(VoiceAgentError):
    """A file that cannot be transcribed, whoever sent it."""


class Media:
    """A file with sound in it; a context manager.

    Args:
        source: a path, or an open file whose name then means nothing.
        max_duration_s: longer ones are an error as soon as that shows.

    Raises:
        MediaError: it is missing, empty, text, or holds no sound that can be decoded.
        ModelMissingError: PyAV is not installed.

    Attributes:
        duration_s: as the file states it; None if it does not.
        broken_packets: that were left out.
    """

    def __init__(self, source: Path | BinaryIO, *, max_duration_s: float = float("inf")) -> None:
        try:
            import av
        except ImportError as error:
            raise ModelMissingError("Reading recordings needs PyAV.", "Run: pip install av") from error
        self._av = av
        self._max_duration_s = max_duration_s
        self.broken_packets = 0
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(_opened(source)) if isinstance(source, Path) else source
            _refuse_what_is_no_media(file)
            try:
                self._container: Any = av.open(file, mode="r", options={"format_whitelist": CONTAINERS})
            except (av.error.FFmpegError, ValueError) as error:
                raise MediaError(
                    f"This is no sound or video that can be read ({_why(error)}).",
                    "Is it complete? WAV, FLAC, MP3, M4A, OGG, MKV, MP4 and most others are read.",
                ) from error
            stack.callback(self._container.close)
            if not self._container.streams.audio:
                raise MediaError("This file has no sound track.", "Give one with sound.")
            self._stream = self._container.streams.audio[0]
            self.duration_s = self._stated_duration()
            self._refuse_if_long(self.duration_s or 0.0)
            self._closing = stack.pop_all()

    def __enter__(self) -> Media:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was opened here."""
        self._closing.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Mono sound in [-1, 1] from the file's beginning; holes in it are silence.

        Raises:
            MediaError: there is none, or too much.
        """
        start = (self._container.start_time or 0) / 1e6
        resampler: Any = None
        setup: tuple[Any, ...] | None = None
        heard_until = given_s = 0.0
        for frame in self._frames():
            at = float(frame.time) - start if frame.time is not None else heard_until
            if at - heard_until > GAP_S:
                self._refuse_if_long(at)
                yield from _silence(at - heard_until)
                given_s += at - heard_until
            heard_until = max(at, heard_until) + frame.samples / frame.sample_rate
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if now != setup:
                if resampler is not None:
                    yield from self._resampled(resampler, None)
                layout = "stereo" if frame.layout.nb_channels == 2 else "mono"
                resampler = self._av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
                setup = now
            frame.pts = None  # the resampler would judge holes in its own way
            for block in self._resampled(resampler, frame):
                given_s += len(block) / SAMPLE_RATE
                yield block
            self._refuse_if_long(given_s)
        if resampler is None:
            raise MediaError("There is no sound in this file that can be decoded.", "Is it complete?")
        yield from self._resampled(resampler, None)

    def _resampled(self, resampler: Any, frame: Any) -> Iterator[NDArray[np.float32]]:
        try:
            parts = resampler.resample(frame)
        except (self._av.error.FFmpegError, ValueError, MemoryError) as error:
            why = f"This file states a form of sound that there cannot be ({_why(error)})."
            raise MediaError(why, "Its head is damaged: record it again, or send it again.") from error
        yield from _arrays(parts)

    def _frames(self) -> Iterator[Any]:
        """Decoded frames; broken packets are left out, and what cannot be read any further is the end."""
        error_kind = self._av.error.FFmpegError
        broken = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except error_kind:
                self.broken_packets += 1
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except (error_kind, ValueError):  # the latter where nobody knows the codec
                self.broken_packets += 1
                broken += 1
                if broken > MOST_BROKEN_PACKETS:
                    return
                continue
            broken = 0
            yield from frames

    def _stated_duration(self) -> float | None:
        if self._container.duration is not None and self._container.duration > 0:
            return float(self._container.duration) / 1e6
        stream = self._stream
        if stream.duration is not None and stream.duration > 0 and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return None

    def _refuse_if_long(self, seconds: float) -> None:
        if seconds > self._max_duration_s:
            raise MediaError(
                f"This recording is longer than {self._max_duration_s / 3600:.3g} h.", "Cut it into parts."
            )


def _opened(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise MediaError(f"{path} is a directory.", "Give a file.")
        if path.exists() and not path.is_file():  # opening a pipe would wait for whoever fills it
            raise MediaError(f"{path} is a pipe or a device.", "Give a file.")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise MediaError(f"{str(path)!r} cannot be opened: {_why(error)}.", "Correct the path.") from error


def _refuse_what_is_no_media(file: BinaryIO) -> None:
    """By content: the name says nothing."""
    head = file.read(_SNIFFED_BYTES)
    file.seek(0)
    if not head:
        raise MediaError("This file is empty (0 bytes).", "Record it again, or send it again.")
    if _is_text(head):
        raise MediaError("This is a text file, not a recording, whatever its name says.", "Give a recording.")


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; the last character may be cut off."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(ord(character) >= 32 or character in "\t\n\r" for character in text)


def _arrays(frames: list[Any]) -> Iterator[NDArray[np.float32]]:
    for frame in frames:
        if frame.samples:
            # In formats with floating point anything can stand.
            yield mixed(np.clip(np.nan_to_num(np.asarray(frame.to_ndarray(), np.float32)), -1.0, 1.0))


def mixed(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """One channel (samples,) of several (channels, samples), also where they cancel each other.

    That is what a microphone with a balanced plug gives in a stereo socket: the same twice, once upside down.
    """
    if len(channels) == 1:
        return channels[0]
    mono: NDArray[np.float32] = channels.mean(axis=0, dtype=np.float32)
    powers = np.mean(np.square(channels), axis=1)
    loudest = int(np.argmax(powers))
    return channels[loudest] if np.mean(np.square(mono)) < CANCELLED * powers[loudest] else mono


def _silence(seconds: float) -> Iterator[NDArray[np.float32]]:
    left = round(seconds * SAMPLE_RATE)
    while left > 0:
        yield np.zeros(min(left, SAMPLE_RATE), np.float32)
        left -= SAMPLE_RATE


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".").lower()
