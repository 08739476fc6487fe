# SPDX-License-Identifier: Apache-2.0
"""The spelling of transcripts: simplified or traditional characters, numbers as they are heard or as digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from voice_agent_ros.asr.recognizers.languages import base_of
from voice_agent_ros.errors import ConfigurationError, ModelMissingError

# OpenCC's configurations: from, to, and the region whose words are used.
CHINESE = ("as_heard", "s2t", "t2s", "s2tw", "s2twp", "s2hk", "tw2s", "tw2sp", "hk2s")
NUMBERS = ("as_heard", "digits")
# Where a Chinese character meets a figure or the unit behind it; without a space the unit is read as a word.
_BORDER = re.compile(r"(?<=[\u3400-\u9fff])(?=\d)|(?<=[A-Za-z%])(?=[\u3400-\u9fff])")
_A_HUNDRED = re.compile(r"\ba (hundred|thousand)\b", re.IGNORECASE)


class Spelling:
    """Rewrites a text.

    Args:
        chinese: OpenCC's configuration, or "as_heard".
        numbers: "digits" makes "10 centimetres" of "ten centimetres" and 30度 of 三十度; or "as_heard".

    Raises:
        ConfigurationError: there is no such choice.
        ModelMissingError: the library for it is not installed.
    """

    def __init__(self, chinese: str = "as_heard", numbers: str = "as_heard") -> None:
        self._convert = _converter(chinese)
        self._digits = _digits() if _known(numbers, NUMBERS, "numbers") != "as_heard" else None

    def of(self, text: str, language: str) -> str:
        """The text in this spelling."""
        base = base_of(language)
        if base == "zh" and self._convert is not None:
            text = self._convert(text)
        if self._digits is not None and text:
            text = self._digits(text, base)
        return text


def _known(value: str, choices: Sequence[str], what: str) -> str:
    if value not in choices:
        raise ConfigurationError(f"{what} is {value!r}.", f"Choose one of: {', '.join(choices)}.")
    return value


def _converter(chinese: str) -> Callable[[str], str] | None:
    if _known(chinese, CHINESE, "chinese") == "as_heard":
        return None
    try:
        import opencc
    except ImportError as error:
        raise ModelMissingError(
            "Converting Chinese characters needs OpenCC.", "Run: pip install opencc"
        ) from error
    converter = opencc.OpenCC(chinese)
    return lambda text: str(converter.convert(text))


def _digits() -> Callable[[str, str], str]:
    try:
        from text_to_num import alpha2digit
        from wetext import Normalizer
    except ImportError as error:
        raise ModelMissingError(
            f"Writing numbers as digits needs {error.name}.", "Run: pip install text2num wetext"
        ) from error
    chinese = Normalizer(lang="zh", operator="itn")

    def digits(text: str, base: str) -> str:
        if base == "zh":
            return _BORDER.sub(" ", str(chinese.normalize(text)).replace("°", "度"))
        if base == "en":
            # "a hundred" is a number; "a" alone is not.
            return str(alpha2digit(_A_HUNDRED.sub(r"one \1", text), "en"))
        return text

    return digits
