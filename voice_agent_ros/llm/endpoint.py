# SPDX-License-Identifier: Apache-2.0
"""Where a language model is served, and with which key; endpoints are written as one line of text each.

Example:
    http://10.0.0.7:8000/v1 model=qwen3-8b key_file=/etc/keys/vllm first_token=5
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.llm.chat import DEFAULT_DEADLINES, Deadlines

DEFAULT_MODEL = "default"
MAX_KEY_BYTES = 4096
_KEYS = ("model", "key_file", "key_env", "connect", "first_token", "total")


@dataclass(frozen=True)
class Endpoint:
    """One server.

    Attributes:
        url: up to and including /v1.
        model: name of the model; "default" suits servers with a single one.
        key: sent as bearer token; local servers ignore it. Never printed.
    """

    url: str
    model: str = DEFAULT_MODEL
    key: str = field(default="", repr=False)
    deadlines: Deadlines = DEFAULT_DEADLINES

    @property
    def root(self) -> str:
        """The server's address without the version at its end."""
        return self.url.rstrip("/").removesuffix("/v1")


def parse_endpoint(
    line: str, deadlines: Deadlines = DEFAULT_DEADLINES, environment: Mapping[str, str] | None = None
) -> Endpoint:
    """An endpoint written as `URL [model=…] [key_file=…] [key_env=…] [connect=…] [first_token=…] [total=…]`.

    Args:
        deadlines: those that the line does not say.
        environment: where `key_env` is looked up; default: this process's.

    Raises:
        ConfigurationError: it is written wrongly, or its key is not there.
    """
    fix = f"Write: URL {' '.join(f'[{key}=…]' for key in _KEYS)}."
    try:
        url, *words = shlex.split(line)
    except ValueError as error:
        raise ConfigurationError(f"The endpoint {line!r} cannot be read: {error}.", fix) from error
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in _KEYS or not equals or name in given:
            raise ConfigurationError(f"The endpoint {url}: {word!r} means nothing.", fix)
        given[name] = value
    times = {
        name: _seconds(url, name, given[name])
        for name in ("connect", "first_token", "total")
        if name in given
    }
    key = read_key(given.get("key_file", ""), given.get("key_env", ""), environment)
    return Endpoint(checked_url(url), given.get("model") or DEFAULT_MODEL, key, replace(deadlines, **times))


def checked_url(url: str) -> str:
    """The URL, if one can be asked there.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigurationError(f"{url!r} is no address of a server.", "Write http://HOST:PORT/v1.")
    if parts.username or parts.password:
        raise ConfigurationError(
            f"The address of {parts.hostname} holds a password.", "Use key_file or key_env."
        )
    return url.rstrip("/")


def read_key(path: str = "", variable: str = "", environment: Mapping[str, str] | None = None) -> str:
    """A key from a file (its first line) or a variable; empty if neither is named.

    Raises:
        ConfigurationError: there is none.
    """
    if variable:
        key = (os.environ if environment is None else environment).get(variable, "").strip()
        if not key:
            raise ConfigurationError(
                f"The variable {variable} holds no key.",
                f"Set {variable}, or leave out key_env (api_key_env of the first endpoint).",
            )
        return key
    if not path:
        return ""
    try:
        with Path(path).expanduser().open("rb") as file:
            first = file.read(MAX_KEY_BYTES).decode().strip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {error}.",
            "Correct api_key_file, or key_file of a fallback.",
        ) from error
    if not first:
        raise ConfigurationError(f"The key file {path} is empty.", "Write the key into its first line.")
    return first[0].strip()


def _seconds(url: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= 600.0:
        raise ConfigurationError(
            f"The endpoint {url}: {name}={text} is no time.", "Write seconds, at most 600."
        )
    return value
