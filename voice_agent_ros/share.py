# SPDX-License-Identifier: Apache-2.0
"""Where the package's own data files (config/…, urdf/…) are, in a source tree or installed (colcon, pip)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from voice_agent_ros.errors import ConfigurationError

PACKAGE = "voice_agent_ros"


def shared_file(relative: str) -> Path:
    """The data file of this path, e.g. `config/models.yaml`.

    Raises:
        ConfigurationError: no installation of the package has it.
    """
    for root in _roots():
        path = root / relative
        if path.exists():
            return path
    raise ConfigurationError(
        f"The package's file {relative} is missing.",
        "Build and source the workspace, or install the package with pip.",
    )


def _roots() -> list[Path]:
    """Directories that may hold config/, the running code's own source tree first."""
    source = Path(__file__).resolve().parents[1]
    prefixes = [
        Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix
    ]
    # Where pip puts data files depends on the scheme: beside lib/ in an environment, in ~/.local, in Debian's /usr/local,
    # in a --target directory. In each, that is below a directory that holds this file, too.
    around = Path(__file__).absolute().parents[1:]
    installed = [prefix / "share" / PACKAGE for prefix in [*prefixes, *around, Path(sys.prefix)]]
    # A setup.py beside the package tells a source tree from site-packages.
    return [source, *installed] if (source / "setup.py").exists() else installed
