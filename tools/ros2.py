# SPDX-License-Identifier: Apache-2.0
"""The `ros2` command of the wheel environment, with the `launch` verb that its tree lacks."""

from __future__ import annotations

import sys
from pathlib import Path


def launch(package: str, file: str, arguments: list[str]) -> int:
    """What `ros2 launch PACKAGE FILE name:=value …` does."""
    from ament_index_python.packages import get_package_share_directory
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription

    path = Path(get_package_share_directory(package)) / "launch" / file
    # As the original: without a terminal nobody else tells the processes of a Ctrl-C.
    service = LaunchService(noninteractive=not sys.stdin.isatty())
    pairs = [tuple(argument.split(":=", 1)) for argument in arguments]
    service.include_launch_description(
        LaunchDescription([IncludeLaunchDescription(str(path), launch_arguments=pairs)])
    )
    return service.run()


def main() -> int:
    """Dispatch to our `launch` or to ros2cli."""
    if sys.argv[1:2] == ["launch"] and len(sys.argv) >= 4:
        return launch(sys.argv[2], sys.argv[3], sys.argv[4:])
    from ros2cli.cli import main as ros2

    return ros2() or 0


if __name__ == "__main__":
    sys.exit(main())
