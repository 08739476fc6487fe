# SPDX-License-Identifier: Apache-2.0
"""Try whether `pip install .[server]` in a fresh environment, without ROS, gives a server that answers.

Needs a package index. Standard library only: `python3 tools/check_server_install.py`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALL_S = 600.0
START_S = 60.0
QUESTION = "are you there?"


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
    # What a sourced ROS adds must not help.
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(("ROS", "AMENT"))}
    environment.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        subprocess.run(
            [sys.executable, "-m", "venv", str(venv)], check=True, env=environment, timeout=INSTALL_S
        )
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, f"{ROOT}[server]"], check=True, env=environment, timeout=INSTALL_S)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        console = f"{venv / 'bin/xlm-console-sim'} --echo"
        command = [str(venv / "bin/xlm-server"), "--port", str(port), "--console", console]
        server = subprocess.Popen(command, env=environment, cwd=folder)
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
    print(f"answer {answer!r}, exit code {code}")
    return 0 if (answer, code) == (QUESTION, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
