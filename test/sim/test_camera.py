# SPDX-License-Identifier: Apache-2.0
"""Pictures show the scene, and a machine that cannot draw is told what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from voice_agent_ros.sim.arm import SimulatedArm
from voice_agent_ros.sim.camera import Camera


def test_draws_the_arm_where_it_is() -> None:
    sim = SimulatedArm()
    camera = Camera(sim.model, 320, 240)
    camera.open()
    try:
        first, again = camera.picture(sim.configuration()), camera.picture(sim.configuration())
        turned = sim.configuration()
        turned[0] = 1.0
        other = camera.picture(turned)
    finally:
        camera.close()
    assert first.shape == (240, 320, 3)
    assert np.array_equal(first, again)
    assert (np.abs(first.astype(int) - other).max(axis=2) > 30).mean() > 0.03


def test_without_opengl_the_physics_works_and_the_camera_says_what_to_do() -> None:
    script = """
from voice_agent_ros.errors import EngineError
from voice_agent_ros.sim.arm import SimulatedArm
from voice_agent_ros.sim.camera import Camera
sim = SimulatedArm()
sim.advance(0.1)
try:
    Camera(sim.model).open()
except EngineError as error:
    print(error)
"""
    environment = {**os.environ, "MUJOCO_GL": "disable"}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "apt install libosmesa6" in run.stdout
