# SPDX-License-Identifier: Apache-2.0
"""Simulated time keeps step with the clock, stands still when told to, and does not hide a failure."""

from __future__ import annotations

import threading
import time

import numpy as np

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.sim.arm import SimulatedArm
from voice_agent_ros.sim.real_time import RealTimePhysics


def simulated_time(physics: RealTimePhysics) -> float:
    with physics.locked() as sim:
        return sim.time


def never(error: VoiceAgentError) -> None:
    raise AssertionError(error)


def test_keeps_step_with_the_clock_and_stands_still_when_stopped() -> None:
    physics = RealTimePhysics(SimulatedArm(), 2.0, never)
    physics.start()
    began, simulated = time.monotonic(), simulated_time(physics)
    time.sleep(0.5)
    passed, simulated = time.monotonic() - began, simulated_time(physics) - simulated
    physics.stop()
    assert not physics.is_running
    assert 1.0 < simulated / passed < 2.3  # a busy machine may make it slower, nothing makes it faster
    stopped = simulated_time(physics)
    time.sleep(0.05)
    assert simulated_time(physics) == stopped
    physics.start()
    time.sleep(0.05)
    physics.stop()
    assert simulated_time(physics) > stopped


def test_an_unstable_simulation_is_reported_and_ends() -> None:
    failed = threading.Event()
    errors: list[VoiceAgentError] = []

    def on_failure(error: VoiceAgentError) -> None:
        errors.append(error)
        failed.set()

    physics = RealTimePhysics(SimulatedArm(), 1.0, on_failure)
    physics.start()
    with physics.locked() as sim:
        sim.data.qvel[:] = np.nan
    assert failed.wait(2.0)
    assert not physics.is_running
    assert "unstable" in str(errors[0])
    physics.stop()
