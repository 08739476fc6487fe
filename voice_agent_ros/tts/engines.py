# SPDX-License-Identifier: Apache-2.0
"""The synthesizers there are, by the name that parameters and the command line use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError

if TYPE_CHECKING:
    from voice_agent_ros.tts.synthesizer import Synthesizer

NAMES = ("hibari",)


def load_synthesizer(name: str = "hibari", voice: str = "") -> Synthesizer:
    """Load and warm up a synthesizer.

    Args:
        voice: empty for the engine's default.

    Raises:
        ConfigurationError: there is no such engine.
        EngineError: it cannot be loaded.
    """
    if name == "hibari":
        from voice_agent_ros.tts.synthesizers.hibari import HibariSynthesizer

        return HibariSynthesizer(voice) if voice else HibariSynthesizer()
    raise ConfigurationError(f"There is no synthesizer {name!r}.", f"Choose one of: {', '.join(NAMES)}.")
