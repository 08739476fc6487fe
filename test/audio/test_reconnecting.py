# SPDX-License-Identifier: Apache-2.0
"""A source that is lost comes back, with a scripted device and a scripted clock; and what is told about it."""

import time

import numpy as np
import pytest

from voice_agent_ros.audio.capture import FAINT_S, Capture
from voice_agent_ros.audio.devices import chosen, unusable
from voice_agent_ros.audio.reconnecting import FIRST_WAIT_S, LONGEST_WAIT_S, SILENT_S, ReconnectingSource
from voice_agent_ros.audio.source import BLOCK_SAMPLES, Block
from voice_agent_ros.errors import DeviceError


class ScriptedDevice:
    """A device that can be unplugged."""

    def __init__(self, world) -> None:
        if not world.is_plugged:
            raise DeviceError("There is no microphone.", "Plug one in.")
        self.world, self.index, self.is_closed = world, 0, False
        world.opened.append(self)

    def read(self):
        if not self.world.is_plugged:
            if self.world.is_rude:
                raise DeviceError("The microphone has stopped.")
            self.world.now += 0.2
            return None
        self.world.now += 0.02
        self.index += 1
        return Block(np.full(BLOCK_SAMPLES, self.world.value, np.int16), self.index - 1, self.world.now)

    def close(self) -> None:
        self.is_closed = True


class World:
    def __init__(self) -> None:
        self.now, self.is_plugged, self.is_rude, self.value = 0.0, True, True, 100
        self.opened: list[ScriptedDevice] = []


@pytest.fixture
def world(monkeypatch):
    return World()


def source_of(world) -> ReconnectingSource:
    source = ReconnectingSource(lambda: ScriptedDevice(world), now=lambda: world.now)

    def wait(seconds: float) -> bool:
        world.now += seconds
        return False

    source._closing.wait = wait
    return source


@pytest.mark.parametrize("is_rude", [True, False])
def test_unplugged_and_plugged_in_again(world, is_rude):
    world.is_rude = is_rude
    source = source_of(world)
    assert source.read().index == 0
    world.is_plugged = False
    lost_at = world.now
    while not source.problem:
        assert source.read() is None
    assert world.now - lost_at < SILENT_S + 0.5
    assert world.opened[0].is_closed
    for _ in range(300):
        assert source.read() is None
    assert "Plug one in" in source.problem
    world.is_plugged, plugged_at = True, world.now
    while (block := source.read()) is None:
        assert world.now - plugged_at < LONGEST_WAIT_S + 1.0
    assert (source.epoch, block.index, source.problem) == (2, 0, "")
    source.close()
    assert world.opened[1].is_closed


def test_it_does_not_hammer(world):
    source = source_of(world)
    tries = []
    world.is_plugged = False
    source._open = lambda: tries.append(world.now) or ScriptedDevice(world)
    source.read()
    while world.now < 60.0:
        source.read()
    assert tries[0] >= FIRST_WAIT_S - 0.1
    assert len(tries) < 20


def test_without_a_device_at_first_it_fails_at_once(world):
    world.is_plugged = False
    with pytest.raises(DeviceError, match="Plug one in"):
        source_of(world)


def problems_of(values, seconds: int) -> list[str]:
    """What is told about a microphone that delivers a value."""

    class Scripted:
        def __init__(self) -> None:
            self.left = seconds * 50

        def read(self):
            if self.left == 0:
                time.sleep(0.001)
                return None
            self.left -= 1
            return Block(values(BLOCK_SAMPLES).astype(np.int16), seconds * 50 - self.left - 1, 0.0)

        def close(self) -> None:
            pass

    told: list[str] = []
    source = Scripted()
    capture = Capture(source, lambda *_: None, told.append)
    end = time.monotonic() + 5.0
    while source.left and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(0.01)
    capture.close()
    return told


@pytest.mark.parametrize(
    ("values", "seconds", "said"),
    [
        (np.zeros, 2, "digital silence"),
        (lambda n: np.full(n, 32767), 2, "clips"),
        (lambda n: np.random.default_rng().normal(0, 1, n), FAINT_S + 1, "next to silent"),
    ],
)
def test_a_bad_level_is_told_once(values, seconds, said):
    (problem,) = problems_of(values, seconds)
    assert said in problem


def test_a_block_that_is_late_ends_no_problem():
    class Muted:
        """Every third block is late."""

        def __init__(self) -> None:
            self.asked = 0

        def read(self):
            self.asked += 1
            if self.asked % 3 == 0:
                return None
            time.sleep(0.0002)
            return Block(np.zeros(BLOCK_SAMPLES, np.int16), self.asked, 0.0)

        def close(self) -> None:
            pass

    told: list[str] = []
    source = Muted()
    capture = Capture(source, lambda *_: None, told.append)
    end = time.monotonic() + 5.0
    while source.asked < 500 and time.monotonic() < end:
        time.sleep(0.002)
    capture.close()
    assert len(told) == 1
    assert "digital silence" in capture.hearing.problem


def test_a_good_level_is_not_told():
    assert problems_of(lambda n: np.random.default_rng().normal(0, 300, n), 3) == []


class PortAudioError(Exception):
    pass


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        (-9985, "Device unavailable", "in use by another program"),
        (-9997, "Invalid sample rate", "does not do this sample rate"),
        (-9998, "Invalid number of channels", "too few channels"),
        (-9996, "Invalid device", "cannot be used"),
    ],
)
def test_what_is_wrong_is_said_with_the_fix(monkeypatch, code, text, said):
    monkeypatch.setattr("voice_agent_ros.audio.devices.describe_devices", lambda _: "3: USB Audio")
    error = unusable("hw:1,0", "input", PortAudioError(text, code))
    assert said in error.message
    assert "hw:1,0" in error.message
    assert error.fix


@pytest.mark.parametrize(
    ("there", "fix"), [("", "There is no microphone at all"), ("3: USB Audio", "3: USB Audio")]
)
def test_a_device_that_is_not_there_is_told_with_those_that_are(monkeypatch, there, fix):
    monkeypatch.setattr("voice_agent_ros.audio.devices.describe_devices", lambda _: there)
    assert fix in unusable("USB", "input", ValueError("No input device matching 'USB'")).fix


def test_alsa_strings_are_found_by_the_cards_id(tmp_path):
    cards = tmp_path / "cards"
    cards.write_text(
        " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel\n"
        " 2 [Device         ]: USB-Audio - USB Audio Device\n"
    )
    assert chosen("plughw:CARD=Device,DEV=1", cards) == "hw:2,1"
    assert chosen("hw:Device", cards) == "hw:2,0"
    assert chosen("hw:1,0", cards) == "hw:1,0"
    assert chosen("hw:Gone", cards) == "hw:Gone,0"
    assert chosen("USB Audio", cards) == "USB Audio"
    assert chosen("3", cards) == 3
    assert chosen("", cards) is None
