# SPDX-License-Identifier: Apache-2.0
"""What the agent's topics and this computer tell about its health, in the terms of diagnostic_msgs.

Each judgement is a function of what was seen, with a reason and a fix in its message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from voice_agent_ros.telemetry.statistics import Latencies, Latency

LATENCY = "latency"
MB = 1_000_000
LITTLE_DISK = 1000 * MB
TOO_LITTLE_DISK = 100 * MB
HEARTBEAT_LATE_S = 0.5
JOINTS_LATE_S = 0.5
JOINTS_FIX = "see ros2 topic hz joint_states; start the joint_state_broadcaster, or remap it"
LITTLE_MEMORY = 400 * MB  # below it the kernel soon ends somebody
# The budgets of docs/performance.md for 95 of 100 turns, s after the end of speech.
SLOW_S = {"final_transcript": 0.9, "intent": 3.0, "first_audio": 4.0}
ENOUGH_TURNS = 5
BUSY_CPU = 90.0  # % of one core, for one of our processes


class Level(IntEnum):
    """diagnostic_msgs/DiagnosticStatus.level."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Finding:
    """One diagnostic status."""

    name: str
    level: Level
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """One of the agent's processes: CPU in % of one core since the last look, resident memory in bytes."""

    name: str
    pid: int
    cpu: float
    rss: int


def latency(latencies: Latencies) -> Finding:
    """How long turns take."""
    rows = latencies.table()
    values = {}
    for row in rows:
        values[f"{row.stage} n"] = str(row.n)
        for name, value in (("P50", row.p50), ("P95", row.p95), ("P99", row.p99)):
            values[f"{row.stage} {name} [s]"] = f"{value:.3f}"
    values |= {f"outcome {outcome}": str(count) for outcome, count in latencies.outcomes.items()}
    values |= {f"engine {engine}": str(count) for engine, count in latencies.engines.items()}
    slow = [row for row in rows if row.n >= ENOUGH_TURNS and row.p95 > SLOW_S.get(row.stage, float("inf"))]
    if slow:
        told = ", ".join(f"{row.stage} {row.p95:.2f} s" for row in slow)
        return Finding(
            LATENCY, Level.WARN, f"P95 too long: {told}. See: voice-agent timeline of a recording", values
        )
    if not rows:
        return Finding(LATENCY, Level.OK, "no turn yet", values)
    return Finding(LATENCY, Level.OK, f"{max(row.n for row in rows)} turns", values)


def latencies_of(values: Mapping[str, str]) -> list[Latency]:
    """The counterpart of `latency`: the table from a status' values."""
    rows = [
        Latency(
            stage,
            int(values[f"{stage} n"]),
            *(float(values[f"{stage} {name} [s]"]) for name in ("P50", "P95", "P99")),
        )
        for stage in (key.removesuffix(" n") for key in values if key.endswith(" n"))
    ]
    return sorted(rows, key=lambda row: row.p50)


def agent(state: str, message: str, nodes: Mapping[str, tuple[str, str]]) -> Finding:
    """The supervisor's view.

    Args:
        nodes: lifecycle state and message by name.
    """
    values = {name: f"{now} {why}".strip() for name, (now, why) in nodes.items()}
    levels = {"ready": Level.OK, "starting": Level.WARN, "degraded": Level.WARN, "failed": Level.ERROR}
    if not state:
        return Finding("agent", Level.STALE, "supervisor_node says nothing. Is it running?", values)
    told, level = f"{state}: {message}".rstrip(": "), levels.get(state, Level.WARN)
    if level not in (Level.OK, Level.STALE) and state != "starting":
        told = f"{told.rstrip('.')}. See: voice-agent doctor --area agent"
    return Finding("agent", level, told, values)


