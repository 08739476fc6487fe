# SPDX-License-Identifier: Apache-2.0
"""audio_node with a recording as microphone and a file as loudspeaker, in real time."""

import array
import time
import wave

import numpy as np
import pytest

pytestmark = pytest.mark.ros

rclpy = pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from stage import Counterpart, stage  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from voice_agent_ros.msg import (  # noqa: E402
    AudioChunk,
    PlaybackStatus,
    StopRequest,
    Transcript,
    VoiceActivity,
)

from voice_agent_ros.nodes import qos  # noqa: E402
from voice_agent_ros.nodes.audio_node import AudioNode  # noqa: E402
from voice_agent_ros.nodes.conversions import seconds  # noqa: E402

RATE = 24000


class Listener(Counterpart):
    """Hears all that audio_node says, and talks to it."""

    def __init__(self, executor) -> None:
        super().__init__(executor, "listener")
        self.heard, self.statuses, self.speaking = [], [], []
        self.node.create_subscription(AudioChunk, "audio/in", self.heard.append, qos.AUDIO_IN)
        self.node.create_subscription(PlaybackStatus, "audio/playback", self.keep_status, qos.EVENTS)
        self.node.create_subscription(Bool, "speech/speaking", self.keep_speaking, qos.STATE)
        self.audio = self.node.create_publisher(AudioChunk, "audio/out", qos.AUDIO_OUT)
        self.stop = self.node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.sequences = {}

    def keep_status(self, status) -> None:
        self.statuses.append((time.monotonic(), status))

    def keep_speaking(self, message) -> None:
        self.speaking.append(message.data)

    def of(self, stream_id):
        return [status for _, status in self.statuses if status.stream_id == stream_id]

    def is_over(self, stream_id) -> bool:
        return any(status.is_finished for status in self.of(stream_id))

    def send(self, stream_id, samples, *, is_last=True, rate=RATE) -> None:
        sequence = self.sequences.get(stream_id, 0)
        self.sequences[stream_id] = sequence + 1
        message = AudioChunk(
            stream_id=stream_id,
            sequence=sequence,
            sample_rate=rate,
            channels=1,
            is_last=is_last,
            data=array.array("h", np.asarray(samples, np.int16).tobytes()),
        )
        message.header.stamp = self.node.get_clock().now().to_msg()
        self.audio.publish(message)


def write_wav(path, samples, rate=16000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, np.int16).tobytes())


def tone(duration_s, rate=RATE):
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(round(duration_s * rate)) / rate)).astype(np.int16)


@pytest.fixture
def start(tmp_path):
    """Starts an audio_node with parameters."""
    with stage() as one:

        def begin(**parameters):
            values = {"source": "none", "sink": "wav", "out_path": str(tmp_path / "out.wav"), **parameters}
            node = one.add(AudioNode(), **values)
            listener = Listener(one.executor)
            one.add(listener.node)
            one.activate(node)
            listener.wait(
                lambda: (
                    listener.audio.get_subscription_count() == 1
                    and listener.stop.get_subscription_count() == 1
                    and listener.node.count_publishers("audio/playback") == 1
                )
            )
            listener.settle(0.2)
            return node, listener

        yield begin


def test_a_recording_is_heard_as_a_live_microphone(start, tmp_path):
    clip = tone(0.5, 8000)
    write_wav(tmp_path / "clip.wav", clip, 8000)
    _, listener = start(source="wav", wav_paths=[str(tmp_path / "clip.wav")], wav_start="on_request")
    client = listener.node.create_client(Trigger, "audio_node/next_clip")
    listener.wait(client.service_is_ready)
    listener.wait(lambda: len(listener.heard) > 5)
    future = client.call_async(Trigger.Request())
    listener.wait(future.done)
    assert future.result().success
    began, count = time.monotonic(), len(listener.heard)
    listener.wait(lambda: len(listener.heard) >= count + 100)  # 2 s
    assert time.monotonic() - began > 1.4, "faster than real time"
    sequences = [chunk.sequence for chunk in listener.heard]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert {(c.sample_rate, c.channels, len(c.data)) for c in listener.heard} == {(16000, 1, 320)}
    loud = [max(chunk.data) > 4000 for chunk in listener.heard]
    assert 24 <= sum(loud) <= 28
    assert all(any(chunk.data) for chunk in listener.heard), "a microphone is never quite silent"
    stamps = [seconds(chunk.header.stamp) for chunk in listener.heard]
    assert np.allclose(np.diff(stamps), 0.02, atol=0.004)
    now = seconds(listener.node.get_clock().now().to_msg())
    assert 0.0 < now - stamps[-1] < 1.0
    again = client.call_async(Trigger.Request())
    listener.wait(again.done)
    assert not again.result().success


