# SPDX-License-Identifier: Apache-2.0
"""The recognizers there are, by the name that parameters and the command line use, and chains of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError, VoiceAgentError

if TYPE_CHECKING:
    from voice_agent_ros.asr.recognizer import AdjustableRecognizer

NAMES = ("whisper_local", "openai_api", "whisper_cpp", "sherpa_onnx")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecognizerOptions:
    """Which recognizer, and how.

    Attributes:
        name: one of NAMES.
        fallback: names of those that get what it fails at, in order.
        model: weights in the catalogue, or a path with a "/"; of the local engines.
        path: weights elsewhere, instead of `model`.
        sherpa_path: directory with sherpa-onnx's weights.
        language: BCP-47, or "auto" for English or Mandarin per utterance.
        threads: of one decode.
        url: of the server, for the engines behind one.
        server_model: name of the model there.
        api_key_file: holds the server's key; empty: none is needed.
        timeout_s: longest time for an answer of the server.
        assumed_confidence: where an engine does not say how sure it is.
        chinese: OpenCC's conversion of Chinese transcripts, or "as_heard".
        numbers: "as_heard" or "digits".
        word_times: tell when each word was said, if the engine can.
        domain_prompt: expect what people say to a robot arm.
    """

    name: str = "whisper_local"
    fallback: tuple[str, ...] = ()
    model: str = "whisper-tiny.en"
    path: str = ""
    sherpa_path: str = ""
    language: str = "en"
    threads: int = 2
    url: str = "http://127.0.0.1:8000/v1"
    server_model: str = "whisper-1"
    api_key_file: str = ""
    timeout_s: float = 5.0
    assumed_confidence: float = 0.45
    chinese: str = "as_heard"
    numbers: str = "as_heard"
    word_times: bool = False
    domain_prompt: bool = True


def load_recognizer(
    options: RecognizerOptions,
    report: Callable[[str], None] = log.warning,
    on_change: Callable[[str, str], None] | None = None,
) -> AdjustableRecognizer:
    """Load and warm up a recognizer, with what it falls back to.

    One of a chain that cannot be loaded is left out, as long as another one can.

    Args:
        report: told in words what is left out.
        on_change: see `FallbackRecognizer`.

    Raises:
        ConfigurationError: there is no such engine, or an option is wrong.
        ModelMissingError: weights or libraries are not there.
    """
    names = tuple(dict.fromkeys((options.name, *options.fallback)))
    for name in names:
        if name not in NAMES:
            raise ConfigurationError(
                f"There is no recognizer {name!r}.", f"Choose one of: {', '.join(NAMES)}."
            )
    recognizer = _load_one(options) if len(names) == 1 else _load_chain(names, options, report, on_change)
    if options.chinese == options.numbers == "as_heard":
        return recognizer
    from voice_agent_ros.asr.recognizers.normalized import NormalizedRecognizer
    from voice_agent_ros.asr.recognizers.spelling import Spelling

    try:
        return NormalizedRecognizer(recognizer, Spelling(options.chinese, options.numbers))
    except VoiceAgentError:
        recognizer.close()
        raise


def _load_chain(
    names: Sequence[str],
    options: RecognizerOptions,
    report: Callable[[str], None],
    on_change: Callable[[str, str], None] | None,
) -> AdjustableRecognizer:
    from voice_agent_ros.asr.recognizers.fallback import Absent, FallbackRecognizer

    chain: list[tuple[str, AdjustableRecognizer]] = []
    problems: list[VoiceAgentError] = []
    for name in names:
        try:
            chain.append((name, _load_one(replace(options, name=name))))
        except VoiceAgentError as error:
            report(f"The recognizer {name} is left out: {error}")
            problems.append(error)
            chain.append((name, Absent(error)))
    if len(problems) == len(chain):
        raise problems[0]
    return FallbackRecognizer(chain, on_change=on_change)


def _load_one(options: RecognizerOptions) -> AdjustableRecognizer:
    if options.name == "whisper_local":
        from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
        from voice_agent_ros.models.catalogue import path_of

        return WhisperLocal(
            Path(options.path).expanduser() if options.path else path_of(options.model),
            options.language,
            options.threads,
            word_times=options.word_times,
            domain_prompt=options.domain_prompt,
        )
    if options.name == "sherpa_onnx":
        from voice_agent_ros.asr.recognizers.sherpa_onnx import SherpaOnnx

        return SherpaOnnx(
            Path(options.sherpa_path).expanduser(),
            options.language,
            options.threads,
            assumed_confidence=options.assumed_confidence,
        )
    from voice_agent_ros.asr.recognizers.remote import Server

    server = Server(
        url=options.url,
        model=options.server_model,
        api_key_file=options.api_key_file,
        timeout_s=options.timeout_s,
        assumed_confidence=options.assumed_confidence,
    )
    if options.name == "openai_api":
        from voice_agent_ros.asr.recognizers.openai_api import OpenAiApi

        return OpenAiApi(
            server, options.language, word_times=options.word_times, domain_prompt=options.domain_prompt
        )
    from voice_agent_ros.asr.recognizers.whisper_cpp import WhisperCpp

    return WhisperCpp(server, options.language, domain_prompt=options.domain_prompt)
