# SPDX-License-Identifier: Apache-2.0
"""The on-board LLM: xlm-server around a console program.

Example on an RDK S100:
    ros2 launch voice_agent_ros xlm_server.launch.py profile:=xlm_demo-0.9.0 console:="./bin/xlm_demo …"
"""

import sys

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

ARGUMENTS = (
    ("profile", "xlm_demo-0.9.0", "Console profile: which program, which version."),
    ("console", "", "Command line of the console program; empty: the profile's own."),
    ("host", "127.0.0.1", "Address to listen on."),
    ("port", "8765", "TCP port."),
    ("respawn", "true", "Restart the server if it dies."),
    ("output", "screen", "Where its output goes."),
)


def server(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The server process, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    console = ["--console", value["console"]] if value["console"] else []
    command = [
        sys.executable,
        ExecutableInPackage("xlm-server", "voice_agent_ros"),
        "--profile",
        value["profile"],
    ]
    return [
        ExecuteProcess(
            cmd=[*command, *console, "--host", value["host"], "--port", value["port"]],
            name="xlm-server",
            output=value["output"],
            respawn=value["respawn"] == "true",
            respawn_delay=2.0,
            sigterm_timeout="8",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Arguments and the server."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=server)])
