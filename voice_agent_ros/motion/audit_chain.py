# SPDX-License-Identifier: Apache-2.0
"""Reading the audit record: its files in order, its lines, and whether the chain of their hashes is whole.

Each line is a JSON object with `n` (counts from 1, over all files), `time` (Unix, s), `event` and `previous`: the
SHA-256 of the line before it, without the line end. Two events belong to the record itself: `continued` begins a
file after the one before it was put aside, `torn` names the hash of a half line that a crash or a full disk left.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import VoiceAgentError

GENESIS = "0" * 64
TORN, CONTINUED = "torn", "continued"
_NUMBER = re.compile(r"\.(\d{6,})$")


class AuditError(VoiceAgentError):
    """The record cannot be written or is not whole; nothing may move unrecorded."""


@dataclass(frozen=True)
class End:
    """Where a file ends.

    Attributes:
        size: bytes up to and including its last whole line.
        hash: of that line; of nothing: GENESIS.
        count: its `n`.
        torn: what comes after it.
        lacks_newline: that line is whole but for its line end.
    """

    size: int = 0
    hash: str = GENESIS
    count: int = 0
    torn: bytes = b""
    lacks_newline: bool = False


@dataclass(frozen=True)
class Summary:
    """What a verification found.

    Attributes:
        lines: checked.
        first: `n` of the first line; more than 1: older files are gone.
        head: hash of the last line. Kept elsewhere, it shows later that nothing was cut off or rewritten.
        torn: half lines, each marked by the line after it.
        tail: bytes of a half line at the very end, which nothing has marked yet.
    """

    lines: int
    first: int
    head: str
    torn: int = 0
    tail: int = 0


def rotated_files(path: Path) -> list[Path]:
    """The files put aside for a log, oldest first."""
    found = [
        file for file in path.parent.glob(f"{path.name}.*") if _NUMBER.fullmatch(file.name[len(path.name) :])
    ]
    return sorted(found, key=_number)


def rotated_name(path: Path, newest: Path | None) -> Path:
    """Where to put a log aside."""
    return path.with_name(f"{path.name}.{(_number(newest) if newest else 0) + 1:06d}")


def _number(file: Path) -> int:
    match = _NUMBER.search(file.name)
    return int(match.group(1)) if match else 0


def end_of(path: Path) -> End:
    """Where to go on in a file.

    Raises:
        ValueError: its last whole line is none of a record.
    """
    data = path.read_bytes()
    end = len(data)
    while end > 0:
        start = data.rfind(b"\n", 0, end) + 1
        line = data[start:end]
        if _entry(line) is not None:
            size = min(end + 1, len(data))
            lacks = size == end  # all of it but the line end came to the disk
            return End(size, hashlib.sha256(line).hexdigest(), _count(line), data[size:], lacks_newline=lacks)
        end = start - 1
    if data and not data.startswith((b"{", b"\0")):
        raise ValueError("it is no audit log")
    return End(torn=data)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("previous"), str):
        return None
    return entry if isinstance(entry.setdefault("n", 0), int) else None  # 0: from before lines were numbered


def _count(line: bytes) -> int:
    entry = _entry(line)
    return int(entry["n"]) if entry is not None else 0


def entries(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """The lines of files, as they are; half lines are left out."""
    for file in files:
        for line in file.read_bytes().split(b"\n"):
            entry = _entry(line)
            if entry is not None:
                yield entry


def verify(files: Sequence[Path]) -> Summary:
    """Check the chain over files, oldest first.

    Raises:
        AuditError: a line was changed, removed or inserted; the message names it.
    """
    walk = _Walk()
    for file in files:
        walk.file(file)
    return Summary(walk.lines, walk.first, walk.previous, walk.torn, len(walk.half or b""))


class _Walk:
    def __init__(self) -> None:
        self.previous, self.count = GENESIS, 0
        self.lines, self.first, self.torn = 0, 1, 0
        self.half: bytes | None = None

    def file(self, file: Path) -> None:
        if self.half is not None:
            raise AuditError(f"{file}: the file before it ends with a half line.")
        lines = file.read_bytes().split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        for number, line in enumerate(lines, start=1):
            self._line(line, f"{file}: line {number}", is_first=number == 1)

    def _line(self, line: bytes, where: str, *, is_first: bool) -> None:
        entry = _entry(line)
        if self.half is not None and entry is not None:
            marked = entry.get("sha256") if entry.get("event") == TORN else ""
            if marked != hashlib.sha256(self.half).hexdigest():
                raise AuditError(f"{where} does not continue the line before it.")
            self.half, self.torn = None, self.torn + 1
        elif entry is not None and entry.get("event") == TORN:
            raise AuditError(f"{where} marks a half line that is not there.")
        if entry is None:
            if is_first and not line.startswith((b"{", b"\0")):
                raise AuditError(f"{where} is none of an audit log.")
            self.half = line if self.half is None else self.half + b"\n" + line
            return
        if not self.lines and entry["n"] > 1 and entry.get("event") == CONTINUED:
            self.previous, self.count, self.first = entry["previous"], entry["n"] - 1, entry["n"]
        follows = entry["n"] == self.count + 1 or (entry["n"] == self.count == 0)
        if entry["previous"] != self.previous or not follows:
            raise AuditError(f"{where} does not continue the line before it.")
        if is_first != (entry.get("event") == CONTINUED) and not (is_first and entry["n"] <= 1):
            raise AuditError(f"{where} does not continue the file before it.")
        self.previous, self.count = hashlib.sha256(line).hexdigest(), entry["n"]
        self.lines += 1
