# SPDX-License-Identifier: Apache-2.0
"""Microphone to `audio/in`, `audio/out` to the loudspeaker, and how much of it has been played."""

from __future__ import annotations

import array
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from voice_agent_ros.audio import in_process
from voice_agent_ros.audio.capture import Capture
from voice_agent_ros.audio.device import Loudspeaker, reopened
from voice_agent_ros.audio.devices import default_rate
from voice_agent_ros.audio.echo import EchoCanceller, HeardPlayback, PlayedAudio
from voice_agent_ros.audio.file_sink import FileSink
from voice_agent_ros.audio.network import NetworkSink, NetworkSource
from voice_agent_ros.audio.playback import PlaybackQueue, Played
from voice_agent_ros.audio.reconnecting import ReconnectingSource
from voice_agent_ros.audio.sink import Sink
from voice_agent_ros.audio.source import SAMPLE_RATE, Block, Source
from voice_agent_ros.audio.stream_names import name
from voice_agent_ros.audio.wav_source import Clip, WavSource, load_clips
from voice_agent_ros.errors import ModelMissingError, VoiceAgentError
from voice_agent_ros.msg import AgentState, AudioChunk, PlaybackStatus, StopRequest
from voice_agent_ros.nodes import health, heartbeat, qos, spin
from voice_agent_ros.nodes.conversions import seconds
from voice_agent_ros.nodes.interruption import Interruption
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.wakeup import Wakeup

PARAMETERS = (
    Parameter(
        "barge_in",
        "auto",
        "Who speaks pauses the robot's speech, words end it; needs a microphone without the robot's own voice. "
        "auto: where the echo is cancelled (duplex full).",
        choices=("auto", "always", "never"),
    ),
    Parameter(
        "source",
        "device",
        "Microphone: a device, recordings, the network, or none.",
        choices=("device", "wav", "network", "none"),
    ),
    Parameter(
        "sink",
        "device",
        "Loudspeaker: a device, a WAV file, the network, or none.",
        choices=("device", "wav", "network", "none"),
    ),
    Parameter("input_device", "", "Name, part of a name, index or ALSA string; empty: the system's default."),
    Parameter(
        "output_device", "", "Name, part of a name, index or ALSA string; empty: the system's default."
    ),
    Parameter(
        "input_url",
        "",
        "source network: rtp://0.0.0.0:5004?codec=opus (l16, pcmu, pcma, opus), rtsp://HOST/PATH, ...",
    ),
    Parameter("output_url", "", "sink network: rtp://HOST:PORT?codec=opus (l16, pcmu, pcma, opus)."),
    Parameter("wav_paths", [""], "Recordings to be heard, one after the other (source wav)."),
    Parameter(
        "wav_start",
        "auto",
        "auto: once the agent is ready; on_request: each waits for ~/next_clip.",
        choices=("auto", "on_request"),
    ),
    Parameter("wav_gap_s", 1.0, "Silence between recordings at least, s.", (0.0, 60.0)),
    Parameter("out_path", "", "WAV file of the sink wav; empty: it is heard by nobody."),
    Parameter("output_rate", 24000, "Rate of the loudspeaker, Hz; 0: the device's own.", (0, 192000)),
    Parameter(
        "duplex",
        "auto",
        "What is done about the robot's own voice in the microphone. half: while it speaks, only a stop is heard. "
        "full: it is cancelled. apart: it is not in the microphone. auto: full with devices (half without "
        "pywebrtc-audio), else apart.",
        choices=("auto", "half", "full", "apart"),
    ),
)
STATUS_PERIOD_S = 0.1
NETWORK_SILENT_S = 6.0  # opening a stream takes a while
REVIVE_PERIOD_S = 2.0
JOIN_TIMEOUT_S = 5.0


