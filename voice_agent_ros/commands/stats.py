# SPDX-License-Identifier: Apache-2.0
"""voice-agent stats: how long turns take, from a recording or from the running agent."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voice_agent_ros.commands.ros_session import DISCOVERY_S, add_session_arguments, ros_session

if TYPE_CHECKING:
    from voice_agent_ros.telemetry.statistics import Latency

HELP = "latencies of the last turns (P50, P95, P99), of a recording or of the running agent"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "recording", nargs="?", type=Path, metavar="BAG|MCAP", help="default: the running agent"
    )
    parser.add_argument("--last", type=int, default=0, metavar="N", help="only the last N turns of it")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write the agent's turns, with the words, until Ctrl-C: .mcap or .csv",
    )
    parser.add_argument(
        "--duration",
        type=float,
        default=0.0,
        metavar="S",
        help="with --record: end after so long; default: never",
    )
    add_session_arguments(parser, DISCOVERY_S)


def run(arguments: argparse.Namespace) -> int:
    """Show."""
    if arguments.record is not None:
        return _record(arguments)
    if arguments.recording is None:
        return _running(arguments)
    from voice_agent_ros.telemetry.statistics import table
    from voice_agent_ros.telemetry.turn_files import read_turns

    turns = read_turns(arguments.recording)
    _show(table(turns[-arguments.last :] if arguments.last > 0 else turns), arguments)
    return 0


def _show(rows: Sequence[Latency], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps({"latencies_s": [asdict(row) for row in rows]}))
        return
    print(f"{'seconds from the end of speech to':<36} {'n':>5} {'P50':>8} {'P95':>8} {'P99':>8}")
    for row in rows:
        print(f"{row.stage:<36} {row.n:>5} {row.p50:>8.3f} {row.p95:>8.3f} {row.p99:>8.3f}")


def _running(arguments: argparse.Namespace) -> int:
    """What telemetry_node knows of the last turns, from /diagnostics."""
    from voice_agent_ros.telemetry.health import LATENCY, latencies_of

    found: list[Any] = []
    with ros_session(arguments.namespace) as session:
        from diagnostic_msgs.msg import DiagnosticArray

        def on_diagnostics(message: DiagnosticArray) -> None:
            found.extend(status for status in message.status if status.name.endswith(LATENCY))

        session.node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
        session.require(lambda: found, arguments.timeout, "No telemetry_node has published its latencies")
    _show(latencies_of({pair.key: pair.value for pair in found[-1].values}), arguments)
    return 0


def _record(arguments: argparse.Namespace) -> int:
    from voice_agent_ros.errors import ConfigurationError
    from voice_agent_ros.telemetry.turn_files import TurnRecorder, write_csv
    from voice_agent_ros.telemetry.turns import Turn, turn_of

    path: Path = arguments.record
    if path.suffix not in (".mcap", ".csv"):
        raise ConfigurationError(f"{path} is neither .mcap nor .csv.", "Choose one of these.")
    recorder = TurnRecorder(path) if path.suffix == ".mcap" else None
    turns: list[Turn] = []
    try:
        with ros_session(arguments.namespace) as session:
            from voice_agent_ros.msg import TurnReport
            from voice_agent_ros.nodes import qos

            def on_turn(message: TurnReport) -> None:
                turns.append(turn_of(message))
                if recorder is not None:
                    recorder.add(message)
                print(f"{turns[-1].turn_id}: {turns[-1].outcome}", flush=True)

            session.node.create_subscription(TurnReport, "turns", on_turn, qos.EVENTS)
            deadline = time.monotonic() + arguments.duration if arguments.duration else float("inf")
            while time.monotonic() < deadline:
                session.wait(lambda: False, min(1.0, max(0.0, deadline - time.monotonic())))
    except KeyboardInterrupt:
        pass
    finally:
        if recorder is not None:
            recorder.close()
        else:
            write_csv(path, turns)
    print(f"{path}: {len(turns)} turns")
    return 0
