# SPDX-License-Identifier: Apache-2.0
"""Which shared libraries a program would not find; read from its file, without running it as `ldd` would."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

SYSTEM_FOLDERS = (
    "lib",
    "usr/lib",
    "usr/local/lib",
    "usr/hobot/lib",
    "opt/tros/humble/lib",
    "lib64",
    "usr/lib64",
)
_MACHINES = {"x86_64": "x64", "aarch64": "AArch64"}


def missing_libraries(
    program: Path, folders: Sequence[Path], root: Path = Path("/"), machine: str = ""
) -> list[str] | None:
    """Names of libraries that neither the program's folders nor the system's have; None: for another machine.

    Args:
        program: the file.
        folders: where LD_LIBRARY_PATH points to.
        root: below which the system's folders are looked for.
        machine: as `uname -m` tells it; empty: this computer's.

    Raises:
        ValueError: it is no ELF program, but a script, say.
    """
    machine = machine or platform.machine()
    searched = [*folders, *_system_folders(root, machine)]
    missing: list[str] = []
    seen: set[str] = set()
    waiting = [program]
    while waiting:
        path = waiting.pop()
        try:
            needed = list(_needed(path, machine))
        except ELFError as error:
            if path == program:
                raise ValueError("it is a script, or broken") from error
            continue
        except _OtherMachineError:
            if path == program:
                return None
            continue
        for name in needed:
            if name in seen:
                continue
            seen.add(name)
            found = next((folder / name for folder in searched if (folder / name).is_file()), None)
            if found is None:
                missing.append(name)
            else:
                waiting.append(found)
    return sorted(missing)


class _OtherMachineError(Exception):
    """The file is for another kind of processor."""


def _needed(path: Path, machine: str) -> Iterator[str]:
    with path.open("rb") as stream:
        file = ELFFile(stream)
        if file.get_machine_arch() != _MACHINES.get(machine, file.get_machine_arch()):
            raise _OtherMachineError
        for section in file.iter_sections():
            if isinstance(section, DynamicSection):
                yield from (tag.needed for tag in section.iter_tags("DT_NEEDED"))  # type: ignore[attr-defined]


def _system_folders(root: Path, machine: str) -> list[Path]:
    folders = [root / name for name in SYSTEM_FOLDERS]
    return [*(folder / f"{machine}-linux-gnu" for folder in folders), *folders]
