# SPDX-License-Identifier: Apache-2.0
"""How well the sentence grammar alone understands labelled sentences: exact calls, false actions, time.

Example:
    python -m benchmarks.understanding test/data/commands_dev.yaml --wrong
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.row import Row, table
from voice_agent_ros.intent.grammar import GrammarResult, SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SKILLS, SkillCall

GROUP = "understanding"
SENTENCES = Path(__file__).parents[1] / "test" / "data" / "commands_dev.yaml"
DAY_ONE = frozenset(
    [
        "pick",
        "place",
        "pick_and_place",
        "move_to",
        "move_by",
        "open_gripper",
        "close_gripper",
        "stop",
        "resume",
        "describe_scene",
    ]
)
TOLERANCE = 1e-3  # m, rad or a part of the speed
TARGET_EXACT = 0.95
TARGET_P50_MS, TARGET_P95_MS = 5.0, 10.0
SCENE = Scene(
    tuple(
        SceneObject(name, position)
        for name, position in (
            ("red cube", (0.30, 0.10, 0.02)),
            ("green cube", (0.35, 0.0, 0.02)),
            ("blue cube", (0.30, -0.10, 0.02)),
            ("bowl", (0.42, 0.15, 0.03)),
        )
    ),
    ("home", "ready"),
)


@dataclass(frozen=True)
class Judged:
    """What became of a sentence.

    Attributes:
        exact: what was wanted, and nothing else; for a question: it is asked, or nobody like that is seen.
        false_action: something would move, or be set free, that nobody asked for.
        passed_on: nothing was made of a sentence of which something was wanted: the language model's turn.
    """

    row: Mapping[str, Any]
    got: str
    exact: bool
    false_action: bool
    passed_on: bool
    ms: float
    processor_ms: float = 0.0

    @property
    def kind(self) -> str:
        """The label's kind; commands of the first skills apart from those of the newer ones."""
        calls = self.row["expect"]["calls"]
        is_first = all(call["skill"] in DAY_ONE for call in calls)
        return f"{self.row['kind']}{'' if self.row['kind'] != 'command' or is_first else ' (newer)'}"


def judge(
    row: Mapping[str, Any], result: GrammarResult, scene: Scene, ms: float = 0.0, processor_ms: float = 0.0
) -> Judged:
    """Compare what the grammar made of a sentence with its label."""
    wanted = row["expect"]["calls"]
    got = [call.as_dict() for call in result.calls]
    acts = any(call.arguments.moves or call.skill == "resume" for call in result.calls)
    asks = bool(result.ambiguous or result.problem)
    if row["expect"].get("ask"):
        # Of a thing that nobody sees the bridge says so, and moves nothing.
        exact = asks or (bool(got) and any(_names_unseen(call, scene) for call in result.calls))
    elif not wanted:
        exact = not got and not asks
    else:
        exact = same_calls(wanted, got, any_order=bool(row.get("any_order")))
    text = repr(got) if got else f"asks which of {result.ambiguous}" if result.ambiguous else result.problem
    wants = bool(wanted) or bool(row["expect"].get("ask"))
    return Judged(
        row, text or "nothing", exact, acts and not exact, wants and not got and not asks, ms, processor_ms
    )


def same_calls(
    wanted: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]], *, any_order: bool = False
) -> bool:
    """Whether the calls are those of the label, arguments that it leaves out at their defaults.

    Where several values of an argument are equally right, the label gives them as `any_of`.
    """
    if len(wanted) != len(got):
        return False
    if any_order:
        left = list(got)
        for one in wanted:
            match = next((other for other in left if _same_call(one, other, any_order=True)), None)
            if match is None:
                return False
            left.remove(match)
        return True
    return all(_same_call(one, other, any_order=False) for one, other in zip(wanted, got, strict=True))


