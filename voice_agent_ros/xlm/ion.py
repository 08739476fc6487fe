# SPDX-License-Identifier: Apache-2.0
"""The BPU's reserved memory (ION heaps) as the kernel accounts for it: read only, and compared around a process.

The heaps' files are root's. Where they cannot be read, that is said, not guessed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HEAPS = Path("sys/kernel/debug/ion/heaps")
# One file with all heaps; the others hold one each.
ALL_HEAPS = "all_heap_info"
HEAP_FILE_MAX_BYTES = 2_097_152
# Other users of the heaps, such as cameras, come and go; a lost model is hundreds of times as large.
LOST_LEAST_BYTES = 16 * 1024 * 1024
SETTLE_S = 0.3
REMEDY = "End other programs that use the BPU; if it stays, reboot: the driver gives orphaned memory back in no other way."
_CAPACITY = re.compile(r"^\s*(\S+)\s+heap total size\s+(\d+)\s*$", re.MULTILINE)
_TOTAL = re.compile(r"^\s*total\s+(\d+)\s*$", re.MULTILINE)
_ORPHANED = re.compile(r"^\s*total orphaned\s+(\d+)\s*$", re.MULTILINE)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heap:
    """One heap.

    Attributes:
        name: as the kernel calls it.
        capacity: its size in bytes; 0: not told.
        used: bytes that are allocated.
        orphaned: bytes of these whose owner is gone.
    """

    name: str
    capacity: int
    used: int
    orphaned: int = 0

    @property
    def free(self) -> int:
        """Bytes that could still be allocated, in pieces or as one."""
        return max(0, self.capacity - self.used)


@dataclass(frozen=True)
class Loss:
    """Memory that a process has not given back.

    Attributes:
        heap: where.
        lost: bytes more in use than before.
    """

    heap: str
    lost: int


def read_heaps(root: Path = Path("/")) -> list[Heap] | None:
    """All heaps, none on a computer without any; None if they cannot be read.

    Args:
        root: below which /sys is looked for.
    """
    folder = root / HEAPS
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        # Without the right to look into debugfs, ION cannot be told from its absence.
        return None if _is_closed(root / "sys/kernel/debug") else []
    except OSError:
        return None
    try:
        if ALL_HEAPS in names:
            return parse_heaps(_text(folder / ALL_HEAPS))
        return [heap for name in names for heap in parse_heaps(_text(folder / name), name)]
    except OSError:
        return None


def parse_heaps(text: str, name: str = "") -> list[Heap]:
    """Heaps in the kernel's own table.

    Args:
        text: content of a file below `heaps`.
        name: of the heap, where the text does not say it.
    """
    found = list(_CAPACITY.finditer(text))
    if not found:
        return [_heap(name, 0, text)] if name and _TOTAL.search(text) else []
    ends = [*(match.start() for match in found[1:]), len(text)]
    # A single heap's file tells its size wherever it likes; in a table the size comes first.
    sections = (
        [text] if len(found) == 1 else [text[m.end() : end] for m, end in zip(found, ends, strict=True)]
    )
    return [_heap(m.group(1), int(m.group(2)), part) for m, part in zip(found, sections, strict=True)]


def lost_memory(before: Sequence[Heap], after: Sequence[Heap]) -> list[Loss]:
    """What is missing now."""
    used = {heap.name: heap.used for heap in before}
    grown = [Loss(heap.name, heap.used - used.get(heap.name, heap.used)) for heap in after]
    return [loss for loss in grown if loss.lost >= LOST_LEAST_BYTES]


class HeapWatch:
    """Compares the heaps before the first start of a program with those after each of its ends.

    Args:
        root: below which /sys is looked for.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._before: list[Heap] | None = None
        self._began = False
        self.lost: list[Loss] = []

    @property
    def is_blind(self) -> bool:
        """The heaps cannot be read."""
        return self._began and self._before is None

    def heaps(self) -> list[Heap]:
        """As they are now; empty if there are none or they cannot be read."""
        return read_heaps(self._root) or []

    def before_start(self) -> None:
        """Remember the heaps; what an earlier process has lost stays lost."""
        if not self._began:
            self._began = True
            self._before = read_heaps(self._root)
            if self._before is None:
                log.info(
                    "BPU memory that does not come back will not be noticed: %s is root's", self._root / HEAPS
                )

    async def after_end(self) -> None:
        """Look whether all memory came back, and say so if not."""
        if not self._before:
            return
        self.lost = lost_memory(self._before, self.heaps())
        if self.lost:  # the driver may still be at it
            await asyncio.sleep(SETTLE_S)
            self.lost = lost_memory(self._before, self.heaps())
        for loss in self.lost:
            log.error("%d MiB of BPU memory did not come back to %s. %s", loss.lost >> 20, loss.heap, REMEDY)


def _heap(name: str, capacity: int, text: str) -> Heap:
    total, orphaned = _TOTAL.search(text), _ORPHANED.search(text)
    return Heap(
        name, capacity, int(total.group(1)) if total else 0, int(orphaned.group(1)) if orphaned else 0
    )


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(HEAP_FILE_MAX_BYTES).decode("utf-8", "replace")


def _is_closed(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        return True
    except OSError:
        return False
    return False
