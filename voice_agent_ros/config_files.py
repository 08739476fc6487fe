# SPDX-License-Identifier: Apache-2.0
"""Where a configuration file is: a directory of one's own first, else what the package ships."""

from __future__ import annotations

import os
from pathlib import Path

from voice_agent_ros.share import shared_file

OWN_CONFIG_VARIABLE = "VOICE_AGENT_ROS_CONFIG"


def config_path(relative: str) -> Path:
    """The file `relative` (e.g. "sentences/en.yaml") of the directory that VOICE_AGENT_ROS_CONFIG names, or ours.

    Raises:
        ConfigurationError: no installation of the package has it.
    """
    own = os.environ.get(OWN_CONFIG_VARIABLE)
    if own and (path := Path(own) / relative).exists():
        return path
    return shared_file(f"config/{relative}")
