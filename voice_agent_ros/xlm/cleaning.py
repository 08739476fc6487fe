# SPDX-License-Identifier: Apache-2.0
"""Console bytes without terminal control sequences and without log lines, wherever those fall.

They come from other threads of the program: one may stand in the middle of a word, a marker or a character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPE = 0x1B
# CSI (colours, erasing), OSC (titles), or a single character after ESC. The group is what ends it: something
# that cannot be part of it breaks it off.
_CONTROL_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*([@-~]|[^ -~])|\][^\x07\x1b]*(\x07|\x1b)|([^\[\]]))", re.DOTALL
)
_SEQUENCE_MAX_BYTES = 256
# A log line whose newline got lost must not swallow the rest of a reply.
LOG_LINE_MAX_BYTES = 2_048


class OutputCleaner:
    """Takes bytes in pieces of any size; what may still become something to drop is held back.

    Args:
        log_prefixes: from one of these to the end of the line is a log line.
    """

    def __init__(self, log_prefixes: Sequence[str]) -> None:
        self._prefixes = tuple(prefix.encode() for prefix in log_prefixes)
        first = {_ESCAPE, *(prefix[0] for prefix in self._prefixes)}
        self._suspect = re.compile(b"[" + re.escape(bytes(sorted(first))) + b"]")
        self._held = b""
        self._in_log = False
        self._log_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """The clean part of what is known so far."""
        data = self._held + data
        self._held = b""
        clean = bytearray()
        at = 0
        while at < len(data):
            if self._in_log:
                at = self._after_log_line(data, at)
                continue
            stop = self._next_suspect(data, at)
            clean += data[at:stop].replace(b"\r", b"").replace(b"\0", b"")
            if stop == len(data):
                break
            length = self._droppable(data, stop)
            if length is None:
                self._held = data[stop:]
                break
            if length == 0:
                clean += data[stop : stop + 1]
                length = 1
            at = stop + length
        return bytes(clean)

    def _after_log_line(self, data: bytes, at: int) -> int:
        """Where the log line ends that covers this place; the end of the data if it goes on."""
        last = at + LOG_LINE_MAX_BYTES - self._log_bytes
        newline = data.find(b"\n", at, last)
        end = newline + 1 if newline >= 0 else min(last, len(data))
        self._log_bytes += end - at
        self._in_log = newline < 0 and self._log_bytes < LOG_LINE_MAX_BYTES
        return end

    def _next_suspect(self, data: bytes, at: int) -> int:
        """Where the next control sequence or log line could begin."""
        found = self._suspect.search(data, at)
        return found.start() if found else len(data)

    def _droppable(self, data: bytes, at: int) -> int | None:
        """Bytes to drop here: 0 for ordinary text, None if more must be seen."""
        if data[at] == _ESCAPE:
            match = _CONTROL_SEQUENCE.match(data, at)
            if match:
                last = match.group(match.lastindex or 0)
                is_broken_off = not 0x20 <= last[0] <= 0x7E and last != b"\x07"
                return match.end() - at - int(is_broken_off)
            return 1 if len(data) - at > _SEQUENCE_MAX_BYTES else None
        rest = data[at : at + max(map(len, self._prefixes), default=0)]
        for prefix in self._prefixes:
            if rest.startswith(prefix):
                self._in_log = True
                self._log_bytes = 0
                return len(prefix)
        return None if any(prefix.startswith(rest) for prefix in self._prefixes) else 0
