# SPDX-License-Identifier: Apache-2.0
"""demo.launch.py: everything comes up, a transcript becomes a controller goal, SIGINT ends every process cleanly."""

from __future__ import annotations

import re
import socket
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import launch_testing.markers
import psutil
import pytest
import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.logging import launch_config
from rclpy.qos import qos_profile_action_status_default
from voice_agent_ros.msg import AgentState, Transcript, TurnReport

from voice_agent_ros.nodes import qos

STARTUP_S = 90.0
SAID = "Move the arm up by five centimeters."
CONSOLE = "xlm-console-sim"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.mark.launch_test
@pytest.mark.launch
@launch_testing.markers.keep_alive
def generate_test_description() -> LaunchDescription:
    file = Path(get_package_share_directory("voice_agent_ros")) / "launch" / "demo.launch.py"
    arguments = {"audio_source": "none", "audio_sink": "none", "llm_port": str(free_port())}
    demo = IncludeLaunchDescription(str(file), launch_arguments=list(arguments.items()))
    return LaunchDescription([demo, launch_testing.actions.ReadyToTest()])


class TestDemo(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.node = rclpy.create_node("test_demo_launch")
        cls.state = AgentState()
        cls.goals: dict[bytes, int] = {}
        cls.turns: list[TurnReport] = []
        cls.node.create_subscription(AgentState, "state", lambda m: setattr(cls, "state", m), qos.STATE)
        cls.node.create_subscription(TurnReport, "turns", cls.turns.append, qos.EVENTS)
        cls.node.create_subscription(
            GoalStatusArray,
            "arm_controller/follow_joint_trajectory/_action/status",
            cls.on_goals,
            qos_profile_action_status_default,
        )
        cls.transcripts = cls.node.create_publisher(Transcript, "speech/transcript", qos.EVENTS)

    @classmethod
    def on_goals(cls, message: GoalStatusArray) -> None:
        cls.goals |= {bytes(status.goal_info.goal_id.uuid): status.status for status in message.status_list}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not condition():
            rclpy.spin_once(self.node, timeout_sec=0.1)
        return condition()

    def say(self, text: str, turn_id: str) -> None:
        message = Transcript(turn_id=turn_id, session_id="test", text=text, is_final=True, confidence=0.95)
        message.language = "en"
        message.header.stamp = message.speech_start = message.speech_end = (
            self.node.get_clock().now().to_msg()
        )
        self.transcripts.publish(message)

    def test_1_every_node_becomes_active(self) -> None:
        assert self.wait(lambda: self.state.state == AgentState.READY, STARTUP_S), self.state

    def test_2_a_transcript_becomes_a_trajectory_goal_that_succeeds(self) -> None:
        self.wait(lambda: self.state.state == AgentState.READY, STARTUP_S)
        self.say(SAID, "turn-1")
        assert self.wait(lambda: bool(self.turns), 30.0)
        assert self.turns[0].outcome == TurnReport.OUTCOME_DONE, (self.turns[0].rule, self.turns[0].reply)
        assert self.wait(lambda: GoalStatus.STATUS_SUCCEEDED in self.goals.values(), 5.0), self.goals

    def test_3_a_negated_sentence_moves_nothing(self) -> None:
        self.turns.clear()
        goals = len(self.goals)
        self.say("Don't move the arm up by five centimeters.", "turn-2")
        assert self.wait(lambda: bool(self.turns), 30.0)
        assert self.turns[0].outcome in (TurnReport.OUTCOME_ANSWERED, TurnReport.OUTCOME_REFUSED)
        self.wait(lambda: False, 0.5)
        assert len(self.goals) == goals


@launch_testing.post_shutdown_test()
class TestAfterShutdown(unittest.TestCase):
    def test_logs_name_turns_and_hold_no_words(self) -> None:
        """Neither what ROS writes itself, nor what launch does, nor the record beside it."""
        folder = Path(launch_config.log_dir)
        launched = re.findall(r"process started with pid \[(\d+)\]", (folder / "launch.log").read_text())
        of_nodes = [path for pid in launched for path in folder.parent.glob(f"*_{pid}_*.log")]
        assert of_nodes
        logs = {path: path.read_text(errors="replace") for path in [*of_nodes, *folder.iterdir()]}
        assert any("Turn turn-1: done" in text for text in logs.values())
        for path, text in logs.items():
            for words in ("five centimet", "the arm up", "up by 5", "Done."):  # said by either side
                assert words not in text, path
        about = re.compile(r"\b(intent|refused|understood|language model failed|stop requested|cut short)\b")
        lines = [line for text in logs.values() for line in text.splitlines() if "]: " in line]
        assert not [line for line in lines if about.search(line.split("]: ")[-1]) and "Turn " not in line]

    def test_every_process_ended_cleanly(self, proc_info: launch_testing.ProcInfoHandler) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_no_console_process_is_left(self) -> None:
        parent = psutil.Process()
        left = [p for p in parent.children(recursive=True) if CONSOLE in " ".join(p.cmdline())]
        assert not left
