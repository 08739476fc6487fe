# SPDX-License-Identifier: Apache-2.0
"""The demonstration in a browser (viser): the arm, the objects, what was said. Listens on localhost only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.demo.report import World
from voice_agent_ros.errors import ConfigurationError

ADDRESS, PORT = "127.0.0.1", 8080
PERIOD_S = 0.05
COLOURS = {"red": (217, 26, 26), "green": (26, 166, 51), "blue": (26, 64, 217)}
OTHER_COLOUR = (237, 230, 214)
SHOWN_LINES = 12
CAMERA, LOOK_AT = (1.1, -0.9, 0.8), (0.25, 0.0, 0.15)  # m
CONTAINER_OPACITY = 0.4  # what lies in it must be seen


class BrowserView:
    """Redraws the world until it is closed.

    Args:
        urdf: of the arm.
        world: gives the latest look at the simulation.

    Raises:
        ConfigurationError: viser is not installed.
    """

    def __init__(self, urdf: Path, world: Callable[[], World]) -> None:
        try:
            import viser
            import yourdfpy
            from viser.extras import ViserUrdf
        except (ImportError, SystemExit) as error:
            # viser before 1.0 ends the process where an extra of its own is missing.
            missing = getattr(error, "name", None) or "viser 1.0 or newer"
            fix = (
                'Install it: pip install "voice_agent_ros[view]" '
                '(here: .ros/venv/bin/uv pip install --python .ros/venv/bin/python "viser>=1.0" yourdfpy).'
            )
            raise ConfigurationError(f"The browser view needs {missing}.", fix) from error
        self._world = world
        self._server: Any = viser.ViserServer(host=ADDRESS, port=PORT, verbose=False)
        self._server.initial_camera.position, self._server.initial_camera.look_at = CAMERA, LOOK_AT
        self._server.scene.add_grid("/table", width=1.6, height=1.6)
        self._text = self._server.gui.add_markdown("…")
        self._lines: list[str] = []
        self._arm = ViserUrdf(self._server, yourdfpy.URDF.load(str(urdf)), root_node_name="/arm")
        self._boxes: dict[str, Any] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="browser view", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to look."""
        return f"http://{ADDRESS}:{self._server.get_port()}"

    def show(self, kind: str, text: str) -> None:
        """Add a line of what is said and done."""
        self._lines = [*self._lines, f"**{kind}** {text}"][-SHOWN_LINES:]
        self._text.content = "\n\n".join(self._lines)

    def close(self) -> None:
        """End the server."""
        self._closing.set()
        self._thread.join(timeout=2.0)
        self._server.stop()

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            self._draw(self._world())

    def _draw(self, world: World) -> None:
        joints = self._arm.get_actuated_joint_limits()
        if all(name in world.joints for name in joints):
            self._arm.update_cfg(np.array([world.joints[name] for name in joints]))
        for name, thing in world.things.items():
            if name not in self._boxes:
                colour = COLOURS.get(name.split()[0])
                self._boxes[name] = self._server.scene.add_box(
                    f"/objects/{name.replace(' ', '_')}",
                    color=colour or OTHER_COLOUR,
                    opacity=None if colour else CONTAINER_OPACITY,
                    dimensions=thing.size,
                )
            self._boxes[name].position = thing.position
