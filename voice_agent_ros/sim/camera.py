# SPDX-License-Identifier: Apache-2.0
"""A camera that looks at the table, drawn off screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import EngineError
from voice_agent_ros.sim.offscreen import MISSING_FIX, choose_backend
from voice_agent_ros.sim.trajectory import Vector


class Camera:
    """Takes pictures of configurations of the physics. OpenGL binds it to one thread: open, use, close there.

    Opening holds the interpreter for some tenths of a second, a picture for milliseconds: open before motion.

    Args:
        model: the physics' MuJoCo model. Of it only the size of the picture is written.
        width: pixels.
        height: pixels.
    """

    def __init__(self, model: Any, width: int = 960, height: int = 720) -> None:
        self._model = model
        self._width, self._height = width, height
        self._renderer: Any = None
        self._state: Any = None

    def open(self) -> None:
        """Get ready.

        Raises:
            EngineError: no OpenGL for drawing off screen.
        """
        choose_backend()
        import mujoco

        self._state = mujoco.MjData(self._model)
        buffer = self._model.vis.global_
        buffer.offwidth, buffer.offheight = self._width, self._height
        try:
            self._renderer = mujoco.Renderer(self._model, self._height, self._width)
        except (mujoco.FatalError, RuntimeError, AttributeError, ImportError, OSError) as error:
            raise EngineError(f"MuJoCo has no OpenGL to draw with ({error}).", MISSING_FIX) from error

    def picture(self, configuration: Vector) -> NDArray[np.uint8]:
        """A picture (height, width, 3) of a configuration; the camera must be open."""
        import mujoco

        self._state.qpos[:] = configuration
        mujoco.mj_forward(self._model, self._state)
        self._renderer.update_scene(self._state, "front")
        picture: NDArray[np.uint8] = self._renderer.render()
        return picture

    def close(self) -> None:
        """Free OpenGL's memory."""
        renderer, self._renderer = self._renderer, None
        if renderer is not None:
            renderer.close()