def _same_call(wanted: Mapping[str, Any], got: Mapping[str, Any], *, any_order: bool) -> bool:
    if wanted["skill"] != got["skill"]:
        return False
    if wanted["skill"] == "sequence":
        steps = (wanted["arguments"]["steps"], got["arguments"]["steps"])
        return same_calls(*steps, any_order=any_order or bool(wanted.get("any_order")))
    expected = {**SKILLS[wanted["skill"]].defaults, **wanted["arguments"]}
    actual = {**SKILLS[wanted["skill"]].defaults, **got["arguments"]}
    return all(_same(expected.get(key), actual.get(key)) for key in expected.keys() | actual.keys())


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, Mapping):
        return any(_same(one, got) for one in wanted["any_of"])
    if wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, float) or isinstance(got, float):
        return math.isclose(float(wanted), float(got), rel_tol=0.0, abs_tol=TOLERANCE)  # type: ignore[arg-type]
    return " ".join(str(wanted).lower().split()) == " ".join(str(got).lower().split())


def _names_unseen(call: SkillCall, scene: Scene) -> bool:
    arguments = call.arguments.model_dump(exclude_none=True)
    steps = [step["arguments"] for step in arguments.get("steps", ())] or [arguments]
    return any(
        slot in step and scene.find(str(step[slot])) is None
        for step in steps
        for slot in ("object", "target")
    ) or any("pose" in step and step["pose"] not in scene.poses for step in steps)


def measure(rows_of_file: Sequence[Mapping[str, Any]], grammars: SentenceGrammars) -> list[Judged]:
    """Parse every sentence once."""
    judged = []
    for row in rows_of_file:
        began, began_processor = time.perf_counter(), time.thread_time()
        result = grammars.parse(str(row["text"]), str(row["language"]), SCENE)
        processor_ms = (time.thread_time() - began_processor) * 1e3
        judged.append(judge(row, result, SCENE, (time.perf_counter() - began) * 1e3, processor_ms))
    return judged


def summary(judged: Sequence[Judged], prefix: str = "") -> list[Row]:
    """The numbers, by kind and language, then over all."""
    found = []
    for kind in dict.fromkeys(one.kind for one in judged):
        for language in dict.fromkeys(one.row["language"] for one in judged):
            part = [one for one in judged if one.kind == kind and one.row["language"] == language]
            if part:
                found += _rates(f"{prefix}{kind} {language}", part)
    found += _rates(f"{prefix}all", judged)
    times = {"time": [one.ms for one in judged], "processor time": [one.processor_ms for one in judged]}
    for name, samples in times.items():
        p50, p95 = (float(value) for value in np.percentile(samples, (50, 95)))
        found.append(Row(GROUP, f"{prefix}{name} P50", p50, "ms", TARGET_P50_MS, len(judged), p50, p95))
        found.append(Row(GROUP, f"{prefix}{name} P95", p95, "ms", TARGET_P95_MS, len(judged)))
    return found


def _rates(name: str, part: Sequence[Judged]) -> list[Row]:
    count = len(part)
    target = TARGET_EXACT if name.rsplit(": ", maxsplit=1)[-1].startswith("command ") else None
    found = [
        Row(GROUP, f"{name}: exact", sum(one.exact for one in part) / count, "1", target, count),
        Row(GROUP, f"{name}: false action", sum(one.false_action for one in part) / count, "1", None, count),
    ]
    if passed := sum(one.passed_on for one in part):
        found.append(Row(GROUP, f"{name}: passed on to the model", passed / count, "1", None, count))
    return found


def read(path: Path) -> list[dict[str, Any]]:
    """The labelled sentences of a file."""
    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


def rows() -> list[Row]:
    """The sentences that come with the source."""
    return summary(measure(read(SENTENCES), SentenceGrammars()))


def main() -> int:
    """Score files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, default=[SENTENCES])
    parser.add_argument("--wrong", action="store_true", help="print every sentence that went wrong")
    options = parser.parse_args()
    grammars = SentenceGrammars()
    for path in options.files:
        judged = measure(read(path), grammars)
        print(f"== {path}")
        print(table(summary(judged)))
        for one in judged if options.wrong else ():
            if not one.exact:
                mark = "!!" if one.false_action else "  "
                wanted = (
                    "a question" if one.row["expect"].get("ask") else one.row["expect"]["calls"] or "nothing"
                )
                print(
                    f"{mark} {one.kind}: {one.row['text']}\n       wanted {wanted}\n       got    {one.got}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
