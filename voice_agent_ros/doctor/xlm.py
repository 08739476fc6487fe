# SPDX-License-Identifier: Apache-2.0
"""The language model's endpoint, asked as the agent will ask it: with the openai client."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from voice_agent_ros.doctor import speech_servers
from voice_agent_ros.doctor.check import Check, Installation

AREA = "xlm"
NODE = "llm_node"
BOARD = "On the board see also: xlm-server doctor."


def examine(installation: Installation) -> Iterator[Check]:
    """Whether the endpoint answers, and with which models; and whether the servers of speech do."""
    yield from speech_servers.examine(installation)
    url = str(installation.parameter(NODE, "llm_url", "http://127.0.0.1:8765/v1"))
    key, complaint = _key(str(installation.parameter(NODE, "api_key_file")))
    key = os.environ.get(str(installation.parameter(NODE, "api_key_env")), "").strip() or key
    if complaint is not None:
        yield complaint
    if installation.purpose == "demo":
        yield Check(
            AREA, "language model", "PASS", "the demo starts a server of its own, unless LLM_URL is set"
        )
        return
    yield _models(url, key, str(installation.parameter(NODE, "llm_model", "default")), installation)
    health = _health(url, installation.patience_s)
    if health is not None:
        yield health


def _key(path: str) -> tuple[str, Check | None]:
    if not path:
        return "", None
    try:
        key = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return "", Check(AREA, "API key", "FAIL", f"{path}: {error}", "Correct api_key_file of llm_node.")
    if not key:
        return "", Check(AREA, "API key", "FAIL", f"{path} is empty", "Write the key into it.")
    mode = Path(path).expanduser().stat().st_mode & 0o077
    if mode:
        return key, Check(AREA, "API key", "WARN", f"{path} can be read by others", f"chmod 600 {path}")
    return key, None


def _models(url: str, key: str, wanted: str, installation: Installation) -> Check:
    import openai

    client = openai.OpenAI(
        base_url=url, api_key=key or "none", timeout=installation.patience_s, max_retries=0
    )
    began = time.monotonic()
    try:
        names = [model.id for model in client.models.list().data]
    except openai.AuthenticationError as error:
        fix = "Set api_key_file of llm_node to a file with the server's key."
        return Check(AREA, "language model", "FAIL", f"{url} wants another key: {error.message}", fix)
    except openai.APIConnectionError as error:
        why = error.__cause__ or error
        return Check(AREA, "language model", "FAIL", f"{url} does not answer: {why}", _start(url))
    except openai.APIStatusError as error:
        fix = "Is it an OpenAI endpoint? The URL ends with /v1 for most."
        return Check(AREA, "language model", "FAIL", f"{url}/models answers {error.status_code}", fix)
    except (openai.APIError, ValueError, AttributeError, TypeError) as error:
        fix = "Is it an OpenAI endpoint? The URL ends with /v1 for most."
        return Check(AREA, "language model", "FAIL", f"{url}/models is not readable: {error}", fix)
    took_ms = 1000.0 * (time.monotonic() - began)
    told = f"{url} has {', '.join(names) or 'no model'} ({took_ms:.0f} ms)"
    if not names:
        return Check(AREA, "language model", "FAIL", told, f"Load a model into the server. {BOARD}")
    if wanted not in ("default", "", *names):
        fix = f"Set llm_model of llm_node to one of: {', '.join(names)}."
        return Check(AREA, "language model", "FAIL", f"{told}, but {wanted} is wanted", fix)
    return Check(AREA, "language model", "PASS", told)


def _start(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        return "llm_url begins with http:// or https://, as http://127.0.0.1:8765/v1"
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        return (
            "Start it: ros2 launch voice_agent_ros xlm_server.launch.py …, or `xlm-server …`, or set llm_url of"
            f" llm_node. Until then only sentences of the grammar are understood. {BOARD}"
        )
    return "Is that computer on, and the port open? Or set llm_url of llm_node."


def _health(url: str, patience_s: float) -> Check | None:
    """xlm-server's own state; other servers have none, or another form of it."""
    address = url.rstrip("/").removesuffix("/v1") + "/health"
    if urlsplit(address).scheme not in ("http", "https"):
        return None
    try:
        with urllib.request.urlopen(address, timeout=patience_s) as answer:  # noqa: S310  checked above
            body, ok = answer.read(100_000), True
    except urllib.error.HTTPError as error:
        body, ok = error.read(100_000), False
    except OSError:
        return None
    try:
        state = json.loads(body)
    except ValueError:
        return None
    if not isinstance(state, dict) or "is_healthy" not in state:
        return None
    told = json.dumps(
        {name: state[name] for name in ("status", "state", "problem", "queued", "restarts") if name in state}
    )
    if ok:
        return Check(AREA, "engine", "PASS", told[:300])
    return Check(AREA, "engine", "FAIL", told[:300], f"Read the server's log. {BOARD}")
