# SPDX-License-Identifier: Apache-2.0
"""The transcription service's share of xlm-server: its options, its routes, its part of /health."""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voice_agent_ros.transcription.service import TranscriptionService
    from voice_agent_ros.xlm.services import Service

log = logging.getLogger(__name__)
WEIGHTS = "whisper-tiny.en"
PATHS = ("/v1/audio/transcriptions", "/audio/transcriptions", "/transcribe")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the service's options."""
    add = parser.add_argument_group("transcription of recordings").add_argument
    add(
        "--transcribe",
        choices=("auto", "on", "off"),
        default="auto",
        help="auto: if its libraries and weights are there; default: %(default)s",
    )
    add(
        "--transcribe-model",
        default=WEIGHTS,
        metavar="NAME",
        help="Whisper weights: name in the catalogue, or a path; default: %(default)s",
    )
    add("--transcribe-language", default="en", help="BCP-47, or auto for English and Mandarin; default: en")
    add(
        "--transcribe-directory",
        type=Path,
        metavar="DIR",
        help="of jobs and results; default: the user's state",
    )
    add(
        "--transcribe-idle-s",
        type=float,
        default=300.0,
        help="idle this long, the weights are freed; 0: never",
    )
    add("--transcribe-threads", type=int, default=1, help="of the worker; default: %(default)s")
    add("--transcribe-nice", type=int, default=10, help="niceness of the worker; default: %(default)s")
    add("--transcribe-max-mib", type=int, default=1024, help="largest recording; default: %(default)s")
    add("--transcribe-max-hours", type=float, default=12.0, help="longest recording; default: %(default)s")


def create(options: argparse.Namespace) -> Service | None:
    """The service, if it is wanted.

    Raises:
        ConfigurationError: its directory cannot be used.
        ModelMissingError: it is wanted, and its weights are not there.
    """
    from voice_agent_ros.errors import ModelMissingError

    if options.transcribe == "off":
        return None
    try:
        _check(options.transcribe_model)
    except ModelMissingError:
        if options.transcribe == "on":
            raise
        return None
    return _service(options)


def _check(model: str) -> None:
    """Whether recordings could be transcribed.

    Raises:
        ModelMissingError: libraries or weights are missing.
    """
    from voice_agent_ros.errors import ModelMissingError
    from voice_agent_ros.models.catalogue import path_of

    for library in ("av", "faster_whisper", "python_multipart"):
        if importlib.util.find_spec(library) is None:
            raise ModelMissingError(
                f"Transcribing recordings needs {library}.",
                "Run: pip install 'voice_agent_ros[speech,server]', or start with --transcribe off.",
            )
    path_of(model)


def _service(options: argparse.Namespace) -> Service:
    from voice_agent_ros.asr.recognizers.engines import RecognizerOptions
    from voice_agent_ros.errors import ConfigurationError
    from voice_agent_ros.transcription.service import ServiceOptions, TranscriptionService
    from voice_agent_ros.transcription.store import state_directory
    from voice_agent_ros.transcription.upload import UploadLimits
    from voice_agent_ros.transcription.worker_process import WorkerOptions

    recognizer = RecognizerOptions(
        model=options.transcribe_model,
        language=options.transcribe_language,
        threads=options.transcribe_threads,
        domain_prompt=False,
    )
    upload = UploadLimits(file_bytes=options.transcribe_max_mib * 2**20)
    chosen = ServiceOptions(
        model=Path(options.transcribe_model).name,
        directory=options.transcribe_directory or state_directory(),
        worker=WorkerOptions(recognizer, nice=options.transcribe_nice, idle_s=options.transcribe_idle_s),
        upload=upload,
        max_duration_s=options.transcribe_max_hours * 3600.0,
    )
    try:
        service = TranscriptionService(chosen)
    except ConfigurationError as error:
        if options.transcribe_directory is not None:
            raise
        # A second server on this computer: it works, but its jobs are forgotten when it ends.
        log.warning("%s Jobs are kept in a temporary directory.", error)
        directory = tempfile.mkdtemp(prefix="transcription-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        service = TranscriptionService(replace(chosen, directory=Path(directory)))

    return mounted(service)


def mounted(service: TranscriptionService) -> Service:
    """A transcription service as the server takes it."""
    from fastapi import APIRouter

    from voice_agent_ros.transcription.routes import routes
    from voice_agent_ros.xlm.services import BodyLimit, Service

    async def start() -> None:
        service.start()

    def health() -> Mapping[str, Any]:
        return {"ok": True, **service.health()}

    upload = service.options.upload
    whole = BodyLimit(upload.file_bytes * upload.files + 2**20, upload.seconds)
    return Service(
        "transcription",
        APIRouter(routes=routes(service)),
        model_ids=(service.options.model,),
        body_limits=dict.fromkeys(PATHS, whole),
        health=health,
        start=start,
        stop=service.stop,
    )
