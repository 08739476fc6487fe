# SPDX-License-Identifier: Apache-2.0
"""The verbs that talk to a running agent, against a scripted one."""

import json
import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.ros

rclpy = pytest.importorskip("rclpy")

from rclpy.action import ActionServer  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from voice_agent_ros.action import Say  # noqa: E402
from voice_agent_ros.msg import (  # noqa: E402
    AgentState,
    BridgeState,
    Prompt,
    ReplyChunk,
    SkillCall,
    StopRequest,
    Transcript,
    TurnReport,
)

from voice_agent_ros.commands.console_session import terminal_session  # noqa: E402
from voice_agent_ros.nodes import qos  # noqa: E402
from voice_agent_ros.nodes.spin import destroy_node  # noqa: E402

PROGRAM = [sys.executable, "-c", "import sys; from voice_agent_ros.cli import main; sys.exit(main())"]
DEADLINE_S = 30.0


class ScriptedAgent:
    """Answers as the real nodes would, with words that the test chooses."""

    def __init__(self) -> None:
        self.outcome = TurnReport.OUTCOME_DONE
        self.reports_first = False
        self.latches = True
        self.is_latched = False
        self.stops: list[StopRequest] = []
        self.said: list[str] = []
        self.sessions: list[str] = []
        self.executor = SingleThreadedExecutor()
        self.node = node = rclpy.create_node("intent_bridge_node")
        self.executor.add_node(node)
        self.transcripts = node.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self.replies = node.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self.reports = node.create_publisher(TurnReport, "turns", qos.EVENTS)
        self.states = node.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
        node.create_subscription(Prompt, "prompt", self.answer, qos.EVENTS)
        node.create_subscription(StopRequest, "stop", self.stop, qos.EVENTS)
        node.create_service(Trigger, "~/resume", self.resume)
        node.create_timer(0.1, lambda: self.states.publish(BridgeState(is_latched=self.is_latched)))
        self.say = ActionServer(node, Say, "say", self.speak)

    def answer(self, message: Prompt) -> None:
        self.transcripts.publish(Transcript(turn_id="other", text="not yours", is_final=True))
        self.reports.publish(TurnReport(turn_id="other", heard="not yours", outcome="failed"))
        self.transcripts.publish(
            Transcript(turn_id="their", text=message.text, session_id="theirs", is_final=True)
        )
        self.reports.publish(TurnReport(turn_id="their", heard=message.text, outcome="failed"))
        self.sessions.append(message.session_id)
        mine = Transcript(turn_id="t1", text=message.text, session_id=message.session_id, is_final=True)
        self.transcripts.publish(mine)
        tell = [self.reply, lambda: self.report(message.text)]
        for step in reversed(tell) if self.reports_first else tell:
            step()

    def reply(self) -> None:
        for index, text in enumerate(("Here ", "you are.")):
            self.replies.publish(
                ReplyChunk(reply_id="r1", turn_id="t1", index=index, text=text, is_last=index == 1)
            )

    def report(self, heard: str) -> None:
        call = SkillCall(skill="pick", arguments_json='{"object": "red cube"}')
        self.reports.publish(
            TurnReport(
                turn_id="t1",
                heard=heard,
                engine="grammar",
                engines=["mouth: hibari heart"],
                calls=[call],
                outcome=self.outcome,
                reply="Here you are.",
            )
        )

    def stop(self, request: StopRequest) -> None:
        self.stops.append(request)
        self.is_latched = self.latches

    def resume(self, request, response):
        response.success = self.is_latched
        response.message = "motion is allowed" if self.is_latched else "nothing was stopped"
        self.is_latched = False
        return response

    def speak(self, goal):
        self.said.append(goal.request.text)
        goal.succeed()
        return Say.Result(spoken_text=goal.request.text, interrupted=goal.request.text == "cut me")

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Spin until the program has ended."""
        child = subprocess.Popen(
            [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        end = time.monotonic() + DEADLINE_S
        while child.poll() is None:
            if time.monotonic() > end:
                child.kill()
            self.executor.spin_once(0.05)
        out, err = child.communicate()
        return subprocess.CompletedProcess(arguments, child.returncode, out, err)


@pytest.fixture
def agent():
    rclpy.init()
    scripted = ScriptedAgent()
    yield scripted
    scripted.executor.shutdown()
    destroy_node(scripted.node)
    rclpy.try_shutdown()


@pytest.mark.parametrize("reports_first", [False, True])
def test_ask_prints_reply_and_outcome_of_its_own_turn(agent, reports_first):
    agent.reports_first = reports_first
    done = agent.run("ask", "pick up the red cube")
    assert (done.returncode, done.stdout) == (0, "Here you are.\n[done]\n"), done.stderr
    assert agent.sessions == [terminal_session()]  # of whatever else is asked in this terminal, too


@pytest.mark.parametrize(("outcome", "code"), [("refused", 0), ("asked", 0), ("answered", 0), ("failed", 1)])
def test_ask_fails_only_if_the_turn_failed(agent, outcome, code):
    agent.outcome = outcome
    done = agent.run("ask", "hello", "--json", "--session", "ada")
    assert agent.sessions == ["ada"]
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout) == {
        "heard": "hello",
        "calls": [{"skill": "pick", "arguments": {"object": "red cube"}}],
        "engine": "grammar",
        "engines": ["mouth: hibari heart"],
        "outcome": outcome,
        "rule": "",
        "reply": "Here you are.",
    }


def test_stop_waits_until_motion_is_latched(agent):
    done = agent.run("stop")
    assert done.returncode == 0, done.stderr
    assert agent.is_latched
    assert {(stop.scope, stop.source) for stop in agent.stops} == {("all", "command_line")}


def test_stop_says_so_if_nobody_confirms(agent):
    agent.latches = False
    done = agent.run("stop", "--timeout", "6")
    assert done.returncode == 1
    assert agent.stops
    assert "emergency stop" in done.stderr


def test_speech_alone_can_be_stopped(agent):
    done = agent.run("stop", "--scope", "speech")
    assert done.returncode == 0, done.stderr
    assert {stop.scope for stop in agent.stops} == {"speech"}


def test_resume_reports_what_the_bridge_says(agent):
    done = agent.run("resume")
    assert (done.returncode, done.stdout) == (1, "nothing was stopped\n"), done.stderr
    agent.is_latched = True
    done = agent.run("resume")
    assert (done.returncode, done.stdout) == (0, "motion is allowed\n"), done.stderr


@pytest.mark.parametrize(("text", "code"), [("It's $(fine).", 0), ("cut me", 1)])
def test_say_prints_what_was_heard(agent, text, code):
    done = agent.run("say", text)
    assert (done.returncode, done.stdout.strip()) == (code, text), done.stderr
    assert agent.said == [text]


def test_nobody_there_is_one_clear_line():
    done = subprocess.run(
        [*PROGRAM, "resume", "--timeout", "1", "--namespace", "/nowhere"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "Is the agent running" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_agent_that_is_in_trouble_says_why_nobody_answers(agent):
    state = agent.node.create_publisher(AgentState, "/broken/state", qos.STATE)
    state.publish(AgentState(state="degraded", message="intent_bridge_node: could not activate: No joints."))
    done = agent.run("resume", "--namespace", "/broken")
    assert done.returncode == 1
    assert (
        "The agent is degraded: intent_bridge_node: could not activate: No joints. See: voice-agent"
        in done.stderr
    )


def test_ros_that_cannot_start_is_one_line():
    done = subprocess.run(
        [*PROGRAM, "resume"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, "ROS_DOMAIN_ID": "abc"},
    )
    assert done.returncode == 1
    assert "ROS cannot start: failed to initialize rcl: ROS_DOMAIN_ID" in done.stderr
    assert "doctor --area ros" in done.stderr
    assert "Traceback" not in done.stderr
