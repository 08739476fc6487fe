# SPDX-License-Identifier: Apache-2.0
"""Microphone to `audio/in`, `audio/out` to the loudspeaker, and how much of it has been played."""

from __future__ import annotations

import array
import threading
import time
from pathlib import Path

import numpy as np
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from voice_agent_ros.audio.device import Loudspeaker, Microphone
from voice_agent_ros.audio.file_sink import FileSink
from voice_agent_ros.audio.playback import PlaybackQueue, Samples
from voice_agent_ros.audio.wav_source import WavSource
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.msg import AudioChunk, PlaybackStatus, StopRequest
from voice_agent_ros.nodes import qos, spin
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
        "auto, or on_request: each waits for ~/next_clip.",
        choices=("auto", "on_request"),
    ),
    Parameter("wav_gap_s", 0.3, "Silence before each recording, s.", (0.0, 60.0)),
    Parameter("out_path", "", "WAV file of the sink wav; empty: it is heard by nobody."),
    Parameter("output_rate", 24000, "Sample rate of the loudspeaker, Hz.", (8000, 192000)),
    Parameter(
        "mute_while_speaking",
        "auto",
        "Deaf while the robot speaks; auto: with devices.",
        choices=("auto", "on", "off"),
    ),
)
INPUT_RATE = 16000
CHUNK_SAMPLES = 320  # 20 ms
STATUS_PERIOD_S = 0.05
MUTE_TAIL_S = 0.25  # a room goes on sounding


class AudioNode(LifecycleNode):
    """Owns the devices."""

    def __init__(self) -> None:
        super().__init__("audio_node")
        declare(self, PARAMETERS)
        self._queue = PlaybackQueue(24000)
        self._microphone: Microphone | None = None
        self._speaker: Loudspeaker | FileSink | None = None
        self._wav: WavSource | None = None
        self._running = threading.Event()
        self._pacer: threading.Thread | None = None
        self._sequence, self._stream_id = 0, ""
        self._was_speaking = False
        self._spoke_at = -1e9
        self._muted = self._mutes = False
        self._in = self.create_publisher(AudioChunk, "audio/in", qos.AUDIO_IN)
        self._status = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self._speaking = self.create_publisher(Bool, "speech/speaking", qos.STATE)
        self.create_subscription(AudioChunk, "audio/out", self._on_audio_out, qos.AUDIO_OUT)
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_service(Trigger, "~/next_clip", self._serve_next_clip)
        self.create_timer(STATUS_PERIOD_S, self._publish_status)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Read the parameters and the recordings."""
        try:
            self._values = read(self, PARAMETERS)
            self._queue = PlaybackQueue(self._values.output_rate)
            if self._values.source == "wav":
                paths = [Path(path) for path in self._values.wav_paths if path]
                auto, gap = self._values.wav_start == "auto", self._values.wav_gap_s
                self._wav = WavSource(paths, INPUT_RATE, CHUNK_SAMPLES, auto=auto, gap_s=gap)
        except VoiceAgentError as error:
            return self._failed(error)
        has_room = "device" in (self._values.source, self._values.sink)
        mute = self._values.mute_while_speaking
        self._mutes = mute == "on" or (mute == "auto" and has_room)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Open the devices."""
        try:
            self._open()
        except VoiceAgentError as error:
            self._close_devices()
            return self._failed(error)
        return TransitionCallbackReturn.SUCCESS

    def _open(self) -> None:
        values = self._values
        self._sequence, self._stream_id = 0, f"microphone-{self.get_clock().now().nanoseconds}"
        if values.sink == "device":
            self._speaker = Loudspeaker(values.output_device, self._queue)
        else:
            path = Path(values.out_path) if values.sink == "wav" and values.out_path else None
            self._speaker = FileSink(self._queue, path)
            self._speaker.start()
        if values.source == "device":
            self._microphone = Microphone(values.input_device, INPUT_RATE, CHUNK_SAMPLES, self._on_microphone)
        elif values.source == "wav":
            self._running.set()
            self._pacer = threading.Thread(target=self._pace, name="recordings", daemon=True)
            self._pacer.start()

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Close the devices."""
        self._close_devices()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Close the devices before the process ends."""
        self._close_devices()

    def _close_devices(self) -> None:
        self._running.clear()
        if self._pacer is not None:
            self._pacer.join(timeout=2.0)
            self._pacer = None
        for device in (self._microphone, self._speaker):
            if device is not None:
                device.close()
        self._microphone = self._speaker = None

    def _failed(self, error: VoiceAgentError) -> TransitionCallbackReturn:
        self.get_logger().error(f"Audio cannot be set up: {error}")
        return TransitionCallbackReturn.FAILURE

    # Microphone.

    def _pace(self) -> None:
        assert self._wav is not None
        due = time.monotonic()
        while self._running.is_set():
            self._publish_chunk(self._wav.next_chunk())
            due += CHUNK_SAMPLES / INPUT_RATE
            time.sleep(max(0.0, due - time.monotonic()))

    def _on_microphone(self, samples: Samples, lost: bool) -> None:
        self._sequence += int(lost)  # a gap in the sequence tells of it
        self._publish_chunk(np.zeros_like(samples) if self._muted else samples)

    def _publish_chunk(self, samples: Samples) -> None:
        now = self.get_clock().now()
        message = AudioChunk(
            stream_id=self._stream_id,
            sequence=self._sequence,
            sample_rate=INPUT_RATE,
            channels=1,
        )
        message.data = array.array("h", samples.tobytes())
        message.header.stamp = Time(
            nanoseconds=now.nanoseconds - CHUNK_SAMPLES * 10**9 // INPUT_RATE, clock_type=now.clock_type
        ).to_msg()
        self._sequence += 1
        self._in.publish(message)

    def _serve_next_clip(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        if self._wav is None or not self._wav.clips_left:
            response.message = "No recording is left."
            return response
        response.success, response.message = True, f"{self._wav.play_next():.2f} s"
        return response

    # Loudspeaker.

    def _on_audio_out(self, message: AudioChunk) -> None:
        samples = np.asarray(message.data, dtype=np.int16)
        if message.channels > 1:
            samples = samples.reshape(-1, message.channels).mean(axis=1).astype(np.int16)
        self._queue.add(
            message.stream_id,
            message.sequence,
            message.sample_rate or INPUT_RATE,
            samples,
            is_last=message.is_last,
        )

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_MOTION:
            self._queue.flush()
            self._publish_status()

    def _publish_status(self) -> None:
        now = self.get_clock().now()
        latency = self._speaker.latency if isinstance(self._speaker, Loudspeaker) else 0.0
        stamp = Time(nanoseconds=now.nanoseconds + round(latency * 1e9), clock_type=now.clock_type).to_msg()
        for played in self._queue.news():
            message = PlaybackStatus(
                stream_id=played.stream_id,
                samples_played=played.samples,
                sample_rate=played.sample_rate,
                is_finished=played.is_finished,
                is_interrupted=played.is_interrupted,
                underruns=played.underruns,
            )
            message.header.stamp = stamp
            self._status.publish(message)
        speaking = self._queue.is_playing
        if speaking:
            self._spoke_at = time.monotonic()
        self._muted = self._mutes_now()
        if speaking != self._was_speaking:
            self._was_speaking = speaking
            self._speaking.publish(Bool(data=speaking))

    def _mutes_now(self) -> bool:
        return self._mutes and time.monotonic() - self._spoke_at < MUTE_TAIL_S


def main() -> None:
    """Run the node."""
    spin.main(AudioNode)
