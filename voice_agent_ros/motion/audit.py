# SPDX-License-Identifier: Apache-2.0
"""An append-only record of what was asked, decided and done: JSON lines, each chained to the one before by hash.

Format and verification: motion/audit_chain.py. The file is written by one process, is never rewritten, and what a
crash left half written stays in it, marked. Whoever cannot write does not move.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

from voice_agent_ros.motion.audit_chain import (
    CONTINUED,
    GENESIS,
    TORN,
    AuditError,
    End,
    end_of,
    rotated_files,
    rotated_name,
)

MAX_BYTES = 16 * 1024 * 1024
KEPT_FILES = 8
LOCK_WAIT_S, LOCK_POLL_S = 3.0, 0.05


class AuditLog:
    """Writes the record. Safe to call from several threads.

    Args:
        path: file to append to; its directory is made.
        max_bytes: a file that would grow past this is put aside as PATH.000001, PATH.000002, … and a new one begun.
        kept_files: how many of those stay; the oldest are deleted.

    Raises:
        AuditError: the file cannot be opened, another process writes it, or what is in it is no such record.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, kept_files: int = KEPT_FILES) -> None:
        self._path, self._max_bytes, self._kept_files = path, max_bytes, kept_files
        self._lock = threading.Lock()
        self._descriptor = -1
        self._broken = ""
        self._is_between_files = False
        self._size, self._hash, self._count = 0, GENESIS, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, ValueError) as error:
            self.close()
            raise AuditError(
                f"The audit log {path} cannot be used: {error}.", "Move it away or free the disk."
            ) from error
        except AuditError:
            self.close()
            raise

    def write(self, event: str, *, durable: bool = False, **fields: Any) -> None:
        """Append a line.

        Args:
            durable: be on the disk before returning; used before motion, never on the way of a stop.

        Raises:
            AuditError: the disk does not take it.
        """
        with self._lock:
            try:
                if self._is_between_files:
                    self._begin_file()
                self._check(durable=durable)
                self._mend()
                line = self._line(event, fields)
                if self._size and self._size + len(line) > self._max_bytes:
                    self._rotate()
                    line = self._line(event, fields)
                self._append(line)
                if durable:
                    self._sync()
            except (OSError, ValueError) as error:
                fix = "Free the disk, or mend it; if this goes on, restart the bridge."
                raise AuditError(f"The audit log cannot be written: {error}.", fix) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock, contextlib.suppress(OSError):
            self._is_between_files = False
            self._let_go()

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    # Writing. Everything below is called with the lock held, or while nobody else knows the object.

    def _line(self, event: str, fields: dict[str, Any]) -> bytes:
        entry = {**fields, "n": self._count + 1, "time": time.time(), "event": event, "previous": self._hash}
        try:
            text = json.dumps(entry, ensure_ascii=False, sort_keys=True, default=str, allow_nan=False)
        except ValueError:  # a number that JSON has no word for must not keep the rest from being recorded
            text = json.dumps(_finite(entry), ensure_ascii=False, sort_keys=True, default=str)
        return text.encode("utf-8", "replace") + b"\n"

    def _append(self, line: bytes) -> None:
        written = 0
        while written < len(line):  # a full disk takes a part and then nothing
            written += os.write(self._descriptor, line[written:])
        self._size += len(line)
        self._hash, self._count = hashlib.sha256(line[:-1]).hexdigest(), self._count + 1

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # What the kernel could not write it may forget, and report the next sync as a success.
            self._broken = f"{error}, at an earlier line"
            raise

    def _check(self, *, durable: bool) -> None:
        if self._broken:
            raise ValueError(self._broken)
        if self._descriptor < 0:
            raise ValueError("it is closed")
        if durable:
            here, there = os.fstat(self._descriptor), os.stat(self._path)
            if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
                raise ValueError(f"{self._path} was replaced by another file")

    def _mend(self) -> None:
        """Mark what a failed write left behind the last whole line."""
        excess = os.fstat(self._descriptor).st_size - self._size
        if excess < 0:
            raise ValueError("somebody has shortened it")
        if excess:
            self._mark(os.pread(self._descriptor, excess, self._size))

    def _mark(self, torn: bytes) -> None:
        fields = {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
        line = self._line(TORN, fields)
        size = self._size
        self._append(b"\n" + line)
        # The hash is of the line itself, and the file has the torn bytes and a line end more.
        self._hash = hashlib.sha256(line[:-1]).hexdigest()
        self._size = size + len(torn) + 1 + len(line)

    # Files.

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o640)
        self._descriptor = descriptor
        self._lock_file()
        _sync_directory(self._path.parent)
        end = end_of(self._path)
        older = rotated_files(self._path)
        if end.count == 0 and older:
            self._take_over(end_of(older[-1]))
            self._size = 0
            if not end.torn:
                self._append(self._line(CONTINUED, {"file": older[-1].name}))
                self._sync()
        else:
            self._take_over(end)
        if end.torn:
            self._mark(end.torn)
        elif end.lacks_newline:
            os.write(self._descriptor, b"\n")
            self._size += 1

    def _lock_file(self) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise AuditError(
                        f"Another process writes the audit log {self._path}.",
                        "Set another audit_path, or end it.",
                    ) from error
                time.sleep(LOCK_POLL_S)  # it may be the one before this, ending

    def _take_over(self, end: End) -> None:
        self._size, self._hash, self._count = end.size, end.hash, end.count

    def _rotate(self) -> None:
        """Put the file aside and begin a new one that carries the chain on."""
        self._sync()
        older = rotated_files(self._path)
        aside = rotated_name(self._path, older[-1] if older else None)
        os.rename(self._path, aside)
        self._begin_file()
        for old in rotated_files(self._path)[: -self._kept_files]:
            old.unlink()

    def _begin_file(self) -> None:
        """Open what follows the file that was put aside. If the disk fails in between, the next write tries again."""
        self._is_between_files = True
        try:
            self._let_go()
            self._open()
        except AuditError as error:
            raise ValueError(str(error)) from error
        self._is_between_files = False


def _finite(value: Any) -> Any:
    """The same with words for numbers that JSON has none for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
