# SPDX-License-Identifier: Apache-2.0
"""The dialogue through its ROS interfaces, with a scripted bridge and a scripted model server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from llm_world import PARAPHRASE, World
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from until import until
from voice_agent_ros.msg import BridgeState, Prompt, ReplyChunk, StopRequest, TurnReport, VoiceActivity

from voice_agent_ros.nodes import qos

pytestmark = pytest.mark.ros


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def test_a_spoken_command_becomes_a_goal_and_a_report(world: World) -> None:
    world.start()
    world.bridge.feedback = [
        ("checking", "", ""),
        ("judged", "", ""),
        ("planned", "I'll put it there.", ""),
        ("executing", "", ""),
        ("goal_accepted", "", ""),
        ("first_motion", "", ""),
        ("last_motion", "", ""),
    ]
    turn_id = world.person.says("Put the red cube in the bowl.")
    report = until(lambda: world.person.report_of(turn_id))
    goal = world.bridge.goals[0]
    assert (goal.intent.turn_id, goal.intent.engine, goal.idempotency_key) == (turn_id, "grammar", turn_id)
    assert json.loads(goal.intent.calls[0].arguments_json) == {"object": "red cube", "target": "bowl"}
    assert (report.outcome, report.reply) == ("done", "It is done.")
    assert [stage.name for stage in report.stages] == [
        "speech",
        "final_transcript",
        "grammar",
        "intent",
        "gate",
        "plan",
        "goal_accepted",
        "first_motion",
        "last_motion",
        "first_audio",
        "last_audio",
        "done",
    ]
    assert all(stage.end.sec for stage in report.stages)
    assert [chunk.kind for chunk in world.person.replies] == ["notice", "answer"]


def test_a_paraphrase_goes_through_the_model_and_is_asked_back(world: World) -> None:
    world.start()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.bridge.feedback = [("awaiting_confirmation", "Shall I put the blue cube into the bowl?", "nonce-1")]
    world.bridge.may_finish.clear()
    asking = world.person.says(PARAPHRASE)
    asked = until(lambda: world.person.report_of(asking))
    assert (asked.outcome, asked.engine) == ("asked", "llm")
    question = next(chunk for chunk in world.person.replies if chunk.kind == "question")
    assert question.reply_id == "nonce-1"
    time.sleep(0.05)
    answering = world.person.says("yes")
    until(lambda: world.node._dialogue._question.answering)
    world.bridge.may_finish.set()
    done = until(lambda: world.person.report_of(answering))
    assert (done.outcome, done.engine, done.calls) == ("done", "llm", asked.calls)
    assert len(world.bridge.goals) == 1


def test_a_question_is_answered_by_the_model_and_moves_nothing(world: World) -> None:
    world.start()
    turn_id = world.person.says("What is the capital of France?")
    report = until(lambda: world.person.report_of(turn_id))
    assert report.outcome == "answered"
    assert report.reply == "I do not know, sorry about that."
    assert not world.bridge.goals


def test_typed_text_takes_the_same_path(world: World) -> None:
    world.start()
    world.bridge.result = ("done", "", "红色方块在碗里了。")
    world.person.prompt.publish(String(data="把红色的方块放进碗里"))
    report = until(lambda: world.person.reports and world.person.reports[0])
    transcript = world.person.transcripts[0]
    assert (transcript.is_final, transcript.confidence, transcript.audio_hash) == (True, 1.0, "")
    assert (transcript.language, report.language) == ("zh", "zh")
    assert transcript.turn_id == report.turn_id == world.bridge.goals[0].intent.turn_id
    assert report.outcome == "done"


def test_each_console_is_a_session_of_its_own(world: World) -> None:
    world.start()

    def types(session_id: str, text: str) -> TurnReport:
        known = len(world.person.reports)
        world.person.console.publish(Prompt(session_id=session_id, text=text))
        return until(lambda: world.person.reports[known:])[-1]

    assert types("ada", "pick up the cube").outcome == "asked"
    types("bob", "the green one")
    assert not world.bridge.goals
    assert types("ada", "pick up the cube").outcome == "asked"
    assert types("ada", "the red one").outcome == "done"
    sent = world.bridge.goals[0].intent
    assert (sent.session_id, json.loads(sent.calls[0].arguments_json)) == ("ada", {"object": "red cube"})
    assert types("", "wave").session_id == "typed"


def test_typed_stop_is_published_and_asked_of_the_bridge(world: World) -> None:
    world.start()
    world.bridge.feedback, world.bridge.result = [], ("stopped", "stopped", "I stopped.")
    world.person.prompt.publish(String(data="stop"))
    report = until(lambda: world.person.reports and world.person.reports[0])
    assert world.person.stops[0].scope == StopRequest.SCOPE_ALL
    assert world.bridge.goals[0].intent.calls[0].skill == "stop"
    assert report.outcome == "stopped"


def test_stop_ends_what_is_being_thought_about(world: World) -> None:
    world.start()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.model.delay_s = 0.5
    turn_id = world.person.says(PARAPHRASE)
    until(lambda: any(turn.chat for turn in world.node._dialogue._turns))
    world.person.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_ALL))
    report = until(lambda: world.person.report_of(turn_id))
    assert report.outcome == "stopped"
    time.sleep(0.6)
    assert not world.bridge.goals


def test_without_a_model_commands_work_and_the_rest_is_excused(world: World) -> None:
    world.start(llm_url="http://127.0.0.1:9/v1")
    first = world.person.says("tell me a story")
    report = until(lambda: world.person.report_of(first))
    assert (report.outcome, report.rule) == ("failed", "llm_unreachable")
    assert "language model does not answer" in report.reply
    second = world.person.says("open the gripper")
    assert until(lambda: world.person.report_of(second)).outcome == "done"


def test_an_inactive_node_does_nothing(world: World) -> None:
    node = world.start()
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    world.person.says("open the gripper")
    time.sleep(0.3)
    assert not world.bridge.goals
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    turn_id = world.person.says("open the gripper")
    assert until(lambda: world.person.report_of(turn_id)).outcome == "done"


def test_a_missing_key_file_fails_with_the_fix(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.start()
    world.node.trigger_deactivate()
    world.node.trigger_cleanup()
    world.node.set_parameters([Parameter("api_key_file", value="/nowhere/key")])
    assert world.node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert "Correct api_key_file" in "".join(capfd.readouterr())
    world.node.set_parameters(
        [Parameter("api_key_file", value=""), Parameter("api_key_env", value="NO_KEY_HERE")]
    )
    assert world.node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert "Set NO_KEY_HERE" in "".join(capfd.readouterr())


def test_a_sign_comes_with_the_end_of_the_voice(world: World) -> None:
    world.start()
    activity = world.person.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
    until(activity.get_subscription_count)
    turn_id = world.person.says("put the red", is_final=False)
    until(lambda: world.node._dialogue._hearing.turn_id == turn_id)
    activity.publish(VoiceActivity(turn_id=turn_id, is_speech=False))
    (sign,) = until(lambda: [c for c in world.person.replies if c.kind == ReplyChunk.KIND_EARCON])
    assert (sign.turn_id, sign.text, sign.is_last) == (turn_id, "", True)


def test_what_the_robot_feels_is_told(world: World) -> None:
    world.start()
    arm = world.node._robot.arm
    joints = world.person.create_publisher(JointState, "joint_states", qos.EVENTS)
    state = world.person.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
    until(lambda: joints.get_subscription_count() and state.get_subscription_count())
    names = [*arm.arm.joints, arm.gripper.joint]
    joints.publish(JointState(name=names, position=[*arm.poses["ready"], arm.gripper.open]))
    state.publish(BridgeState(is_latched=True, latch_reason="button", held="red cube"))
    until(lambda: world.node._robot.state().held == "red cube" and world.node._robot.state().pose)
    answers = {
        "Where is your arm?": "ready position",
        "Is your gripper open?": "open",
        "What are you holding?": "the red cube",
        "Why don't you move?": "stop button",
    }
    for question, answer in answers.items():
        turn_id = world.person.says(question)
        report = until(lambda turn_id=turn_id: world.person.report_of(turn_id))
        assert (report.outcome, report.engine) == ("answered", "grammar"), (question, report)
        assert answer in report.reply
    assert not world.bridge.goals


def test_what_diagnostics_complain_about_is_told(world: World) -> None:
    world.start()
    diagnostics = world.person.create_publisher(DiagnosticArray, "/diagnostics", qos.EVENTS)
    until(diagnostics.get_subscription_count)
    status = DiagnosticStatus(level=DiagnosticStatus.ERROR, name="battery", message="low voltage")
    diagnostics.publish(DiagnosticArray(status=[status]))
    until(lambda: world.node._robot.state().problems)
    turn_id = world.person.says("How are you?")
    assert "battery: low voltage" in until(lambda: world.person.report_of(turn_id)).reply


def test_a_conversation_survives_only_if_somebody_wants_it(world: World, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "conversation.json"
    world.start(history_path=str(path))
    world.model.deltas = [{"content": "Nice to meet you, Ada."}]
    turn_id = world.person.says("My name is Ada and I am fond of tea.")
    until(lambda: world.person.report_of(turn_id))
    until(path.exists)
    assert path.stat().st_mode & 0o777 == 0o600
    assert world.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert world.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    world.model.requests.clear()
    world.person.says("Tell me what my name is.")
    asked = until(lambda: [r for r in world.model.requests if "what my name is" in str(r)])
    assert "fond of tea" in str(asked)


def test_a_refusal_goes_back_to_the_model(world: World) -> None:
    world.start()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.bridge.feedback, world.bridge.result = [], ("refused", "unreachable", "I can't reach that far.")
    turn_id = world.person.says(PARAPHRASE)
    report = until(lambda: world.person.report_of(turn_id))
    assert (report.outcome, report.rule) == ("refused", "unreachable")
    told = [r for r in world.model.requests if "unreachable" in str(r["messages"])]
    assert len(told) == 1
    assert len(world.bridge.goals) == 1  # the model wanted the same again


def test_how_the_endpoints_stand_is_published(world: World) -> None:
    world.start()
    seen: list[DiagnosticArray] = []
    world.person.create_subscription(DiagnosticArray, "/diagnostics", seen.append, qos.EVENTS)
    until(
        lambda: [
            status for array in seen for status in array.status if status.name == "llm_node: language model"
        ]
    )


def test_thoughts_have_a_topic_of_their_own(world: World) -> None:
    world.start()
    read: list[ReplyChunk] = []
    world.person.create_subscription(ReplyChunk, "thoughts", read.append, qos.EVENTS)
    until(lambda: world.node.count_subscribers("thoughts"))
    world.model.deltas = [
        {"reasoning_content": "A secret"},
        {"reasoning_content": " plan."},
        {"content": "It is a fine day."},
    ]
    turn_id = world.person.says("Tell me something nice.")
    report = until(lambda: world.person.report_of(turn_id))
    assert report.reply == "It is a fine day."
    until(lambda: [chunk for chunk in read if chunk.turn_id == turn_id and chunk.is_last])
    assert "".join(chunk.text for chunk in read if chunk.turn_id == turn_id) == "A secret plan."
    assert not any("secret" in chunk.text for chunk in world.person.replies)


def test_a_switch_to_another_endpoint_is_said_in_diagnostics(world: World) -> None:
    world.start(llm_url="http://127.0.0.1:9/v1", llm_fallbacks=[world.model.url])
    seen: list[DiagnosticArray] = []
    world.person.create_subscription(DiagnosticArray, "/diagnostics", seen.append, qos.EVENTS)
    turn_id = world.person.says("Tell me something nice.")
    assert until(lambda: world.person.report_of(turn_id)).outcome == "answered"

    def told() -> str:
        statuses = [one for array in seen for one in array.status if one.name == "llm_node: language model"]
        return (
            next((one.value for one in statuses[-1].values if one.key == "switches"), "") if statuses else ""
        )

    assert f"1, the latest to {world.model.url}: http://127.0.0.1:9/v1" in until(told)
