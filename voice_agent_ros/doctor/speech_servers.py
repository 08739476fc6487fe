# SPDX-License-Identifier: Apache-2.0
"""The servers of recognizer and voice, where these are not on this computer."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from voice_agent_ros.doctor.check import Check, Installation

AREA = "xlm"
REMOTE = ("openai_api", "whisper_cpp", "openai")
# What for, node, its engine, what stands in for it, its server's address.
SERVED = (
    ("recognizer", "asr_node", "recognizer", "recognizer_fallback", "recognizer_url"),
    ("voice", "tts_node", "synthesizer", "fallbacks", "speech_url"),
)


def examine(installation: Installation) -> Iterator[Check]:
    """Whether they answer at all; with something that stands in for them, a silent one is no end."""
    for job, node, engine, others, address in SERVED:
        first = installation.parameter(node, engine)
        stand_in = [name for name in installation.parameter(node, others, []) if name and name not in REMOTE]
        if first in REMOTE:
            url = str(installation.parameter(node, address))
            yield _server(f"{job}'s server", url, f"{address} of {node}", stand_in, installation.patience_s)


def _server(name: str, url: str, where: str, stand_in: list[str], patience_s: float) -> Check:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Check(AREA, name, "FAIL", f"{url!r} is no address", f"Set {where}: http://HOST:PORT/v1")
    try:
        with urllib.request.urlopen(url, timeout=patience_s):  # noqa: S310  checked above
            pass
    except urllib.error.HTTPError:
        pass  # somebody answers: which pages there are differs from server to server
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        told = f"{url} does not answer: {why}"
        fix = f"Is that computer on, and the port open? Or set {where}."
        if stand_in:
            return Check(AREA, name, "WARN", f"{told}; {', '.join(stand_in)} stands in", fix)
        return Check(AREA, name, "FAIL", told, fix)
    return Check(AREA, name, "PASS", f"{url} answers")
