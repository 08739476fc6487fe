# SPDX-License-Identifier: Apache-2.0
"""The running agent, by its own words: nodes that are not up and why, the latch, and every diagnostic that complains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from voice_agent_ros.commands.ros_session import RosSession, ros_session
from voice_agent_ros.doctor.check import Check, Installation, Status

AREA = "agent"
LEAST_S = 3.0  # discovery, and diagnostics once a second
BEATS_S = 1.0  # a bridge's heartbeats come four times as often
OURS = ("audio_node", "asr_node", "llm_node", "tts_node", "telemetry_node")
TOLD_ABOVE = ("telemetry_node: agent", "telemetry_node: latch")
STATUS: dict[int, Status] = {1: "WARN", 2: "FAIL", 3: "WARN"}  # by diagnostic_msgs/DiagnosticStatus.level
SEE_LOG = "What it logged: ~/.ros/log, the newest folder; of a service: journalctl --user -u voice-agent -e"


@dataclass
class Seen:
    """What was heard within the time given.

    Attributes:
        state, message: of the supervisor; "": there is none.
        nodes: lifecycle state and message by name.
        latches: why each bridge is latched, by the bridge's id; "": it is not.
        complaints: level and message of each diagnostic that is not OK, by its name.
    """

    state: str = ""
    message: str = ""
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    latches: dict[str, str] = field(default_factory=dict)
    complaints: dict[str, tuple[int, str]] = field(default_factory=dict)


def examine(installation: Installation) -> Iterator[Check]:
    """What it says of itself; that it does not run is no failure."""
    if installation.purpose == "demo":
        yield Check(AREA, "running", "PASS", "the demo starts it")
        return
    with ros_session(installation.namespace) as session:
        seen = look(session, max(installation.patience_s, LEAST_S))
    yield from judge(seen)


def judge(seen: Seen) -> Iterator[Check]:
    """The checks, from what was heard."""
    if not seen.state and not seen.latches and not seen.complaints:
        fix = "Start it: ros2 launch voice_agent_ros voice_agent.launch.py arm:=…"
        yield Check(
            AREA, "running", "WARN", "it does not run (or in another ROS_DOMAIN_ID or namespace)", fix
        )
        return
    yield _running(seen)
    for name, (state, message) in seen.nodes.items():
        if state != "active" and not message:
            yield Check(AREA, name, "WARN", f"{state}: it waits for those before it")
        elif state != "active":
            status: Status = "WARN" if seen.state == "starting" else "FAIL"
            yield Check(AREA, name, status, f"{state}: {message}", SEE_LOG)
    if seen.state:
        yield _latch(seen)
    for name, (level, message) in sorted(seen.complaints.items()):
        told, _, fix = message.partition(". ")
        yield Check(AREA, name, STATUS.get(level, "WARN"), told, fix)


def _running(seen: Seen) -> Check:
    name = "running"
    if len(seen.latches) > 1:
        fix = "Give each robot a namespace (namespace:=…) or a ROS_DOMAIN_ID of its own: one voice would move both."
        return Check(AREA, name, "FAIL", f"{len(seen.latches)} agents share these topics", fix)
    if not seen.state:
        fix = f"Nobody brings its nodes up again: start it anew. {SEE_LOG}"
        return Check(AREA, name, "FAIL", "parts of it run, but no supervisor_node", fix)
    if seen.state == "ready":
        return Check(AREA, name, "PASS", "ready")
    status: Status = "WARN" if seen.state == "starting" else "FAIL"
    down = ", ".join(node for node, (state, _) in seen.nodes.items() if state != "active")
    fix = "See below." if status == "FAIL" else "Wait: models are loaded."
    return Check(AREA, name, status, f"{seen.state}: {down or seen.message}", fix)


def _latch(seen: Seen) -> Check:
    name = "motion"
    if not seen.latches:
        return Check(AREA, name, "WARN", "no heartbeat of intent_bridge_node", SEE_LOG)
    reasons = [reason for reason in seen.latches.values() if reason]
    if reasons:
        fix = "When nobody is in the way: voice-agent resume"
        return Check(AREA, name, "WARN", f"latched: {'; '.join(reasons)}", fix)
    return Check(AREA, name, "PASS", "allowed")


def look(session: RosSession, patience_s: float) -> Seen:
    """Listen for so long."""
    from diagnostic_msgs.msg import DiagnosticArray

    from voice_agent_ros.msg import AgentState, BridgeState
    from voice_agent_ros.nodes import qos

    seen, node = Seen(), session.node
    beat_at: dict[str, float] = {}

    def on_agent(message: AgentState) -> None:
        seen.state, seen.message = message.state, message.message
        seen.nodes = {one.name: (one.state, one.message) for one in message.nodes}

    def on_bridge(message: BridgeState) -> None:
        beat_at[message.bridge_id] = time.monotonic()
        seen.latches[message.bridge_id] = (message.latch_reason or "stopped") if message.is_latched else ""

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            if not status.name.startswith(OURS) or status.name in TOLD_ABOVE:
                continue
            level = int.from_bytes(status.level, "little")
            if level:
                seen.complaints[status.name] = (level, status.message)
            else:
                seen.complaints.pop(status.name, None)

    node.create_subscription(AgentState, "state", on_agent, qos.STATE)
    node.create_subscription(BridgeState, "bridge/state", on_bridge, qos.EVENTS)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 50)
    session.wait(lambda: False, patience_s)
    now = time.monotonic()
    for bridge in [bridge for bridge, at in beat_at.items() if now - at > BEATS_S]:
        del seen.latches[bridge]  # it ended, or was restarted
    return seen
