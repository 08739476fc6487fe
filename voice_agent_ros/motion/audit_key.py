# SPDX-License-Identifier: Apache-2.0
"""Keyed hashes of what people say: the record shows that two sentences are the same, not what they are."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from voice_agent_ros.motion.audit_chain import AuditError

KEY_BYTES = 32


class WordsKey:
    """HMAC-SHA256 under a secret of this robot. Without the file nobody can try words against the record."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, text: str) -> str:
        """Keyed hash of a text, hexadecimal."""
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def load_key(path: Path) -> WordsKey:
    """Read the key; a file that is missing is made, readable by its owner only.

    Raises:
        AuditError: it cannot be read or made, others may read it, or it is too short to be a key.
    """
    try:
        with contextlib.suppress(FileExistsError):
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise AuditError(f"Others may read the audit key {path}.", f"chmod 600 {path}")
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise AuditError(
            f"The audit key {path} cannot be used: {error}.", "Move it away or free the disk."
        ) from error
    if len(key) < KEY_BYTES:
        raise AuditError(f"The audit key {path} is too short.", "Move it away: a new one is made.")
    return WordsKey(key)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(KEY_BYTES).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
