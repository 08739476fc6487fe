# SPDX-License-Identifier: Apache-2.0
"""Notices audio that was lost, came twice or belongs to another stream, by the chunks' sequence numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """What a chunk's number says.

    Attributes:
        is_new_stream: nothing before it belongs together with it.
        is_old: it was heard already, or comes too late.
        lost: chunks that are missing before it.
    """

    is_new_stream: bool = False
    is_old: bool = False
    lost: int = 0


class SequenceCheck:
    """Follows one stream at a time.

    Attributes:
        stream_id: of the stream that is followed.
        lost: chunks missing since the beginning.
    """

    def __init__(self) -> None:
        self.stream_id = ""
        self.lost = 0
        self._next = -1

    def check(self, stream_id: str, sequence: int) -> Verdict:
        """Judge the next chunk."""
        if stream_id != self.stream_id or self._next < 0:
            self.stream_id, self._next = stream_id, sequence + 1
            return Verdict(is_new_stream=True)
        if sequence < self._next:
            return Verdict(is_old=True)
        lost = sequence - self._next
        self.lost += lost
        self._next = sequence + 1
        return Verdict(lost=lost)
