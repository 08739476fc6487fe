# SPDX-License-Identifier: Apache-2.0
"""The agent's processes on this computer, by psutil."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from voice_agent_ros.telemetry.health import Process

# What an executable of ours is called in a command line (bin/…, lib/voice_agent_ros/…).
FOLDER = "voice_agent_ros/"
SERVERS = ("xlm-server", "xlm_demo", "xlm-console-sim")


class ProcessTable:
    """Looks now and then; CPU counts from one look to the next.

    Raises:
        ImportError: psutil is missing.
    """

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._known: dict[int, Any] = {}

    def look(self) -> list[Process]:
        """Those that run now, the greediest first."""
        psutil = self._psutil
        seen: list[Process] = []
        found: dict[int, Any] = {}
        for process in psutil.process_iter():
            try:
                name = executable(process.cmdline())
                if not name:
                    continue
                # The same object has to be asked again: it remembers when it was asked last.
                known = self._known.get(process.pid)
                process = known if known == process else process  # noqa: PLW2901
                found[process.pid] = process
                with process.oneshot():
                    seen.append(
                        Process(name, process.pid, process.cpu_percent(None), process.memory_info().rss)
                    )
            except psutil.Error:
                continue
        self._known = found
        return sorted(seen, key=lambda process: -process.cpu)

    def available(self) -> int:
        """Memory that is left on this computer, bytes."""
        return int(self._psutil.virtual_memory().available)


def executable(command: Iterable[str]) -> str:
    """The name of our executable in a command line, or "" if it is none of ours."""
    for word in list(command)[:3]:
        name = word.rsplit("/", 1)[-1]
        if name in SERVERS or (f"/lib/{FOLDER}" in word and not word.endswith(".py")):
            return name
    return ""
