# SPDX-License-Identifier: Apache-2.0
"""How well sentences are understood: exact calls, questions asked rightly, false actions; by grammar, model, both.

Example:
    python benchmarks/mind.py --llm-url http://127.0.0.1:8765/v1 --show
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from voice_agent_ros.commands.sentence_reader import SentenceReader
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.client import LlmClient

SENTENCES = Path(__file__).parents[1] / "test" / "data" / "mind_sentences.yaml"
SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)


@dataclass
class Score:
    """What became of a set of sentences.

    Attributes:
        exact: commands understood exactly.
        wrong: commands misunderstood.
        unmoved: sentences that must not move anything, or must be asked about, and that propose no motion.
        proposals: those that propose one all the same; the bridge asks back before it moves anything.
        false_actions: those whose motion would begin unasked.
    """

    commands: int = 0
    exact: int = 0
    wrong: int = 0
    others: int = 0
    unmoved: int = 0
    proposals: int = 0
    false_actions: int = 0
    seconds: list[float] = field(default_factory=list)


def written(calls: Sequence[SkillCall]) -> list[str]:
    """Calls as the sentence file writes them."""
    return [" ".join([call.skill, *(str(v) for v in call.as_dict()["arguments"].values())]) for call in calls]


def measure(reader: SentenceReader, rows: Sequence[dict[str, Any]], *, show: bool) -> Score:
    """Read every sentence."""
    score = Score()
    for row in rows:
        began = time.perf_counter()
        understood = reader.read(row["text"], script_of(row["text"]))
        elapsed = time.perf_counter() - began
        calls, moves = written(understood.calls), any(call.arguments.moves for call in understood.calls)
        unasked = understood.engine == "grammar"
        if understood.calls:
            score.seconds.append(elapsed)
        if row["kind"] == "command":
            score.commands += 1
            right = calls == row["calls"]
            score.exact += right
            score.wrong += bool(calls) and not right
            score.false_actions += moves and unasked and not right
        else:
            right = not moves
            score.others += 1
            score.unmoved += right
            score.proposals += moves
            score.false_actions += moves and unasked
        if show and not right:
            print(
                f"    {row['kind']:9}{row['text']!r} -> {calls or understood.reply!r} [{understood.engine}]"
            )
    return score


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=Path, default=SENTENCES)
    parser.add_argument("--llm-url", default="", help="without: the grammar alone")
    parser.add_argument("--llm-model", default="default")
    parser.add_argument("--show", action="store_true", help="every sentence that went wrong")
    options = parser.parse_args()
    rows = yaml.safe_load(options.sentences.read_text(encoding="utf-8"))
    grammars = SentenceGrammars()
    readers = {"grammar": SentenceReader(SCENE, grammars, None)}
    client = LlmClient(options.llm_url, options.llm_model) if options.llm_url else None
    if client is not None:
        readers["llm"] = SentenceReader(SCENE, None, lambda: client)
        readers["both"] = SentenceReader(SCENE, grammars, lambda: client)
    for name, reader in readers.items():
        score = measure(reader, rows, show=options.show)
        ordered = sorted(score.seconds) or [0.0]
        print(
            f"{name:8} exact {score.exact}/{score.commands}  wrong {score.wrong}  other sentences left alone"
            f" {score.unmoved}/{score.others}  proposed (asked back) {score.proposals}  false actions"
            f" {score.false_actions}  s/command P50 {statistics.median(ordered):.3f}"
            f" P95 {ordered[int(0.95 * (len(ordered) - 1))]:.3f}"
        )
    if client is not None:
        client.close()


if __name__ == "__main__":
    main()
