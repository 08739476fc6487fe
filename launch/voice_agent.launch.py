# SPDX-License-Identifier: Apache-2.0
"""A robot that listens: speech and reasoning, the intent bridge, its stop guard, and the supervisor.

Example:
    ros2 launch voice_agent_ros voice_agent.launch.py arm:=prim6 profile:=laptop llm_url:=http://127.0.0.1:8765/v1
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.logging import get_logger, launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

if TYPE_CHECKING:
    from voice_agent_ros.profiles import Profile

SHARE = Path(__file__).resolve().parent.parent
SPEECH_NODES = ("audio_node", "asr_node", "llm_node", "tts_node")

ARGUMENTS = (
    ("arm", "prim6", "Arm file config/arms/<arm>.yaml."),
    ("language", "auto", "Language of the dialogue: auto, en or zh."),
    ("llm_url", "http://127.0.0.1:8765/v1", "OpenAI-compatible endpoint."),
    ("composed", "true", "Run audio, ASR, LLM and TTS in one process."),
    ("respawn", "true", "Restart processes that die; the bridge comes back latched."),
    (
        "resume_when_ready",
        "false",
        "Release the motion latch once everything is up. Only for simulated arms.",
    ),
    ("config", str(SHARE / "config" / "voice_agent.yaml"), "Parameter file of all nodes."),
    (
        "profile",
        "",
        "Kind of computer, config/profiles/<profile>.yaml or a file: cores, memory, respawning, parameters.",
    ),
    ("overrides", "", "A second parameter file, applied over config and profile."),
    ("policy", str(SHARE / "config" / "policy.yaml"), "What the arm may do."),
    ("urdf", "", "URDF file of the arm; empty: wait for the topic robot_description."),
    ("telemetry", "true", "Publish diagnostics and markers."),
    ("supervised", "", "Further lifecycle nodes to bring up first, separated by commas."),
    ("namespace", "", "One namespace per robot."),
    ("output", "screen", "Where the nodes' output goes: screen, log or both."),
)


def processes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The processes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    profile = computer(value["profile"])
    files = [value["config"], *(parameter_file(profile.parameters, "profile") if profile else [])]
    files += [value["overrides"]] if value["overrides"] else []
    extra = [name for name in value["supervised"].split(",") if name]
    nodes = [*extra, "audio_node", "tts_node", "intent_bridge_node", "llm_node", "asr_node"]
    own: dict[str, dict[str, object]] = {
        "llm_node": {"llm_url": value["llm_url"], "language": value["language"], "arm": value["arm"]},
        "intent_bridge_node": {
            "arm": value["arm"],
            "policy_path": value["policy"],
            "urdf_path": value["urdf"],
        },
        "stop_guard_node": {"arm": value["arm"]},
        "telemetry_node": {"arm": value["arm"], "policy_path": value["policy"]},
        "supervisor_node": {"nodes": nodes, "resume_when_ready": value["resume_when_ready"] == "true"},
    }

    def node(executable: str, *configured: str) -> Node:
        overrides = {
            f"/**/{name}": {"ros__parameters": own[name]}
            for name in configured or (executable,)
            if name in own
        }
        wanted = profile.process(executable) if profile else None
        return Node(
            package="voice_agent_ros",
            executable=executable,
            exec_name=executable,  # else what is in front of it gives the name
            namespace=value["namespace"],
            parameters=[*files, *parameter_file(overrides, "-".join(configured or (executable,)))],
            output=value["output"],
            prefix=shlex.join(wanted.prefix(get_logger(executable).warning)) if wanted else "",
            respawn=value["respawn"] == "true" and (wanted is None or wanted.respawn),
            respawn_delay=wanted.respawn_delay_s if wanted else 1.0,
            sigterm_timeout="8",
        )

    composed = value["composed"] == "true"
    speech = [node("voice_agent", *SPEECH_NODES)] if composed else [node(name) for name in SPEECH_NODES]
    watching = [node("telemetry_node")] if value["telemetry"] == "true" else []
    motion = [node("intent_bridge_node"), node("stop_guard_node")]
    return [*speech, *motion, node("supervisor_node"), *watching]


def computer(name: str) -> "Profile | None":
    """The profile; without one nothing is imported, for the start is waited for."""
    if not name:
        return None
    from voice_agent_ros.profiles import load_profile

    return load_profile(name)


def parameter_file(parameters: Mapping[str, object], name: str) -> list[str]:
    """Parameters as a file beside the logs: only a file can address one node of a composed process."""
    import yaml

    if not parameters:
        return []
    path = Path(launch_config.log_dir) / f"parameters-{name}.yaml"
    path.write_text(yaml.safe_dump(dict(parameters)))
    return [str(path)]


def generate_launch_description() -> LaunchDescription:
    """Arguments and processes."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=processes)])
