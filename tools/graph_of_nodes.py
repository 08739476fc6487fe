# SPDX-License-Identifier: Apache-2.0
"""Which topics, services and actions each node uses: the nodes are built, and what they ask ROS for is noted.

What a node makes only when it is configured or active is listed in LATER; a call in `voice_agent_ros/nodes` that
is neither seen nor listed is an error.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

NODES = Path(__file__).resolve().parent.parent / "voice_agent_ros" / "nodes"
CLASSES = {
    "audio_node": "AudioNode",
    "asr_node": "AsrNode",
    "llm_node": "LlmNode",
    "tts_node": "TtsNode",
    "intent_bridge_node": "IntentBridgeNode",
    "stop_guard_node": "StopGuardNode",
    "supervisor_node": "SupervisorNode",
    "telemetry_node": "TelemetryNode",
    "transcription_node": "TranscriptionNode",
    "sim_arm_node": "SimArmNode",
}
KINDS = {
    "create_publisher": "publisher",
    "create_subscription": "subscription",
    "create_service": "service",
    "create_client": "client",
    "ActionServer": "action server",
    "ActionClient": "action client",
}


@dataclass(frozen=True, order=True)
class Endpoint:
    """One end of a connection.

    Attributes:
        kind: a value of KINDS.
        name: as the node gives it, `~` replaced by the node's name.
        type: e.g. `std_msgs/String`.
        qos: of topics.
    """

    node: str
    kind: str
    name: str
    type: str
    qos: str = ""


ARM_ACTION = "<arm.action of the arm file>"
GRIPPER_ACTION = "<gripper.action of the arm file>"
# Call sites that building the nodes does not reach: (file, function, its two arguments before the callback).
LATER = {
    ("controller_clients.py", "create_publisher", "JointTrajectory, 'planned_path'"): (
        Endpoint(
            "intent_bridge_node",
            "publisher",
            "planned_path",
            "trajectory_msgs/JointTrajectory",
            "reliable, 50",
        ),
    ),
    ("controller_clients.py", "ActionClient", "node, FollowJointTrajectory"): (
        Endpoint("intent_bridge_node", "action client", ARM_ACTION, "control_msgs/FollowJointTrajectory"),
    ),
    ("controller_clients.py", "ActionClient", "node, gripper_action(arm.gripper)"): (
        Endpoint(
            "intent_bridge_node",
            "action client",
            GRIPPER_ACTION,
            "control_msgs/GripperCommand or ParallelGripperCommand",
        ),
    ),
    ("controller_clients.py", "create_client", "CancelGoal, f'{action}/_action/cancel_goal'"): (
        Endpoint(
            "intent_bridge_node",
            "client",
            f"{ARM_ACTION}/_action/cancel_goal",
            "action_msgs/CancelGoal",
        ),
        Endpoint(
            "intent_bridge_node",
            "client",
            f"{GRIPPER_ACTION}/_action/cancel_goal",
            "action_msgs/CancelGoal",
        ),
    ),
    ("pictures.py", "create_subscription", "CompressedImage, topic"): (
        Endpoint(
            "llm_node",
            "subscription",
            "<one of image_topics>",
            "sensor_msgs/CompressedImage",
            "best effort, 5",
        ),
    ),
}


def endpoints() -> list[Endpoint]:
    """Of all nodes.

    Raises:
        SystemExit: a call is neither reached nor in LATER, or LATER names one that is not there.
    """
    import rclpy

    from voice_agent_ros.nodes.spin import destroy_node

    seen: set[tuple[str, int]] = set()
    found: set[Endpoint] = set()
    rclpy.init()
    try:
        with _noting(seen, found):
            for module, name in CLASSES.items():
                node = getattr(importlib.import_module(f"voice_agent_ros.nodes.{module}"), name)()
                destroy_node(node)
    finally:
        rclpy.try_shutdown()
    unreached = {key for key, line in _call_sites() if (key[0], line) not in seen}
    if unreached != set(LATER):
        raise SystemExit(
            f"Correct LATER in {__file__}: unreached and not listed {sorted(unreached - set(LATER))}, "
            f"listed in vain {sorted(set(LATER) - unreached)}."
        )
    return sorted(found.union(*LATER.values()))


@contextmanager
def _noting(seen: set[tuple[str, int]], found: set[Endpoint]) -> Iterator[None]:
    from rclpy.action.client import ActionClient
    from rclpy.action.server import ActionServer
    from rclpy.node import Node

    def note(kind: str, node: Any, type_: Any, name: str, qos: Any) -> None:
        caller = sys._getframe(2)
        path = Path(caller.f_code.co_filename)
        if path.parts[-3:-1] != NODES.parts[-2:]:
            return  # the services that every node has: for parameters and the life cycle
        seen.add((path.name, caller.f_lineno))
        resolved = name.replace("~", node.get_name())
        profile = quality(qos) if kind in ("publisher", "subscription") else ""
        found.add(Endpoint(node.get_name(), kind, resolved, type_name(type_), profile))

    def noted(kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def create(node: Any, type_: Any, name: str, *rest: Any, **options: Any) -> Any:
            qos = (rest[0] if kind == "publisher" else rest[1]) if len(rest) > (kind != "publisher") else None
            note(kind, node, type_, name, options.get("qos_profile", qos))
            return original(node, type_, name, *rest, **options)

        return create

    def noted_action(kind: str, original: Callable[..., None]) -> Callable[..., None]:
        def create(self: Any, node: Any, type_: Any, name: str, *rest: Any, **options: Any) -> None:
            note(kind, node, type_, name, None)
            original(self, node, type_, name, *rest, **options)

        return create

    with ExitStack() as patches:
        for method in ("create_publisher", "create_subscription", "create_service", "create_client"):
            new = noted(KINDS[method], getattr(Node, method))
            patches.enter_context(patch.object(Node, method, new))
        for owner in (ActionServer, ActionClient):
            new = noted_action(KINDS[owner.__name__], owner.__init__)
            patches.enter_context(patch.object(owner, "__init__", new))
        yield


def _call_sites() -> Iterator[tuple[tuple[str, str, str], int]]:
    for path in sorted(NODES.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in KINDS:
                arguments = ", ".join(ast.unparse(argument) for argument in call.args[:2])
                yield (path.name, name, arguments), call.lineno


def type_name(type_: Any) -> str:
    """E.g. `std_msgs/String`."""
    package = type_.__module__.split(".")[0]
    return f"{package}/{type_.__name__}"


def quality(profile: Any) -> str:
    """A QoS profile in words: `reliable, 50`."""
    from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

    if isinstance(profile, int):
        return f"reliable, {profile}"
    words = ["best effort" if profile.reliability == ReliabilityPolicy.BEST_EFFORT else "reliable"]
    if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        words.append("transient local")
    return ", ".join([*words, str(profile.depth)])
