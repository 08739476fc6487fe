# SPDX-License-Identifier: Apache-2.0
"""Voices that are programs of their own, Piper and espeak-ng: the text goes in by standard input, never by a shell."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.synthesizer import Samples

DEADLINE_S = 20.0  # for one segment
END_S = 2.0
BLOCK_BYTES = 8192
MAX_MESSAGE = 300
WORDS_PER_MINUTE = 175  # espeak-ng's own pace
ESPEAK_VOICES = ("en-us", "en-gb", "de", "fr-fr", "es", "it")  # its Mandarin cannot be understood
ESPEAK_RATE = 22050
WAV_HEADER = 44  # bytes; espeak-ng always writes the shortest form


class _Program:
    """Runs one program for one text and gives what it writes, as samples."""

    def __init__(self, name: str, program: str, fix: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise EngineError(f"The program {program!r} of the voice {name} is not installed.", fix)
        self._name, self._path = name, path

    def run(self, arguments: Sequence[str], text: str, skip: int = 0) -> Iterator[Samples]:
        data = f"{' '.join(text.split())}\n".encode("utf-8", "ignore")
        if not data.strip():
            return
        process = subprocess.Popen(
            [self._path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        late = threading.Timer(DEADLINE_S, process.kill)
        late.start()
        # A long text would fill the pipe while the program waits for us to read.
        feeder = threading.Thread(target=_feed, args=(process, data), daemon=True)
        feeder.start()
        try:
            yield from _samples(process, skip)
            code = process.wait(END_S)
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{self._name} did not end.", "Try the program by hand.") from error
        else:
            if code:
                reason = f"did not end within {DEADLINE_S:.0f} s" if code < 0 else f"ended with code {code}"
                raise EngineError(f"{self._name} {reason}.", "Try the program by hand.")
        finally:
            late.cancel()
            if process.poll() is None:
                process.kill()
                process.wait(END_S)
            feeder.join(END_S)
            if process.stdout is not None:
                process.stdout.close()


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(data)
        process.stdin.close()
    except OSError:  # it ended before it had read everything; its exit code tells
        return


def _samples(process: subprocess.Popen[bytes], skip: int) -> Iterator[Samples]:
    assert process.stdout is not None
    rest = b""
    while block := process.stdout.read1(BLOCK_BYTES):  # type: ignore[attr-defined]
        rest += block
        if skip:
            if len(rest) < skip:
                continue
            rest, skip = rest[skip:], 0
        even = len(rest) // 2 * 2
        if even:
            yield np.frombuffer(rest[:even], "<i2").astype(np.int16)
        rest = rest[even:]


class EspeakSynthesizer:
    """espeak-ng: small and quick, many languages, robotic.

    Raises:
        EngineError: it is not installed, or does not have the voice.
    """

    name = "espeak-ng"
    sample_rate = ESPEAK_RATE

    def __init__(self, voice: str = "", program: str = "espeak-ng") -> None:
        self._program = _Program(self.name, program, "Install it: apt-get install espeak-ng")
        first = (voice,) if voice else ()
        self.voices: tuple[str, ...] = (*first, *(other for other in ESPEAK_VOICES if other != voice))
        self.languages: tuple[str, ...] = (self.voices[0].split("-")[0],)

    def synthesize(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
        """See `Synthesizer`."""
        chosen = _known(self, voice)
        if not any(map(str.isalnum, text)):
            return
        pace = str(round(WORDS_PER_MINUTE * speed))
        # Without -m, tags are not interpreted.
        yield from self._program.run(
            ["--stdin", "--stdout", "-b", "1", "-v", chosen, "-s", pace], text, WAV_HEADER
        )

    def close(self) -> None:
        """See `Synthesizer`. There is nothing between two texts."""


class PiperSynthesizer:
    """Piper, with a voice file that somebody has put on this computer.

    Args:
        voice: path of an ONNX file, its description `<path>.json` beside it.

    Raises:
        EngineError: the program or the voice is not there.
    """

    name = "piper"

    def __init__(self, voice: str = "", program: str = "piper") -> None:
        self._program = _Program(self.name, program, "Install it: pip install piper-tts")
        model = Path(voice).expanduser()
        described = Path(f"{model}.json")
        try:
            description = json.loads(described.read_text(encoding="utf-8"))
            self.sample_rate = int(description["audio"]["sample_rate"])
            code = description.get("espeak", {}).get("voice") or description["language"]["code"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"Piper's voice {voice!r} has no readable description: {type(error).__name__}.",
                "Set the voice to the path of an .onnx file with its .onnx.json beside it.",
            ) from error
        self._model = model
        self.voices: tuple[str, ...] = (voice,)
        self.languages: tuple[str, ...] = ("zh" if code == "cmn" else code.replace("_", "-").split("-")[0],)

    def synthesize(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
        """See `Synthesizer`."""
        _known(self, voice)
        if not any(map(str.isalnum, text)):
            return
        scale = f"{1.0 / speed:.3f}"
        yield from self._program.run(
            ["--model", str(self._model), "--length_scale", scale, "--output_raw"], text
        )

    def close(self) -> None:
        """See `Synthesizer`. There is nothing between two texts."""


def _known(engine: EspeakSynthesizer | PiperSynthesizer, voice: str) -> str:
    if voice and voice not in engine.voices:
        raise EngineError(f"{engine.name} has no voice {voice!r}.", f"Use one of {', '.join(engine.voices)}.")
    return voice or engine.voices[0]
