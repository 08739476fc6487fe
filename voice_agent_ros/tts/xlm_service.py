# SPDX-License-Identifier: Apache-2.0
"""The voices' share of xlm-server: `POST /v1/audio/speech`, the list of voices, and `POST /bridge/stop`."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.tts.containers import CONTENT_TYPES, AudioFile
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.services import Service

if TYPE_CHECKING:
    from voice_agent_ros.tts.synthesizer import Synthesizer

log = logging.getLogger(__name__)
MAX_CHARACTERS = 4096  # as OpenAI's
MODEL_IDS = ("tts-1",)
TURN_S = 60.0  # longest wait for the voice, which says one thing at a time
UNREAD_S = 20.0  # who has not taken what was made for him for so long keeps nobody waiting any more
MAX_WAITING = 16  # requests


class SpeechRequest(BaseModel):
    """OpenAI's request; what we do not know is ignored."""

    model: str = MODEL_IDS[0]
    input: str = Field(max_length=MAX_CHARACTERS)
    voice: str = ""
    speed: float = Field(1.0, ge=0.25, le=4.0)
    instructions: str = Field("", max_length=MAX_CHARACTERS)  # how to say it, for engines that act
    response_format: Literal["wav", "pcm", "flac", "opus", "mp3"] = "mp3"
    stream_format: Literal["audio"] = "audio"  # who asks for events must not get a file


class Turns:
    """The voice says one thing at a time. Thread-safe; whoever takes a turn is told by an object of his own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: object | None = None
        self._handed_at: float | None = None  # audio was made and waits to be taken

    def take(self, who: object, timeout_s: float) -> bool:
        """Wait for the voice; False: it was not free in time."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while self._holder is not None:
                now = time.monotonic()
                lost_at = self._handed_at + UNREAD_S if self._handed_at is not None else float("inf")
                if now >= lost_at:
                    break
                if now >= end:
                    return False
                self._changed.wait(min(end, lost_at) - now)
            self._holder, self._handed_at = who, None
        return True

    def hand_over(self, who: object) -> None:
        """Audio is there; now it is up to the client."""
        with self._changed:
            if self._holder is who:
                self._handed_at = time.monotonic()
                self._changed.notify_all()

    def goes_on(self, who: object) -> bool:
        """The client has taken it. False: too late, the turn is another's."""
        with self._changed:
            if self._holder is not who:
                return False
            self._handed_at = None
            return True

    def leave(self, who: object) -> None:
        """The turn is over."""
        with self._changed:
            if self._holder is who:
                self._holder = None
                self._changed.notify_all()


