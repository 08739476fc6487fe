# SPDX-License-Identifier: Apache-2.0
"""asr_node with its real recognizer and voice detector, before a scripted microphone in real time."""

import array
import re
import socket
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.weights]

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("faster_whisper")

from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.time import Time  # noqa: E402
from stage import Counterpart, stage  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from voice_agent_ros.msg import AudioChunk, ReplyChunk, StopRequest, Transcript, VoiceActivity  # noqa: E402

from voice_agent_ros.asr.heard import Words  # noqa: E402
from voice_agent_ros.asr.spotting import Spotted  # noqa: E402
from voice_agent_ros.audio.stream_names import name  # noqa: E402
from voice_agent_ros.audio.wav_source import load  # noqa: E402
from voice_agent_ros.errors import ModelMissingError  # noqa: E402
from voice_agent_ros.models.catalogue import path_of  # noqa: E402
from voice_agent_ros.nodes import qos  # noqa: E402
from voice_agent_ros.nodes.asr_node import AsrNode  # noqa: E402
from voice_agent_ros.nodes.conversions import seconds  # noqa: E402

DEMO = Path(__file__).resolve().parents[2] / "demo"
RATE = 16000
CHUNK = 320


class ScriptedMicrophone(Counterpart):
    """Publishes what it is told to as a live microphone would, and keeps what is said about it."""

    def __init__(self, executor) -> None:
        super().__init__(executor, "scripted_microphone")
        self.audio = self.node.create_publisher(AudioChunk, "audio/in", qos.AUDIO_IN)
        self.speaking = self.node.create_publisher(Bool, "speech/speaking", qos.STATE)
        self.transcripts, self.stops, self.activity = [], [], []
        for kind, topic, kept in (
            (Transcript, "speech/transcript", self.transcripts),
            (StopRequest, "stop", self.stops),
            (VoiceActivity, "speech/activity", self.activity),
        ):
            self.node.create_subscription(kind, topic, kept.append, qos.EVENTS)
        self.stream_id, self.sequence = name(1, shares_room=False), 0
        self.random = np.random.default_rng(0)

    def hear(self, samples: np.ndarray, *, skip: int = 0) -> float:
        """Publish in real time; the ROS time at which the last sample was heard."""
        self.sequence += skip
        samples = samples + np.round(self.random.normal(0, 3, len(samples))).astype(np.int16)
        began, began_ros = time.monotonic(), self.node.get_clock().now().nanoseconds
        for index, offset in enumerate(range(0, len(samples) - CHUNK + 1, CHUNK)):
            while time.monotonic() < began + (index + 1) * CHUNK / RATE:
                self.executor.spin_once(0.004)
            message = AudioChunk(
                stream_id=self.stream_id,
                sequence=self.sequence,
                sample_rate=RATE,
                channels=1,
                data=array.array("h", samples[offset : offset + CHUNK].tobytes()),
            )
            message.header.stamp = Time(nanoseconds=began_ros + offset * 10**9 // RATE).to_msg()
            self.sequence += 1
            self.audio.publish(message)
        return (began_ros + len(samples) * 10**9 // RATE) * 1e-9

    def silence(self, duration_s: float) -> None:
        self.hear(np.zeros(round(duration_s * RATE), np.int16))

    def say(self, clip: str) -> float:
        """The time at which its last loud sample was heard."""
        samples = load(DEMO / clip, RATE)
        ended = self.hear(samples)
        return ended - (len(samples) - np.flatnonzero(np.abs(samples) > 330)[-1]) / RATE

    @property
    def finals(self):
        return [message for message in self.transcripts if message.is_final]


@pytest.fixture
def start():
    """Starts an asr_node with parameters."""
    try:
        path_of("whisper-tiny.en")
    except ModelMissingError as error:
        pytest.skip(str(error))
    with stage() as one:

        def begin(**parameters):
            node = one.add(AsrNode(), **parameters)
            microphone = ScriptedMicrophone(one.executor)
            one.add(microphone.node)
            one.activate(node)
            microphone.wait(
                lambda: (
                    microphone.audio.get_subscription_count() == 1
                    and microphone.speaking.get_subscription_count() == 1
                    and microphone.node.count_publishers("speech/transcript") == 1
                    and microphone.node.count_publishers("stop") == 1
                )
            )
            microphone.settle(0.2)
            return node, microphone

        yield begin


@pytest.fixture
def dead_server():
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@pytest.fixture(scope="module")
def stop_clip():
    """ "Stop." in the robot's own voice, which the demo's recordings do not have."""
    pytest.importorskip("hibari")
    import soxr

    from voice_agent_ros.tts.synthesizers.hibari import HibariSynthesizer

    voice = HibariSynthesizer()
    samples = np.concatenate(list(voice.synthesize("Please stop right now, and do not go on."))) / 32768.0
    return (soxr.resample(samples, voice.sample_rate, RATE) * 32767).astype(np.int16)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_a_recording_becomes_partials_and_a_final(start):
    _, microphone = start()
    microphone.silence(0.5)
    ended = microphone.say("pick_red_cube.wav")
    microphone.silence(1.4)
    microphone.wait(lambda: microphone.finals)
    (final,) = microphone.finals
    assert words(final.text) == ["pick", "up", "the", "red", "cube", "and", "put", "it", "in", "the", "bowl"]
    assert seconds(final.speech_end) == pytest.approx(ended, abs=0.12)
    assert 1.5 < seconds(final.speech_end) - seconds(final.speech_start) < 3.5
    assert seconds(final.header.stamp) - ended < 8.0  # how fast it is: benchmarks/asr_latency.py
    assert final.language == "en"
    assert 0.5 < final.confidence <= 1.0
    assert re.fullmatch(r"[0-9a-f]{64}", final.audio_hash)
    assert final.session_id
    partials = [message for message in microphone.transcripts if not message.is_final]
    assert len(partials) >= 2
    assert all(p.turn_id == final.turn_id and not p.audio_hash for p in partials)
    assert not final.is_speculative
    # On a busy computer the endpoint may come before the decode that would tell it early.
    early = [words(p.text) for p in partials if p.is_speculative]
    assert all(told == words(final.text)[: len(told)] for told in early)
    assert [m.revision for m in microphone.transcripts] == list(range(1, len(microphone.transcripts) + 1))
    assert [activity.is_speech for activity in microphone.activity] == [True, False]
    assert {activity.turn_id for activity in microphone.activity} == {final.turn_id}
    assert not microphone.stops


def test_stop_is_heard_while_it_is_being_said(start, stop_clip):
    _, microphone = start()
    microphone.silence(0.5)
    microphone.hear(stop_clip)
    assert len(microphone.stops) == 1, "only after the end of the sentence"
    microphone.silence(1.2)
    (stop,) = microphone.stops
    assert (stop.scope, stop.source, stop.phrase) == ("all", "partial_transcript", "stop")
    microphone.wait(lambda: microphone.finals)
    assert stop.turn_id == microphone.finals[0].turn_id


def test_a_stop_that_no_words_confirm_is_told(start):
    node, microphone = start(session_id="s1")
    replies = []
    microphone.node.create_subscription(ReplyChunk, "speech/reply", replies.append, qos.EVENTS)
    microphone.wait(lambda: node.count_subscribers("speech/reply"))
    node._keep(lambda: node._on_stop_spotted(Spotted("stop", 1.0)))
    microphone.wait(lambda: microphone.stops)
    assert microphone.stops[0].source == "keyword_spotter"
    node._keep(lambda: node._publish([Words("t", "the bus", True, 1, 7, 0.9, "en", 0.0, 0.5)]))
    microphone.wait(lambda: replies)
    assert (replies[0].text, replies[0].kind) == ("I thought I heard stop, so I stopped.", "notice")
    assert (replies[0].session_id, replies[0].is_last) == ("s1", True)


def test_in_its_own_voice_only_a_stop_is_heard(start, stop_clip):
    _, microphone = start()
    microphone.stream_id = name(1, shares_room=True)
    microphone.speaking.publish(Bool(data=True))
    microphone.silence(0.5)
    microphone.say("pick_red_cube.wav")
    microphone.silence(1.4)
    microphone.hear(stop_clip)
    microphone.silence(0.2)
    assert len(microphone.stops) == 1
    microphone.speaking.publish(Bool(data=False))
    microphone.silence(1.4)
    assert not microphone.transcripts
    assert not microphone.activity
    microphone.say("yes.wav")
    microphone.silence(1.4)
    microphone.wait(lambda: microphone.finals)
    assert words(microphone.finals[0].text) == ["yes"]


def test_push_to_talk_hears_one_utterance(start):
    _, microphone = start(attention="push_to_talk")
    client = microphone.node.create_client(Trigger, "asr_node/listen")
    microphone.wait(client.service_is_ready)
    microphone.silence(0.5)
    microphone.say("yes.wav")
    microphone.silence(1.4)
    assert not microphone.transcripts
    future = client.call_async(Trigger.Request())
    microphone.wait(future.done)
    assert future.result().success
    for _ in range(2):
        microphone.silence(0.3)
        microphone.say("yes.wav")
        microphone.silence(1.4)
    microphone.settle(0.5)
    assert len(microphone.finals) == 1


def test_lost_audio_is_told_counted_and_survived(start, capfd):
    node, microphone = start()
    microphone.silence(0.5)
    clip = load(DEMO / "pick_red_cube.wav", RATE)
    microphone.hear(clip[: 2 * RATE])
    microphone.hear(clip[2 * RATE :], skip=3)
    microphone.silence(1.4)
    microphone.wait(lambda: microphone.finals)
    assert f"Turn {microphone.finals[0].turn_id}: 3 chunks of audio lost" in capfd.readouterr().err
    assert node._health().values["chunks lost"] == 3


def test_audio_that_ends_in_mid_utterance_ends_it_and_a_stop_in_it_has_its_turn(start, capfd):
    node, microphone = start()
    microphone.silence(0.5)
    microphone.hear(load(DEMO / "pick_red_cube.wav", RATE)[: round(1.8 * RATE)])
    node._keep(lambda: node._on_stop_spotted(Spotted("stop", 1.0)))
    microphone.wait(lambda: microphone.finals and microphone.stops)
    assert words(microphone.finals[0].text)[:2] == ["pick", "up"]
    turn = microphone.stops[0].turn_id
    assert turn == microphone.finals[0].turn_id
    told = capfd.readouterr().err
    for event in ("no audio for", "stop requested: the spotter heard 'stop'", "stopped in doubt"):
        assert f"Turn {turn}: {event}" in told


def test_a_wrong_rate_is_named_until_it_is_right(start, capfd):
    node, microphone = start()
    microphone.audio.publish(AudioChunk(stream_id="x", sample_rate=44100, channels=2, data=[0] * 882))
    microphone.settle(0.3)
    assert "44100 Hz and 2 channels" in capfd.readouterr().err
    assert "44100 Hz" in problems_of(node)
    microphone.silence(0.2)
    microphone.wait(lambda: not problems_of(node))


def problems_of(node) -> str:
    """What its diagnostics complain of."""
    found = node._health()
    return "" if found.level == "ok" else found.message


def test_when_the_server_is_down_the_next_engine_gets_the_same_utterance(start, dead_server, capfd):
    node, microphone = start(
        recognizer="openai_api", recognizer_url=dead_server, recognizer_fallback=["whisper_local"]
    )
    microphone.silence(0.5)
    microphone.say("yes.wav")
    microphone.silence(1.4)
    microphone.wait(lambda: microphone.finals)
    assert words(microphone.finals[0].text) == ["yes"]
    final = microphone.finals[0]
    assert final.engine.startswith(
        f"whisper_local instead of openai_api (The recognizer at {dead_server} cannot be reached."
    )
    assert node._health().values["recognized by"] == final.engine
    told = capfd.readouterr().err
    assert told.count(f"Turn {final.turn_id}: speech is recognized by whisper_local instead of") == 1, told


def test_a_server_that_is_down_is_named_and_forgotten_when_it_is_back(start, dead_server, capfd):
    node, microphone = start(recognizer="openai_api", recognizer_url=dead_server)
    microphone.silence(0.5)
    microphone.say("yes.wav")
    microphone.silence(1.4)
    microphone.wait(lambda: node._health().values["failures"])
    assert not microphone.finals
    assert f"The recognizer at {dead_server} cannot be reached. Start it" in capfd.readouterr().err
    assert "cannot be reached" in problems_of(node)
    node._publish([Words("t", "yes", True, 1, 3, 0.9, "en", 0.0, 0.5, engine="openai_api")])
    assert "cannot be reached" not in problems_of(node)


def test_inactive_it_hears_nothing_and_active_again_it_does(start):
    node, microphone = start()
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    microphone.say("yes.wav")
    microphone.silence(1.4)
    assert not microphone.transcripts
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    microphone.say("yes.wav")
    microphone.silence(1.4)
    microphone.wait(lambda: microphone.finals)


def test_missing_weights_fail_with_the_fix(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    rclpy.init()
    try:
        node = AsrNode()
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert "voice-agent models fetch whisper-tiny.en" in capfd.readouterr().err
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
