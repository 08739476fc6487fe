# SPDX-License-Identifier: Apache-2.0
r"""The on-board LLM: xlm-server around a console program.

Example on an RDK S100:
    ros2 launch voice_agent_ros xlm_server.launch.py cwd:=/path/to/runtime model_type:=deepseek hbm_path:=MODEL.hbm \
        tokenizer_dir:=config/MODEL_config
"""

import shlex
import sys

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

ARGUMENTS = (
    ("console_profile", "xlm_demo-0.9.0", "Console profile: which program, which version."),
    ("console", "", "Command line of the console program; empty: the profile's own, with the next four."),
    ("cwd", "", "Directory it runs in: the vendor's `runtime` folder."),
    ("model_type", "", "Model family by name: deepseek, qwen, …"),
    ("hbm_path", "", "Model file."),
    ("tokenizer_dir", "", "Tokenizer folder."),
    ("host", "127.0.0.1", "Address to listen on."),
    ("port", "8765", "TCP port."),
    (
        "probe",
        "true",
        "Find out at start what the console remembers; the profile decides whether it is unsure.",
    ),
    ("options", "", "More of xlm-server's options, as on its command line: `--api-key-file FILE`, …"),
    ("profile", "", "Kind of computer, as in voice_agent.launch.py."),
    ("respawn", "true", "Restart the server if it dies."),
    ("output", "screen", "Where its output goes."),
)


def server(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The server process, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    options = [(f"--{name.replace('_', '-')}", value[name]) for name in ("console", "cwd", "model_type")]
    options += [("--set", f"{name}={value[name]}") for name in ("hbm_path", "tokenizer_dir") if value[name]]
    console = [part for option, text in options if text for part in (option, text)]
    console += [] if value["probe"] == "true" else ["--no-probe"]
    more = shlex.split(value["options"])
    wanted = None
    if value["profile"]:
        from voice_agent_ros.profiles import load_profile

        wanted = load_profile(value["profile"]).process("xlm-server")
    command = [
        sys.executable,
        ExecutableInPackage("xlm-server", "voice_agent_ros"),
        "--profile",
        value["console_profile"],
    ]
    return [
        ExecuteProcess(
            cmd=[*command, *console, "--host", value["host"], "--port", value["port"], *more],
            name="xlm-server",
            output=value["output"],
            prefix=shlex.join(wanted.prefix(get_logger("xlm-server").warning)) if wanted else "",
            respawn=value["respawn"] == "true" and (wanted is None or wanted.respawn),
            respawn_delay=wanted.respawn_delay_s if wanted else 2.0,
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