def latch(age_s: float | None, *, is_latched: bool, reason: str, is_moving: bool) -> Finding:
    """The bridge's heartbeat and latch.

    Args:
        age_s: of the last heartbeat; None: there was none yet.
    """
    if age_s is None:
        return Finding("latch", Level.STALE, "no heartbeat of intent_bridge_node yet. Is it running?")
    values = {"heartbeat age [s]": f"{age_s:.2f}", "moving": str(is_moving)}
    if age_s > HEARTBEAT_LATE_S:
        told = f"intent_bridge_node silent for {age_s:.1f} s: the stop guard has cancelled all goals. See its log"
        return Finding("latch", Level.ERROR, told, values)
    if is_latched:
        return Finding("latch", Level.WARN, f"motion is latched ({reason}): voice-agent resume", values)
    return Finding("latch", Level.OK, "moving" if is_moving else "free", values)


def joint_states(age_s: float | None, rate: float) -> Finding:
    """What the bridge plans from.

    Args:
        rate: Hz.
    """
    name = "joint states"
    if age_s is None:
        return Finding(name, Level.STALE, f"none yet: {JOINTS_FIX}")
    values = {"age [s]": f"{age_s:.2f}", "rate [Hz]": f"{rate:.1f}"}
    if age_s > JOINTS_LATE_S:
        return Finding(name, Level.ERROR, f"none for {age_s:.1f} s, motion is refused: {JOINTS_FIX}", values)
    return Finding(name, Level.OK, f"{rate:.0f} Hz", values)


def controllers(absent: Sequence[str], names: Sequence[str]) -> Finding:
    """Whether those who move the arm answer."""
    values = {name: "absent" if name in absent else "there" for name in names}
    if absent:
        told = f"nobody serves {', '.join(absent)}: ros2 control list_controllers"
        return Finding("controllers", Level.ERROR, told, values)
    return Finding("controllers", Level.OK, "all there", values)


def disk(free: int, folder: str) -> Finding:
    """Room for the audit record, bytes."""
    values = {"free [MB]": f"{free / MB:.0f}", "folder": folder}
    if free < TOO_LITTLE_DISK:
        return Finding(
            "disk", Level.ERROR, f"full: motion is refused without a record. df -h {folder}", values
        )
    if free < LITTLE_DISK:
        return Finding("disk", Level.WARN, f"{free / MB:.0f} MB left. df -h {folder}", values)
    return Finding("disk", Level.OK, f"{free / MB:,.0f} MB free", values)


def processes(seen: Sequence[Process], available: int | None = None) -> Finding:
    """What the agent's processes take, engines included.

    Args:
        available: memory that is left on this computer, bytes.
    """
    values = {} if available is None else {"memory left [MB]": f"{available / MB:.0f}"}
    for process in seen:
        values[f"{process.name} ({process.pid}) CPU [%]"] = f"{process.cpu:.1f}"
        values[f"{process.name} ({process.pid}) RSS [MB]"] = f"{process.rss / MB:.0f}"
    busy = [process for process in seen if process.cpu > BUSY_CPU]
    total = f"{sum(process.cpu for process in seen):.0f} % of a core, {sum(p.rss for p in seen) / MB:.0f} MB"
    if not seen:
        return Finding("processes", Level.STALE, "none of the agent's on this computer. Is it started?")
    if available is not None and available < LITTLE_MEMORY:
        most = max(seen, key=lambda process: process.rss)
        told = f"{available / MB:.0f} MB of memory left; {most.name} has {most.rss / MB:.0f} MB: choose smaller weights"
        return Finding("processes", Level.ERROR, f"{told}, or a profile with memory_mb", values)
    if busy:
        told = f"{busy[0].name} is busy; all: {total}. Smaller weights, fewer threads, or a core of its own (cpu_affinity)"
        return Finding("processes", Level.WARN, told, values)
    return Finding("processes", Level.OK, total, values)


def playback(underruns: int, replies: int) -> Finding:
    """Whether speech came in time.

    Args:
        underruns: in the latest replies.
        replies: how many these are.
    """
    values = {"underruns": str(underruns), "replies": str(replies)}
    if underruns:
        told = f"{underruns} gaps in the last {replies} replies: the synthesizer is too slow, or the processor busy."
        told += " See processes; a lighter voice (synthesizer), or more lead_s of tts_node"
        return Finding("playback", Level.WARN, told, values)
    return Finding("playback", Level.OK, f"no gap in the last {replies} replies", values)
