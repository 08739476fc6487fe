# SPDX-License-Identifier: Apache-2.0
"""xlm-server doctor: what the console will miss on this computer, before it is started, and the fix.

It reads files and nothing else: no registers, no driver calls, no sudo. What needs root is printed as a script, or
written into a systemd unit for a person to enable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from voice_agent_ros.errors import ConfigurationError, VoiceAgentError
from voice_agent_ros.xlm.console_plan import (
    configuration_file,
    console_program,
    named_values,
    option_value,
    plan_console,
    read_configuration,
)
from voice_agent_ros.xlm.elf import missing_libraries
from voice_agent_ros.xlm.ion import REMEDY, Heap, read_heaps
from voice_agent_ros.xlm.listening import listening_sockets
from voice_agent_ros.xlm.option_numbers import whole_number
from voice_agent_ros.xlm.profile import Profile, load_profile

Status = Literal["PASS", "WARN", "FAIL"]
GOVERNORS = "sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
SWITCH_ION = "/usr/hobot/bin/hb_switch_ion.sh"
MIB = 1024 * 1024
# Caches and buffers beside the weights: published loads need about 1.1 to 1.2 times the file.
MEMORY_PER_HBM_BYTE = 1.2
PERFORMANCE_SCRIPT = """#!/bin/sh
# Highest clock of the CPU. For the BPU run the vendor's script from the runtime folder besides: it sets registers
# that differ from board to board (set_performance_mode.sh; in 0.9.0 it is spelt set_permorfance_mode.sh).
for governor in /sys/devices/system/cpu/cpufreq/policy*/scaling_governor; do
    echo performance > "$governor"
