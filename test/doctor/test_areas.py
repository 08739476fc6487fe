# SPDX-License-Identifier: Apache-2.0
"""The doctor on computers that lack something, and when an examination itself breaks."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from voice_agent_ros.audio import devices
from voice_agent_ros.config_files import config_path
from voice_agent_ros.doctor import areas, audio, weights
from voice_agent_ros.doctor.areas import examine, examine_here
from voice_agent_ros.doctor.check import Check, Installation
from voice_agent_ros.doctor.controllers import Graph, judge
from voice_agent_ros.doctor.parameters import mistakes
from voice_agent_ros.errors import DeviceError
from voice_agent_ros.models.catalogue import Model
from voice_agent_ros.motion.arm_config import load_arm

ARM = load_arm(config_path("arms/prim6.yaml"))
RESOLVED = {name: f"/{name}" for name in (ARM.arm.action, ARM.gripper.action)}


def checks_of(area: str, **parameters: dict[str, object]) -> dict[str, Check]:
    installation = Installation(parameters=parameters, patience_s=1.0)
    return {check.name: check for check in examine_here(area, installation)}


def assert_fails(check: Check, evidence: str, fix: str) -> None:
    assert check.status == "FAIL"
    assert evidence in check.evidence
    assert fix in check.fix


@contextlib.contextmanager
def endpoint(status: int, body: object) -> Iterator[str]:
    """A server that answers everything like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join(5.0)
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_without_portaudio_the_package_is_named(monkeypatch):
    def missing():
        raise DeviceError("PortAudio library not found.", "Install it: apt-get install libportaudio2")

    monkeypatch.setattr(devices, "portaudio", missing)
    found = checks_of("audio")
    assert_fails(found["microphone"], "PortAudio", "apt-get install libportaudio2")
    assert_fails(found["loudspeaker"], "PortAudio", "apt-get install libportaudio2")


def test_without_any_device_it_says_so(monkeypatch):
    class PortAudioError(Exception):
        pass

    def query(chosen=None, direction=None):
        if direction is None:
            return []
        raise PortAudioError(f"Error querying device {chosen}")

    fake = SimpleNamespace(query_devices=query, PortAudioError=PortAudioError)
    monkeypatch.setattr(devices, "portaudio", lambda: fake)
    assert_fails(checks_of("audio")["microphone"], "cannot be used", "Plug one in")


def test_recordings_need_no_microphone():
    found = checks_of("audio", audio_node={"source": "wav", "sink": "none"})
    assert {check.status for check in found.values()} == {"PASS"}


def test_missing_weights_come_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    found = checks_of("weights")
    assert_fails(found["whisper-tiny.en"], "whisper-tiny.en", "voice-agent models fetch whisper-tiny.en")


def test_a_server_that_is_down_is_told_with_its_address():
    url = f"http://127.0.0.1:{free_port()}/v1"
    found = checks_of("xlm", llm_node={"llm_url": url})
    assert_fails(found["language model"], url, "xlm-server")


def test_a_server_without_models_is_no_server():
    with endpoint(200, {"object": "list", "data": []}) as url:
        assert_fails(
            checks_of("xlm", llm_node={"llm_url": url})["language model"], "no model", "Load a model"
        )


def test_another_model_than_the_wanted_one():
    with endpoint(200, {"object": "list", "data": [{"id": "small", "object": "model"}]}) as url:
        found = checks_of("xlm", llm_node={"llm_url": url, "llm_model": "large"})["language model"]
        assert_fails(found, "large is wanted", "small")
        assert checks_of("xlm", llm_node={"llm_url": url})["language model"].status == "PASS"


def test_a_missing_key_is_not_a_missing_server():
    with endpoint(401, {"error": {"message": "no key", "type": "invalid_request_error"}}) as url:
        found = checks_of("xlm", llm_node={"llm_url": url})["language model"]
        assert_fails(found, "wants another key", "api_key_file")


def test_something_else_on_the_port():
    with endpoint(200, ["hello"]) as url:
        assert_fails(checks_of("xlm", llm_node={"llm_url": url})["language model"], url, "OpenAI")


def test_servers_of_speech_that_are_down_and_what_stands_in():
    url = f"http://127.0.0.1:{free_port()}/v1"
    ears = {"recognizer": "openai_api", "recognizer_url": url}
    assert_fails(checks_of("xlm", asr_node=ears)["recognizer's server"], url, "recognizer_url of asr_node")
    found = checks_of("xlm", asr_node={**ears, "recognizer_fallback": ["whisper_local"]})
    assert found["recognizer's server"].status == "WARN"
    assert "whisper_local stands in" in found["recognizer's server"].evidence
    with endpoint(404, {}) as url:
        found = checks_of("xlm", tts_node={"synthesizer": "openai", "speech_url": url})
        assert found["voice's server"].status == "PASS"
    assert_fails(
        checks_of("xlm", tts_node={"synthesizer": "openai", "speech_url": ""})["voice's server"],
        "is no address",
        "speech_url",
    )


