# SPDX-License-Identifier: Apache-2.0
"""What a loudspeaker has to do, whether it is one or only writes a file."""

from __future__ import annotations

from typing import Protocol


class Sink(Protocol):
    """Plays a `PlaybackQueue` at the pace of its own clock from the moment it is made."""

    def close(self) -> None:
        """Give the device back; what is queued is not played."""
        ...
