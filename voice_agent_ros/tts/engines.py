# SPDX-License-Identifier: Apache-2.0
"""The synthesizers there are, by the name that parameters and the command line use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from voice_agent_ros.tts.synthesizer import Synthesizer
    from voice_agent_ros.tts.synthesizers.openai_api import SpeechServer

NAMES = ("hibari", "kokoro", "openai", "piper", "espeak-ng")


def load_synthesizer(
    name: str = "hibari", voice: str = "", server: SpeechServer | None = None, kokoro_path: str = ""
) -> Synthesizer:
    """Load and warm up a synthesizer.

    Args:
        voice: empty for the engine's default; of piper, the path of its file.
        server: of `openai`.
        kokoro_path: directory of kokoro's weights; empty: where they are fetched to.

    Raises:
        ConfigurationError: there is no such engine, or it lacks its server.
        EngineError: it cannot be loaded.
    """
    if name == "hibari":
        from voice_agent_ros.tts.synthesizers.hibari import HibariSynthesizer

        return HibariSynthesizer(voice) if voice else HibariSynthesizer()
    if name == "kokoro":
        from voice_agent_ros.tts.synthesizers.kokoro import KokoroSynthesizer

        return KokoroSynthesizer(voice, kokoro_path)
    if name == "openai":
        from voice_agent_ros.tts.synthesizers.openai_api import OpenAiSynthesizer

        if server is None or not server.url:
            raise ConfigurationError(
                "The synthesizer openai has no server.",
                "Set speech_url, for instance http://127.0.0.1:8000/v1.",
            )
        return OpenAiSynthesizer(server)
    if name in {"piper", "espeak-ng"}:
        from voice_agent_ros.tts.synthesizers import program

        return program.PiperSynthesizer(voice) if name == "piper" else program.EspeakSynthesizer(voice)
    raise ConfigurationError(f"There is no synthesizer {name!r}.", f"Choose one of: {', '.join(NAMES)}.")


def load_chain(
    names: Sequence[str],
    voice: str = "",
    server: SpeechServer | None = None,
    report: Callable[[str], None] = lambda _: None,
    kokoro_path: str = "",
) -> Synthesizer:
    """The first engine, and those that stand in for it. `NAME:VOICE` gives one of the others its voice.

    Raises:
        ConfigurationError: a name is wrong.
        EngineError: none of them can be loaded.
    """
    from voice_agent_ros.tts.voices import VoiceChain

    engines: list[Synthesizer] = []
    problems: list[str] = []
    for index, entry in enumerate(names):
        name, _, own = entry.partition(":")
        try:
            engines.append(load_synthesizer(name, own or ("" if index else voice), server, kokoro_path))
        except EngineError as error:
            problems.append(str(error))
    if not engines:
        raise EngineError(" ".join(problems) or "No synthesizer is named.", "")
    for problem in problems:
        report(f"A synthesizer is left out. {problem}")
    return engines[0] if len(engines) == 1 else VoiceChain(engines, report)
