# SPDX-License-Identifier: Apache-2.0
"""What synthesizers talk to, as stand-ins: a speech server, with hibari's voice, and a program with Piper's
options that hums."""

import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.synthesizers.openai_api import OpenAiSynthesizer, SpeechServer
from voice_agent_ros.tts.synthesizers.program import PiperSynthesizer

HUMMING_PIPER = """#!{python} -IS
import array, math, sys
scale = float(sys.argv[sys.argv.index("--length_scale") + 1])
for line in sys.stdin.buffer:
    letters = sum(map(str.isalnum, line.decode()))
    count = int(min(letters, 2000) * 0.07 * scale * 24000)
    hum = array.array("h", [int(6000 * math.sin(0.05 * n)) for n in range(480)])
    sys.stdout.buffer.write((hum * (count // 480 + 1))[:count].tobytes())
"""


class SpeechPeer:
    """An HTTP server with /v1/audio/speech. Its faults are set by the test: `faults` is used up, one a request."""

    def __init__(self, *, as_wav: bool = False) -> None:
        self.faults: list[str] = []
        self.asked: list[dict] = []
        self.as_wav = as_wav
        self._hibari = load_synthesizer("hibari")
        self._lock = threading.Lock()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                peer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._released = threading.Event()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        fault = self.faults.pop(0) if self.faults else ""
        self.asked.append(asked)
        if fault == "hang":
            self._released.wait(20.0)
        if fault.startswith("dripping"):
            self._drip(handler, *fault.split(" ", 2)[1:])
            return
        if fault in {"hang", "500"} or asked["voice"] == "nobody":
            body = f"no voice {asked['voice']}".encode()
            handler.send_response(500 if fault else 400)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            return
        handler.send_response(200)
        handler.send_header("content-type", "audio/wav" if self.as_wav else "audio/pcm")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        blocks = [
            b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\xc0\x5d\0\0\x80\xbb\0\0\2\0\x10\0data\xff\xff\xff\xff"
        ]
        if not self.as_wav:
            blocks = []
        with self._lock:
            blocks += [b.tobytes() for b in self._hibari.synthesize(asked["input"], speed=asked["speed"])]
        if fault in {"break", "stall", "drip"}:
            whole = b"".join(blocks)
            blocks = [whole[: len(whole) // 2]]
        try:
            for whole in blocks:
                for at in range(0, len(whole), 1001):  # odd, so that samples are torn
                    part = whole[at : at + 1001]
                    handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            if fault == "stall":
                self._released.wait(20.0)
            while fault == "drip" and not self._released.wait(0.1):
                handler.wfile.write(b"2\r\n\0\0\r\n")
            if fault == "break":
                handler.close_connection = True
                handler.connection.shutdown(2)
                return
            handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            return  # the listener has gone

    def _drip(self, handler: BaseHTTPRequestHandler, status: str, begin: str) -> None:
        """A beginning, and then byte after byte for ever."""
        handler.send_response(int(status))
        handler.send_header("content-type", "audio/pcm")
        handler.end_headers()
        handler.close_connection = True
        try:
            handler.wfile.write(begin.encode())
            while not self._released.wait(0.1):
                handler.wfile.write(b"\0")
        except OSError:
            return

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._hibari.close()


@contextmanager
def ready(name, folder):
    """An engine with whatever it needs."""
    if name == "openai":
        peer = SpeechPeer()
        try:
            yield OpenAiSynthesizer(SpeechServer(peer.url, languages=("en",), read_s=10.0))
        finally:
            peer.close()
    elif name == "piper":
        program, model = folder / "piper", folder / "voice.onnx"
        program.write_text(HUMMING_PIPER.format(python=sys.executable))
        program.chmod(0o755)
        (folder / "voice.onnx.json").write_text(
            '{"audio": {"sample_rate": 24000}, "espeak": {"voice": "en-us"}}'
        )
        yield PiperSynthesizer(str(model), str(program))
    else:
        yield load_synthesizer(name)
