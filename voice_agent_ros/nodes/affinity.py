# SPDX-License-Identifier: Apache-2.0
"""The processors that a node may use: a parameter that every node has, applied to its thread and what that starts."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rclpy.node import Node

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.processors import parse_cpus

PARAMETERS = (
    Parameter(
        "cpu_affinity",
        "",
        "Processors of the node's thread and of the threads and processes that it starts, as for taskset (0,2-3); "
        "empty: any.",
    ),
)


def wanted(node: Node) -> Sequence[int]:
    """The processors of the parameter; none: any.

    Raises:
        ConfigurationError: it is no list of processors.
    """
    declare(node, PARAMETERS)
    return parse_cpus(read(node, PARAMETERS).cpu_affinity)


def pin(node: Node, cpus: Sequence[int]) -> None:
    """Keep the calling thread to these processors; a computer that lacks them runs it anywhere, and says so."""
    if not cpus:
        return
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as error:
        problem = ConfigurationError(
            f"cpu_affinity {list(cpus)} of {node.get_name()} cannot be had: {error}.",
            f"Name processors among {sorted(os.sched_getaffinity(0))}.",
        )
        node.get_logger().warning(str(problem))
