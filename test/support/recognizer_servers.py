# SPDX-License-Identifier: Apache-2.0
"""Servers that recognize speech, as tests need them: the published shapes of others, with our Whisper behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from wave import open as open_wave

import numpy as np

from voice_agent_ros.asr.recognizer import Recognition

Form = dict[str, list[str]]
Answer = tuple[int, Any]  # status and JSON content, or text, or what drips
RATE = 16000


class FakeSpeechServer:
    """Answers every POST with what `answer` makes of its form and sound; keeps the requests."""

    def __init__(self, answer: Callable[[str, Form, np.ndarray], Answer]) -> None:
        self.requests: list[tuple[str, Form, dict[str, str]]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form, audio = parsed(self.headers, self.rfile.read(int(self.headers["content-length"])))
                fake.requests.append((self.path, form, dict(self.headers)))
                status, content = answer(self.path, form, audio)
                if isinstance(content, Iterator):
                    self._drip(status, content)
                    return
                is_text = isinstance(content, str)
                body = content.encode() if is_text else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "text/plain" if is_text else "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError):  # a client that no longer waits
                    self.wfile.write(body)

            def _drip(self, status: int, pieces: Iterator[bytes]) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.end_headers()
                with suppress(OSError):
                    for piece in pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


@contextmanager
def serving(answer: Callable[[str, Form, np.ndarray], Answer]) -> Iterator[FakeSpeechServer]:
    server = FakeSpeechServer(answer)
    try:
        yield server
    finally:
        server.close()


def parsed(headers: Message, body: bytes) -> tuple[Form, np.ndarray]:
    """Fields and sound of a multipart body."""
    head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
    form: Form = {}
    audio = np.zeros(0, np.float32)
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name == "file":
            with open_wave(BytesIO(content)) as file:
                assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
                audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0
        else:
            form.setdefault(name, []).append(content.decode())
    return form, audio


def openai_verbose(heard: Recognition, seconds: float) -> dict[str, Any]:
    """OpenAI's and speaches' verbose_json."""
    return {
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": heard.text,
        "segments": [openai_segment(heard, seconds)] if heard.text else [],
    }


def openai_segment(heard: Recognition, seconds: float) -> dict[str, Any]:
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": " " + heard.text,
        "tokens": [50364, 1, 2, 3, 50514],
        "temperature": 0.0,
        "avg_logprob": heard.mean_log_probability,
        "compression_ratio": 0.9,
        "no_speech_prob": heard.no_speech_probability,
    }


def whisper_cpp_verbose(heard: Recognition, seconds: float) -> dict[str, Any]:
    """whisper.cpp's verbose_json (examples/server): words within segments, the language by its name."""
    words = [
        {"word": " " + word, "start": 0.1 * n, "end": 0.1 * n + 0.1, "t_dtw": -1, "probability": 0.9}
        for n, word in enumerate(heard.text.split())
    ]
    segment = {
        "id": 0,
        "text": " " + heard.text,
        "start": 0.0,
        "end": seconds,
        "tokens": [1, 2, 3],
        "words": words,
        "temperature": 0.0,
        "avg_logprob": heard.mean_log_probability,
        "no_speech_prob": heard.no_speech_probability,
    }
    return {
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": f" {heard.text}\n",
        "segments": [segment] if heard.text else [],
        "detected_language": "english",
        "detected_language_probability": 0.99,
        "language_probabilities": {"en": 0.99},
    }
