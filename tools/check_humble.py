# SPDX-License-Identifier: Apache-2.0
"""Ask pip's resolver whether every dependency can be had on a robot: Python 3.10, aarch64, wheels only.

What has no wheel is taken out, resolved again without it, and listed as built from source. Needs a package index; nothing is
installed. `python3 tools/check_humble.py` prints the tables, `make humble` writes them into docs/humble.md.
"""

from __future__ import annotations

import argparse
import json
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints" / "humble.txt"
PAGE = ROOT / "docs" / "humble.md"
PART = re.compile(r"(?<=<!-- checked -->\n).*(?=<!-- end -->)", re.DOTALL)
# Ubuntu 22.04 has glibc 2.35: wheels for it and for older ones fit.
GLIBC_MINORS = (28, 35, 34, 31, 27, 17)
PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS), "manylinux2014_aarch64")
# Not for robots: development, and what ROS's own packages bring.
OTHER_EXTRAS = {"test", "ros_tools", "all"}
TIMEOUT_S = 600
MISSING = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)")
CONFLICT = re.compile(r"Cannot install (.+) because these package versions have conflicting dependencies")
# What cannot be had beside apt's numpy, and what is used instead.
INSTEAD = {"pin": "ros-humble-pinocchio, by rosdep"}


@dataclass
class Resolution:
    """What became of a set of requirements.

    Attributes:
        wheels: name and version of what there are wheels of.
        from_source: requirements that have none, or need something that has none, but source.
        instead: requirements that do not fit the constraints, and what a robot takes instead.
    """

    wheels: dict[str, str] = field(default_factory=dict)
    from_source: list[str] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)


def requirements() -> dict[str, list[str]]:
    """By extra; "" is what is always needed."""
    found: dict[str, Any] = {}
    stand_in = SimpleNamespace(setup=lambda **options: found.update(options), find_packages=lambda **_: [])
    with patch.dict(sys.modules, {"setuptools": stand_in}):  # which not every environment has
        runpy.run_path(str(ROOT / "setup.py"))
    extras: dict[str, list[str]] = {"": found["install_requires"], **found["extras_require"]}
    return {extra: wanted for extra, wanted in extras.items() if extra not in OTHER_EXTRAS}


def resolve(wanted: Sequence[str]) -> Resolution:
    """Resolve; what has no wheel is put aside.

    Raises:
        SystemExit: pip fails for another reason.
    """
    outcome, left = Resolution(), list(wanted)
    while left:
        done, report = _pip(left, "--only-binary=:all:")
        if done.returncode == 0:
            outcome.wheels = {
                one["metadata"]["name"]: one["metadata"]["version"] for one in report["install"]
            }
            break
        missing = {_name(match) for match in MISSING.findall(done.stderr)}
        clashing = {
            _name(word) for match in CONFLICT.findall(done.stderr) for word in re.split(r",| and ", match)
        }
        for one in list(left):
            if _name(one) in missing and has_source(_name(one)):
                outcome.from_source.append(one)
            elif _name(one) in clashing & set(INSTEAD):
                outcome.instead.append(one)
            elif (
                _name(one) in clashing and _pip([one], "--only-binary=:all:", "--no-deps")[0].returncode == 0
            ):
                outcome.from_source.append(one)  # it has a wheel, something that it needs has none
            else:
                continue
            left.remove(one)
            break
        else:
            raise SystemExit(f"pip cannot resolve {', '.join(left)}:\n{done.stderr[-2000:]}")
    return outcome


def has_source(name: str) -> bool:
    """Whether the index has a source distribution."""
    command = [sys.executable, "-m", "pip", "index", "versions", name, "--no-binary", ":all:"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    return done.returncode == 0


def _pip(
    wanted: Sequence[str], *options: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, list[dict]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        platforms = [word for name in PLATFORMS for word in ("--platform", name)]
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", str(path)]
        command += ["--target", folder, "--python-version", "3.10", "--constraint", str(CONSTRAINTS)]
        done = subprocess.run(
            [*command, *platforms, *options, *wanted],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        return done, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _name(requirement: str) -> str:
    return (
        re.sub(r"[-_.]+", "-", found[0]).lower()
        if (found := re.match(r"[A-Za-z0-9._-]+", requirement.strip()))
        else ""
    )


def tables() -> list[str]:
    """The result of all extras, as Markdown."""
    lines = [
        f"Checked on {date.today().isoformat()} with pip's resolver: Python 3.10, aarch64, glibc 2.35, wheels only, "
        "`constraints/humble.txt`.",
        "",
        "| extra | direct dependencies | wheels, with what they need in turn | built from source | instead |",
        "| --- | --- | --- | --- | --- |",
    ]
    base = requirements()
    always = base.pop("")
    for extra, wanted in {"": always, **base}.items():
        found = resolve([*wanted, *(always if extra else [])])
        versions = {_name(name): version for name, version in found.wheels.items()}
        direct = [f"{_name(one)} {versions.get(_name(one), '')}".strip() for one in wanted]
        source = ", ".join(_name(one) for one in found.from_source)
        instead = ", ".join(f"{_name(one)}: {INSTEAD[_name(one)]}" for one in found.instead)
        label = f"`[{extra}]`" if extra else "(always)"
        cells = (label, ", ".join(direct), str(len(found.wheels)), source or "–", instead or "–")
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> int:
    """0 once everything was resolved or listed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="into docs/humble.md")
    arguments = parser.parse_args()
    text = "\n".join(tables())
    if not arguments.write:
        print(text)
        return 0
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PART.sub(lambda _: f"\n{text}\n\n", page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
