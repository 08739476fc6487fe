# SPDX-License-Identifier: Apache-2.0
"""Every test run has a ROS domain of its own, so that runs side by side do not hear each other."""

import os

import pytest
from hypothesis import settings

from voice_agent_ros.sim.offscreen import choose_backend

# How long an example takes says more about what else the computer does than about the code.
settings.register_profile("any computer", deadline=None)
settings.load_profile("any computer")


def pytest_configure() -> None:
    os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
    choose_backend()  # MuJoCo reads it once, when it is imported
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makemodule(module_path, parent):
    """A module that skips itself skips no other one.

    launch_testing imports modules while their folder is collected: what `importorskip` raises there would end that.
    """
    try:
        return (yield)
    except pytest.skip.Exception:
        return pytest.Module.from_parent(parent, path=module_path)