class AudioNode(ManagedNode):
    """Owns the devices."""

    def __init__(self) -> None:
        super().__init__("audio_node")
        declare(self, PARAMETERS)
        self._clips: list[Clip] = []
        self._playback: PlaybackQueue | None = None  # while active, as the rest
        self._sink: Sink | None = None
        self._source: Source | None = None
        self._capture: Capture | None = None
        self._duplex = "apart"
        self._closing = threading.Event()
        self._reviver: threading.Thread | None = None
        self._was_speaking = False
        self._waits_for_ready = False
        self._in = self.create_publisher(AudioChunk, "audio/in", qos.AUDIO_IN)
        self._in_topic = self.resolve_topic_name("audio/in")
        self._status = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        heartbeat.beat(self)
        self._speaking = self.create_publisher(Bool, "speech/speaking", qos.STATE)
        # The first, for callbacks that are due together run in this order.
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(AudioChunk, "audio/out", self._on_audio_out, qos.AUDIO_OUT)
        self.create_subscription(AgentState, "state", self._on_state, qos.STATE)
        self.create_service(Trigger, "~/next_clip", self._on_next_clip)
        self._wake = Wakeup(self, self._publish_status)
        self._interruption = Interruption(
            self, lambda: self._playback, self._can_be_interrupted, self._on_stop
        )
        self.create_timer(STATUS_PERIOD_S, self._publish_status)
        health.report(self, "audio", self._health)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Read the parameters and the recordings."""
        try:
            self._values = read(self, PARAMETERS)
            paths = [Path(path).expanduser() for path in self._values.wav_paths if path]
            self._clips = load_clips(paths) if self._values.source == "wav" else []
        except VoiceAgentError as error:
            return self._failed(error)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Open the devices."""
        try:
            self._open()
        except VoiceAgentError as error:
            self._close_devices()
            return self._failed(error)
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Close the devices; what was being played ends as interrupted."""
        self._close_devices()
        if self._playback is not None:
            self._playback.stop()
            self._publish_status()
            self._playback = None
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Forget the recordings."""
        self._clips = []
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Close the devices before the process ends."""
        self._close_devices()

    def _open(self) -> None:
        values = self._values
        rate = values.output_rate
        if not rate:
            rate = default_rate(values.output_device, "output") if values.sink == "device" else 24000
        self._playback = PlaybackQueue(rate, on_change=self._wake.trigger)
        self._duplex = duplex_of(values.duplex, values.source, values.sink)
        canceller: EchoCanceller | None = None
        heard: PlaybackQueue | HeardPlayback = self._playback
        if self._duplex == "full":
            played = PlayedAudio(rate)
            heard = HeardPlayback(self._playback, played)
            try:
                canceller = EchoCanceller(played)
            except ModelMissingError as error:
                if values.duplex == "full":
                    raise
                self._duplex = "half"
                self.get_logger().warning(f"While the robot speaks, only a stop is heard. {error}")
        self._sink = self._open_sink(heard)
        self._source = self._open_source()
        if self._source is not None:
            began = self.get_clock().now().nanoseconds
            self._capture = Capture(
                self._source, partial(self._hand_on, began), self._report_problem, canceller
            )

    def _open_sink(self, playback: Any) -> Sink:
        values = self._values
        if values.sink == "device":
            speaker = Loudspeaker(values.output_device, playback)
            self._closing.clear()
            self._reviver = threading.Thread(target=self._revive, args=(speaker,), name="loudspeaker watch")
            self._reviver.daemon = True
            self._reviver.start()
            return speaker
        if values.sink == "network":
            return NetworkSink(values.output_url, playback)
        path = Path(values.out_path).expanduser() if values.sink == "wav" and values.out_path else None
        return FileSink(playback, path)

    def _open_source(self) -> Source | None:
        values = self._values
        if values.source == "device":
            return ReconnectingSource(partial(reopened, values.input_device))
        if values.source == "network":
            return ReconnectingSource(partial(NetworkSource, values.input_url), silent_s=NETWORK_SILENT_S)
        if values.source == "none":
            return None
        source = WavSource(self._clips, gap_s=values.wav_gap_s, on_end=self._report_clip)
        # Without a supervisor nobody says when somebody listens.
        self._waits_for_ready = values.wav_start == "auto" and self.count_publishers("state") > 0
        if values.wav_start == "auto" and not self._waits_for_ready:
            source.play_all()
        return source

    def _revive(self, speaker: Loudspeaker) -> None:
        """A loudspeaker that was unplugged is looked for."""
        while not self._closing.wait(REVIVE_PERIOD_S):
            if not speaker.revive():
                self.get_logger().error(f"Nothing is played. {speaker.problem}", throttle_duration_sec=10.0)

    def _close_devices(self) -> None:
        self._closing.set()
        if self._reviver is not None:
            self._reviver.join(JOIN_TIMEOUT_S)
            self._reviver = None
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        self._source = None
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _failed(self, error: VoiceAgentError) -> TransitionCallbackReturn:
        self.get_logger().error(f"Audio cannot be set up. {error}")
        return TransitionCallbackReturn.FAILURE

    # Microphone, in its thread.

    def _hand_on(self, began: int, block: Block, epoch: int) -> None:
        """To listeners in this process without a message, to others with one."""
        stream_id = name(began + epoch - 1, shares_room=self._duplex == "half")
        stamp = self._ros_time(block.at)
        heard = in_process.Heard(stream_id, block.index, block.samples, seconds(stamp))
        in_process.deliver(self._in_topic, heard)
        if self._in.get_subscription_count() == 0:
            return
        message = AudioChunk(
            stream_id=stream_id,
            sequence=block.index,
            sample_rate=SAMPLE_RATE,
            channels=1,
            data=array.array("h", block.samples.tobytes()),
        )
        message.header.stamp = stamp
        self._in.publish(message)

    def _report_problem(self, problem: str) -> None:
        if problem:
            self.get_logger().warning(problem)
        else:
            self.get_logger().info("The microphone works again.")

    def _health(self) -> health.Health:
        if self._playback is None:
            return health.Health("ok", "not active")
        values: dict[str, object] = {
            "duplex": self._duplex,
            "chunks lost to play": self._playback.lost_chunks,
        }
        peak, underruns = self._playback.output()
        values |= {"output peak": f"{peak:.4f}", "output underruns": underruns}
        if isinstance(self._sink, Loudspeaker):
            values["loudspeaker underruns"] = self._sink.underruns
        silent = getattr(self._sink, "problem", "")
        if self._capture is None:
            return health.Health(
                "error" if silent else "ok", silent or "no microphone, as configured", values
            )
        hearing = self._capture.hearing
        values |= {"opened": hearing.opened, "blocks lost": hearing.lost_blocks}
        if hearing.level is not None:
            values |= {"peak": f"{hearing.level.peak:.4f}", "rms": f"{hearing.level.rms:.5f}"}
        if hearing.echo_delay_s is not None:
            values["echo delay"] = f"{hearing.echo_delay_s:.3f} s"
        if hearing.is_lost or silent:
            return health.Health("error", hearing.problem or silent, values)
        return health.Health("warn" if hearing.problem else "ok", hearing.problem or "hears", values)

    def _ros_time(self, monotonic_s: float) -> Any:
        now = self.get_clock().now()
        ago_ns = round((time.monotonic() - monotonic_s) * 1e9)
        return Time(nanoseconds=now.nanoseconds - ago_ns, clock_type=now.clock_type).to_msg()

    def _report_clip(self, clip: Clip, sound_ended: float, ended: float) -> None:
        sound, end = seconds(self._ros_time(sound_ended)), seconds(self._ros_time(ended))
        self.get_logger().info(f"{clip.path.name}: sound ended at {sound:.3f}, recording at {end:.3f}.")

    def _on_next_clip(self, request: Any, response: Any) -> Any:  # noqa: ARG002
        clip = self._source.play_next() if isinstance(self._source, WavSource) else None
        if clip is None:
            response.message = "No recording is left."
            return response
        response.success, response.message = True, f"{clip.path.name}: {clip.duration_s:.2f} s"
        return response

    def _on_state(self, message: AgentState) -> None:
        if self._waits_for_ready and message.state == AgentState.READY:
            self._waits_for_ready = False
            if isinstance(self._source, WavSource):
                self._source.play_all()

    # Loudspeaker.

    def _on_audio_out(self, message: AudioChunk) -> None:
        if self._playback is None:
            return
        samples = np.asarray(message.data, dtype=np.int16)
        if message.channels > 1:
            whole = len(samples) // message.channels * message.channels
            samples = samples[:whole].reshape(-1, message.channels).mean(axis=1).astype(np.int16)
        self._playback.add(
            message.stream_id,
            message.sequence,
            message.sample_rate or SAMPLE_RATE,
            samples,
            is_last=message.is_last,
            created_at=seconds(message.header.stamp) or float("inf"),
        )

    def _can_be_interrupted(self) -> bool:
        wanted = self._values.barge_in
        return bool(wanted == "always" or (wanted == "auto" and self._duplex == "full"))

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_MOTION and self._playback is not None:
            self._interruption.forget()
            self._playback.stop(seconds(message.header.stamp) or seconds(self.get_clock().now().to_msg()))
            self._publish_status()

    def _publish_status(self) -> None:
        """At every change, and now and then while something is played."""
        if self._playback is None:
            return
        self._interruption.tick()
        for played in self._playback.news():
            self._status.publish(self._status_of(played))
        is_speaking = self._playback.is_playing
        if is_speaking != self._was_speaking:
            self._was_speaking = is_speaking
            self._speaking.publish(Bool(data=is_speaking))

    def _status_of(self, played: Played) -> PlaybackStatus:
        message = PlaybackStatus(
            stream_id=played.stream_id,
            samples_played=played.samples,
            sample_rate=played.sample_rate,
            is_finished=played.is_finished,
            is_interrupted=played.is_interrupted,
            underruns=played.underruns,
        )
        message.header.stamp = self._ros_time(played.at)
        return message


def duplex_of(wanted: str, source: str, sink: str) -> str:
    """What `auto` means for a source and a sink."""
    if wanted != "auto":
        return wanted
    return "full" if source == sink == "device" else "apart"


def main() -> None:
    """Run the node."""
    spin.main(AudioNode)
