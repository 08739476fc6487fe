# SPDX-License-Identifier: Apache-2.0
"""The parameters that choose and set up a speech recognizer, for every node that has one."""

from __future__ import annotations

from typing import Any

from voice_agent_ros.asr.recognizers.engines import NAMES, RecognizerOptions
from voice_agent_ros.asr.recognizers.spelling import CHINESE, NUMBERS
from voice_agent_ros.nodes.parameters import Parameter

RECOGNIZER_PARAMETERS = (
    Parameter("recognizer", "whisper_local", "Speech recognizer.", choices=NAMES),
    Parameter(
        "recognizer_fallback",
        [""],
        f"Recognizers that get an utterance which the first one fails at, in order: {', '.join(NAMES)}.",
    ),
    Parameter("model", "whisper-tiny.en", "Whisper weights in the catalogue."),
    Parameter("model_path", "", "Whisper weights elsewhere (CTranslate2); empty: the catalogue's."),
    Parameter("sherpa_path", "", "Directory with sherpa-onnx's weights."),
    Parameter(
        "language", "en", "Language that is recognized, BCP-47; auto: English or Mandarin per utterance."
    ),
    Parameter("threads", 2, "Threads of one decode.", (1, 16)),
    Parameter("recognizer_url", "http://127.0.0.1:8000/v1", "Server of openai_api or whisper_cpp."),
    Parameter("recognizer_model", "whisper-1", "Name of the model at that server."),
    Parameter("recognizer_api_key_file", "", "File with the server's API key; empty: it needs none."),
    Parameter("recognizer_timeout_s", 5.0, "Longest time for an answer of the server, s.", (0.2, 60.0)),
    Parameter(
        "assumed_confidence",
        0.45,
        "Confidence of transcripts whose recognizer does not say how sure it is; by default less than what the "
        "bridge needs for a skill of high risk.",
        (0.0, 1.0),
    ),
    Parameter("chinese", "as_heard", "OpenCC's conversion of Chinese transcripts.", choices=CHINESE),
    Parameter("numbers", "as_heard", "How numbers are written in transcripts.", choices=NUMBERS),
)


def recognizer_options(values: Any) -> RecognizerOptions:
    """From the values of the parameters above."""
    return RecognizerOptions(
        name=values.recognizer,
        fallback=tuple(name for name in values.recognizer_fallback if name),
        model=values.model,
        path=values.model_path,
        sherpa_path=values.sherpa_path,
        language=values.language,
        threads=values.threads,
        url=values.recognizer_url,
        server_model=values.recognizer_model,
        api_key_file=values.recognizer_api_key_file,
        timeout_s=values.recognizer_timeout_s,
        assumed_confidence=values.assumed_confidence,
        chinese=values.chinese,
        numbers=values.numbers,
    )
