# SPDX-License-Identifier: Apache-2.0
"""Set up everything that `make demo` and `make test` need, step by step, each step only if it is not done.

Uses a sourced ROS 2 where there is one, else builds an environment under `.ros/` (tools/ros_from_wheels.py).
Leaves wrappers in `.ros/bin/` that work from any shell. Standard library only: it runs first.
"""

from __future__ import annotations

import argparse
import ctypes.util
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ros_from_wheels

ROOT = Path(__file__).resolve().parent.parent
ROS = ROOT / ".ros"
VENV = ROS / "venv"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voice_agent_ros"
LOCK = ROOT / "constraints" / "wheels.txt"
WEIGHTS = ("whisper-tiny.en", "qwen2.5-coder-0.5b-instruct")
OUR_PROGRAMS = ("voice-agent", "xlm-server", "xlm-console-sim")


@dataclass(frozen=True)
class SystemPackage:
    """A Debian package and how to see that what it brings is there."""

    package: str
    present: Callable[[], bool]


def _library(*names: str) -> Callable[[], bool]:
    return lambda: any(ctypes.util.find_library(name) for name in names)


def _command(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


SYSTEM_PACKAGES = (
    SystemPackage("libportaudio2", _library("portaudio")),
    SystemPackage("libosmesa6", _library("OSMesa")),
    SystemPackage("libgl1", _library("GL")),
    SystemPackage("cmake", _command("cmake")),
    SystemPackage("make", _command("make")),
    SystemPackage("g++", _command("g++", "c++")),
)


def say(text: str) -> None:
    """One line of progress."""
    print(f"[setup] {text}", flush=True)


def fail(text: str) -> None:
    """End with a message that says what to do."""
    raise SystemExit(f"[setup] {text}")


def install_system_packages() -> None:
    """apt-get what is missing if we may, else say which command does it."""
    missing = [entry.package for entry in SYSTEM_PACKAGES if not entry.present()]
    if missing:
        apt_install(missing)


def apt_install(missing: list[str]) -> None:
    """Install Debian packages, or end with the command that does."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        fail(f"These system packages are missing. As root, run:  {' '.join(command)}")
    say(f"apt-get install {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def find_python312() -> str:
    """A Python 3.12 that runs; a version manager's shim may exist and still fail."""
    candidates = ["python3.12", *sorted(glob.glob(str(Path.home() / ".pyenv/versions/3.12*/bin/python3.12")))]
    for candidate in candidates:
        try:
            answer = subprocess.run(
                [candidate, "-V"], capture_output=True, text=True, timeout=20, check=False
            )
        except OSError:
            continue
        if answer.returncode == 0 and answer.stdout.startswith("Python 3.12"):
            script = "import sys, venv, ensurepip; print(sys._base_executable)"  # outside of any venv
            run = subprocess.run([candidate, "-c", script], capture_output=True, text=True, check=False)
            if run.returncode == 0:
                return run.stdout.strip()
            apt_install(["python3.12-venv"])
            return find_python312()
    fail(
        "No working Python 3.12 was found, and no ROS 2 is sourced. The ROS 2 wheels need CPython 3.12: "
        "install it (Ubuntu 24.04: apt-get install python3.12-venv; elsewhere: pyenv install 3.12), or source a ROS 2 "
        "(source /opt/ros/<distro>/setup.bash) and run make again."
    )
    raise AssertionError


def ros_is_sourced() -> bool:
    """Whether the shell has a ROS 2 of its own."""
    if not os.environ.get("ROS_DISTRO") or shutil.which("colcon") is None:
        return False
    probe = [sys.executable, "-c", "import rclpy, control_msgs, vision_msgs, launch_ros"]
    found = subprocess.run(probe, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        fail(
            f"ROS 2 {os.environ['ROS_DISTRO']} is sourced but lacks a package: "
            f"{found.stderr.strip().splitlines()[-1]}. "
            "Run:  rosdep install --from-paths . --ignore-src -y"
        )
    return True


def fingerprint(*parts: str | Path) -> str:
    """A hash over texts, files' contents and, for directories, the names and symlink targets below them."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path) and part.is_dir():
            names = sorted(str(p.relative_to(part)) for p in part.rglob("*") if "__pycache__" not in p.parts)
            digest.update("\n".join(names).encode())
        else:
            digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()


def once(name: str, key: str, action: Callable[[], None]) -> None:
    """Run the action unless it has run to its end with the same key before."""
    stamp = ROS / "stamps" / name
    if stamp.exists() and stamp.read_text() == key:
        return
    started = time.monotonic()
    action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"{name}: done in {time.monotonic() - started:.0f} s")


def make_venv(python: str, *, with_system_packages: bool) -> None:
    """The environment of all Python dependencies, at the versions of the lock file."""
    say("Python dependencies ...")
    flags = ["--system-site-packages"] if with_system_packages else []
    subprocess.run([python, "-m", "venv", "--clear", *flags, str(VENV)], check=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if with_system_packages:
        lock = ROOT / "constraints" / f"{os.environ['ROS_DISTRO']}.txt"
        constraints = ["-c", str(lock)] if lock.exists() else []
        subprocess.run([*pip, *constraints, f"{ROOT}[all,test]"], check=True)
        return
    subprocess.run([*pip, "uv"], check=True)
    uv = [str(VENV / "bin/uv"), "pip", "install", "-q", "--python", str(VENV / "bin/python")]
    subprocess.run([*uv, "-r", str(LOCK)], check=True)


def build_package(environment: dict[str, str], colcon: str, cmake_python: str) -> None:
    """colcon build, with symlinks so that edited Python files need no rebuild."""
    say("colcon build ...")
    (ROS / "COLCON_IGNORE").touch()
    command = [
        colcon,
        "--log-base",
        str(ROS / "log"),
        "build",
        "--base-paths",
        str(ROOT),
        "--symlink-install",
    ]
    bases = ["--build-base", str(ROS / "build"), "--install-base", str(ROS / "install")]
    cmake = ["--cmake-args", f"-DPython3_EXECUTABLE={cmake_python}", "-DBUILD_TESTING=OFF"]
    result = subprocess.run(
        [*command, *bases, *cmake], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        fail(f"colcon build failed:\n{result.stdout}\n{result.stderr}")


def write_wrappers(variables: dict[str, str], setup_script: Path | None) -> None:
    """Programs in .ros/bin that need nothing to be sourced."""
    lines = ["# Sourced by the programs in .ros/bin; also: . .ros/env.sh"]
    if setup_script is not None:
        lines.append(f'. "{setup_script}"')
    else:
        lines += [
            "export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3",
            "export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1",
        ]
        lines.append("export RMW_IMPLEMENTATION=${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}")
    lines += [f'export {name}="{value}${{{name}:+:${name}}}"' for name, value in variables.items()]
    # The current directory must not come before the built package: only that has the generated messages.
    lines.append("export PYTHONSAFEPATH=1")
    # Containers often forbid Python to keep its bytecode: compiling everything anew is half of each start.
    lines.append(f'unset PYTHONDONTWRITEBYTECODE; export PYTHONPYCACHEPREFIX="{ROS}/pycache"')
    lines.append("export ROS_AUTOMATIC_DISCOVERY_RANGE=${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}")
    (ROS / "env.sh").write_text("\n".join(lines) + "\n")
    bin_directory = ROS / "bin"
    bin_directory.mkdir(exist_ok=True)
    commands = {name: f'"{VENV}/bin/{name}"' for name in ("python", "pytest", "ruff", "mypy")}
    # Run as files, not with -m, for Pythons that do not know PYTHONSAFEPATH.
    ours = ROS / "install/voice_agent_ros/lib/voice_agent_ros"
    commands |= {name: f'"{VENV}/bin/python" "{ours / name}"' for name in OUR_PROGRAMS}
    commands["ros2"] = "ros2" if setup_script is not None else f'"{VENV}/bin/python" "{ROOT}/tools/ros2.py"'
    for name, command in commands.items():
        path = bin_directory / name
        path.write_text(f'#!/bin/sh\n. "{ROS}/env.sh"\nexec {command} "$@"\n')
        path.chmod(0o755)


def package_key() -> str:
    """Changes when colcon has something to do: definitions, build files, or files that appear or vanish."""
    trees = [ROOT / name for name in ("voice_agent_ros", "launch", "config", "urdf", "demo", "executables")]
    files = [ROOT / "CMakeLists.txt", ROOT / "package.xml", *sorted(ROOT.glob("msg/*.msg"))]
    return fingerprint(
        str(ROOT), *files, *sorted(ROOT.glob("srv/*.srv")), *sorted(ROOT.glob("action/*.action")), *trees
    )


def set_up() -> None:
    """All steps up to the built package and its wrappers."""
    ROS.mkdir(exist_ok=True)
    install_system_packages()
    setup_py = ROOT / "setup.py"
    if ros_is_sourced():
        python = sys.executable
        key = fingerprint(python, os.environ["ROS_DISTRO"], setup_py)
        once("python-dependencies", key, lambda: make_venv(python, with_system_packages=True))
        environment, colcon, cmake_python = dict(os.environ), shutil.which("colcon") or "colcon", python
        setup_script: Path | None = ROS / "install" / "setup.sh"
        variables = {"PATH": f"{VENV}/bin"}
    else:
        python = find_python312()
        build, run = ros_from_wheels.install(python, CACHE / "ros")
        once(
            "python-dependencies",
            fingerprint(python, LOCK),
            lambda: make_venv(python, with_system_packages=False),
        )
        environment = {**os.environ, **ros_from_wheels.build_environment(build)}
        colcon, cmake_python = str(build / "bin/colcon"), str(build / "bin/python")
        setup_script = None
        variables = ros_from_wheels.environment(VENV, ROS / "install" / "voice_agent_ros", run)
    once("package", package_key(), lambda: build_package(environment, colcon, cmake_python))
    tools_key = fingerprint(Path(__file__), repr(variables), repr(setup_script))
    once("wrappers", tools_key, lambda: write_wrappers(variables, setup_script))


def main() -> None:
    """Command line of the set-up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--weights", action="store_true", help="also fetch the models that the demo and tests use"
    )
    arguments = parser.parse_args()
    set_up()
    if arguments.weights:
        models = Path(os.environ.get("VOICE_AGENT_MODELS") or CACHE / "models")
        present = [str((models / name).exists()) for name in WEIGHTS]
        fetch = [str(ROS / "bin/voice-agent"), "models", "fetch", *WEIGHTS]
        key = fingerprint(ROOT / "config/models.yaml", str(models), *present)

        def bring() -> None:
            subprocess.run(fetch, check=True)

        if "False" in present:
            bring()
        else:
            once("weights", key, bring)


def run() -> None:
    """`main`, for people: of a program that fails its own words count, not where we called it."""
    try:
        main()
    except subprocess.CalledProcessError as error:
        command = error.cmd if isinstance(error.cmd, str) else " ".join(map(str, error.cmd))
        fail(
            f"The set-up failed; the reason is above, docs/troubleshooting.md knows some. It was:  {command}"
        )


if __name__ == "__main__":
    run()
