# SPDX-License-Identifier: Apache-2.0
"""Nothing of rclpy is used that came after Humble, which is what robots run. See docs/humble.md.

The names below are those that rclpy 7.1 (Jazzy) has and rclpy 3.3 (Humble) has not. With HUMBLE_RCLPY=DIRECTORY (one that holds Humble's
`rclpy/`) every import is looked up there, too.
"""

import ast
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Module or (module, name), as they would be imported.
NEWER_MODULES = {
    "rclpy.clock_type",
    "rclpy.event_handler",
    "rclpy.experimental",
    "rclpy.logging_service",
    "rclpy.parameter_client",
    "rclpy.parameter_event_handler",
    "rclpy.service_introspection",
    "rclpy.subscription_content_filter_options",
    "rclpy.type_description_service",
    "rclpy.type_hash",
}
# Attributes and imported names.
NEWER_NAMES = {
    "AsyncParameterClient",
    "BEST_AVAILABLE",
    "ContentFilterOptions",
    "EventsExecutor",
    "LoggingService",
    "ParameterEventHandler",
    "QoSMessageLostInfo",
    "QoSPublisherMatchedInfo",
    "QoSSubscriptionMatchedInfo",
    "ServiceIntrospectionState",
    "TypeHash",
    "add_post_set_parameters_callback",
    "add_pre_set_parameters_callback",
    "configure_introspection",
    "count_clients",
    "count_services",
    "create_future",
    "get_fully_qualified_node_names",
    "get_logger_level",
    "get_publisher_count",
    "is_cft_enabled",
    "is_spinning",
    "list_parameters",
    "parameter_dict_from_yaml_file",
    "qos_profile_best_available",
    "remove_done_callback",
    "remove_post_set_parameters_callback",
    "remove_pre_set_parameters_callback",
    "set_content_filter",
    "topic_type_hash",
    "wait_for_node",
}
# Arguments of functions that were there before.
NEWER_KEYWORDS = {"enable_logger_service", "content_filter_options", "autostart", "detailed_error"}
# `Client.call(timeout_sec=…)`; and in Humble a goal handle ends without the result.
NEWER_CALLS = {
    "call": {"timeout_sec"},
    "succeed": {"response"},
    "abort": {"response"},
    "canceled": {"response"},
}
GOAL_ENDS = {"succeed", "abort", "canceled"}
# Used only where it is there: test_spin.py::test_without_events_executor does without.
OPTIONAL = {"voice_agent_ros/nodes/spin.py": ["EventsExecutor"]}


def ros_files():
    """Files of the package that import rclpy, and everything in nodes/."""
    for path in sorted([*(ROOT / "voice_agent_ros").rglob("*.py"), *(ROOT / "launch").glob("*.py")]):
        text = path.read_text(encoding="utf-8")
        if path.parent.name == "nodes" or "import rclpy" in text or "from rclpy" in text:
            yield path, text


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, one.name) for one in node.names)


def newer(text):
    """What of a file is newer than Humble."""
    tree = ast.parse(text)
    found = []
    for module, name in imports(tree):
        parts = module.split(".")
        if any(".".join(parts[: end + 1]) in NEWER_MODULES for end in range(len(parts))):
            found.append(module)
        elif parts[0] == "rclpy" and (name in NEWER_NAMES or f"{module}.{name}" in NEWER_MODULES):
            found.append(f"{module}.{name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NEWER_NAMES:
            found.append(node.attr)
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = {one.arg for one in node.keywords}
            found += [f"{name}({word}=)" for word in given & (NEWER_KEYWORDS | NEWER_CALLS.get(name, set()))]
            if name in GOAL_ENDS and node.args and "handle" in ast.unparse(node.func):
                found.append(f"{name}(result)")
    return found


def test_nothing_newer_than_humble_is_used():
    found = {str(path.relative_to(ROOT)): names for path, text in ros_files() if (names := newer(text))}
    assert found == OPTIONAL


@pytest.mark.parametrize(
    "text",
    [
        "from rclpy.experimental.events_executor import EventsExecutor",
        "from rclpy.experimental import EventsExecutor",
        "from rclpy import type_hash",
        "import rclpy.parameter_client",
        "from rclpy.qos import qos_profile_best_available",
        "node.create_timer(1.0, f, autostart=False)",
        "client.call(request, timeout_sec=1.0)",
        "handle.succeed(result)",
        "node.wait_for_node('x', 1.0)",
        "ReliabilityPolicy.BEST_AVAILABLE",
    ],
)
def test_what_is_newer_is_found(text):
    assert newer(text)


@pytest.mark.parametrize("text", ["handle.succeed()", "client.call(request)", "from rclpy.node import Node"])
def test_what_humble_has_is_no_finding(text):
    assert not newer(text)


@pytest.mark.skipif("HUMBLE_RCLPY" not in os.environ, reason="HUMBLE_RCLPY names no tree of Humble")
def test_imports_are_there_in_humble():
    root = Path(os.environ["HUMBLE_RCLPY"])
    missing = []
    for path, text in ros_files():
        for module, name in imports(ast.parse(text)):
            if module.split(".")[0] not in ("rclpy", "launch", "launch_ros"):
                continue
            folder = root.joinpath(*module.split("."))
            file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
            is_there = file.is_file() and (
                not name or name in names_of(file) or (folder / f"{name}.py").is_file()
            )
            missing += [] if is_there else [f"{path.relative_to(ROOT)}: {module}.{name}"]
    assert not missing


def names_of(file):
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {one.asname or one.name for one in node.names}
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found
