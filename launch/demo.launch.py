# SPDX-License-Identifier: Apache-2.0
"""The whole agent on one computer: simulated arm, stand-in for the board's LLM console, WAV files as microphone.

Example:
    ros2 launch voice_agent_ros demo.launch.py wav_paths:=/path/to/pick_red_cube.wav
"""

import shlex
import sys
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.logging import launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

SHARE = Path(__file__).resolve().parent.parent
LAUNCH = Path(__file__).resolve().parent

ARGUMENTS = (
    ("arm", "prim6", "Simulated arm; prim6 is the one there is."),
    ("language", "auto", "Language of the dialogue: auto, en or zh."),
    ("composed", "true", "Run audio, ASR, LLM and TTS in one process."),
    ("respawn", "false", "Restart processes that die."),
    ("llm_url", "", "An endpoint of your own; empty: xlm-server over the console stand-in."),
    ("llm_port", "8765", "Port of that xlm-server."),
    ("gguf", "", "Weights behind the console stand-in; empty: the catalogue's qwen2.5-coder-0.5b-instruct."),
    ("audio_source", "wav", "Microphone: wav, device or none."),
    ("audio_sink", "wav", "Loudspeaker: wav, device or none."),
    ("wav_paths", "", "Recordings to be heard, separated by |."),
    ("wav_start", "auto", "auto, or on_request (service audio_node/next_clip)."),
    ("reply_path", "", "Where the loudspeaker's signal is written (audio_sink wav)."),
    ("telemetry", "true", "Publish diagnostics and markers."),
    ("output", "screen", "Where the nodes' output goes: screen, log or both."),
    ("overrides", "", "A further parameter file."),
)


def demo(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The simulated arm, the LLM server unless another endpoint is named, and the agent."""
    import yaml

    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    parameters = yaml.safe_load(Path(value["overrides"]).read_text()) if value["overrides"] else {}
    audio = {
        "source": value["audio_source"],
        "sink": value["audio_sink"],
        "wav_paths": [path for path in value["wav_paths"].split("|") if path] or [""],
        "wav_start": value["wav_start"],
        "out_path": value["reply_path"],
    }
    section = parameters.setdefault("/**/audio_node", {}).setdefault("ros__parameters", {})
    section.update(audio)
    # Demos must not share a record: it has one writer.
    bridge = parameters.setdefault("/**/intent_bridge_node", {}).setdefault("ros__parameters", {})
    bridge.setdefault("audit_path", str(Path(launch_config.log_dir) / "audit.jsonl"))
    simulator = Node(
        package="voice_agent_ros",
        executable="sim_arm_node",
        parameters=[str(SHARE / "config" / "voice_agent.yaml"), {"arm": value["arm"]}],
        output=value["output"],
        respawn=value["respawn"] == "true",
        sigterm_timeout="8",
    )
    url = value["llm_url"] or f"http://127.0.0.1:{value['llm_port']}/v1"
    agent = {
        "arm": value["arm"],
        "language": value["language"],
        "llm_url": url,
        "composed": value["composed"],
        "respawn": value["respawn"],
        "resume_when_ready": "true",
        "overrides": parameter_file(parameters),
        "policy": str(SHARE / "config" / "policy.simulation.yaml"),
        "urdf": str(SHARE / "urdf" / f"{value['arm']}.urdf"),
        "supervised": "sim_arm_node",
        "telemetry": value["telemetry"],
        "output": value["output"],
    }
    included = IncludeLaunchDescription(
        str(LAUNCH / "voice_agent.launch.py"), launch_arguments=list(agent.items())
    )
    return [
        simulator,
        *state_publisher(agent["urdf"]),
        *([] if value["llm_url"] else [llm_server(context, value)]),
        included,
    ]


def state_publisher(urdf: str) -> list[Node]:
    """TF of the links, for rviz, where the package is installed."""
    try:
        prefix = Path(get_package_prefix("robot_state_publisher"))
    except PackageNotFoundError:
        return []
    if not (prefix / "lib" / "robot_state_publisher" / "robot_state_publisher").exists():
        return []  # some trees carry its library only
    parameters = {"robot_description": Path(urdf).read_text(encoding="utf-8")}
    return [
        Node(package="robot_state_publisher", executable="robot_state_publisher", parameters=[parameters])
    ]


def llm_server(context: LaunchContext, value: dict[str, str]) -> IncludeLaunchDescription:
    """xlm-server over the console stand-in with real weights."""
    from voice_agent_ros.models.catalogue import path_of

    gguf = value["gguf"] or str(path_of("qwen2.5-coder-0.5b-instruct"))
    console = ExecutableInPackage("xlm-console-sim", "voice_agent_ros").perform(context)
    # On a small computer the ears come first: the model computes on one core, with what they leave.
    nice = ["nice", "-n", "15"]
    stand_in = [sys.executable, console, "--profile", "xlm_demo-0.9.0", "--gguf", gguf, "--threads", "1"]
    command = shlex.join([*nice, *stand_in])
    arguments = {
        "console": command,
        "port": value["llm_port"],
        "probe": "false",  # what the stand-in remembers is known
        "respawn": value["respawn"],
        "output": value["output"],
    }
    return IncludeLaunchDescription(
        str(LAUNCH / "xlm_server.launch.py"), launch_arguments=list(arguments.items())
    )


def parameter_file(parameters: dict[str, object]) -> str:
    """Parameters as a file beside the logs, to be handed to the included launch file."""
    import yaml

    path = Path(launch_config.log_dir) / "parameters-demo.yaml"
    path.write_text(yaml.safe_dump(parameters))
    return str(path)


def generate_launch_description() -> LaunchDescription:
    """Arguments and everything."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=demo)])
