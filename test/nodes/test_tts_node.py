# SPDX-License-Identifier: Apache-2.0
"""tts_node with its real voice, before a scripted loudspeaker that plays only what the test lets it play."""

import numpy as np
import pytest

pytestmark = pytest.mark.ros

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("hibari")

from action_msgs.msg import GoalStatus  # noqa: E402
from rclpy.action import ActionClient  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from scripted_loudspeaker import ScriptedLoudspeaker  # noqa: E402
from stage import stage  # noqa: E402
from std_msgs.msg import String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from voice_agent_ros.action import Say  # noqa: E402
from voice_agent_ros.msg import StopRequest  # noqa: E402

from voice_agent_ros.errors import EngineError  # noqa: E402
from voice_agent_ros.nodes import qos  # noqa: E402
from voice_agent_ros.nodes.spin import destroy_node  # noqa: E402
from voice_agent_ros.nodes.tts_node import TtsNode  # noqa: E402


@pytest.fixture
def ros():
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def tts():
    with stage() as one:
        node = one.add(TtsNode())
        speaker = ScriptedLoudspeaker(one.executor)
        one.add(speaker.node)
        one.activate(node)
        speaker.wait(
            lambda: (
                speaker.replies.get_subscription_count() == 1
                and speaker.node.count_publishers("audio/out") == 1
                and speaker.playback.get_subscription_count() == 2
                and speaker.stop.get_subscription_count() == 2
            )
        )
        speaker.settle(0.1)
        yield node, speaker


def test_a_reply_becomes_paced_chunks_of_one_stream(tts):
    _, speaker = tts
    speaker.say("r1", "I have put the red cube into the bowl. Anything else that I can do for you?")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.settle()
    assert speaker.samples("r1") <= 0.5 * 24000, "more than the credit was sent"
    assert not speaker.is_complete("r1")
    speaker.play_out("r1")
    chunks = speaker.chunks["r1"]
    assert [chunk.sequence for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.is_last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(len(chunk.data) <= 960 for chunk in chunks)
    assert 3.0 < speaker.samples("r1") / 24000 < 8.0
    assert max(max(chunk.data, default=0) for chunk in chunks) > 2000, "silence"


def test_speech_begins_before_the_reply_is_written(tts):
    _, speaker = tts
    speaker.say("r1", "Let me think about that. And", 0, is_last=False)
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.say("r1", " that is all.", 1, is_last=True)
    speaker.play_out("r1")


def test_replies_are_spoken_one_after_the_other(tts):
    _, speaker = tts
    speaker.say("r1", "The first reply.")
    speaker.say("r2", "The second reply.")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.settle()
    assert "r2" not in speaker.chunks
    speaker.play_out("r1")
    speaker.play_out("r2")


def test_a_stop_silences_at_once_and_drops_the_queue(tts):
    _, speaker = tts
    speaker.say("r1", "This is a long reply, which goes on for quite some time and will be stopped. " * 3)
    speaker.say("r2", "This one waits.")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_ALL))
    speaker.wait(lambda: any(s.stream_id == "r2" and s.is_interrupted for s in speaker.statuses))
    speaker.settle()  # what is still under way to us
    sent = speaker.samples("r1")
    speaker.report("r1", is_finished=True, is_interrupted=True)
    speaker.say("r1", "These words come too late.", 1)
    speaker.settle()
    assert speaker.samples("r1") == sent
    assert "r2" not in speaker.chunks
    speaker.say("r3", "Stopped.", kind="safety")
    speaker.play_out("r3")


def test_a_stop_of_motion_does_not_touch_speech(tts):
    _, speaker = tts
    speaker.say("r1", "I go on talking.")
    speaker.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_MOTION))
    speaker.play_out("r1")


