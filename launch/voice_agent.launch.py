# SPDX-License-Identifier: Apache-2.0
"""A robot that listens: speech and reasoning, the intent bridge, its stop guard, and the supervisor.

Example:
    ros2 launch voice_agent_ros voice_agent.launch.py arm:=prim6 llm_url:=http://127.0.0.1:8765/v1
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.logging import launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

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
    ("overrides", "", "A second parameter file, applied over the first."),
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
    files = [value["config"], *([value["overrides"]] if value["overrides"] else [])]
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
        return Node(
            package="voice_agent_ros",
            executable=executable,
            namespace=value["namespace"],
            parameters=[*files, *parameter_file(overrides)],
            output=value["output"],
            respawn=value["respawn"] == "true",
            respawn_delay=1.0,
            sigterm_timeout="8",
        )

    composed = value["composed"] == "true"
    speech = [node("voice_agent", *SPEECH_NODES)] if composed else [node(name) for name in SPEECH_NODES]
    watching = [node("telemetry_node")] if value["telemetry"] == "true" else []
    motion = [node("intent_bridge_node"), node("stop_guard_node")]
    return [*speech, *motion, node("supervisor_node"), *watching]


def parameter_file(overrides: dict[str, dict[str, object]]) -> list[str]:
    """Overrides as a parameter file beside the logs: only a file can address one node of a composed process."""
    import yaml

    if not overrides:
        return []
    names = "-".join(name.rpartition("/")[2] for name in overrides)
    path = Path(launch_config.log_dir) / f"parameters-{names}.yaml"
    path.write_text(yaml.safe_dump(overrides))
    return [str(path)]


def generate_launch_description() -> LaunchDescription:
    """Arguments and processes."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=processes)])