class SpeechService:
    """Speaks texts for clients, one after the other.

    Args:
        load: gives the voice; called when somebody first wants it, for most servers are never asked to speak.
    """

    def __init__(self, load: Callable[[], Synthesizer]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._loaded: Synthesizer | None = None
        self._turns = Turns()
        self._stops = 0  # a request ends when this has changed since it came
        self._requests = 0
        self._waiting = 0  # for their first audio

    def preload(self) -> None:
        """Load the voice now; raises what is wrong with it."""
        self._get()

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for base in ("/v1", ""):
            router.add_api_route(f"{base}/audio/speech", self.speak, methods=["POST"])
            router.add_api_route(f"{base}/audio/voices", self.voices, methods=["GET"])
        router.add_api_route("/bridge/stop", self.stop, methods=["POST"])
        return router

    async def voices(self) -> Response:
        """What can be asked for."""
        engine = await self._voice()
        voices = [{"id": name, "name": name, "languages": engine.languages} for name in engine.voices]
        return JSONResponse({"object": "list", "data": voices, "voices": list(engine.voices)})

    async def _voice(self) -> Synthesizer:
        try:
            return await asyncio.to_thread(self._get)
        except VoiceAgentError as error:
            raise ApiError(503, error.message, error.fix, code="speech_failed") from error

    def _get(self) -> Synthesizer:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    async def stop(self) -> Response:
        """End all speech that is being sent."""
        self._stops += 1
        return JSONResponse({"stopped": True})

    async def speak(self, request: SpeechRequest) -> Response:
        """Audio as it is made. The first of it is waited for, so that a failure still has a status of its own."""
        came, stops = time.monotonic(), self._stops
        if self._waiting >= MAX_WAITING:
            raise ApiError(429, f"{MAX_WAITING} texts wait for the voice.", "Try again.", retry_after_s=1.0)
        self._waiting += 1
        try:
            return await self._answer(request, came, stops)
        finally:
            self._waiting -= 1

    async def _answer(self, request: SpeechRequest, came: float, stops: int) -> Response:
        engine = await self._voice()
        voice = request.voice if request.voice in engine.voices else ""
        if request.voice and not voice and request.voice not in OPENAI_VOICES:
            raise bad_request(
                f"There is no voice {request.voice!r}; there are: {', '.join(engine.voices)}.", param="voice"
            )
        segmenter = Segmenter()
        pieces = [speakable(piece) for piece in [*segmenter.feed(request.input), *segmenter.finish()]]
        texts = [piece for piece in pieces if piece]
        if not texts:
            raise bad_request("There is nothing to speak in the input.", param="input")
        self._requests += 1
        is_warm = self._requests > 1
        sound = self._audio(texts, voice, request, stops)
        try:
            # Not in asyncio's own few threads: whoever waits there for his turn would keep them from all others.
            first = await run_in_threadpool(next, sound, b"")
        except VoiceAgentError as error:
            raise ApiError(503, error.message, error.fix, code="speech_failed") from error
        if not first and self._stops != stops:
            raise ApiError(409, "All speech was stopped before this began.", "Ask again.", code="stopped")
        if not first:
            raise bad_request(f"{engine.name} has no voice for this text.", param="input")
        headers = {
            "x-sample-rate": str(48_000 if request.response_format == "opus" else engine.sample_rate),
            "x-segments": str(len(texts)),
            "x-warm-request": str(is_warm).lower(),
            "x-first-audio-ms": f"{(time.monotonic() - came) * 1000:.1f}",
        }
        body = _after(first, sound)
        return StreamingResponse(body, media_type=CONTENT_TYPES[request.response_format], headers=headers)

    def _audio(self, texts: list[str], voice: str, request: SpeechRequest, stops: int) -> Iterator[bytes]:
        # The server starts without numpy, which these need.
        from voice_agent_ros.tts.synthesizer import is_expressive, speech_of
        from voice_agent_ros.tts.trim import tail_of, trimmed

        turn = object()
        if not self._turns.take(turn, TURN_S):
            raise VoiceAgentError("The voice is busy.", "Try again.")
        try:
            engine = self._get()
            file = AudioFile(request.response_format, engine.sample_rate)
            options: dict[str, Any] = {"voice": voice, "speed": request.speed}
            if request.instructions and is_expressive(engine):
                options["manner"] = request.instructions
            is_heard = False
            for text in texts:
                blocks = speech_of(engine, text, **options)
                for block in trimmed(blocks, engine.sample_rate, tail_of(text)):
                    if self._stops != stops:
                        break
                    is_heard = is_heard or bool(len(block.samples))
                    if data := file.add(block.samples):
                        self._turns.hand_over(turn)
                        yield data
                        if not self._turns.goes_on(turn):
                            log.warning(
                                "A client has not taken its audio for %.0f s: the next has its turn.",
                                UNREAD_S,
                            )
                            return
                if self._stops != stops:
                    break
            rest = file.finish()
            self._turns.leave(turn)
            if is_heard and rest:
                yield rest
        finally:
            self._turns.leave(turn)

    def close(self) -> None:
        """End."""
        self._stops += 1
        with self._loading:
            if self._loaded is not None:
                self._loaded.close()


# Clients name one of these whatever the server; they mean "any".
OPENAI_VOICES = frozenset(
    [
        "alloy",
        "ash",
        "ballad",
        "cedar",
        "coral",
        "echo",
        "fable",
        "marin",
        "nova",
        "onyx",
        "sage",
        "shimmer",
        "verse",
        "default",
    ]
)


async def _after(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for data in iterate_in_threadpool(rest):
            yield data
    finally:
        close: Any = getattr(rest, "close", None)
        if close is not None:
            await asyncio.to_thread(close)  # a client that has gone gives the voice back


# Without which an engine cannot speak at all.
_LIBRARIES = {"hibari": "hibari", "kokoro": "hibari"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the service's options."""
    add = parser.add_argument_group("speech").add_argument
    add(
        "--speech",
        choices=("auto", "on", "off"),
        default="auto",
        help="auto: if its library is there; default: %(default)s",
    )
    add(
        "--speech-engine",
        default="hibari",
        help="as the parameter synthesizer of tts_node, with those that stand in behind it: hibari,kokoro; default: %(default)s",
    )
    add("--speech-voice", default="", help="default: the engine's own")
    add(
        "--kokoro-path",
        default="",
        help="directory of kokoro's weights and voices; default: the cache of models",
    )


def create(options: argparse.Namespace) -> Service | None:
    """The service, if it is wanted."""
    if options.speech == "off":
        return None
    engines = options.speech_engine.split(",")
    if options.speech == "auto" and importlib.util.find_spec(_LIBRARIES.get(engines[0], "numpy")) is None:
        return None
    from voice_agent_ros.tts.engines import load_chain

    service = SpeechService(
        lambda: load_chain(engines, options.speech_voice, report=log.warning, kokoro_path=options.kokoro_path)
    )
    if options.speech == "on":
        service.preload()

    async def stop() -> None:
        await asyncio.to_thread(service.close)

    return Service("speech", service.router(), MODEL_IDS, stop=stop, health=lambda: {"ok": True})