def test_the_stop_service_tells_the_loudspeaker_too(tts):
    _, speaker = tts
    client = speaker.node.create_client(Trigger, "tts_node/stop")
    speaker.wait(client.service_is_ready)
    speaker.say("r1", "This is a long reply, which goes on for quite some time.")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    future = client.call_async(Trigger.Request())
    speaker.wait(lambda: future.done() and speaker.stops)
    assert future.result().success
    assert speaker.stops[0].scope == StopRequest.SCOPE_SPEECH
    speaker.settle()  # what is still under way to us
    sent = speaker.samples("r1")
    speaker.report("r1", is_finished=True, is_interrupted=True)
    speaker.settle()
    assert speaker.samples("r1") == sent


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("好的，我来拿红色的方块。", "zh", id="chinese"),
        pytest.param("", "en", id="empty"),
        pytest.param("😀🎉", "en", id="emoji"),
        pytest.param("<think>hm</think>", "en", id="thinking"),
    ],
)
def test_what_cannot_be_voiced_counts_as_played(tts, text, language):
    _, speaker = tts
    speaker.say("r1", text, language=language)
    speaker.wait(lambda: any(s.stream_id == "r1" for s in speaker.statuses))
    (status,) = [s for s in speaker.statuses if s.stream_id == "r1"]
    assert status.is_finished
    assert not status.is_interrupted
    assert status.samples_played == 0
    assert "r1" not in speaker.chunks


def test_a_dead_loudspeaker_is_noticed(tts):
    node, speaker = tts
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.set_parameters([Parameter("playback_timeout_s", value=1.0)])
    node.trigger_configure()
    node.trigger_activate()
    speaker.say("r1", "Does anybody hear me at all?")
    speaker.wait(lambda: any(s.stream_id == "r1" and s.is_finished for s in speaker.statuses))
    assert speaker.statuses[-1].is_interrupted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('a\'; $(touch /tmp/x) "quoted" `id`', id="shell"),
        pytest.param("word " * 2000, id="long"),
        pytest.param("9" * 300, id="digits"),
        pytest.param("\x07\x1b[31m Hello.", id="control"),
    ],
)
def test_hostile_texts_are_just_texts(tts, text):
    _, speaker = tts
    speaker.say("r1", text)
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_SPEECH))
    speaker.report("r1", is_finished=True, is_interrupted=True)
    speaker.settle()
    speaker.say("r2", "Still alive.")
    speaker.play_out("r2")


def client_of(speaker):
    """On a busy computer the middleware now and then never tells a client of its server; a second one hears of it."""
    client = ActionClient(speaker.node, Say, "say")
    try:
        speaker.wait(client.server_is_ready, 5.0)
    except AssertionError:
        client = ActionClient(speaker.node, Say, "say")
        speaker.wait(client.server_is_ready)
    return client


def send_goal(speaker, text, feedback=lambda _: None, **fields):
    client = client_of(speaker)
    future = client.send_goal_async(Say.Goal(text=text, **fields), feedback_callback=feedback)
    speaker.wait(future.done)
    return future.result()


def test_say_reports_what_was_heard(tts):
    _, speaker = tts
    feedback = []
    goal = send_goal(speaker, "One two three.", lambda message: feedback.append(message.feedback.spoken_text))
    assert goal.accepted
    result = goal.get_result_async()
    speaker.wait(lambda: speaker.chunks)
    speaker.play_out(next(iter(speaker.chunks)))
    speaker.wait(result.done)
    assert result.result().status == GoalStatus.STATUS_SUCCEEDED
    assert result.result().result.spoken_text == "One two three."
    assert not result.result().result.interrupted
    assert feedback


def test_say_can_be_cancelled(tts):
    _, speaker = tts
    goal = send_goal(speaker, "One two three four five six seven eight nine ten eleven twelve.")
    speaker.wait(lambda: speaker.chunks)
    (stream,) = speaker.chunks
    speaker.settle()
    result, cancelled = goal.get_result_async(), goal.cancel_goal_async()
    speaker.wait(cancelled.done)
    speaker.wait(lambda: speaker.is_complete(stream))
    speaker.report(stream, is_finished=True)
    speaker.wait(result.done)
    assert result.result().status == GoalStatus.STATUS_CANCELED
    assert result.result().result.interrupted
    assert result.result().result.spoken_text.startswith("One")
    assert not result.result().result.spoken_text.endswith("twelve.")


def test_a_plan_is_said_sentence_by_sentence(tts):
    _, speaker = tts
    plan = '[{"text": "One two three."}, {"text": "Four five.", "speed": 2, "pause_s": 1, "emotion": "glad"}]'
    goal = send_goal(speaker, "", speech_plan=plan)
    result = goal.get_result_async()
    speaker.wait(lambda: speaker.chunks)
    (stream,) = speaker.chunks
    speaker.play_out(stream)
    speaker.wait(result.done)
    assert result.result().result.spoken_text == "One two three. Four five."
    heard = np.concatenate([np.asarray(chunk.data) for chunk in speaker.chunks[stream]])
    loud = np.flatnonzero(np.abs(heard) > 250)
    assert np.max(np.diff(loud)) > 0.95 * 24000, "no pause"


