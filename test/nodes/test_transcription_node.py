# SPDX-License-Identifier: Apache-2.0
"""transcription_node with its real worker: recordings in, text and feedback out."""

import json
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.weights]

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("faster_whisper")

from action_msgs.msg import GoalStatus  # noqa: E402
from rclpy.action import ActionClient  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from voice_agent_ros.action import TranscribeFile  # noqa: E402

from voice_agent_ros.errors import ModelMissingError  # noqa: E402
from voice_agent_ros.models.catalogue import path_of  # noqa: E402
from voice_agent_ros.nodes.spin import destroy_node  # noqa: E402
from voice_agent_ros.nodes.transcription_node import TranscriptionNode  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "demo"
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def node():
    try:
        path_of("whisper-tiny.en")
    except ModelMissingError as error:
        pytest.skip(str(error))
    rclpy.init()
    one = TranscriptionNode()
    yield one
    one.close()
    destroy_node(one)
    rclpy.shutdown()


@pytest.fixture(scope="module")
def ask(node):
    executor = SingleThreadedExecutor()
    other = rclpy.create_node("asker")
    executor.add_node(node)
    executor.add_node(other)
    client = ActionClient(other, TranscribeFile, "transcribe_file")

    def until(future):
        deadline = time.monotonic() + DEADLINE_S
        while not future.done():
            assert time.monotonic() < deadline
            executor.spin_once(timeout_sec=0.05)
        return future.result()

    def run(path, *, cancel=False, **more):
        heard = []
        assert client.wait_for_server(DEADLINE_S)
        goal = TranscribeFile.Goal(path=str(path), **more)
        handle = until(client.send_goal_async(goal, lambda message: heard.append(message.feedback)))
        assert handle.accepted
        if cancel:
            until(handle.cancel_goal_async())
        answer = until(handle.get_result_async())
        return answer.status, answer.result, heard

    yield run
    client.destroy()
    destroy_node(other)
    executor.shutdown()


def test_a_recording_becomes_text_subtitles_and_segments(ask):
    status, result, heard = ask(DEMO / "pick_red_cube.wav", words=True)
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True)
    assert result.text == "Pick up the red cube and put it in the bowl."
    assert result.language == "en"
    assert 0.5 < result.confidence <= 1.0
    (segment,) = json.loads(result.segments_json)
    assert segment["words"][0][0] == "Pick"
    assert " --> " in result.srt
    assert "".join(feedback.text for feedback in heard) == result.text
    assert heard[-1].fraction > 0.5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.wav", "cannot be opened"),
        ("README.md", "text file"),
        (".", "is a directory"),
        ("/dev/zero", "is a pipe or a device"),
        ("~nobody of that name/a.wav", "cannot be opened"),
    ],
)
def test_what_cannot_be_transcribed_is_said(ask, name, said):
    status, result, _ = ask(name if name.startswith("~") else DEMO / name)
    assert status == GoalStatus.STATUS_ABORTED
    assert said in result.message


def test_a_language_that_the_weights_do_not_know_is_said(ask):
    status, result, _ = ask(DEMO / "yes.wav", language="zh")
    assert status == GoalStatus.STATUS_ABORTED
    assert "whisper-base" in result.message


def test_only_recordings_below_the_folder(ask, node, tmp_path):
    node._values.folder = str(tmp_path)
    try:
        status, result, _ = ask(tmp_path / ".." / ".." / "etc" / "passwd")
        assert status == GoalStatus.STATUS_ABORTED
        assert "is not below" in result.message
    finally:
        node._values.folder = ""


def test_a_goal_is_cancelled(ask, tmp_path):
    import wave

    with (
        wave.open(str(DEMO / "pick_red_cube.wav")) as source,
        wave.open(str(tmp_path / "long.wav"), "wb") as file,
    ):
        file.setparams(source.getparams())
        data = source.readframes(source.getnframes())
        for _ in range(200):
            file.writeframes(data)
    status, result, _ = ask(tmp_path / "long.wav", cancel=True)
    assert status == GoalStatus.STATUS_CANCELED
    assert not result.success


def test_parameters_of_the_file_are_the_nodes(node):
    import yaml

    written = yaml.safe_load((DEMO.parent / "config" / "voice_agent.yaml").read_text(encoding="utf-8"))
    for name, value in written["/**/transcription_node"]["ros__parameters"].items():
        assert node.get_parameter(name).value == value
