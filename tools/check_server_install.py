# SPDX-License-Identifier: Apache-2.0
"""Try whether `.[server]` in a fresh environment, without ROS, gives a server that answers.

The package goes the whole way: source distribution, wheel, pip; nothing of the repository is left within its reach. Needs
a package index. Standard library only: `python3 tools/check_server_install.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALL_S = 600.0
START_S = 60.0
QUESTION = "are you there?"
# What is built from a working tree must not carry what an earlier build left there.
NOT_SOURCE = shutil.ignore_patterns(
    ".*", "build", "dist", "install", "log", "demo_out", "*.egg-info", "__pycache__"
)
PROFILES = ("xlm_demo-0.9.0", "hobot_xlm-0.9.2", "oellm_run-1.0.0", "oellm_multichat")
# Run with the installed package: all that the source tree offers at run time must be there too.
LOOK = """
import sys
from voice_agent_ros.share import shared_file
from voice_agent_ros.xlm.profile import load_profile
for name in sys.argv[1].split(","):
    load_profile(name)
for name in sys.argv[2].split(","):
    assert not str(shared_file(name)).startswith(sys.argv[3]), name
import voice_agent_ros
print(voice_agent_ros.__file__)
"""


class Environment:
    """A new virtual environment in a folder of its own.

    Args:
        folder: empty.
    """

    def __init__(self, folder: Path) -> None:
        # What a sourced ROS adds must not help.
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("ROS", "AMENT"))
        }
        self.variables.pop("PYTHONPATH", None)
        self._folder = folder
        self.bin = folder / "venv" / "bin"
        self.run([sys.executable, "-m", "venv", str(folder / "venv")])

    def run(self, command: Sequence[str]) -> None:
        """Run a command outside of the repository.

        Raises:
            subprocess.SubprocessError: it failed.
        """
        subprocess.run(command, check=True, env=self.variables, cwd=self._folder, timeout=INSTALL_S)

    def python(self, *words: str) -> None:
        """Run its Python."""
        self.run([str(self.bin / "python"), *words])

    def pip(self, *words: str) -> None:
        """Install something into it."""
        self.python("-m", "pip", "install", "-q", "--disable-pip-version-check", *words)


def build(environment: Environment, folder: Path) -> Path:
    """The wheel, made from a source distribution, made from a copy of the source tree."""
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE)
    environment.pip("build")
    environment.python("-m", "build", "--outdir", str(folder / "dist"), str(source))
    shutil.rmtree(source)
    return next((folder / "dist").glob("*.whl"))


def look(environment: Environment, *options: str) -> None:
    """Whether everything the package reads is there."""
    patterns = ("config/**/*.yaml", "urdf/*.urdf", "msg/*.msg")
    files = [str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)]
    environment.python(*options, "-c", LOOK, ",".join(PROFILES), ",".join(files), str(ROOT))


def answer_of(environment: Environment, folder: Path) -> tuple[str, int]:
    """What the installed server answers, and its exit code."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    console = f"{environment.bin / 'xlm-console-sim'} --echo"
    command = [str(environment.bin / "xlm-server"), "--port", str(port), "--console", console]
    server = subprocess.Popen(command, env=environment.variables, cwd=folder)
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                answer = ask(f"http://127.0.0.1:{port}")
                break
            except (OSError, urllib.error.URLError):
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.2)
    finally:
        server.terminate()
        code = server.wait(timeout=10)
    return answer, code


def ask(url: str) -> str:
    """One answer of the server.

    Raises:
        OSError: it does not answer.
    """
    body = {"model": "xlm", "messages": [{"role": "user", "content": QUESTION}]}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(json.load(response)["choices"][0]["message"]["content"])


def main() -> int:
    """0 if it works."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        builder = folder / "builder"
        builder.mkdir()
        wheel = build(Environment(builder), folder)
        environment = Environment(folder)
        environment.pip(f"{wheel}[server]")
        look(environment, "-I")
        answer, code = answer_of(environment, folder)
        # Another place: Debian's and a user's scheme differ from an environment's as this one does.
        environment.pip("--no-deps", "--target", str(folder / "target"), str(wheel))
        environment.python("-m", "pip", "uninstall", "-q", "-y", "voice_agent_ros")
        environment.variables["PYTHONPATH"] = str(folder / "target")
        look(environment)
    print(f"answer {answer!r}, exit code {code}")
    return 0 if (answer, code) == (QUESTION, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