def test_a_wrong_delivery_does_not_silence_a_reply(tts):
    _, speaker = tts
    speaker.say("r1", "Hello there.", delivery='{"speed": 99}')
    speaker.play_out("r1")


def test_what_was_heard_of_an_interrupted_reply_is_told(tts):
    _, speaker = tts
    speaker.say("r1", "One two three four five six seven eight nine ten eleven twelve.")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.settle()
    speaker.stop.publish(StopRequest(source="barge_in", scope=StopRequest.SCOPE_SPEECH))
    speaker.report("r1", is_finished=True, is_interrupted=True)
    speaker.wait(lambda: "r1" in speaker.spoken)
    assert speaker.spoken["r1"].is_interrupted
    assert speaker.spoken["r1"].text in {"One", "One two"}
    speaker.wait(lambda: speaker.health.get("interrupted") == "1" and "segments: starter" in speaker.health)


def test_who_waits_in_vain_hears_a_sign_and_finds_the_turn_in_the_log(tts, capfd):
    node, speaker = tts

    def fail(text, **_):
        raise EngineError("It failed.", "Try again.")
        yield

    node._synthesizer.timed = fail
    speaker.say("r1", "Hello there.", turn_id="t1")
    speaker.wait(lambda: speaker.is_complete("sign-1"))
    assert 0.15 < speaker.samples("sign-1") / 24000 < 0.4
    speaker.wait(lambda: "r1" in speaker.spoken)
    assert list(speaker.spoken["r1"].voices) == ["nobody (It failed. Try again.)"]
    assert speaker.spoken["r1"].turn_id == "t1"
    log = capfd.readouterr().err
    assert "Turn t1: a sentence was not spoken. It failed." in log
    assert "Turn t1: reply r1 was cut short" in log


def test_it_is_told_who_spoke(tts):
    _, speaker = tts
    speaker.say("r1", "Hello there.", turn_id="t1")
    speaker.play_out("r1")
    speaker.wait(lambda: "r1" in speaker.spoken)
    assert list(speaker.spoken["r1"].voices) == ["hibari heart"]
    assert speaker.spoken["r1"].turn_id == "t1"


@pytest.mark.parametrize("fields", [{"voice": "nobody"}, {"kind": "shout"}, {"speech_plan": "[1]"}])
def test_say_refuses_what_it_cannot_do(tts, fields):
    _, speaker = tts
    assert not send_goal(speaker, "Hello.", **fields).accepted


def test_an_inactive_node_says_nothing(tts):
    node, speaker = tts
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    speaker.say("r1", "Hello.")
    assert not send_goal(speaker, "Hello.").accepted
    speaker.settle()
    assert not speaker.chunks
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    speaker.say("r2", "Hello again.")
    speaker.play_out("r2")


def test_a_voice_that_is_not_there_fails_to_configure_with_the_fix(ros, capfd):
    node = TtsNode()
    node.set_parameters([Parameter("voice", value="emma")])
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert "hibari --voice emma" in capfd.readouterr().err
    destroy_node(node)


def test_a_plain_text_is_spoken(tts):
    _, speaker = tts
    texts = speaker.node.create_publisher(String, "tts_text", qos.EVENTS)
    speaker.wait(lambda: texts.get_subscription_count() == 1)
    texts.publish(String(data="Hello there."))
    speaker.wait(lambda: speaker.samples("text-1") > 0)


def test_a_sign_comes_at_once_or_not_at_all(tts):
    _, speaker = tts
    speaker.say("s1", "", kind="earcon")
    speaker.wait(lambda: speaker.is_complete("s1"))
    assert 0.05 < speaker.samples("s1") / 24000 < 0.3
    speaker.say("r1", "I will put the red cube into the bowl.")
    speaker.wait(lambda: speaker.samples("r1") > 0)
    speaker.say("s2", "", kind="earcon")
    speaker.settle(0.3)
    assert not speaker.samples("s2")
