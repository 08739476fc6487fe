# SPDX-License-Identifier: Apache-2.0
"""What doctor makes of what a running agent says of itself."""

import pytest

from voice_agent_ros.doctor.agent import Seen, judge

NODES = {
    "audio_node": ("active", ""),
    "tts_node": ("inactive", ""),
    "asr_node": ("unconfigured", "could not configure: No weights. Fetch."),
}


def found(seen: Seen) -> dict:
    return {check.name: check for check in judge(seen)}


def test_that_none_runs_is_a_warning():
    (check,) = judge(Seen())
    assert (check.status, "ROS_DOMAIN_ID" in check.evidence, "ros2 launch" in check.fix) == (
        "WARN",
        True,
        True,
    )


def test_one_that_is_well():
    checks = found(Seen("ready", "", {"audio_node": ("active", "")}, {"id": ""}))
    assert {check.status for check in checks.values()} == {"PASS"}


@pytest.mark.parametrize(
    ("state", "status"), [("degraded", "FAIL"), ("failed", "FAIL"), ("starting", "WARN")]
)
def test_a_node_that_is_not_up_is_told_with_the_reason(state, status):
    checks = found(Seen(state, "asr_node: …", NODES, {"id": ""}))
    assert (checks["running"].status, checks["asr_node"].status) == (status, status)
    assert "No weights. Fetch." in checks["asr_node"].evidence
    assert "audio_node" not in checks
    assert checks["tts_node"].status == "WARN"


def test_a_latch_is_told_with_its_reason_and_the_way_out():
    check = found(Seen("ready", "", {}, {"id": "spoken stop"}))["motion"]
    assert (check.status, "spoken stop" in check.evidence) == ("WARN", True)
    assert "voice-agent resume" in check.fix


def test_a_bridge_that_does_not_beat_and_a_supervisor_that_is_gone():
    assert found(Seen("ready"))["motion"].status == "WARN"
    check = found(Seen(latches={"id": ""}))["running"]
    assert (check.status, "supervisor_node" in check.evidence) == ("FAIL", True)


def test_two_agents_on_the_same_topics():
    check = found(Seen("ready", "", {}, {"one": "", "other": ""}))["running"]
    assert (check.status, "ROS_DOMAIN_ID" in check.fix) == ("FAIL", True)


def test_what_diagnostics_complain_of_comes_with_their_fix():
    complaints = {"audio_node: audio": (1, "The microphone is silent. Is it muted?"), "x": (2, "broken")}
    checks = found(Seen("ready", "", {}, {"id": ""}, complaints))
    audio = checks["audio_node: audio"]
    assert (audio.status, audio.evidence, audio.fix) == ("WARN", "The microphone is silent", "Is it muted?")
    assert checks["x"].status == "FAIL"
