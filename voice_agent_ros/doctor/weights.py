# SPDX-License-Identifier: Apache-2.0
"""The models' files: there, and with the checksums of the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from voice_agent_ros.doctor.check import Check, Installation, readable
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.models.catalogue import Model, find, models_directory, path_of

AREA = "weights"
DEMO_MODEL = "qwen2.5-coder-0.5b-instruct"


def examine(installation: Installation) -> Iterator[Check]:
    """The recognizer's weights, and for the demo the language model's."""
    if installation.parameter("asr_node", "recognizer", "whisper_local") == "whisper_local":
        own = installation.parameter("asr_node", "model_path")
        yield _model(str(own or installation.parameter("asr_node", "model", "whisper-tiny.en")))
    elif "whisper_local" in installation.parameter("asr_node", "recognizer_fallback", []):
        found = _model(str(installation.parameter("asr_node", "model", "whisper-tiny.en")))
        yield replace(found, status="WARN" if found.status == "FAIL" else found.status)
    if installation.purpose == "demo":
        yield _model(DEMO_MODEL)


def _model(name: str) -> Check:
    try:
        path = path_of(name)
    except VoiceAgentError as error:
        rest, fix = _rest(name)
        return Check(AREA, name, "FAIL", f"{error.message}{rest}", fix or error.fix)
    try:
        model = find(name)
    except VoiceAgentError:
        return Check(AREA, name, "PASS", f"{path}, of your own: not compared with anything")
    try:
        return _intact(name, model, models_directory() / name)
    except PermissionError as error:
        return Check(AREA, name, "FAIL", str(error), readable(Path(str(error.filename))))


def _rest(name: str) -> tuple[str, str]:
    """What there is of weights that are not complete, and the fix if another than fetching them."""
    directory = models_directory() / name
    try:
        files = {
            file: (directory / file).stat().st_size
            for file in find(name).files
            if (directory / file).is_file()
        }
    except VoiceAgentError:
        return "", ""
    except PermissionError:
        return f" This user may not look into {directory}.", readable(directory)
    wrong = [file for file, size in files.items() if size != find(name).files[file].size]
    return (f" {', '.join(wrong)} there is not complete." if wrong else ""), ""


def _intact(name: str, model: Model, directory: Path) -> Check:
    for file, wanted in model.files.items():
        if _checksum(directory / file) != wanted.sha256:
            fix = f"rm -r {directory} && voice-agent models fetch {name}"
            return Check(AREA, name, "FAIL", f"{directory / file} has another checksum than it should", fix)
    return Check(AREA, name, "PASS", f"{directory}, {model.size / 1e6:.0f} MB, checksums right")


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
