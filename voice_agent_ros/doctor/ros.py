# SPDX-License-Identifier: Apache-2.0
"""ROS: its Python packages, our interfaces, the middleware."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module

from voice_agent_ros.doctor.check import Check, Installation

AREA = "ros"
OLDEST_PYTHON = (3, 10)
TESTED = ("humble", "jazzy", "kilted", "lyrical", "rolling")
PACKAGES = (
    "action_msgs",
    "control_msgs",
    "diagnostic_msgs",
    "sensor_msgs",
    "std_srvs",
    "trajectory_msgs",
    "vision_msgs",
)
LARGEST_DOMAIN = 232  # above, the ports of RTPS are no ports any more
SOURCE = "Source ROS (. /opt/ros/<distro>/setup.sh), or run `make build` and use .ros/bin/voice-agent."


def examine(_installation: Installation) -> Iterator[Check]:
    """Whether nodes can run."""
    yield _python()
    try:
        rclpy = import_module("rclpy")
    except ImportError as error:
        yield Check(AREA, "rclpy", "FAIL", str(error), SOURCE)
        return
    yield Check(AREA, "rclpy", "PASS", str(rclpy.__file__))
    yield _distribution()
    yield from _packages()
    yield _interfaces()
    yield _middleware()
    yield _domain()


def _python() -> Check:
    version = sys.version.split()[0]
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check(AREA, "python", "FAIL", f"{version} is too old", "Use Python 3.10 or newer.")
    return Check(AREA, "python", "PASS", f"{version}, {sys.executable}")


def _distribution() -> Check:
    name = os.environ.get("ROS_DISTRO", "")
    if name in TESTED:
        return Check(AREA, "distribution", "PASS", name)
    told = f"ROS_DISTRO is {name!r}" if name else "ROS_DISTRO is not set"
    return Check(AREA, "distribution", "WARN", told, f"Known to fit: {', '.join(TESTED)}. {SOURCE}")


def _packages() -> Iterator[Check]:
    missing = []
    for package in PACKAGES:
        try:
            import_module(f"{package}.msg" if package != "std_srvs" else "std_srvs.srv")
        except ImportError as error:
            missing.append(f"{package} ({error})")
    if missing:
        names = " ".join(f"ros-$ROS_DISTRO-{entry.split(' ')[0].replace('_', '-')}" for entry in missing)
        fix = f"apt-get install {names}, or rosdep install --from-paths src --ignore-src -y"
        yield Check(AREA, "message packages", "FAIL", f"missing: {'; '.join(missing)}", fix)
    else:
        yield Check(AREA, "message packages", "PASS", ", ".join(PACKAGES))


def _interfaces() -> Check:
    try:
        import_module("voice_agent_ros.msg")
        import_module("voice_agent_ros.action")
    except ImportError as error:
        fix = "colcon build --packages-select voice_agent_ros && . install/setup.sh (or: make build)"
        return Check(AREA, "our interfaces", "FAIL", str(error), fix)
    return Check(AREA, "our interfaces", "PASS", "voice_agent_ros.msg and voice_agent_ros.action load")


def _middleware() -> Check:
    from rclpy.utilities import get_rmw_implementation_identifier

    wanted = os.environ.get("RMW_IMPLEMENTATION", "")
    try:
        name = get_rmw_implementation_identifier()
    except Exception as error:  # noqa: BLE001  rmw raises types of its own
        fix = f"apt-get install ros-$ROS_DISTRO-{wanted.replace('_', '-')}, or unset RMW_IMPLEMENTATION."
        return Check(AREA, "middleware", "FAIL", f"{wanted or 'the default'}: {error}", fix)
    return Check(AREA, "middleware", "PASS", name)


def _domain() -> Check:
    text = os.environ.get("ROS_DOMAIN_ID", "0")
    only_here = os.environ.get("ROS_LOCALHOST_ONLY") == "1"
    told = f"{text or '0'}{', this computer only' if only_here else ''}"
    if not text or (text.isdigit() and int(text) <= LARGEST_DOMAIN):
        return Check(AREA, "domain", "PASS", told)
    return Check(AREA, "domain", "FAIL", f"ROS_DOMAIN_ID is {text!r}", f"Set it to 0 … {LARGEST_DOMAIN}.")
