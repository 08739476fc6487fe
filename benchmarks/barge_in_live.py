# SPDX-License-Identifier: Apache-2.0
"""The speaking and hearing nodes before a virtual sound card, and somebody who interrupts them.

Runs in a process of its own, for PortAudio looks at the system when it is loaded."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.wordless import KINDS, longest_silence, save, sounds_of, words_changed
from voice_agent_ros.children import end

COUNT = 20
START_S = 10.0
REPLY_S = 30.0
RATE = 16_000
BLOCK = 160  # 10 ms
LOUD = 500  # of 32768, in the microphone
SILENT_S = 0.25  # of digital zeros: a voice that pauses is not digitally silent
CARD = """
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=speaker rate=48000 channels=1 norewinds=1
load-module module-null-sink sink_name=mouth rate=48000 channels=1 norewinds=1
load-module module-remap-source source_name=mic master=mouth.monitor
set-default-sink speaker
set-default-source mic
"""
OPTIONS = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --log-level=error --realtime=no --high-priority=no"
SAYINGS = ("Wait a moment, please.", "What about the green one?", "Excuse me, I have a question.")
LONGEST_S = 1500.0
WORDS = "words"
WARY_S, ALARM_EVERY_S = 1.0, 2.0  # each alarm is to be like the first; else it would be ignored for a while
SENTENCE = "The arm has six joints and a gripper with two fingers, it can carry half a kilogram and turn its hand around."
REPLY = (
    "The arm has six joints and a gripper with two fingers, it can carry half a kilogram and turn its hand around, and"
    " it knows where the cubes are because a camera looks at the table from above all of the time. "
) * 3


def measure() -> dict[str, dict[str, list[float]]] | None:
    """Times in ms, by what was measured: "words", or a kind of sound; None if there is no PulseAudio."""
    if not all(map(shutil.which, ("pulseaudio", "pactl", "parec", "paplay"))):
        return None
    # Latencies with the computer to themselves; the sounds each in a room of its own.
    found = {WORDS: _in_a_room(WORDS)}
    with ThreadPoolExecutor(len(KINDS)) as rooms:
        return found | dict(zip(KINDS, rooms.map(_in_a_room, KINDS), strict=True))


def _in_a_room(what: str) -> dict[str, list[float]]:
    with _card() as environment:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.barge_in_live", what],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # ALSA complains at length when other programs keep the processor busy
            text=True,
        )
        try:
            told, complaints = child.communicate(timeout=LONGEST_S)
        finally:  # also when we are told to end
            end(child)
    if child.returncode:
        raise RuntimeError(f"The measurement failed: {complaints[-2000:]}")
    found: dict[str, list[float]] = json.loads(told.strip().splitlines()[-1])
    return found


@contextlib.contextmanager
def _card() -> Iterator[dict[str, str]]:
    """A sound card; the environment in which it is the only one."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "card.pa").write_text(CARD)
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        environment = {
            **os.environ,
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "PULSE_RUNTIME_PATH": folder,
            "XDG_CACHE_HOME": cache,
        }
        daemon = subprocess.Popen(
            ["pulseaudio", *OPTIONS.split(), "-F", str(home / "card.pa")], env=environment
        )
        try:
            deadline = time.monotonic() + START_S
            while subprocess.run(
                ["pactl", "info"], check=False, env=environment, capture_output=True, timeout=START_S
            ).returncode:
                if time.monotonic() > deadline:
                    raise TimeoutError("PulseAudio does not start.")
                time.sleep(0.1)
            yield environment
        finally:
            end(daemon)


