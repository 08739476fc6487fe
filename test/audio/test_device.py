# SPDX-License-Identifier: Apache-2.0
"""The real device code before a virtual sound card: PulseAudio's null sinks, looped back to a microphone."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))
if shutil.which("pulseaudio") is None or shutil.which("pactl") is None:
    pytest.skip(
        "needs: apt-get install pulseaudio pulseaudio-utils libasound2-plugins", allow_module_level=True
    )

CARD = """
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=speaker rate=48000 channels=2 norewinds=1
load-module module-remap-source source_name=mic master=speaker.monitor
set-default-sink speaker
set-default-source mic
"""
# PortAudio looks at the system when it is loaded: it needs a process of its own.
ROUND_TRIP = """
import json, time
import numpy as np
from voice_agent_ros.audio.device import Loudspeaker, Microphone
from voice_agent_ros.audio.playback import PlaybackQueue

microphone = Microphone("pulse")
playback = PlaybackQueue(24000)
speaker = Loudspeaker("pulse", playback)
tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(24000) / 24000)).astype(np.int16)
for index, part in enumerate(np.array_split(tone, 25)):
    playback.add("a", index, 24000, part, is_last=index == 24)
blocks, news = [], []
began = time.monotonic()
while time.monotonic() - began < 2.0:
    block = microphone.read()
    if block is not None:
        blocks.append(block)
    news += playback.news()
ended = time.monotonic()
playback.add("b", 0, 24000, np.tile(tone, 5), is_last=True)
time.sleep(0.5)
playback.stop()
stopped = time.monotonic()
quiet_at = None
while time.monotonic() - stopped < 1.0:
    block = microphone.read()
    if block is not None and block.at > stopped and np.abs(block.samples).max() < 50 and quiet_at is None:
        quiet_at = block.at - stopped
microphone.close()
speaker.close()
audio = np.concatenate([block.samples for block in blocks])
loud = np.abs(audio) > 300
spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
print(json.dumps({
    "blocks": len(blocks),
    "gaps": int(blocks[-1].index - blocks[0].index + 1 - len(blocks)),
    "size": sorted({len(block.samples) for block in blocks}),
    "late": ended - blocks[-1].at,
    "heard_s": float((np.flatnonzero(loud)[-1] - np.flatnonzero(loud)[0]) / 16000) if loud.any() else 0.0,
    "hz": float(np.argmax(spectrum) * 16000 / len(audio)),
    "played": [news[-1].samples, news[-1].is_finished, news[-1].is_interrupted, news[-1].underruns],
    "quiet_after_s": quiet_at,
}))
"""
UNPLUGGED = """
import json, subprocess, time
from functools import partial
from voice_agent_ros.audio.capture import Capture
from voice_agent_ros.audio.device import reopened
from voice_agent_ros.audio.reconnecting import ReconnectingSource

heard, told = [], []
def until(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()
capture = Capture(
    ReconnectingSource(partial(reopened, "pulse")), lambda block, epoch: heard.append(epoch), told.append
)
result = {"heard": until(lambda: len(heard) > 20)}
for module in ("module-remap-source", "module-null-sink"):
    subprocess.run(["pactl", "unload-module", module], check=True)
result["lost"] = until(lambda: capture.hearing.is_lost)
result["problem"] = capture.hearing.problem
subprocess.run("pactl load-module module-null-sink sink_name=speaker rate=48000 norewinds=1".split(), check=True)
count = len(heard)
result["again"] = until(lambda: len(heard) > count + 20 and not capture.hearing.is_lost)
result["opened"] = capture.hearing.opened
capture.close()
print(json.dumps(result))
"""
WRONG_NAME = """
from voice_agent_ros.audio.device import Microphone
from voice_agent_ros.errors import DeviceError
try:
    Microphone("no such microphone")
except DeviceError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a script with the virtual sound card as the only one."""
    home = tmp_path_factory.mktemp("pulse")
    home.chmod(0o700)
    (home / "run").mkdir(mode=0o700)
    (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    (home / "card.pa").write_text(CARD)
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PULSE_RUNTIME_PATH": str(home / "run"),
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
        ),
    }
    options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --log-level=error --realtime=no"
    command = ["pulseaudio", *options.split(), "--high-priority=no", "-F", str(home / "card.pa")]
    daemon = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10.0
        while (
            subprocess.run(["pactl", "info"], check=False, env=environment, capture_output=True).returncode
            != 0
        ):
            if daemon.poll() is not None or time.monotonic() > deadline:
                pytest.skip("PulseAudio does not start here")
            time.sleep(0.1)

        def script(source: str) -> str:
            command = [sys.executable, "-c", textwrap.dedent(source)]
            done = subprocess.run(
                command, check=False, env=environment, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield script
    finally:
        daemon.terminate()
        try:
            daemon.wait(5.0)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(5.0)


def test_what_the_loudspeaker_plays_the_microphone_hears(run):
    for _ in range(3):  # where the computer was busy, the sound card of software stutters
        result = json.loads(run(ROUND_TRIP))
        if result["heard_s"] == pytest.approx(1.0, abs=0.08):
            break
    assert 80 <= result["blocks"] <= 115
    assert result["gaps"] == 0
    assert result["size"] == [320]
    assert 0.0 <= result["late"] < 0.3
    assert result["heard_s"] == pytest.approx(1.0, abs=0.08)
    assert result["hz"] == pytest.approx(500, abs=3)
    assert result["played"] == [24000, True, False, 0]
    assert result["quiet_after_s"] is not None
    assert result["quiet_after_s"] < 0.3


def test_a_device_that_is_not_there_is_named_with_those_that_are(run):
    message = run(WRONG_NAME)
    assert "no such microphone" in message
    assert "pulse" in message
    assert "input_device" in message


def test_a_microphone_that_is_unplugged_is_told_and_comes_back(
    run,
):  # the last: the card has another source then
    result = json.loads(run(UNPLUGGED).splitlines()[-1])
    assert result["heard"]
    assert result["lost"]
    assert "microphone" in result["problem"].lower()
    assert result["again"]
    assert result["opened"] == 2
