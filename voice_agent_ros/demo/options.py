# SPDX-License-Identifier: Apache-2.0
"""What the demonstration is to do: from the variables of `make demo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voice_agent_ros.errors import ConfigurationError

Mode = Literal["recordings", "say", "wav", "text", "microphone"]
RECORDINGS = ("pick_red_cube.wav", "blue_with_the_others.wav", "yes.wav")
OUTCOMES = ("done", "asked", "done")  # of the recordings
SIMULATED_ARMS = ("prim6",)
LANGUAGES = ("auto", "en", "zh")


@dataclass(frozen=True)
class Options:
    """How the demonstration is spoken to.

    Attributes:
        mode: where the words come from.
        utterances: sentences (say, text) or files (recordings, wav), one after the other.
        out: directory of the results.
    """

    mode: Mode
    utterances: tuple[str, ...]
    out: Path
    arm: str = "prim6"
    language: str = "auto"
    view: bool = False
    composed: bool = True
    llm_url: str = ""


def from_environment(environment: Mapping[str, str], recordings: Path) -> Options:
    """Read SAY, TEXT, WAV, MIC, ARM, LANG_, VIEW, COMPOSED, LLM_URL and DEMO_OUT.

    SAY, TEXT and WAV may hold several utterances separated by `|`: the next is spoken when the robot has
    finished with the one before.

    Args:
        recordings: directory of the recordings that are the default.

    Raises:
        ConfigurationError: contradicting variables, a file that is not there, an unknown arm or language.
    """
    given = [name for name in ("SAY", "TEXT", "WAV", "MIC") if environment.get(name)]
    if len(given) > 1:
        raise ConfigurationError(f"{' and '.join(given)} were given together.", "Give one of them.")
    mode: Mode = "recordings"
    utterances = tuple(str(recordings / name) for name in RECORDINGS)
    if given:
        name = given[0]
        modes: dict[str, Mode] = {"SAY": "say", "TEXT": "text", "WAV": "wav", "MIC": "microphone"}
        mode = modes[name]
        parts = tuple(part.strip() for part in environment[name].split("|") if part.strip())
        utterances = () if mode == "microphone" else parts
        if not utterances and mode != "microphone":
            raise ConfigurationError(f"{name} is blank.", f'Give it something, for example {name}="…".')
    if mode in ("wav", "recordings"):
        for path in utterances:
            if not Path(path).is_file():
                raise ConfigurationError(f"There is no file {path}.", "Give the path of a WAV file.")
    arm = environment.get("ARM") or "prim6"
    if arm not in SIMULATED_ARMS:
        fix = f"Simulated arms: {', '.join(SIMULATED_ARMS)}."
        raise ConfigurationError(f"There is no simulated arm {arm!r}.", fix)
    language = environment.get("LANG_") or "auto"
    if language not in LANGUAGES:
        raise ConfigurationError(f"LANG_ is {language!r}.", f"Choose one of: {', '.join(LANGUAGES)}.")
    return Options(
        mode=mode,
        utterances=utterances,
        out=Path(environment.get("DEMO_OUT") or "demo_out").resolve(),
        arm=arm,
        language=language,
        view=environment.get("VIEW", "") not in ("", "0"),
        composed=environment.get("COMPOSED", "1").lower() not in ("0", "false", "no", "off"),
        llm_url=environment.get("LLM_URL", ""),
    )