def test_weights_of_a_recognizer_that_stands_in_are_wanted_less(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    ears = {"recognizer": "openai_api", "recognizer_fallback": ["whisper_local"]}
    assert checks_of("weights", asr_node=ears)["whisper-tiny.en"].status == "WARN"


def test_an_engine_that_failed_is_told_by_its_server():
    body = {"is_healthy": False, "status": "unavailable", "problem": "out of BPU memory", "data": []}
    with endpoint(503, body) as url:
        assert_fails(checks_of("xlm", llm_node={"llm_url": url})["engine"], "out of BPU memory", "log")


def test_a_full_disk_means_no_motion(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    found = checks_of("disk")
    assert_fails(found["audit record"], "5 MB free", "every motion is refused")
    assert found["ROS logs"].status == "WARN"


def test_a_file_where_a_folder_must_be_is_told(tmp_path):
    (tmp_path / "state").write_text("")
    path = tmp_path / "state" / "agent" / "audit.jsonl"
    found = checks_of("disk", intent_bridge_node={"audit_path": str(path)})
    assert_fails(found["audit record"], "is no folder", "move it away")


def test_a_file_system_that_is_read_only_is_not_chmods_business(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    path = tmp_path / "audit.jsonl"
    found = checks_of("disk", intent_bridge_node={"audit_path": str(path)})
    assert_fails(found["audit record"], "mounted read-only", "remount,rw")
    assert_fails(found["ROS logs"], "mounted read-only", "no ROS program starts")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=0))
    found = checks_of("disk", intent_bridge_node={"audit_path": str(path)})
    assert_fails(found["audit record"], "cannot be written", f"chown or chmod {tmp_path}")


def refuse(path, *_, **__):
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_what_this_user_may_not_read_is_told_with_chmod(monkeypatch):
    monkeypatch.setattr(Path, "read_text", refuse)
    for check in checks_of("configuration").values():
        assert_fails(check, "Permission denied", "chmod a+rX")


def test_weights_that_this_user_may_not_read(monkeypatch, tmp_path):
    (tmp_path / "whisper-tiny.en").mkdir()
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    (tmp_path / "whisper-tiny.en" / "model.bin").write_bytes(b"half")
    found = checks_of("weights")["whisper-tiny.en"]
    assert_fails(found, "model.bin there is not complete", "models fetch")
    monkeypatch.setattr(Model, "is_complete_in", lambda *_: True)
    monkeypatch.setattr(weights, "_checksum", refuse)
    assert_fails(checks_of("weights")["whisper-tiny.en"], "Permission denied", "chmod a+rX")


def test_sound_devices_of_another_group(monkeypatch, tmp_path):
    (tmp_path / "pcmC0D0c").touch()
    monkeypatch.setattr(audio, "SOUND_GROUP", tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)

    def missing():
        raise DeviceError("Nothing there.", "Plug one in.")

    monkeypatch.setattr(devices, "portaudio", missing)
    assert_fails(checks_of("audio")["microphone"], "Nothing there", "usermod -aG audio")


@pytest.mark.parametrize(
    ("text", "told", "fix"),
    [
        ("url: 5", "url is 5", "a text: Where."),
        ("ulr: http://x", "there is no ulr", "Is url meant?"),
        ("weather: fine", "there is no weather", "docs/configuration.md"),
        ("wait: 1", "wait is 1", "a number with a point"),
        ("wait: 11.0", "wait is 11.0", "from 0 to 10"),
        ("rounds: 1.0", "rounds is 1.0", "a whole number"),
        ("rounds: true", "rounds is True", "a whole number"),
        ("kind: c", "kind is 'c'", "one of 'a', 'b'"),
        ("names: [1]", "names is [1]", "a list of texts"),
        ("in: {here: no}", "in.here is False", "a whole number"),
        ("{url: x, wait: 1.0, rounds: 2, kind: b, names: [x], use_sim_time: true, in: {here: 3}}", "", ""),
    ],
)
def test_values_that_do_not_fit_their_declaration(text, told, fix):
    def declared(name, default, bounds=None, choices=()):
        return SimpleNamespace(
            name=name, default=default, description="Where.", bounds=bounds, choices=choices
        )

    parameters = [
        declared("url", ""),
        declared("wait", 0.5, (0.0, 10.0)),
        declared("rounds", 1),
        declared("kind", "a", choices=("a", "b")),
        declared("names", [""]),
        declared("in.here", 1),
    ]
    found = list(mistakes(yaml.safe_load(text), parameters))
    assert [(told in one, fix in other) for one, other in found] == ([(True, True)] if told else [])


@pytest.mark.parametrize(
    ("name", "fix"), [("rclpy", "The area ros"), ("voice_agent_ros.newer", "colcon build")]
)
def test_parameters_that_cannot_be_compared(monkeypatch, name, fix):
    def refuse(node):
        raise ImportError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("voice_agent_ros.doctor.parameters._declared", refuse)
    check = checks_of("configuration", asr_node={"threads": 1})["parameters"]
    assert (check.status, name in check.evidence, fix in check.fix) == ("WARN", True, True)


def test_a_middleware_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nonsense_cpp")
    check = areas._broken("ros", "it ended with exit code 1: librmw_nonsense_cpp.so: rmw_nonsense_cpp")
    assert_fails(check, "rmw_nonsense_cpp", "rmw-nonsense-cpp")


def test_a_broken_arm_file_is_told_with_its_mistake(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text("base_frame: base_link\n", encoding="utf-8")
    found = checks_of("configuration", intent_bridge_node={"arm_path": str(path)})
    assert_fails(found["arm file"], "tool_frame", "Correct it")


def test_a_port_of_another_program_passes_only_as_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        name = f"127.0.0.1:{other.getsockname()[1]}"
        found = checks_of("ports", llm_node={"llm_url": f"http://{name}/v1"})
    assert "taken" in found[name].evidence


def test_no_robot_at_all():
    found = {check.name: check for check in judge(Graph(seconds=5.0), ARM, RESOLVED)}
    assert_fails(found["arm controller"], RESOLVED[ARM.arm.action], "ros2 control")
    assert_fails(found["joint_states"], "none within 5 s", "joint_state_broadcaster")


def test_a_controller_under_another_name_is_proposed():
    graph = Graph({"/other/follow_joint_trajectory": "control_msgs/action/FollowJointTrajectory"})
    found = {check.name: check for check in judge(graph, ARM, RESOLVED)}
    assert "/other/follow_joint_trajectory" in found["arm controller"].fix


def test_a_gripper_of_another_type_is_a_mismatch():
    graph = Graph({RESOLVED[ARM.gripper.action]: "control_msgs/action/ParallelGripperCommand"})
    found = {check.name: check for check in judge(graph, ARM, RESOLVED)}
    assert_fails(found["gripper controller"], "ParallelGripperCommand, not", "gripper.command")


def test_joints_under_other_names():
    graph = Graph(joints=("a", "b"), joint_messages=100, seconds=1.0)
    found = {check.name: check for check in judge(graph, ARM, RESOLVED)}
    assert_fails(found["joint_states"], ARM.arm.joints[0], "arm file")


def test_a_robot_that_is_complete():
    graph = Graph(
        {
            RESOLVED[ARM.arm.action]: "control_msgs/action/FollowJointTrajectory",
            RESOLVED[ARM.gripper.action]: f"control_msgs/action/{ARM.gripper.command}",
        },
        (*ARM.arm.joints, ARM.gripper.joint),
        joint_messages=50,
        seconds=1.0,
    )
    found = {check.name: check for check in judge(graph, ARM, RESOLVED)}
    assert found["arm controller"].status == found["joint_states"].status == "PASS"


def test_an_error_of_ours_keeps_its_fix(monkeypatch):
    def refuse_all(_: Installation):
        raise DeviceError("It is gone.", "Bring it back.")
        yield

    monkeypatch.setattr("voice_agent_ros.doctor.disk.examine", refuse_all)
    (check,) = examine_here("disk", Installation())
    assert (check.evidence, check.fix) == ("It is gone.", "Bring it back.")


def test_what_a_check_raises_is_its_result(monkeypatch):
    def explode(_: Installation):
        raise OSError("the moon is gone")
        yield

    monkeypatch.setattr("voice_agent_ros.doctor.disk.examine", explode)
    (check,) = examine_here("disk", Installation())
    assert_fails(check, "the moon is gone", "")


def test_an_area_that_crashes_hides_no_other():
    found = list(examine(Installation(patience_s=1.0), ("no_such_area", "disk")))
    assert found[0].status == "FAIL"
    assert {check.area for check in found[1:]} == {"disk"}
    assert "SIGSEGV" in areas._end(-11, "")