class Ear:
    """Records one of the card's monitors, with the time of each block."""

    def __init__(self, source: str) -> None:
        command = f"parec --device={source} --rate={RATE} --channels=1 --format=s16le --latency-msec=5 --raw"
        self._process = subprocess.Popen(command.split(), stdout=subprocess.PIPE)
        self._blocks: list[tuple[float, Any]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while len(data := self._process.stdout.read(2 * BLOCK)) == 2 * BLOCK:
            self._blocks.append((time.monotonic() - BLOCK / RATE, np.frombuffer(data, np.int16)))

    def first(self, since: float, level: int) -> float | None:
        """When it was first louder than a level."""
        for at, block in list(self._blocks):
            loud = np.flatnonzero(np.abs(block.astype(np.int32)) > level)
            if at + BLOCK / RATE >= since and len(loud):
                return float(at + loud[0] / RATE)
        return None

    def silent(self, since: float) -> float | None:
        """When it fell digitally silent for a while."""
        start: float | None = None
        for at, block in list(self._blocks):
            sound = np.flatnonzero(block)
            if at < since or (len(sound) and sound[-1] == BLOCK - 1):
                start = None
                continue
            if len(sound) or start is None:
                start = at + (float(sound[-1] + 1) if len(sound) else 0.0) / RATE
            if at - start >= SILENT_S:
                return start
        return None

    def recorded(self) -> Any:
        """What was recorded since `forget`, from the first sound to the last."""
        audio = np.concatenate([np.zeros(0, np.int16), *(block for _, block in list(self._blocks))])
        sound = np.flatnonzero(audio)
        return audio[sound[0] : sound[-1] + 1] if len(sound) else audio[:0]

    def forget(self) -> None:
        """What was recorded so far."""
        del self._blocks[:]

    def close(self) -> None:
        """End."""
        end(self._process)
        self._thread.join(START_S)


def _run(what: str, folder: Path) -> dict[str, list[float]]:
    import rclpy

    from benchmarks.over_ros import spin_in_thread
    from voice_agent_ros.audio import barge_in
    from voice_agent_ros.nodes.asr_node import AsrNode
    from voice_agent_ros.nodes.audio_node import AudioNode
    from voice_agent_ros.nodes.tts_node import TtsNode
    from voice_agent_ros.tts.say_to_file import say_to_file

    voices = []
    for number, saying in enumerate(SAYINGS):
        voices.append(folder / f"{number}.wav")
        say_to_file(saying, voices[-1])
    rclpy.init(args=["--ros-args", "-r", f"__ns:=/{what}"])  # rooms do not hear each other
    with contextlib.ExitStack() as stack:
        stack.callback(rclpy.try_shutdown)
        nodes = [AudioNode(), TtsNode(), AsrNode()]
        person = Person()
        for node in (*nodes, person.node):
            spin_in_thread(node, stack)
        for node in nodes:
            node.trigger_configure()
            node.trigger_activate()
        for ear in (person.mouth, person.speaker):
            stack.callback(ear.close)
        time.sleep(1.0)
        if what == WORDS:
            return person.interrupt(voices)
        barge_in.WARY_S = WARY_S
        return person.alarm(sounds_of(what, COUNT, folder, RATE), folder)


class Person:
    """Listens to the robot and speaks while it speaks."""

    def __init__(self) -> None:
        from rclpy.node import Node
        from voice_agent_ros.msg import ReplyChunk, SpokenText, StopRequest, VoiceActivity

        from voice_agent_ros.nodes import qos

        self._chunk, self._request = ReplyChunk, StopRequest
        self.node: Any = Node("person")
        self._replies = self.node.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self._stop = self.node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._noticed_at: list[float] = []
        self._stopped_at: list[float] = []
        self._over: set[str] = set()
        self.node.create_subscription(VoiceActivity, "speech/activity", self._on_voice, qos.EVENTS)
        self.node.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.node.create_subscription(
            SpokenText, "speech/spoken", lambda message: self._over.add(message.reply_id), qos.EVENTS
        )
        self.mouth, self.speaker = Ear("mouth.monitor"), Ear("speaker.monitor")
        self._chance = random.Random(3)

    def _on_voice(self, message: Any) -> None:
        if message.is_speech:
            self._noticed_at.append(time.monotonic())

    def _on_stop(self, _: Any) -> None:
        self._stopped_at.append(time.monotonic())

    def interrupt(self, voices: list[Path]) -> dict[str, list[float]]:
        """Many times; times in ms."""
        found: dict[str, list[float]] = {"voice": [], "noticed": [], "words": [], "stop": []}
        for number in range(COUNT):
            self._begin(f"reply-{number}")
            begun = time.monotonic()
            player = subprocess.Popen(["paplay", "--device=mouth", str(voices[number % len(voices)])])
            try:
                self._until(lambda number=number: f"reply-{number}" in self._over)
            finally:
                end(player)
            time.sleep(0.4)
            voice, silent = self.mouth.first(begun, LOUD), self.speaker.silent(begun)
            noticed = next((at for at in self._noticed_at if at > begun), None)
            words = next((at for at in self._stopped_at if at > begun), None)
            if voice is None or silent is None or noticed is None or words is None:
                continue
            found["voice"].append(1000 * (silent - voice))
            found["noticed"].append(1000 * (silent - noticed))
            found["words"].append(1000 * (words - voice))
            time.sleep(1.5)  # the ears come to rest
        for number in range(COUNT):
            self._begin(f"stop-{number}")
            begun = time.monotonic()
            self._stop.publish(self._request(source="benchmark", scope=self._request.SCOPE_SPEECH))
            self._until(lambda number=number: f"stop-{number}" in self._over)
            time.sleep(0.5)
            silent = self.speaker.silent(begun)
            if silent is not None:
                found["stop"].append(1000 * (silent - begun))
        return found

    def alarm(self, sounds: list[Path], folder: Path) -> dict[str, list[float]]:
        """Each of these, in the middle of a reply. Pauses in s; the audio of each reply without its pause goes to a file."""
        found: dict[str, list[float]] = {"paused": [], "longer": []}
        self._begin("whole", SENTENCE)
        self._until(lambda: "whole" in self._over)
        time.sleep(SILENT_S)
        whole = self.speaker.recorded()
        save(folder / "whole.wav", whole, RATE)
        for number, sound in enumerate(sounds):
            time.sleep(ALARM_EVERY_S)
            self._begin(f"alarm-{number}", SENTENCE)
            subprocess.run(["paplay", "--device=mouth", str(sound)], check=True, timeout=START_S)
            self._until(lambda number=number: f"alarm-{number}" in self._over)
            time.sleep(SILENT_S)
            audio = self.speaker.recorded()
            start, length = longest_silence(audio)
            is_pause = length >= SILENT_S * RATE
            found["paused"].append(length / RATE if is_pause else 0.0)
            rest = np.concatenate([audio[:start], audio[start + length :]]) if is_pause else audio
            found["longer"].append(1000 * (len(rest) - len(whole)) / RATE)
            save(folder / f"alarm-{number}.wav", rest, RATE)
        return found

    def _begin(self, reply_id: str, text: str = REPLY) -> None:
        """Have it speak for a random while."""
        self.mouth.forget()
        self.speaker.forget()
        since = time.monotonic()
        self._replies.publish(
            self._chunk(
                reply_id=reply_id, turn_id=reply_id, text=text, language="en", kind="answer", is_last=True
            )
        )
        self._until(lambda: self.speaker.first(since, 0))
        time.sleep(self._chance.uniform(0.5, 2.5))

    def _until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + REPLY_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("What was waited for did not come.")
            time.sleep(0.02)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory() as scratch:
        measured = _run(sys.argv[1], Path(scratch))
        if sys.argv[1] != WORDS:
            measured["changed"] = words_changed(Path(scratch), COUNT, RATE, SENTENCE)
        print(json.dumps(measured))
