# SPDX-License-Identifier: Apache-2.0
"""The parameters that say which voices speak, and the voices they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voice_agent_ros.nodes.parameters import Parameter
from voice_agent_ros.tts import engines
from voice_agent_ros.tts.synthesizer import Synthesizer
from voice_agent_ros.tts.synthesizers.openai_api import SpeechServer

PARAMETERS = (
    Parameter("synthesizer", "hibari", "The engine that speaks.", choices=engines.NAMES),
    Parameter("fallbacks", [""], "Engines that stand in, in this order: NAME or NAME:VOICE."),
    Parameter("voice", "", "The engine's voice; empty: its default. piper: path of an ONNX file."),
    Parameter("speed", 1.0, "Pace of speech; 2 is twice as fast.", (0.5, 2.0)),
    Parameter("kokoro_path", "", "Directory of kokoro's weights and voices; empty: the cache of models."),
    Parameter("speech_url", "", "Base URL of the speech server of openai, with /v1."),
    Parameter("speech_model", "tts-1", "Its model."),
    Parameter("speech_languages", ["en", "zh"], "What it speaks."),
    Parameter("speech_rate", 24000, "Rate of its PCM where it does not say so, Hz.", (8000, 48000)),
    Parameter("speech_read_s", 3.0, "Longest silence while it answers, s.", (0.2, 60.0)),
)


def load(values: Any, report: Callable[[str], None]) -> Synthesizer:
    """The voices.

    Raises:
        ConfigurationError, EngineError: see `load_chain`.
    """
    names = [values.synthesizer, *(name for name in values.fallbacks if name)]
    server = SpeechServer(
        url=values.speech_url,
        model=values.speech_model,
        voice=(values.voice if values.synthesizer == "openai" else "") or "alloy",
        languages=tuple(values.speech_languages),
        sample_rate=values.speech_rate,
        read_s=values.speech_read_s,
    )
    return engines.load_chain(names, values.voice, server, report, values.kokoro_path)
