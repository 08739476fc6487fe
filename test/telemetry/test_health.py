# SPDX-License-Identifier: Apache-2.0
"""Judgements of the agent's health: the level, the reason and the fix."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from voice_agent_ros.telemetry import health
from voice_agent_ros.telemetry.health import Level, Process
from voice_agent_ros.telemetry.process_table import ProcessTable, executable
from voice_agent_ros.telemetry.statistics import Latencies
from voice_agent_ros.telemetry.turns import Stage, Turn


def turn(latency: float) -> Turn:
    stages = (Stage("final_transcript", 0.0, 100.0 + latency),)
    return Turn("s", "t", "", "en", "grammar", (), "done", "", "", 100.0, stages)


def latencies(*values: float) -> Latencies:
    kept = Latencies()
    for value in values:
        kept.add(turn(value))
    return kept


def test_latencies_survive_the_way_through_diagnostics():
    kept = latencies(*(0.01 * number for number in range(1, 60)))
    (row,) = health.latencies_of(health.latency(kept).values)
    (expected,) = kept.table()
    assert (row.stage, row.n) == (expected.stage, expected.n)
    assert (row.p50, row.p95, row.p99) == pytest.approx((expected.p50, expected.p95, expected.p99), abs=1e-3)


def test_slow_turns_warn_once_there_are_enough():
    assert health.latency(latencies(*[3.0] * 4)).level is Level.OK
    finding = health.latency(latencies(*[3.0] * 5))
    assert finding.level is Level.WARN
    assert "final_transcript 3.00 s" in finding.message
    assert health.latency(latencies(*[0.5] * 50)).level is Level.OK


@pytest.mark.parametrize(
    ("finding", "level", "words"),
    [
        (health.agent("", "", {}), Level.STALE, "supervisor_node"),
        (health.agent("ready", "", {}), Level.OK, "ready"),
        (health.agent("degraded", "asr_node: no microphone", {}), Level.WARN, "no microphone"),
        (health.agent("failed", "bridge", {}), Level.ERROR, "failed"),
        (health.latch(None, is_latched=False, reason="", is_moving=False), Level.STALE, "intent_bridge_node"),
        (health.latch(2.0, is_latched=False, reason="", is_moving=True), Level.ERROR, "silent for 2.0 s"),
        (health.latch(0.1, is_latched=True, reason="spoken", is_moving=False), Level.WARN, "resume"),
        (health.latch(0.1, is_latched=False, reason="", is_moving=True), Level.OK, "moving"),
        (health.joint_states(None, 0.0), Level.STALE, "joint_state_broadcaster"),
        (health.joint_states(1.0, 0.0), Level.ERROR, "refused"),
        (health.joint_states(0.01, 50.0), Level.OK, "50 Hz"),
        (health.controllers(["arm"], ["arm", "gripper"]), Level.ERROR, "ros2 control"),
        (health.controllers([], ["arm"]), Level.OK, ""),
        (health.disk(5_000_000, "/var"), Level.ERROR, "df -h /var"),
        (health.disk(500_000_000, "/var"), Level.WARN, "500 MB"),
        (health.disk(50_000_000_000, "/var"), Level.OK, "free"),
        (health.processes([]), Level.STALE, ""),
        (health.processes([Process("asr_node", 1, 97.0, 10**8)]), Level.WARN, "asr_node is busy"),
        (health.processes([Process("asr_node", 1, 7.0, 10**8)]), Level.OK, "100 MB"),
        (health.processes([Process("xlm_demo", 1, 7.0, 10**9)], 10**8), Level.ERROR, "xlm_demo has 1000 MB"),
        (health.processes([Process("xlm_demo", 1, 7.0, 10**9)], 10**10), Level.OK, "1000 MB"),
        (health.playback(3, 10), Level.WARN, "3 gaps in the last 10 replies"),
        (health.playback(0, 10), Level.OK, ""),
    ],
)
def test_levels_and_reasons(finding, level, words):
    assert finding.level is level
    assert words in finding.message
    if level is not Level.OK:
        hints = ("see ", "is it ", "voice-agent ", "ros2 ", "df -h", "start", "choose", "smaller")
        assert any(hint in finding.message.lower() for hint in hints), "what is to be done?"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (
            ["/usr/bin/python3", "/ws/install/voice_agent_ros/lib/voice_agent_ros/asr_node", "--ros-args"],
            "asr_node",
        ),
        (["/opt/venv/bin/python", "/opt/venv/bin/xlm-server", "--port", "1"], "xlm-server"),
        (["./xlm_demo", "--hbm_path", "x"], "xlm_demo"),
        (["vim", "notes.txt"], ""),
        (["grep", "asr_node"], ""),
        ([], ""),
    ],
)
def test_our_processes_are_told_by_their_executable(command, name):
    assert executable(command) == name


def test_a_process_of_ours_is_found_with_its_memory(tmp_path):
    folder = tmp_path / "lib" / "voice_agent_ros"
    folder.mkdir(parents=True)
    program = folder / "idle_node"
    program.write_text('import sys\nprint("up", flush=True)\nsys.stdin.read()\n', encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        seen = [process for process in ProcessTable().look() if process.pid == child.pid]
    finally:
        child.communicate(timeout=10.0)
    assert [process.name for process in seen] == ["idle_node"]
    assert seen[0].rss > 1_000_000
    assert os.getpid() != child.pid
