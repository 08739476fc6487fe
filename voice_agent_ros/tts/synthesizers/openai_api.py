# SPDX-License-Identifier: Apache-2.0
"""A speech server with OpenAI's `/v1/audio/speech`, such as Qwen3-TTS, speaches or our own; its audio is taken as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import numpy as np

from voice_agent_ros.errors import EngineError
from voice_agent_ros.slow_answers import bound
from voice_agent_ros.tts.synthesizer import Samples

MAX_INPUT = 4096  # characters, OpenAI's own limit
MAX_AUDIO_BYTES = 48_000_000  # of one segment
MAX_RATE, MIN_RATE = 48_000, 8_000
SLOWEST = 4.0  # times as long as it lasts, audio may take to come: a server that drips is as good as none
_FMT, _DATA = b"fmt ", b"data"
# How pages, errors and packed audio begin, whatever a server calls them: as samples they would be a loud noise.
_NO_SAMPLES = (b"<!DO", b"<!do", b"<htm", b"<HTM", b'{"er', b'{"de', b"OggS", b"fLaC", b"ID3\x03", b"ID3\x04")


@dataclass(frozen=True)
class SpeechServer:
    """Where it is and what it is asked for.

    Attributes:
        url: base URL, with /v1.
        model: its name there.
        voice: its default voice.
        languages: that it speaks.
        sample_rate: of its PCM, Hz, where it does not say so itself by a WAV head or `x-sample-rate`.
        connect_s: longest wait for a connection.
        read_s: longest silence while it answers.
        api_key: sent as a bearer token.
    """

    url: str
    model: str = "tts-1"
    voice: str = "alloy"
    languages: tuple[str, ...] = ("en", "zh")
    sample_rate: int = 24_000
    connect_s: float = 1.0
    read_s: float = 3.0
    api_key: str = "none"


class OpenAiSynthesizer:
    """See the module. It holds no state on the server: one that was away is simply there again."""

    name = "openai"
    is_expressive = True
    is_remote = True

    def __init__(self, server: SpeechServer) -> None:
        self.sample_rate = server.sample_rate
        self.languages = server.languages
        self.voices: tuple[str, ...] = (server.voice,)
        self._server = server
        self._client = httpx.Client(
            timeout=httpx.Timeout(server.read_s, connect=server.connect_s),
            headers={"authorization": f"Bearer {server.api_key}"},
            trust_env=False,  # a proxy for the internet is no way to a server beside us
        )

    def synthesize(
        self, text: str, *, voice: str = "", speed: float = 1.0, manner: str = ""
    ) -> Iterator[Samples]:
        """See `Synthesizer`. Any voice is tried: only the server knows what it has."""
        if not any(map(str.isalnum, text)):
            return
        body: dict[str, object] = {
            "model": self._server.model,
            "input": text.encode("utf-8", "ignore").decode()[:MAX_INPUT],
            "voice": voice or self._server.voice,
            "speed": speed,
            "response_format": "pcm",
            "stream": True,
        }
        if manner:
            body["instructions"] = manner
        try:
            with self._client.stream(
                "POST", f"{self._server.url.rstrip('/')}/audio/speech", json=body
            ) as answer:
                if answer.status_code != 200:
                    bound(answer, self._server.read_s)
                    answer.read()
                    raise EngineError(
                        f"The speech server said {answer.status_code}: {answer.text[:200]!r}.",
                        "Check the parameters speech_url, speech_model and voice.",
                    )
                yield from self._audio(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise EngineError(
                f"The speech server {self._server.url} failed: {type(error).__name__}.", "Is it running?"
            ) from error

    def _audio(self, answer: httpx.Response) -> Iterator[Samples]:
        rate = _said_rate(answer, self.sample_rate)
        head: _WavHead | None = _WavHead()
        rest, total = b"", 0
        resampler = None
        begun, got_s = time.monotonic(), 0.0
        for block in answer.iter_bytes():
            begun = (
                begun if total else time.monotonic()
            )  # the wait for the first of it has a limit of its own
            total += len(block)
            if total > MAX_AUDIO_BYTES:
                raise EngineError("The speech server sends without end.", "Check the server.")
            rest += block
            if head is not None:
                found = head.strip(rest)
                if found is None:
                    self._refuse_if_slow(begun, got_s)
                    continue
                rest, rate, head = found[0], found[1] or rate, None
            even = len(rest) // 2 * 2
            samples = np.frombuffer(rest[:even], "<i2").astype(np.int16)
            rest = rest[even:]
            if rate != self.sample_rate and resampler is None:
                import soxr

                resampler = soxr.ResampleStream(rate, self.sample_rate, 1, dtype="int16")
            if resampler is not None and len(samples):
                samples = resampler.resample_chunk(samples)
            if len(samples):
                got_s += len(samples) / self.sample_rate
                at = time.monotonic()
                yield samples
                begun += time.monotonic() - at  # whoever takes it may take their time
            self._refuse_if_slow(begun, got_s)
        if resampler is not None:
            yield resampler.resample_chunk(np.zeros(0, np.int16), last=True)

    def _refuse_if_slow(self, begun: float, got_s: float) -> None:
        taken_s = time.monotonic() - begun
        if taken_s > self._server.read_s + SLOWEST * got_s:
            raise EngineError(
                f"The speech server sent {got_s:.1f} s of audio in {taken_s:.1f} s.", "Is it overloaded?"
            )

    def close(self) -> None:
        """See `Synthesizer`."""
        self._client.close()


class _WavHead:
    """Finds where samples begin, for servers that send WAV whatever they were asked for."""

    @staticmethod
    def strip(data: bytes) -> tuple[bytes, int] | None:
        """What follows the head, and its rate (0: there is no head); None: not to be told yet."""
        if len(data) < 4:
            return None
        if data[:4] in _NO_SAMPLES:
            raise EngineError(
                f"The speech server sends {data[:40]!r} for pcm.",
                "Use a server that knows response_format pcm.",
            )
        if data[:4] != b"RIFF":
            return data, 0
        at, rate = 12, 0
        while len(data) >= at + 8:
            kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
            if kind == _DATA:
                return data[at + 8 :], rate
            if kind == _FMT and len(data) >= at + 24:
                coding, channels = (
                    int.from_bytes(data[at + 8 : at + 10], "little"),
                    int.from_bytes(data[at + 10 : at + 12], "little"),
                )
                rate = _checked(int.from_bytes(data[at + 12 : at + 16], "little"))
                bits = int.from_bytes(data[at + 22 : at + 24], "little")
                if (coding, channels, bits) != (1, 1, 16):
                    raise EngineError(
                        "The speech server sends WAV that is not mono 16-bit PCM.", "Have it send pcm."
                    )
            at += 8 + size + size % 2
        return None


def _said_rate(answer: httpx.Response, default: int) -> int:
    kind = answer.headers.get("content-type", "")
    if kind.startswith(("application/json", "text/", "audio/mpeg", "audio/ogg", "audio/flac")):
        raise EngineError(
            f"The speech server sends {kind!r} for pcm.", "Use a server that knows response_format pcm."
        )
    said = answer.headers.get("x-sample-rate", "")
    return _checked(int(said)) if said.isascii() and said.isdigit() else default


def _checked(rate: int) -> int:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise EngineError(f"The speech server names a rate of {rate} Hz.", "Check the server.")
    return rate
