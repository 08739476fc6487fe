# SPDX-License-Identifier: Apache-2.0
"""What has changed between two results of a group, beyond the noise.

Computers are now faster, now slower: what most times of a group have in common is taken for the machine's, and only
what goes beyond that is told. Of each number's own noise as much is allowed as its samples show.

Example:
    PYTHONPATH=. python -m benchmarks.compare            # each group's newest results with those before
    PYTHONPATH=. python -m benchmarks.compare OLD NEW    # two files
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.row import RESULTS, git

Verdict = Literal["same", "higher", "lower", "new", "gone"]
TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
SHARES = {"1": 1.0, "%": 100.0, "of scenes": 1.0}
FLOOR = 0.05  # a change below it interests nobody
SINGLE = 0.25  # of a number whose spread is not known
ENOUGH = 4  # times that show how fast the machine was
SIGMAS = 2.0


@dataclass(frozen=True)
class Change:
    """A number then and now.

    Attributes:
        relative: change of the value, with or without the machine's part, whichever is less; shares: the difference itself.
        noise: how large that may be without meaning anything.
    """

    name: str
    unit: str
    before: float | None
    now: float | None
    relative: float
    noise: float
    verdict: Verdict


def compare(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> tuple[float, list[Change]]:
    """How much slower the machine was (1.0: as fast), and every number that is in either, in order."""
    old, new = ({row["name"]: row for row in rows} for rows in (before, now))
    slower = _slower(old, new)
    changes = [
        _change(old[name], row, slower)
        if name in old
        else Change(name, row["unit"], None, row["value"], 0.0, 0.0, "new")
        for name, row in new.items()
    ]
    gone = [name for name in old if name not in new]
    return slower, [
        *changes,
        *(Change(name, old[name]["unit"], old[name]["value"], None, 0.0, 0.0, "gone") for name in gone),
    ]


def _slower(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> float:
    ratios = [
        row["value"] / old[name]["value"]
        for name, row in new.items()
        if row["unit"] in TIMES and name in old and row["value"] > 0.0 and old[name]["value"] > 0.0
    ]
    return statistics.median(ratios) if len(ratios) >= ENOUGH else 1.0


def _change(old: Mapping[str, Any], new: Mapping[str, Any], slower: float) -> Change:
    noise = FLOOR + math.hypot(_noise(old), _noise(new))
    if new["unit"] in SHARES:
        relative = (new["value"] - old["value"]) / SHARES[new["unit"]]
    elif old["value"] == 0.0:
        relative = 0.0 if new["value"] == 0.0 else math.inf
    else:
        # Not every time is the machine's (a pause of the arm is not): changed is what is so in either reading.
        plain = new["value"] / old["value"] - 1.0
        corrected = (plain + 1.0) / slower - 1.0 if new["unit"] in TIMES else plain
        relative = min(plain, corrected, key=abs) if plain * corrected > 0.0 else 0.0
    verdict: Verdict = "same" if abs(relative) <= noise else "higher" if relative > 0.0 else "lower"
    return Change(new["name"], new["unit"], old["value"], new["value"], relative, noise, verdict)


def _noise(row: Mapping[str, Any]) -> float:
    """Two standard errors: of a share; of a median, relative to it, as if its samples were normal."""
    count = max(int(row["n"]), 1)
    if row["unit"] in SHARES:
        share = min(max(row["value"] / SHARES[row["unit"]], 1.0 / (count + 2)), 1.0 - 1.0 / (count + 2))
        return SIGMAS * math.sqrt(share * (1.0 - share) / count)
    if count == 1 or row["p95"] is None or not row["p50"]:
        return SINGLE
    sigma = (row["p95"] - row["p50"]) / 1.645
    return SIGMAS * 1.2533 * sigma / math.sqrt(count) / abs(row["p50"])


def previous(path: Path) -> str | None:
    """The results of a group before those in a file: an earlier day's, or what the repository had."""
    group = path.stem[len("2000-01-01-") :]
    earlier = sorted(one for one in path.parent.glob(f"????-??-??-{group}.json") if one.name < path.name)
    if earlier:
        return earlier[-1].read_text(encoding="utf-8")
    now = path.read_text(encoding="utf-8")
    for commit in git(path.parent, "log", "--format=%H", "-n", "5", "--", path.name).split():
        if (then := git(path.parent, "show", f"{commit}:./{path.name}")) and then != now.strip():
            return then
    return None


def tell(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a reader wants to know, a line each."""
    slower, changes = compare(before["rows"], now["rows"])
    told = [f"{before['commit']} ({before['date']}) → {now['commit']} ({now['date']})"]
    if before["machine"] != now["machine"]:
        told.append(f"on another machine: {before['machine']} → {now['machine']}")
    if abs(slower - 1.0) > FLOOR:
        told.append(f"times are {slower:.2f} times those before: taken for the machine's, and left out below")
    for one in changes:
        if one.verdict in ("higher", "lower"):
            by = f"{one.relative:+.1%}".replace("inf", "∞")
            told.append(
                f"{one.verdict:6}  {one.name}: {one.before:.4g} → {one.now:.4g} {one.unit} ({by}, noise {one.noise:.1%})"
            )
        elif one.verdict != "same":
            value = one.now if one.now is not None else one.before
            told.append(f"{one.verdict:6}  {one.name}: {value:.4g} {one.unit}")
    told.append(f"same    {sum(one.verdict == 'same' for one in changes)} numbers")
    return told


def main() -> int:
    """Compare two files, or every group with its past."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="*", type=Path, help="two results' files; none: all groups")
    options = parser.parse_args()
    if options.file and len(options.file) != 2:
        parser.error("give two files, the older one first, or none")
    if options.file:
        older, newer = (json.loads(path.read_text(encoding="utf-8")) for path in options.file)
        print("\n".join(tell(older, newer)))
        return 0
    newest = {path.stem[len("2000-01-01-") :]: path for path in sorted(RESULTS.glob("????-??-??-*.json"))}
    for group, path in newest.items():
        print(f"== {group}")
        then = previous(path)
        now = json.loads(path.read_text(encoding="utf-8"))
        print("\n".join(tell(json.loads(then), now)) if then else "nothing to compare with")
    return 0


if __name__ == "__main__":
    sys.exit(main())
