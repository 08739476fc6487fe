# SPDX-License-Identifier: Apache-2.0
"""An append-only record of what was asked, decided and done: JSON lines, each chained to the one before by hash."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import VoiceAgentError

GENESIS = "0" * 64


class AuditError(VoiceAgentError):
    """The record cannot be written; nothing may move unrecorded."""


class AuditLog:
    """Writes the record. Safe to call from several threads.

    Args:
        path: file to append to; its directory is made.

    Raises:
        AuditError: the file cannot be opened, or what is in it is no such record.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._previous = _last_hash(path)
            self._file = path.open("a", encoding="utf-8")
        except (OSError, ValueError) as error:
            raise AuditError(
                f"The audit log {path} cannot be used: {error}.", "Move it away or free the disk."
            ) from error

    def write(self, event: str, *, durable: bool = False, **fields: Any) -> None:
        """Append a line.

        Args:
            durable: be on the disk before returning; used before motion, never on the way of a stop.

        Raises:
            AuditError: the disk does not take it.
        """
        with self._lock:
            entry = {"time": time.time(), "event": event, **fields, "previous": self._previous}
            line = json.dumps(entry, ensure_ascii=False, sort_keys=True)
            try:
                self._file.write(line + "\n")
                self._file.flush()
                if durable:
                    os.fsync(self._file.fileno())
            except (OSError, ValueError) as error:  # ValueError: it is closed
                raise AuditError(f"The audit log cannot be written: {error}.", "Free the disk.") from error
            self._previous = hashlib.sha256(line.encode()).hexdigest()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def verify(path: Path) -> int:
    """Check the chain of a record.

    Returns:
        the number of lines.

    Raises:
        AuditError: a line was changed, removed or inserted; the message names it.
    """
    previous, count = GENESIS, 0
    for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            recorded = json.loads(line)["previous"]
        except (ValueError, KeyError, TypeError):
            recorded = None
        if recorded != previous:
            raise AuditError(f"Line {count} of {path} does not continue the line before it.")
        previous = hashlib.sha256(line.encode()).hexdigest()
    return count


def _last_hash(path: Path) -> str:
    if not path.exists() or not path.stat().st_size:
        return GENESIS
    line = path.read_text(encoding="utf-8").splitlines()[-1]
    json.loads(line)["previous"]
    return hashlib.sha256(line.encode()).hexdigest()
