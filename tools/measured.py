# SPDX-License-Identifier: Apache-2.0
"""Tables for docs/performance.md, from what `make bench` has written."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

FIRST_MOTION = "end of speech to first motion"
# The stages that follow each other until the arm moves, and what would make each shorter.
ATTACK = {
    "final_transcript": "the silence that is waited for (`endpoint_short_s`, `endpoint_silence_s`) and the decode that runs "
    "beside it: an ending that is judged by the words alone, a streaming recognizer",
    "grammar": "nothing to be had",
    "to the bridge": "the goal's way to another process; its executor may be busy with what else comes",
    "gate": "judging the sentence anew on the bridge's side",
    "plan": "inverse kinematics and path checks: fewer samples far from obstacles, the checks in C++",
    "goal_accepted": "one hop to the controller and back",
    "first_motion": "the jerk limit: how fast the arm may set out, and the rate of joint_states",
}
RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


def measured() -> dict[str, Callable[[], list[str]]]:
    """The newest results of each group, by `bench_<group>`."""
    newest: dict[str, Path] = {}
    for path in sorted(RESULTS.glob("*-*-*-*.json")):
        newest[path.stem.split("-", 3)[3]] = path
    found: dict[str, Callable[[], list[str]]] = {
        f"bench_{group}": partial(_lines, group, path) for group, path in newest.items()
    }
    if "commands" in newest:
        found["attack"] = partial(_attack, newest["commands"])
    return found


def _attack(path: Path) -> list[str]:
    """The stages until the arm moves, the longest first."""
    rows = {row["name"]: row for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}
    whole_ms = 1e3 * rows[FIRST_MOTION]["value"]
    stages = {stage: rows[f"stage: {stage}"]["value"] for stage in ATTACK if f"stage: {stage}" in rows}
    lines = [
        "| stage | median, ms | of the time to first motion | what would make it shorter |",
        "|---|---|---|---|",
    ]
    for stage, value in sorted(stages.items(), key=lambda item: -item[1]):
        lines.append(f"| {stage} | {_text(value)} | {100 * value / whole_ms:.0f} % | {ATTACK[stage]} |")
    return lines


def _lines(group: str, path: Path) -> list[str]:
    found = json.loads(path.read_text(encoding="utf-8"))
    commit = found["commit"].removesuffix("-dirty")
    return [
        f"`make bench GROUPS={group}`, {found['date']}, {found['machine']}, commit {commit}.",
        "",
        *(line for note in found.get("notes", ()) for line in (note, "")),
        "| | median | P95 | unit | compared with | n |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in found["rows"]),
    ]


def _line(row: dict[str, Any]) -> str:
    unit = row["unit"].replace("|", "/")
    cells = (row["name"], _text(row["value"]), _text(row["p95"]), unit, _text(row["baseline"]), str(row["n"]))
    return f"| {' | '.join(cells)} |"


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"
