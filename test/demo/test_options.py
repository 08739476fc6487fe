# SPDX-License-Identifier: Apache-2.0
"""Variables of `make demo`."""

from pathlib import Path

import pytest

from voice_agent_ros.demo.options import RECORDINGS, from_environment
from voice_agent_ros.errors import ConfigurationError


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for name in RECORDINGS:
        (tmp_path / name).touch()
    return tmp_path


def test_default_is_the_recordings(recordings: Path) -> None:
    options = from_environment({}, recordings)
    assert options.mode == "recordings"
    assert [Path(path).name for path in options.utterances] == list(RECORDINGS)


def test_several_sentences(recordings: Path) -> None:
    options = from_environment({"SAY": "grab it | yes"}, recordings)
    assert options.mode == "say"
    assert options.utterances == ("grab it", "yes")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SAY": "a", "TEXT": "b"}, "SAY and TEXT"),
        ({"WAV": "/no/such.wav"}, "no file"),
        ({"SAY": " | "}, "blank"),
        ({"ARM": "puma"}, "no simulated arm"),
        ({"LANG_": "tlh"}, "LANG_"),
    ],
)
def test_contradictions_are_named(environment: dict[str, str], message: str, recordings: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_environment(environment, recordings)