done
"""
ION_SCRIPT = f"""#!/bin/sh
# More reserved memory for the BPU; takes effect with the reboot (OS 4.0.3 or newer).
{SWITCH_ION} bpu_first && reboot
"""
UNIT = """# Written by `xlm-server doctor --install-unit`; enable it with:
#   sudo install -m 644 {path} /etc/systemd/system/ && sudo systemctl enable --now {name}
[Unit]
Description=Performance mode for the language model console

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for governor in /sys/devices/system/cpu/cpufreq/policy*/scaling_governor; do echo performance > "$$governor"; done'
{vendor_line}
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        area: files, libraries, memory, speed or network.
        evidence: what was found.
        fix: what to do about it; empty if nothing needs to be done.
    """

    area: str
    name: str
    status: Status
    evidence: str
    fix: str = ""


@dataclass(frozen=True)
class Installation:
    """What is looked at.

    Attributes:
        profile: which console.
        command: its argv.
        cwd: where it runs.
        root: below which /sys and /proc are looked for.
        host: where the server will listen.
        port: the same.
        problem: why there is no command, if there is none.
    """

    profile: Profile
    command: Sequence[str]
    cwd: Path
    root: Path
    host: str
    port: int
    problem: ConfigurationError | None = None

    def named(self, option: str) -> Path | None:
        """The path that the command line gives for an option."""
        value = option_value(self.command, option)
        return self.cwd / value if value else None

    @property
    def program(self) -> Path | None:
        """The console program itself."""
        return console_program(self.command, self.cwd)

    @property
    def configuration(self) -> Path | None:
        """The JSON file that tells the rest."""
        return configuration_file(self.command, self.cwd)


def examine(installation: Installation) -> list[Check]:
    """All checks, in the order in which their fixes make sense."""
    if installation.problem is not None:
        problem = installation.problem
        first = [Check("files", "command line", "FAIL", problem.message, problem.fix)]
        return first + [check for part in (_memory, _speed, _network) for check in part(installation)]
    parts: tuple[Callable[[Installation], Iterable[Check]], ...] = (
        _files,
        _libraries,
        _memory,
        _speed,
        _network,
    )
    return [check for part in parts for check in part(installation)]


def _files(installation: Installation) -> Iterable[Check]:
    program = installation.program
    if program is None:
        yield Check(
            "files",
            "console program",
            "FAIL",
            f"there is no {installation.command[0]} in {installation.cwd}",
            "Give --cwd the runtime folder of the vendor's package, or --console another command.",
        )
    elif not _is_executable(program):
        yield Check("files", "console program", "FAIL", f"{program} is not executable", f"chmod +x {program}")
    else:
        yield Check("files", "console program", "PASS", str(program))
    for option, what in (("--hbm_path", "model"), ("--template_path", "template")):
        path = installation.named(option)
        if path is not None:
            yield _file(path, what, option)
    if installation.configuration is not None:
        found = _file(installation.configuration, "configuration", "-c")
        yield found
        if found.status == "PASS":
            yield from _configured_files(installation.configuration)
    tokenizer = installation.named("--tokenizer_dir")
    if tokenizer is not None:
        yield _tokenizer(tokenizer)


def _file(path: Path, what: str, option: str) -> Check:
    if not path.is_file():
        return Check("files", what, "FAIL", f"there is no file {path}", f"Correct {option}.")
    size = path.stat().st_size
    if size == 0:
        return Check("files", what, "FAIL", f"{path} is empty", "Fetch it again: the download broke off.")
    return Check("files", what, "PASS", f"{path} ({size / MIB:,.1f} MiB)")


def _configured_files(configuration: Path) -> Iterable[Check]:
    try:
        data = read_configuration(configuration)
    except ConfigurationError as error:
        yield Check("files", "configuration", "FAIL", error.message, error.fix)
        return
    for key, what in (("hbm_path", "model"), ("template_path", "template")):
        if isinstance(data.get(key), str):
            yield _file(configuration.parent / data[key], what, f"{key} in {configuration.name}")


def _tokenizer(folder: Path) -> Check:
    if (folder / "tokenizer.json").is_file():
        return Check("files", "tokenizer", "PASS", str(folder))
    if folder.is_dir():
        return Check(
            "files",
            "tokenizer",
            "WARN",
            f"{folder} has no tokenizer.json",
            "Compare with the model's folder.",
        )
    return Check("files", "tokenizer", "FAIL", f"there is no folder {folder}", "Correct --tokenizer_dir.")


def _libraries(installation: Installation) -> Iterable[Check]:
    program = installation.program
    if program is None:
        return
    path = installation.profile.filled_environment(installation.cwd).get("LD_LIBRARY_PATH", "")
    folders = [installation.cwd / folder for folder in path.split(":") if folder]
    try:
        missing = missing_libraries(program, folders, installation.root)
    except ValueError as error:
        yield Check("libraries", "shared libraries", "PASS", f"{program.name} is no ELF program: {error}")
        return
    if missing is None:
        yield Check(
            "libraries",
            "architecture",
            "FAIL",
            f"{program.name} is built for another kind of computer",
            "Run it on the board; elsewhere use xlm-console-sim.",
        )
    elif missing:
        yield Check(
            "libraries",
            "shared libraries",
            "FAIL",
            f"not found: {', '.join(missing)}; looked in {path or 'the system'}",
            "Give --cwd the runtime folder: its lib holds them. On the board, install hobot-dnn.",
        )
    else:
        yield Check("libraries", "shared libraries", "PASS", "all found")


def _memory(installation: Installation) -> Iterable[Check]:
    heaps = read_heaps(installation.root)
    model = _model_bytes(installation)
    if heaps is None:
        yield Check(
            "memory",
            "BPU heaps",
            "WARN",
            "/sys/kernel/debug/ion/heaps is root's",
            "As root: cat /sys/kernel/debug/ion/heaps/all_heap_info; or run this with sudo yourself.",
        )
        return
    if not heaps:
        yield Check("memory", "BPU heaps", "WARN", "this computer has none", "Fine beside the stand-in.")
        return
    yield _room(heaps, model)
    lost = [heap for heap in heaps if heap.orphaned >= 16 * MIB]
    if lost:
        told = ", ".join(f"{heap.name}: {heap.orphaned // MIB} MiB" for heap in lost)
        yield Check("memory", "orphaned memory", "WARN", f"its owners are gone: {told}", REMEDY)


def _room(heaps: Sequence[Heap], model: int) -> Check:
    told = ", ".join(f"{heap.name} {heap.free // MIB} of {heap.capacity // MIB} MiB free" for heap in heaps)
    needed = int(model * MEMORY_PER_HBM_BYTE)
    largest = max(heap.free for heap in heaps)
    if not model:
        return Check("memory", "room for the model", "WARN", f"{told}; the model's size is unknown")
    if largest < needed:
        could = max(heap.capacity for heap in heaps)
        other = "End what uses the BPU. " if could >= needed else ""
        return Check(
            "memory",
            "room for the model",
            "FAIL",
            f"the model needs about {needed // MIB} MiB in one heap; {told}",
            f"{other}As root:\n{ION_SCRIPT}On an older OS: update_ion_dtb.sh, then reboot.",
        )
    return Check("memory", "room for the model", "PASS", f"{told}; needed: about {needed // MIB} MiB")


def _model_bytes(installation: Installation) -> int:
    path = installation.named("--hbm_path")
    configuration = installation.configuration
    if path is None and configuration is not None:
        try:
            path = configuration.parent / str(read_configuration(configuration)["hbm_path"])
        except (ConfigurationError, KeyError):
            return 0
    return path.stat().st_size if path is not None and path.is_file() else 0


def _speed(installation: Installation) -> Iterable[Check]:
    governors = {}
    for path in sorted(installation.root.glob(GOVERNORS)):
        try:
            governors[path.parent.name] = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
    if not governors:
        yield Check("speed", "performance mode", "PASS", "this computer has no clock governor")
        return
    slow = {name: governor for name, governor in governors.items() if governor != "performance"}
    if slow:
        told = ", ".join(f"{name}: {governor}" for name, governor in slow.items())
        yield Check(
            "speed",
            "performance mode",
            "WARN",
            told,
            f"As root, after each boot (or --install-unit FILE):\n{PERFORMANCE_SCRIPT}",
        )
    else:
        yield Check("speed", "performance mode", "PASS", "all cores: performance")


def _network(installation: Installation) -> Iterable[Check]:
    where = f"{installation.host}:{installation.port}"
    try:
        for listener in listening_sockets(installation.host, installation.port):
            listener.close()
    except ConfigurationError as error:
        yield Check("network", "port", "FAIL", error.message, error.fix)
    else:
        yield Check("network", "port", "PASS", f"{where} is free")


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o111)


def write_unit(path: Path, cwd: Path) -> str:
    """Write a systemd unit that sets performance mode at boot; what to do with it.

    Raises:
        ConfigurationError: it cannot be written.
    """
    scripts = [cwd / name for name in ("set_performance_mode.sh", "set_permorfance_mode.sh")]
    vendor = next((script for script in scripts if script.is_file()), None)
    line = f"ExecStart=/bin/sh {vendor.resolve()}\nWorkingDirectory={cwd.resolve()}\n" if vendor else ""
    try:
        path.write_text(UNIT.format(path=path, name=path.name, vendor_line=line), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", "Choose another path."
        ) from error
    return f"Written: {path}. Read it, then: sudo install -m 644 {path} /etc/systemd/system/ && sudo systemctl enable --now {path.name}"


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="xlm-server doctor", description=__doc__)
    parser.add_argument("--profile", default="xlm_demo-0.9.0", help="as for xlm-server")
    parser.add_argument("--console", default="", metavar="CMD", help="as for xlm-server")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for xlm-server")
    parser.add_argument("--cwd", type=Path, default=Path(), help="as for xlm-server")
    parser.add_argument("--model-type", default="", help="as for xlm-server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=whole_number(0, 65_535), default=8765)
    parser.add_argument("--root", type=Path, default=Path("/"), help="where /sys and /proc are found")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--install-unit",
        type=Path,
        metavar="FILE",
        help="write a systemd unit for performance mode there; enabling it is up to you",
    )
    return parser


def _installation(options: argparse.Namespace) -> Installation:
    """What the options mean.

    Raises:
        ConfigurationError: there is no such profile.
    """
    profile, values = load_profile(options.profile), named_values(options.set)
    command: Sequence[str] = ()
    problem = None
    try:
        plan = plan_console(profile, options.console, values, options.model_type, "auto", options.cwd)
        command = plan.command
    except ConfigurationError as error:
        problem = error
    where = (options.cwd.resolve(), options.root, options.host, options.port)
    return Installation(profile, command, *where, problem)


def main(argv: Sequence[str] | None = None) -> int:
    """Examine; 1 if something will not work."""
    options = build_parser().parse_args(argv)
    try:
        checks = examine(_installation(options))
        note = write_unit(options.install_unit, options.cwd) if options.install_unit else ""
    except VoiceAgentError as error:
        sys.stderr.write(f"xlm-server doctor: {error}\n")
        return 2
    if options.json:
        print(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{check.status}  {check.area}: {check.name}: {check.evidence}")
            for line in check.fix.splitlines():
                print(f"      {line}")
    if note:
        print(note, file=sys.stderr)
    return 1 if any(check.status == "FAIL" for check in checks) else 0
