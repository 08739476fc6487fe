# SPDX-License-Identifier: Apache-2.0
"""What stands behind the console stand-in: real weights on the CPU, a script, or an echo of what was said."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from voice_agent_ros.errors import ConfigurationError, EngineError

# Sampling of xlm_demo 0.9.0; it is fixed when the program starts.
TOP_K = 3
TOP_P = 0.95
TEMPERATURE = 0.1

Say = Callable[[str], None]


@dataclass(frozen=True)
class Work:
    """What a reply has cost."""

    prompt_tokens: int
    reply_tokens: int


class TextModel(Protocol):
    """Continues a prompt."""

    def count(self, prompt: str) -> int:
        """Tokens of a prompt; may be an estimate."""
        ...

    def reply(self, prompt: str, say: Say) -> Work:
        """Hand each token's text to `say` as it is made."""
        ...


class GgufModel:
    """Weights in llama.cpp's format. Of a prompt that begins like the last one only the rest is read.

    Args:
        path: the GGUF file.
        threads: CPU threads.
        context_tokens: context window.
        max_reply_tokens: where a reply that does not end by itself is ended.

    Raises:
        ConfigurationError: there is no such file, or nothing that reads it.
    """

    def __init__(self, path: Path, threads: int, context_tokens: int, max_reply_tokens: int) -> None:
        if not path.is_file():
            raise ConfigurationError(
                f"There are no weights at {path}.", "Fetch them with `voice-agent models fetch`."
            )
        try:
            import xllamacpp
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "The xllamacpp library is missing.", "pip install 'voice_agent_ros[console]'"
            ) from error
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = context_tokens
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.verbosity = -1
        # The library opens a port on the loopback interface; nobody shall use it.
        parameters.api_keys = [secrets.token_hex(16)]
        parameters.ui = False
        try:
            self._server = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise ConfigurationError(
                f"{path} cannot be loaded: {error}.",
                "It must be a whole GGUF file, and there must be memory for it.",
            ) from error
        self._max_reply_tokens = max_reply_tokens

    def count(self, prompt: str) -> int:
        """An estimate; the exact number is known after the reply."""
        return _estimated_tokens(prompt)

    def reply(self, prompt: str, say: Say) -> Work:
        """Continue the prompt; special tokens in it are special tokens."""
        work = Work(0, 0)
        problem = ""

        def take(chunk: dict[str, Any]) -> bool:
            nonlocal work, problem
            if "choices" not in chunk:
                problem = str(chunk.get("message") or chunk.get("error") or chunk)
                return True
            text = chunk["choices"][0].get("text", "")
            if text:
                say(text)
            timings = chunk.get("timings")
            if timings:
                work = Work(timings["prompt_n"] + timings.get("cache_n", 0), timings["predicted_n"])
            return False

        request = {
            "prompt": prompt,
            "max_tokens": self._max_reply_tokens,
            "temperature": TEMPERATURE,
            "top_k": TOP_K,
            "top_p": TOP_P,
            "cache_prompt": True,
            "stream": True,
        }
        self._server.handle_completions(request, take)
        if problem:
            raise EngineError(f"The model cannot continue this prompt: {problem}.", "Shorten the prompt.")
        return work


class EchoModel:
    """Says what the user's turns in its prompt said, joined by ` | `: what a model would see. For tests."""

    _TURN = re.compile(r"(?:<\|im_start\|>user\n|<｜User｜>)(.*?)(?:<\|im_end\|>|<｜|$)", re.DOTALL)

    def count(self, prompt: str) -> int:
        """An estimate."""
        return _estimated_tokens(prompt)

    def reply(self, prompt: str, say: Say) -> Work:
        """Word by word."""
        turns = self._TURN.findall(prompt) or [prompt]
        return _say_in_pieces(" | ".join(turn.strip() for turn in turns), prompt, say)


class ScriptedModel:
    """Says what a file has for the last user turn that matches, else echoes. For tests.

    Args:
        path: a JSON list of `{"match": regular expression, "reply": text}`.

    Raises:
        ConfigurationError: it is none.
    """

    def __init__(self, path: Path) -> None:
        try:
            items = json.loads(path.read_text(encoding="utf-8"))
            self._rules = [(re.compile(item["match"]), str(item["reply"])) for item in items]
        except (OSError, ValueError, TypeError, KeyError, re.error) as error:
            raise ConfigurationError(
                f"{path} is no script: {error!r}.", 'It is a JSON list of {"match", "reply"}.'
            ) from error
        self._echo = EchoModel()

    def count(self, prompt: str) -> int:
        """An estimate."""
        return _estimated_tokens(prompt)

    def reply(self, prompt: str, say: Say) -> Work:
        """Word by word."""
        last = (EchoModel._TURN.findall(prompt) or [prompt])[-1]
        for pattern, reply in self._rules:
            if pattern.search(last):
                return _say_in_pieces(reply, prompt, say)
        return self._echo.reply(prompt, say)


def _say_in_pieces(text: str, prompt: str, say: Say) -> Work:
    if prompt.rstrip().endswith("<think>"):
        text = f"Let me think.\n</think>\n\n{text}"
    pieces = re.findall(r"\s*[^\s\w]|\s*[\u4e00-\u9fff]|\s*\w{1,8}|\s+", text)
    for piece in pieces:
        say(piece)
    return Work(_estimated_tokens(prompt), len(pieces))


def _estimated_tokens(text: str) -> int:
    ascii_characters = sum(character.isascii() for character in text)
    return ascii_characters // 4 + len(text) - ascii_characters + 1
