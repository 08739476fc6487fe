# SPDX-License-Identifier: Apache-2.0
"""Microphone to `audio/in`, `audio/out` to the loudspeaker, and how much of it has been played."""

from __future__ import annotations

import array
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from voice_agent_ros.audio import in_process
from voice_agent_ros.audio.device import Loudspeaker, Microphone, default_rate
from voice_agent_ros.audio.file_sink import FileSink
from voice_agent_ros.audio.level import LevelMeter
from voice_agent_ros.audio.playback import PlaybackQueue, Played
from voice_agent_ros.audio.sink import Sink
from voice_agent_ros.audio.source import SAMPLE_RATE, Block, Source
from voice_agent_ros.audio.stream_names import name
from voice_agent_ros.audio.wav_source import Clip, WavSource, load_clips
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.msg import AgentState, AudioChunk, PlaybackStatus, StopRequest
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes.conversions import seconds
from voice_agent_ros.nodes.parameters import Parameter, declare, read

PARAMETERS = (
    Parameter(
        "source", "device", "Microphone: a device, recordings, or none.", choices=("device", "wav", "none")
    ),
    Parameter(
        "sink", "device", "Loudspeaker: a device, a WAV file, or none.", choices=("device", "wav", "none")
    ),
    Parameter("input_device", "", "Name, part of a name, or index; empty: the system's default."),
    Parameter("output_device", "", "Name, part of a name, or index; empty: the system's default."),
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
        "mute_while_speaking",
        "auto",
        "While the robot speaks, only a stop is heard: its own voice is in the microphone. auto: with devices.",
        choices=("auto", "on", "off"),
    ),
)
STATUS_PERIOD_S = 0.1
JOIN_TIMEOUT_S = 2.0


class AudioNode(LifecycleNode):
    """Owns the devices."""

    def __init__(self) -> None:
        super().__init__("audio_node")
        declare(self, PARAMETERS)
        self._clips: list[Clip] = []
        self._playback: PlaybackQueue | None = None  # while active, as the rest
        self._sink: Sink | None = None
        self._source: Source | None = None
        self._capture: threading.Thread | None = None
        self._is_capturing = threading.Event()
        self._was_speaking = False
        self._waits_for_ready = False
        self._in = self.create_publisher(AudioChunk, "audio/in", qos.AUDIO_IN)
        self._in_topic = self.resolve_topic_name("audio/in")
        self._status = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self._speaking = self.create_publisher(Bool, "speech/speaking", qos.STATE)
        # The first, for callbacks that are due together run in this order.
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(AudioChunk, "audio/out", self._on_audio_out, qos.AUDIO_OUT)
        self.create_subscription(AgentState, "state", self._on_state, qos.STATE)
        self.create_service(Trigger, "~/next_clip", self._on_next_clip)
        self._wake = self.create_guard_condition(self._publish_status)
        self.create_timer(STATUS_PERIOD_S, self._publish_status)

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
        if values.sink == "device":
            self._sink = Loudspeaker(values.output_device, self._playback)
        else:
            path = Path(values.out_path).expanduser() if values.sink == "wav" and values.out_path else None
            self._sink = FileSink(self._playback, path)
        if values.source == "device":
            self._source = Microphone(values.input_device)
        elif values.source == "wav":
            self._source = WavSource(self._clips, gap_s=values.wav_gap_s, on_end=self._report_clip)
            # Without a supervisor nobody says when somebody listens.
            self._waits_for_ready = values.wav_start == "auto" and self.count_publishers("state") > 0
            if values.wav_start == "auto" and not self._waits_for_ready:
                self._source.play_all()
        if self._source is not None:
            self._is_capturing.set()
            self._capture = threading.Thread(target=self._run, args=(self._source,), name="microphone")
            self._capture.daemon = True
            self._capture.start()

    def _close_devices(self) -> None:
        self._is_capturing.clear()
        if self._capture is not None:
            self._capture.join(JOIN_TIMEOUT_S)
            self._capture = None
        if self._source is not None:
            self._source.close()
            self._source = None
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _failed(self, error: VoiceAgentError) -> TransitionCallbackReturn:
        self.get_logger().error(f"Audio cannot be set up. {error}")
        return TransitionCallbackReturn.FAILURE

    # Microphone, in its thread.

    def _run(self, source: Source) -> None:
        shares_room = self._values.source == self._values.sink == "device"
        mute = self._values.mute_while_speaking
        is_open = mute == "on" or (mute == "auto" and shares_room)
        stream_id = name(self.get_clock().now().nanoseconds, shares_room=is_open)
        meter = LevelMeter()
        while self._is_capturing.is_set():
            block = source.read()
            if block is None:
                self.get_logger().warning("The microphone delivers nothing.", throttle_duration_sec=5.0)
                continue
            self._hand_on(block, stream_id)
            level = meter.add(block.samples)
            if level is not None and level.is_dead:
                self.get_logger().warning(
                    "The microphone delivers digital silence: is it muted?", throttle_duration_sec=30.0
                )
            elif level is not None and level.is_clipped:
                self.get_logger().warning(
                    "The microphone is too loud and clips: turn its gain down.", throttle_duration_sec=30.0
                )

    def _hand_on(self, block: Block, stream_id: str) -> None:
        """To listeners in this process without a message, to others with one."""
        stamp = self._ros_time(block.at)
        in_process.deliver(
            self._in_topic, in_process.Heard(stream_id, block.index, block.samples, seconds(stamp))
        )
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

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_MOTION and self._playback is not None:
            self._playback.stop(seconds(message.header.stamp) or seconds(self.get_clock().now().to_msg()))
            self._publish_status()

    def _publish_status(self) -> None:
        """At every change, and now and then while something is played."""
        if self._playback is None:
            return
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


def main() -> None:
    """Run the node."""
    spin.main(AudioNode)
