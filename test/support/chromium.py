# SPDX-License-Identifier: Apache-2.0
"""A page in a headless Chromium, driven by its debugging protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from until import until

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
START_S, CALL_S = 60.0, 60.0
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu-sandbox",
    "--enable-unsafe-swiftshader",
    "--mute-audio",
)


class Page:
    """Opens an address; a context manager.

    Args:
        profile: an empty directory for the browser's own files.
    """

    def __init__(self, url: str, profile: Path) -> None:
        from websockets.sync.client import connect

        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [
                PROGRAM,
                *FLAGS,
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "--window-size=1280,800",
                url,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port_file = profile / "DevToolsActivePort"
        until(lambda: port_file.exists() and len(port_file.read_text().split()) > 1, START_S)
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=CALL_S) as answer:
            page = next(one for one in json.load(answer) if one["type"] == "page")
        self._socket = connect(page["webSocketDebuggerUrl"], max_size=None)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=20.0)

    def evaluate(self, script: str) -> Any:
        """The value of a script."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def text(self) -> str:
        """All that can be read."""
        return str(self.evaluate("document.body.innerText") or "")

    def click(self, label: str) -> bool:
        """Click the button with this label; False if there is none."""
        return bool(
            self.evaluate(
                "(() => { const found = [...document.querySelectorAll('button')]"
                f".find(one => one.innerText.trim() === {json.dumps(label)});"
                " if (found) found.click(); return !!found; })()"
            )
        )

    def screenshot(self, path: Path) -> None:
        """As PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=CALL_S))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
