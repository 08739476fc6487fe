# SPDX-License-Identifier: Apache-2.0
"""Running nodes: one SingleThreadedExecutor thread per node, a clean end on SIGINT or SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from voice_agent_ros.nodes import affinity

JOIN_TIMEOUT_S = 5.0


def run(factories: Sequence[Callable[[], Node]], args: list[str] | None = None) -> int:
    """Build the nodes, spin each in a thread of its own until a signal or shutdown, then close them in order.

    A node may have a method `close()`: it is called before the node is destroyed and must end its threads,
    children and goals. One thread per node keeps a slow callback of one node from delaying the others, and
    measures faster than a MultiThreadedExecutor.

    Returns:
        0 after a requested end, 1 if a node's executor failed.
    """
    # Signals are ours: rclpy's own handler would shut the context down before close() can cancel goals.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    ended, closing = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    failures: list[BaseException] = []
    spinning: list[tuple[Node, SingleThreadedExecutor, threading.Thread]] = []

    def died_of(error: BaseException) -> None:
        failures.append(error)
        rclpy.logging.get_logger("spin").fatal(f"A node died of {type(error).__name__}: {error}")

    def spin(node: Node, cpus: Sequence[int], executor: SingleThreadedExecutor) -> None:
        try:
            affinity.pin(node, cpus)
            executor.spin()
        except ExternalShutdownException:
            pass
        except InvalidHandle as error:
            if not closing.is_set():  # else it was looking at its own end
                died_of(error)
        except BaseException as error:  # noqa: BLE001  a dead executor must end the process, whatever killed it
            died_of(error)
        finally:
            ended.set()

    try:
        for factory in factories:
            node = factory()
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            arguments = (node, affinity.wanted(node), executor)
            thread = threading.Thread(target=spin, args=arguments, name=node.get_name(), daemon=True)
            spinning.append((node, executor, thread))
        for _, _, thread in spinning:
            thread.start()
        ended.wait()
    finally:
        closing.set()
        for node, executor, thread in spinning:
            close = getattr(node, "close", None)
            if close is not None:
                close()
            executor.shutdown(timeout_sec=JOIN_TIMEOUT_S)
            if thread.ident is not None:
                thread.join(JOIN_TIMEOUT_S)
            node.destroy_node()
        rclpy.try_shutdown()
    return 1 if failures else 0


def main(*factories: Callable[[], Node]) -> None:
    """Entry point of a node executable."""
    sys.exit(run(factories))
