# SPDX-License-Identifier: Apache-2.0
"""The server needs neither ROS nor anything for speech; tools/check_server_install.py tries a fresh environment."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import importlib, pkgutil, sys
from voice_agent_ros import xlm
for module in pkgutil.iter_modules(xlm.__path__):
    if module.name not in ("guarded_exec",):  # a program, not a module
        importlib.import_module(f"voice_agent_ros.xlm.{module.name}")
from voice_agent_ros.xlm.server_cli import build_app, build_parser
build_app(build_parser().parse_args(["--console", "cat"]))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
FOREIGN = {
    *("rclpy", "std_msgs", "voice_agent_interfaces", "launch", "ament_index_python"),
    *("sounddevice", "faster_whisper", "hibari_tts", "onnxruntime", "soundfile", "hassil", "numpy"),
    *("mujoco", "pinocchio", "openai"),
}


def test_the_server_imports_nothing_of_ros_or_speech() -> None:
    result = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert FOREIGN & set(result.stdout.split()) == set()
