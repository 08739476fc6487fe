# SPDX-License-Identifier: Apache-2.0
"""Each log line about a turn carries its id; each event is one line."""

import ast
from pathlib import Path

import pytest

import voice_agent_ros
from voice_agent_ros.nodes.log_lines import MAX_ID, of_turn, stopped

NODES = Path(voice_agent_ros.__file__).parent / "nodes"
LEVELS = {"debug", "info", "warning", "warn", "error", "fatal"}
FORMS = {"of_turn", "stopped"}
LIFECYCLE = {"on_configure", "on_activate", "on_deactivate", "on_cleanup"}
# Functions whose log lines are about a device, an engine or the computer: no turn is under way, or all are.
OF_NO_TURN = {
    "affinity": {"pin"},
    "asr_node": {"_spotting", "fail", "_on_wake_word"},
    "audio_feed": {"_on_audio"},
    "audio_node": {"_open", "_revive", "_failed", "_report_problem", "_report_clip"},
    "bridge_senses": {"on_objects"},
    "controller_action": {"_judge"},
    "controller_check": {"problem"},
    "intent_bridge_node": {"_serve_resume", "_watch_clock"},
    "llm_node": {"_keep_conversation", "_on_endpoint"},
    "managed": {"_LifecycleNodeMixin__on_change_state"},
    "say_server": {"_judge"},
    "sim_arm_node": set(),
    "spin": {"run", "spin"},
    "stop_guard_node": {"_on_heartbeat", "_on_canceled"},
    "supervisor_node": set(),
    "telemetry_node": {"_on_path"},
    "transcription_node": set(),
    "wakeup": set(),
}
ANY = {"sim_arm_node", "supervisor_node", "transcription_node", "wakeup"}  # they know of no turns


def log_calls(path):
    """(function, call) of each log line of a file."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and (
                        "get_logger" in ast.unparse(node.func.value) or ast.unparse(node.func.value) == "log"
                    )
                ):
                    yield function.name, node


def names_its_turn(call):
    first = call.args[0]
    return isinstance(first, ast.Call) and ast.unparse(first.func) in FORMS


@pytest.mark.parametrize("path", sorted(NODES.glob("*.py")), ids=lambda path: path.stem)
def test_a_log_line_names_its_turn_or_is_known_to_have_none(path):
    known = OF_NO_TURN.get(path.stem, set()) | LIFECYCLE
    wrong = [
        f"{path.name}:{call.lineno} in {name}: {ast.unparse(call)[:90]}"
        for name, call in log_calls(path)
        if path.stem not in ANY and name not in known and not names_its_turn(call)
    ]
    assert not wrong, "say it with of_turn(), or enter the function above"


def test_what_is_entered_above_exists():
    for stem, functions in OF_NO_TURN.items():
        found = {name for name, call in log_calls(NODES / f"{stem}.py") if not names_its_turn(call)}
        assert functions <= found, stem


def test_an_event_is_one_line_with_its_turn():
    assert of_turn("t1", "no audio.") == "Turn t1: no audio."
    assert of_turn("", "no audio.") == "No audio."
    assert of_turn("t\n1 ", "two\nlines") == "Turn t1: two lines"
    assert len(of_turn("x" * 1000, "")) < MAX_ID + 10


def test_a_stop_names_who_said_it_and_what_it_ended():
    told = stopped("partial_transcript: stop", "t2", "t1")
    assert told == "Turn t2: stopped and latched: partial_transcript: stop; turn t1 was under way."
    assert stopped("joint_states have stopped coming", "", "") == (
        "Stopped and latched: joint_states have stopped coming."
    )
