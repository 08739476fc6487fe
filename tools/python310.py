# SPDX-License-Identifier: Apache-2.0
"""Try the package on Python 3.10, which is what Humble has: import every module that needs no ROS, run the suites of logic.

Where no Python 3.10 is installed this says so and does nothing: `make test310`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from check_humble import requirements

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".ros" / "python310"
PYENV = Path.home() / ".pyenv" / "versions"
# Beside what the package always needs.
MORE = ("hypothesis>=6", "psutil", "pytest<9", "pytest-asyncio", "pytest-timeout")
EXTRAS = ("", "motion", "server", "spelling")
SUITES = (
    "test/intent",
    "test/skills",
    "test/llm/test_clauses.py",
    "test/motion/test_gate.py",
    "test/motion/test_audit.py",
)
INSTALL_S = 600
TEST_S = 300
# What modules may lack here: ROS, and engines that are extras of their own.
MAY_LACK = {
    "action_msgs", "ament_index_python", "av", "builtin_interfaces", "control_msgs", "ctranslate2", "diagnostic_msgs",
    "faster_whisper", "geometry_msgs", "hibari", "launch", "launch_ros", "launch_testing", "lifecycle_msgs", "matplotlib",
    "mcap", "mcap_ros2", "mujoco", "onnxruntime", "PIL", "rcl_interfaces", "rclpy", "rosidl_runtime_py", "sensor_msgs",
    "sherpa_onnx", "soundfile", "soxr", "std_msgs", "std_srvs", "textual", "tokenizers", "trajectory_msgs", "viser",
    "vision_msgs", "visualization_msgs", "voice_agent_ros.action", "voice_agent_ros.msg", "webrtc_audio",
    "xllamacpp", "yourdfpy",
}  # fmt: skip
IMPORT_ALL = """
import importlib, pkgutil, sys
import voice_agent_ros
may_lack, done, lacking = set(sys.argv[1].split(",")), 0, {}
for found in pkgutil.walk_packages(voice_agent_ros.__path__, "voice_agent_ros."):
    if found.name in ("voice_agent_ros.xlm.guarded_exec",):  # a script, which runs when it is imported
        continue
    try:
        importlib.import_module(found.name)
        done += 1
    except ModuleNotFoundError as error:
        if not any(error.name == name or error.name.startswith(name + ".") for name in may_lack):
            raise SystemExit(f"{found.name}: {error}")
        lacking.setdefault(error.name.split(".")[0], []).append(found.name)
print(f"Python {sys.version.split()[0]}: {done} modules imported;", end=" ")
print("not tried:", ", ".join(f"{len(names)} for want of {name}" for name, names in sorted(lacking.items())))
"""


def interpreter() -> Path | None:
    """A Python 3.10 that runs."""
    candidates = [
        shutil.which("python3.10"),
        *sorted(map(str, PYENV.glob("3.10*/bin/python3.10")), reverse=True),
    ]
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False, timeout=30)
        if done.returncode == 0:  # a shim of pyenv may be there and not work
            return Path(candidate)
    return None


def environment(python: Path) -> Path:
    """A virtual environment with what is needed, made anew when that has changed."""
    needed = [one for extra, wanted in requirements().items() if extra in EXTRAS for one in wanted]
    digest = hashlib.sha256("\n".join([str(python), *needed, *MORE]).encode()).hexdigest()
    stamp, own = FOLDER / "stamp", FOLDER / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == digest:
        return own
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run(
        [*uv, "venv", "--quiet", "--python", str(python), str(FOLDER)], check=True, timeout=INSTALL_S
    )
    command = [*uv, "pip", "install", "--quiet", "--python", str(own), *needed, *MORE]
    subprocess.run(command, cwd=ROOT, env=clean(), check=True, timeout=INSTALL_S)
    stamp.write_text(digest)
    return own


def clean() -> dict[str, str]:
    """This process's environment, without ROS."""
    left_out = ("PYTHONPATH", "LD_LIBRARY_PATH", "AMENT_PREFIX_PATH", "PYTHONSAFEPATH", "PYTHONPYCACHEPREFIX")
    kept = {name: text for name, text in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": str(ROOT)}


def main() -> int:
    """0 if everything can be imported and the suites pass, or there is no Python 3.10."""
    python = interpreter()
    if python is None:
        print("There is no Python 3.10 here; nothing was tried with it.")
        return 0
    own = environment(python)
    imported = subprocess.run(
        [str(own), "-c", IMPORT_ALL, ",".join(sorted(MAY_LACK))],
        cwd="/",
        env=clean(),
        check=False,
        timeout=TEST_S,
    )
    if imported.returncode:
        return 1
    return subprocess.run(
        [str(own), "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES],
        cwd=ROOT,
        env=clean(),
        check=False,
        timeout=TEST_S,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
