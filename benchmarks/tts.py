# SPDX-License-Identifier: Apache-2.0
"""Speech: when the first sound of a reply that is still being written comes, and the gaps after it.

The same engine gets the text in three ways: as tts_node does it, by sentences only, and whole. hibari has no Mandarin,
which is Kokoro's part, where its weights and misaki are.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks.row import Row
from benchmarks.spoken_replies import CHINESE, ENGLISH
from benchmarks.timed_voice import TimedVoice
from benchmarks.virtual_listener import Listened, listen, listen_plainly
from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.pace import Pace
from voice_agent_ros.tts.xlm_service import SpeechService
from voice_agent_ros.xlm.security import Access
from voice_agent_ros.xlm.server import HttpOptions, create_app
from voice_agent_ros.xlm.services import Service

GROUP = "tts"
COLD_STARTS = 20
GAP_MS = 30.0  # that is aimed at
KOKORO_RTF = 0.5  # up to which there are to be no gaps
KOKORO_ENGLISH = 20  # replies; it is slow
NOTES = (
    "Replies are written at 24 tokens/s on a virtual clock; times count from the request for the first token. "
    "A text that one engine says several times is synthesized once: its audio and the time that it really took count each time.",
    f"Rows “charged with {KOKORO_RTF:g} s for each second”: Kokoro's real audio on a computer on which it takes just that time "
    "for each second of audio that it makes, the silence around it included. They are no measurement of this computer: its "
    "own speed is in “synthesis by audio time”.",
)
FIRST_S = {"hibari": 0.06, "kokoro": 0.8}  # from a text to its first block, aimed at
TIMEOUT_S = 20.0


def rows() -> list[Row]:
    """All rows of the group."""
    found = [*_hibari(), *_server()]
    try:
        return [*found, *_kokoro()]
    except EngineError as error:
        print(f"kokoro is left out: {error}")
        return found


def _engine(name: str, language: str, texts: Sequence[str]) -> tuple[TimedVoice, list[Row]]:
    """The engine, and its rows with replies of a language."""
    cold = []
    for _ in range(COLD_STARTS):
        begun = time.perf_counter()
        engine = load_synthesizer(name)
        next(iter(engine.synthesize(texts[0])))
        cold.append(time.perf_counter() - begun)
        engine.close()
    engine = TimedVoice(load_synthesizer(name))
    found = [Row.of_samples(GROUP, f"{name}, cold: nothing loaded to first audio of a reply", cold, "s")]
    alone = [engine.say(text).blocks[0][0] for text in texts]
    found.append(
        Row.of_samples(GROUP, f"{name}, warm: a whole text to its first block", alone, "s", FIRST_S[name])
    )
    return engine, [*found, *_compare(engine, f"{name}, {language}", texts)]


def _hibari() -> list[Row]:
    engine, found = _engine("hibari", "English", ENGLISH)
    engine.close()
    return found


def _kokoro() -> list[Row]:
    engine, found = _engine("kokoro", "Chinese", CHINESE)
    for language, texts in (("Chinese", CHINESE), ("English", ENGLISH[:KOKORO_ENGLISH])):
        found += _charged(engine, f"kokoro, {language}, charged with {KOKORO_RTF:g} s for each second", texts)
    engine.close()
    return found


def _compare(engine: TimedVoice, name: str, texts: Sequence[str]) -> list[Row]:
    """The three ways to speak the same replies."""
    pace = Pace()
    listen(engine, texts[-1], pace)  # tts_node knows it, too: it measures its engine when it is configured
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


def _charged(engine: TimedVoice, name: str, texts: Sequence[str]) -> list[Row]:
    pace = Pace()
    listen(engine, texts[-1], pace, charged_rtf=KOKORO_RTF)  # its pace has to be known
    heard = [listen(engine, text, pace, charged_rtf=KOKORO_RTF) for text in texts]
    return [
        Row.of_samples(GROUP, f"{name}: first sound", [one.first_s for one in heard], "s"),
        _gaps(f"{name}: gap where the audio runs dry", heard, GAP_MS),
        Row(
            GROUP,
            f"{name}: longest gap",
            1000 * max([0.0, *(g for one in heard for g in one.gaps_s)]),
            "ms",
            GAP_MS,
            len(heard),
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
    cold = []
    for number in range(COLD_STARTS):
        with _serving() as url:
            cold += _asked(url, ENGLISH[number : number + 1])
    with _serving() as url:
        warm = _asked(url, ENGLISH)[1:]
    found = []
    for name, measured in (("first request", cold), ("warm", warm)):
        for what, index, unit in (
            ("first audio", 0, "s"),
            ("the whole answer", 1, "s"),
            ("answer by audio time", 2, ""),
        ):
            samples = [one[index] for one in measured]
            found.append(Row.of_samples(GROUP, f"/v1/audio/speech, hibari, {name}: {what}", samples, unit))
    return found


def _asked(url: str, texts: Sequence[str]) -> list[tuple[float, float, float]]:
    """Of each: time to the first audio, to the last, s; and the latter by the duration of the audio."""
    import httpx

    measured = []
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        for text in texts:
            body = {"model": "tts-1", "input": text, "response_format": "pcm"}
            begun, first_s, size = time.perf_counter(), 0.0, 0
            with client.stream("POST", "/v1/audio/speech", json=body) as answer:
                for block in answer.iter_bytes():
                    first_s = first_s or time.perf_counter() - begun
                    size += len(block)
            took = time.perf_counter() - begun
            measured.append((first_s, took, took / (size / 2 / int(answer.headers["x-sample-rate"]))))
    return measured


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