def test_a_reply_is_played_in_real_time_and_reported(start, tmp_path):
    node, listener = start()
    sound = tone(0.8)
    began = time.monotonic()
    for part in np.array_split(sound, 20):
        listener.send("r1", part, is_last=False)
    listener.send("r1", [], is_last=True)
    listener.wait(lambda: listener.is_over("r1"))
    took = time.monotonic() - began
    assert 0.75 < took < 1.5
    statuses = listener.of("r1")
    assert listener.statuses[0][0] - began < 0.15, "the first sample is reported at once"
    assert len(statuses) >= 5
    played = [status.samples_played for status in statuses]
    assert played == sorted(played)
    assert statuses[-1].samples_played == len(sound)
    assert not statuses[-1].is_interrupted
    assert [status.is_finished for status in statuses].count(True) == 1
    listener.wait(lambda: listener.speaking[-2:] == [True, False])
    node.trigger_deactivate()
    with wave.open(str(tmp_path / "out.wav")) as file:
        written = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert file.getframerate() == RATE
    assert np.array_equal(written[: len(sound)], sound)


def test_a_stop_is_silence_at_once(start, tmp_path):
    _node, listener = start()
    for part in np.array_split(tone(4.0), 100):
        listener.send("r1", part, is_last=False)
    listener.wait(lambda: len(listener.of("r1")) > 3)
    stop = StopRequest(source="button", scope=StopRequest.SCOPE_ALL)
    stop.header.stamp = listener.node.get_clock().now().to_msg()
    asked = time.monotonic()
    listener.stop.publish(stop)
    listener.wait(lambda: listener.is_over("r1"))
    assert time.monotonic() - asked < 0.15
    final = listener.of("r1")[-1]
    assert final.is_interrupted
    assert 0 < final.samples_played < 3 * RATE
    listener.send("r1", tone(0.1), is_last=True)  # too late
    listener.send("r2", tone(0.1))
    listener.wait(lambda: listener.is_over("r2"))
    assert not listener.of("r2")[-1].is_interrupted
    assert len([s for s in listener.of("r1") if s.is_finished]) == 1


def test_a_stop_of_motion_is_none_of_its_business(start):
    _, listener = start()
    listener.send("r1", tone(0.3))
    listener.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_MOTION))
    listener.wait(lambda: listener.is_over("r1"))
    assert not listener.of("r1")[-1].is_interrupted


def test_a_loudspeaker_that_is_off_still_keeps_time(start):
    _, listener = start(sink="none", out_path="")
    began = time.monotonic()
    listener.send("r1", tone(0.4, 16000), rate=16000)
    listener.wait(lambda: listener.is_over("r1"))
    assert time.monotonic() - began > 0.3
    assert listener.of("r1")[-1].samples_played == 6400


@pytest.mark.parametrize(
    ("parameters", "transition", "message"),
    [
        ({"source": "wav", "wav_paths": ["/nowhere/clip.wav"]}, "configure", "/nowhere/clip.wav"),
        ({"sink": "wav", "out_path": "/proc/nowhere/out.wav"}, "activate", "Choose another out_path"),
        (
            {"source": "device", "input_device": "no such thing"},
            "activate",
            "input_device|wav or none|libportaudio2",
        ),
        ({"source": "telepathy"}, "configure", "Choose one of: device, wav, network, none"),
    ],
)
def test_what_cannot_be_opened_fails_with_the_fix(capfd, parameters, transition, message):
    import re

    rclpy.init()
    try:
        node = AudioNode()
        values = {"source": "none", "sink": "none", **parameters}
        node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
        if transition == "activate":
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
        else:
            assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert re.search(message, capfd.readouterr().err)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()


@pytest.mark.parametrize("says_words", [True, False])
def test_who_speaks_pauses_speech_and_words_end_it(start, says_words):
    _, listener = start(sink="none", barge_in="always")
    voice = listener.node.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
    words = listener.node.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
    listener.wait(lambda: voice.get_subscription_count() == 1 and words.get_subscription_count() == 1)
    listener.send("r1", tone(1.5))
    listener.wait(lambda: listener.of("r1") and listener.of("r1")[-1].samples_played > 0)
    voice.publish(VoiceActivity(is_speech=True))
    listener.settle(0.4)
    paused_at = listener.of("r1")[-1].samples_played
    listener.settle(0.3)
    assert listener.of("r1")[-1].samples_played == paused_at, "it went on speaking"
    if says_words:
        words.publish(Transcript(text="wait"))
    else:
        voice.publish(VoiceActivity(is_speech=False))
    listener.wait(lambda: listener.is_over("r1"))
    last = listener.of("r1")[-1]
    assert last.is_interrupted == says_words
    assert last.samples_played == (paused_at if says_words else round(1.5 * RATE))
