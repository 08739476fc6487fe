# SPDX-License-Identifier: Apache-2.0
"""Bounds what a server may send and how long it may take for it: a timeout of httpx is one of each single read."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 4_000_000


def bound(answer: Any, seconds: float, most: int = MOST_BYTES) -> None:
    """From now on, its body must come within so many seconds, and have no more than so many bytes.

    What reads it raises `ReadTimeout` or `ReadError` otherwise.

    Args:
        answer: an `httpx.Response`, or one of the httpx that newer openai clients bring.
    """
    library: Any = sys.modules[type(answer).__module__.partition(".")[0]]
    stream, end = answer.stream, time.monotonic() + seconds

    class Bounded(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            taken = 0
            for part in stream:
                taken += len(part)
                if taken > most:
                    raise library.ReadError(f"The answer has more than {most} bytes.")
                if time.monotonic() > end:
                    raise library.ReadTimeout(f"The answer was not complete after {seconds:g} s.")
                yield part

        def close(self) -> None:
            stream.close()

    answer.stream = Bounded()
