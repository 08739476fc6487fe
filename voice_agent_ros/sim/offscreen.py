# SPDX-License-Identifier: Apache-2.0
"""How MuJoCo draws on a machine without a display: in software, by whichever library is installed."""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library

MISSING_FIX = "Install libosmesa6 (sudo apt install libosmesa6) or libegl1 and start again."
_LIBRARIES = {"osmesa": "OSMesa", "egl": "EGL"}


def choose_backend() -> None:
    """Set MUJOCO_GL if it is needed and not set; to be called before MuJoCo is imported: it looks once.

    Without any library it is "disable": the physics works, pictures cannot be taken.
    """
    if os.environ.get("MUJOCO_GL") or "mujoco" in sys.modules:
        return
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        found = (backend for backend, library in _LIBRARIES.items() if find_library(library))
        os.environ["MUJOCO_GL"] = next(found, "disable")
