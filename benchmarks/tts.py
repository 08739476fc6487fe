# SPDX-License-Identifier: Apache-2.0
"""Speech: when the first sound of a reply that is still being written comes, and the gaps after it.

Replies are written at 24 tokens/s on a virtual clock; synthesis takes the time that it really took. The same engine
gets the text in three ways: as tts_node does it, by sentences only, and whole. hibari has no Mandarin; Kokoro takes
part where its weights are. Times count from the request for the first token.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks.row import Row
from benchmarks.spoken_replies import CHINESE, ENGLISH
from benchmarks.virtual_listener import Listened, listen, listen_plainly
from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.pace import Pace
from voice_agent_ros.tts.synthesizer import Synthesizer
from voice_agent_ros.tts.xlm_service import SpeechService
from voice_agent_ros.xlm.security import Access
from voice_agent_ros.xlm.server import HttpOptions, create_app
from voice_agent_ros.xlm.services import Service

GROUP = "tts"
COLD_STARTS = {"hibari": 20, "kokoro": 5}
GAP_MS = 30.0  # that is aimed at
KOKORO_REPLIES = 10  # of each language; it is slow
FIRST_S = {"hibari": 0.06, "kokoro": 0.8}  # from a text to its first block, aimed at
TIMEOUT_S = 20.0


def rows() -> list[Row]:
    """All rows of the group."""
    found = [*_engine("hibari", {"English": ENGLISH}), *_server()]
    try:
        replies = {"English": ENGLISH[:KOKORO_REPLIES], "Chinese": CHINESE[:KOKORO_REPLIES]}
        return [*found, *_engine("kokoro", replies)]
    except EngineError as error:
        print(f"kokoro is left out: {error}")
        return found


def _engine(name: str, replies: dict[str, Sequence[str]]) -> list[Row]:
    cold = []
    for _ in range(COLD_STARTS[name]):
        begun = time.perf_counter()
        engine = load_synthesizer(name)
        next(iter(engine.synthesize(replies["English"][0])))
        cold.append(time.perf_counter() - begun)
        engine.close()
    engine = load_synthesizer(name)
    found = [Row.of_samples(GROUP, f"{name}, cold: nothing loaded to first audio of a reply", cold, "s")]
    alone = []
    for text in replies["English"]:
        begun = time.perf_counter()
        next(iter(engine.synthesize(text)))
        alone.append(time.perf_counter() - begun)
    found.append(
        Row.of_samples(GROUP, f"{name}, warm: a whole text to its first block", alone, "s", FIRST_S[name])
    )
    for language, texts in replies.items():
        found += _compare(engine, f"{name}, {language}", texts)
    engine.close()
    return found


def _compare(engine: Synthesizer, name: str, texts: Sequence[str]) -> list[Row]:
    """The three ways to speak the same replies."""
    pace = Pace()
    ours = [listen(engine, text, pace) for text in texts]
    sentences = [listen_plainly(engine, text, by_sentences=True) for text in texts]
    whole = [listen_plainly(engine, text, by_sentences=False) for text in texts]

    def row(what: str, heard: list[Listened], value: Callable[[Listened], float], unit: str = "s") -> Row:
        return Row.of_samples(GROUP, f"{name}: {what}", [value(one) for one in heard], unit)

    def against(what: str, value: Callable[[Listened], float]) -> Iterator[Row]:
        for way, others in (("by sentences", sentences), ("whole replies", whole)):
            baseline = row("", others, value).value
            samples = [value(one) for one in ours]
            yield Row.of_samples(GROUP, f"{name}: {what}; baseline: {way}", samples, "s", baseline)

    flushes = sum((one.flushes for one in ours), Counter[str]())
    return [
        *against("first sound", lambda one: one.first_s),
        row("first sound by sentences", sentences, lambda one: one.first_s),
        row("first sound of whole replies", whole, lambda one: one.first_s),
        *against("end of the reply", lambda one: one.total_s),
        row("synthesis by audio time", ours, lambda one: one.synthesis_s / one.audio_s, ""),
        row("audio of a reply", ours, lambda one: one.audio_s),
        _gaps(f"{name}: gap where the audio runs dry", ours, GAP_MS),
        _gaps(f"{name}: the same by sentences", sentences),
        row("segments of a reply", ours, lambda one: one.segments, ""),
        *(
            Row(GROUP, f"{name}: segments ended by {reason}", count, "", n=len(texts))
            for reason, count in sorted(flushes.items())
        ),
    ]


def _gaps(name: str, heard: list[Listened], aimed_at: float | None = None) -> Row:
    """One sample per border of two segments, most of them 0."""
    gaps: list[float] = []
    for one in heard:
        borders = max(one.segments - 1, len(one.gaps_s))
        gaps += [1000 * gap for gap in one.gaps_s] + [0.0] * (borders - len(one.gaps_s))
    return Row.of_samples(GROUP, name, gaps or [0.0], "ms", aimed_at)


# The same over HTTP.


def _server() -> list[Row]:
    import httpx

    first, total, share = [], [], []
    with _serving() as url, httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        for text in ENGLISH:
            body = {"model": "tts-1", "input": text, "response_format": "pcm"}
            begun, size = time.perf_counter(), 0
            with client.stream("POST", "/v1/audio/speech", json=body) as answer:
                for block in answer.iter_bytes():
                    if not size:
                        first.append(time.perf_counter() - begun)
                    size += len(block)
            took = time.perf_counter() - begun
            total.append(took)
            share.append(took / (size / 2 / int(answer.headers["x-sample-rate"])))
    cold = first.pop(0)
    return [
        Row(GROUP, "/v1/audio/speech, hibari, first request: first audio", cold, "s"),
        Row.of_samples(GROUP, "/v1/audio/speech, hibari, warm: first audio", first, "s"),
        Row.of_samples(GROUP, "/v1/audio/speech, hibari, warm: the whole answer", total[1:], "s"),
        Row.of_samples(GROUP, "/v1/audio/speech, hibari, warm: answer by audio time", share[1:], ""),
    ]


@contextmanager
def _serving() -> Iterator[str]:
    """xlm-server with a voice and no model, on a free port."""
    import uvicorn

    service = SpeechService(lambda: load_synthesizer("hibari"))
    app = create_app(None, HttpOptions(Access()), [Service("speech", service.router(), ("tts-1",))])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + TIMEOUT_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(TIMEOUT_S)
        service.close()
