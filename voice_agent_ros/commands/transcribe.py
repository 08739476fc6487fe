# SPDX-License-Identifier: Apache-2.0
"""voice-agent transcribe: what is said in recordings, one JSON object per line, or as subtitles."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voice_agent_ros.asr.recognizer import Recognizer
    from voice_agent_ros.transcription.transcript import Transcript

HELP = "print what is said in recordings"
_FORMATS = ("json", "verbose_json", "text", "srt", "vtt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    from voice_agent_ros.asr.recognizers.engines import NAMES
    from voice_agent_ros.asr.recognizers.spelling import CHINESE

    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="any sound or video file")
    add("--lang", default="en", help="language that is spoken, or auto (en/zh); default: %(default)s")
    add(
        "--model",
        default="whisper-tiny.en",
        help="Whisper weights: a name in the catalogue or a path; for a server, its name of the model; "
        "default: %(default)s",
    )
    add("--hints", default="", metavar="WORDS", help="likely words, separated by commas")
    add("--format", choices=_FORMATS, default="json", help="default: %(default)s, one object per line")
    add("--recognizer", choices=NAMES, default=NAMES[0], help="default: %(default)s")
    add("--url", default="http://127.0.0.1:8765/v1", help="server of openai_api or whisper_cpp")
    add("--api-key-file", default="", help="file with that server's key")
    add("--sherpa-path", default="", metavar="DIR", help="weights of sherpa_onnx")
    add("--chinese", choices=CHINESE, default="as_heard", help="conversion of Chinese characters")
    add("--threads", type=int, default=2, help="of one decode; default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Do it; a bad file does not keep the others from being done."""
    from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
    from voice_agent_ros.errors import VoiceAgentError

    recognizer = load_recognizer(
        RecognizerOptions(
            name=arguments.recognizer,
            model=arguments.model,
            server_model=arguments.model,
            sherpa_path=arguments.sherpa_path,
            language=arguments.lang,
            threads=arguments.threads,
            url=arguments.url,
            api_key_file=arguments.api_key_file,
            timeout_s=60.0,
            chinese=arguments.chinese,
            word_times=arguments.format in ("verbose_json", "srt", "vtt"),
        )
    )
    hints = [word.strip() for word in arguments.hints.split(",") if word.strip()]
    failed = False
    try:
        for file in arguments.files:
            try:
                transcript = _transcribe(Path(file), recognizer, arguments.lang, hints)
            except VoiceAgentError as error:
                failed = True
                print(json.dumps({"file": file, "error": str(error)}, ensure_ascii=False), flush=True)
            else:
                print(_shaped(transcript, arguments.format, file), flush=True)
    finally:
        recognizer.close()
    return 1 if failed else 0


def _transcribe(path: Path, recognizer: Recognizer, language: str, hints: list[str]) -> Transcript:
    from voice_agent_ros.asr.vad import SileroDetector
    from voice_agent_ros.transcription.media import Media
    from voice_agent_ros.transcription.transcriber import transcribe

    with Media(path) as media:
        return transcribe(
            media, SileroDetector(), recognizer, "en" if language == "auto" else language, hints
        )


def _shaped(transcript: Transcript, shape: str, file: str) -> str:
    from voice_agent_ros.transcription.shapes import as_row, as_text, as_verbose_json

    if shape == "json":
        return json.dumps({"file": file, **as_row(transcript)}, ensure_ascii=False)
    if shape == "verbose_json":
        return json.dumps({"file": file, **as_verbose_json(transcript, words=True)}, ensure_ascii=False)
    text = as_text(transcript, shape)  # type: ignore[arg-type]
    assert text is not None
    return text[0].rstrip("\n") + ("\n" if shape != "text" else "")
