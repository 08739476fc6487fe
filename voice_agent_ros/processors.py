# SPDX-License-Identifier: Apache-2.0
"""Lists of processors as taskset, systemd and the kernel write them: `0,2-3`."""

from __future__ import annotations

import re

from voice_agent_ros.errors import ConfigurationError

LARGEST = 1023  # of a cpu_set_t


def parse_cpus(text: str) -> tuple[int, ...]:
    """The processors of a list, in order; none for an empty text.

    Raises:
        ConfigurationError: it is no such list.
    """
    cpus: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        found = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= LARGEST:
            raise ConfigurationError(f"{text!r} is no list of processors.", "Write it as 0,2-3.")
        cpus.update(range(first, last + 1))
    return tuple(sorted(cpus))
