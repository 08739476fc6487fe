# SPDX-License-Identifier: Apache-2.0
"""voice-agent transcribe: what is said in audio files, one JSON object per line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "print what is said in audio files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, OGG or MP3")
    parser.add_argument("--lang", default="en", help="language that is spoken; default: %(default)s")
    parser.add_argument(
        "--model", default="whisper-tiny.en", help="name in the catalogue or a path; default: %(default)s"
    )
    parser.add_argument("--hints", default="", metavar="WORDS", help="likely words, separated by commas")


def run(arguments: argparse.Namespace) -> int:
    """Do it; a bad file does not keep the others from being done."""
    from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
    from voice_agent_ros.asr.transcription import transcribe_file
    from voice_agent_ros.asr.vad import SileroDetector
    from voice_agent_ros.errors import VoiceAgentError
    from voice_agent_ros.models.catalogue import path_of

    recognizer = WhisperLocal(path_of(arguments.model), arguments.lang)
    detector = SileroDetector()
    hints = [word.strip() for word in arguments.hints.split(",") if word.strip()]
    failed = False
    for file in arguments.files:
        row: dict[str, object] = {"file": file}
        try:
            result = transcribe_file(Path(file), detector, recognizer, arguments.lang, hints)
        except VoiceAgentError as error:
            failed = True
            row["error"] = str(error)
        else:
            row |= {
                "text": result.text,
                "language": result.language,
                "confidence": round(result.confidence, 3),
                "duration_s": round(result.duration_s, 3),
                "elapsed_s": round(result.elapsed_s, 3),
                "segments": [
                    {"start": round(segment.start, 2), "end": round(segment.end, 2), "text": segment.text}
                    for segment in result.segments
                ],
            }
        print(json.dumps(row, ensure_ascii=False), flush=True)
    return 1 if failed else 0
