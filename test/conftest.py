# SPDX-License-Identifier: Apache-2.0
"""Every test run has a ROS domain of its own, so that runs side by side do not hear each other."""

import os

from voice_agent_ros.sim.offscreen import choose_backend


def pytest_configure() -> None:
    os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
    choose_backend()  # MuJoCo reads it once, when it is imported
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
