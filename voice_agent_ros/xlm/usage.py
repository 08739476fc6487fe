# SPDX-License-Identifier: Apache-2.0
"""How many tokens a text has: by the model's own tokenizer where its file is given, else an estimate that says so.

The console reports no counts, only speeds; from those and the clock a count can be derived for a long reply.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from voice_agent_ros.errors import ConfigurationError

ASCII_CHARACTERS_PER_TOKEN = 4
# A derived count needs a reply long enough for the clock, and is believed only if it is near the estimate.
DERIVE_FROM_S = 1.0
DERIVED_AT_MOST_OFF = 3.0
# What precedes the last of these belongs to no later token of the usual byte-pair tokenizers.
_BORDER = re.compile(r"(?<=\S)(?=\s)")


class TokenCounter(Protocol):
    """Counts tokens.

    Attributes:
        is_exact: it counts as the model does.
    """

    is_exact: bool

    def count(self, text: str) -> int:
        """Tokens of a text."""
        ...

    def clip(self, text: str, tokens: int) -> str:
        """The beginning of a text that has so many tokens."""
        ...


class EstimatingCounter:
    """Four ASCII characters, or one other, to a token."""

    is_exact = False

    def count(self, text: str) -> int:
        """An estimate."""
        return estimated_tokens(text)

    def clip(self, text: str, tokens: int) -> str:
        """As long as the estimate allows, at least one character of a text."""
        room = tokens * ASCII_CHARACTERS_PER_TOKEN
        for index, character in enumerate(text):
            room -= 1 if character.isascii() else ASCII_CHARACTERS_PER_TOKEN
            if room < 0:
                return text[:index]
        return text


class FileCounter:
    """The model's own tokenizer.

    Args:
        path: its tokenizer.json, or the folder that holds it.

    Raises:
        ConfigurationError: there is none, or it cannot be read.
    """

    is_exact = True

    def __init__(self, path: Path) -> None:
        path = path / "tokenizer.json" if path.is_dir() else path
        if not path.is_file():
            raise ConfigurationError(f"There is no tokenizer at {path}.", "Correct --tokenizer.")
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "The tokenizers library is missing.", "pip install 'voice_agent_ros[tokenizer]'"
            ) from error
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises the base class itself
            raise ConfigurationError(f"{path} is no tokenizer file: {error}.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, text: str) -> int:
        """Tokens, special ones in the text included."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def clip(self, text: str, tokens: int) -> str:
        """Cut after a token, never inside a character."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        if len(offsets) <= tokens:
            return text
        # A character may have several tokens: it is in only if all of them are.
        return text[: min(offsets[tokens - 1][1], offsets[tokens][0])] if tokens > 0 else ""


class ReplyMeter:
    """Counts the tokens of a reply that comes in pieces.

    Args:
        counter: what counts.
    """

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._settled = 0
        self._tail = ""
        self._pieces = 0

    @property
    def tokens(self) -> int:
        """Tokens so far. A piece that was printed by itself is a token, or more."""
        tokens = self._settled + (self._counter.count(self._tail) if self._tail else 0)
        return tokens if self._counter.is_exact else max(tokens, self._pieces)

    def feed(self, text: str, limit: int | None) -> tuple[str, bool]:
        """Take a piece.

        Args:
            text: the piece.
            limit: most tokens; None: any number.

        Returns:
            What of it is within the limit, and whether the limit is reached.
        """
        if not self._counter.is_exact:
            return self._feed_estimated(text, limit)
        joined = self._tail + text
        if limit is not None:
            room = limit - self._settled
            tokens = self._counter.count(joined)
            if tokens >= room:
                kept = self._counter.clip(joined, room)
                piece = kept[len(self._tail) :]
                self._tail = kept if len(kept) > len(self._tail) else self._tail
                return piece, True
        self._tail = joined
        self._settle()
        return text, False

    def _feed_estimated(self, text: str, limit: int | None) -> tuple[str, bool]:
        if limit is not None:
            room = limit - self.tokens
            if self._counter.count(text) > room:
                text = self._counter.clip(text, room)
        self._pieces += 1
        self._settled += self._counter.count(text)
        return text, limit is not None and self.tokens >= limit

    def _settle(self) -> None:
        """Count for good what no later piece can change, so that a long reply is not counted again and again."""
        borders = [match.start() for match in _BORDER.finditer(self._tail)]
        if borders:
            self._settled += self._counter.count(self._tail[: borders[-1]])
            self._tail = self._tail[borders[-1] :]


@dataclass(frozen=True)
class Usage:
    """Token counts of a request.

    Attributes:
        prompt: tokens of the rendered prompt, repair included.
        completion: tokens of the reply, reasoning included.
        reasoning: those of them that were reasoning.
        is_exact: counted by the model's tokenizer.
        cached: those of the prompt's that the console had read before.
    """

    prompt: int
    completion: int
    reasoning: int
    is_exact: bool
    cached: int = 0

    def body(self) -> dict[str, Any]:
        """OpenAI's shape; `estimated` is our own addition and there only if it is true."""
        body: dict[str, Any] = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }
        if not self.is_exact:
            body["estimated"] = True
        return body


def derived_tokens(estimate: int, decode_tps: float, seconds: float) -> int:
    """Tokens by the console's own speed and the time the reply took; the estimate where that says little."""
    # The console divides by zero where it has nothing to measure.
    if seconds < DERIVE_FROM_S or not 0.0 < decode_tps < math.inf:
        return estimate
    derived = round(decode_tps * seconds) + 1
    is_plausible = estimate / DERIVED_AT_MOST_OFF <= derived <= estimate * DERIVED_AT_MOST_OFF
    return derived if is_plausible else estimate


def estimated_tokens(text: str) -> int:
    """Tokens of a text: four ASCII characters, or one other, to a token."""
    # Counting in C: bytes that begin a character, and those of them that are ASCII.
    ascii_characters = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    others = len(text) - ascii_characters
    return (ascii_characters + ASCII_CHARACTERS_PER_TOKEN - 1) // ASCII_CHARACTERS_PER_TOKEN + others
