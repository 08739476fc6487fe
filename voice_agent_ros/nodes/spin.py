# SPDX-License-Identifier: Apache-2.0
"""Running nodes: one executor thread per node, a clean end on SIGINT or SIGTERM."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import rclpy
from rclpy.action import ActionServer
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.nodes import affinity
from voice_agent_ros.signals import END_SIGNALS, ignore_end_signals

JOIN_TIMEOUT_S = 5.0
EXECUTOR = "VOICE_AGENT_EXECUTOR"  # environment variable: "events" or "single_threaded"


def new_executor() -> Executor:
    """rclpy's EventsExecutor where there is one (Jazzy and later), else its SingleThreadedExecutor.

    The latter builds a wait set of all of a node's entities anew for each message: a quarter of a core for a bridge
    that hears a hundred messages a second and does nothing.
    """
    if os.environ.get(EXECUTOR, "events") == "events":
        try:
            experimental = importlib.import_module("rclpy.experimental")
        except ImportError:
            return SingleThreadedExecutor()
        executor: Executor = experimental.EventsExecutor()
        return executor
    return SingleThreadedExecutor()


class _Spinning:
    """A node, its executor and the thread that it spins in."""

    def __init__(self, node: Node) -> None:
        self.node, self.executor = node, new_executor()
        self.cpus = affinity.wanted(node)
        self.end: Future = Future()
        self.thread = threading.Thread()
        self.is_closing = False

    def close(self) -> None:
        """Close the node, let the executor come to its end, and only then take apart what it looks at."""
        self.is_closing = True
        close = getattr(self.node, "close", None)
        if close is not None:
            close()
        self.end.set_result(None)
        if self.thread.ident is not None:
            self.thread.join(JOIN_TIMEOUT_S)
        self.executor.shutdown(timeout_sec=JOIN_TIMEOUT_S)
        destroy_node(self.node)


def destroy_node(node: Node) -> None:
    """Destroy a node that no executor looks at any more, with its action servers.

    `Node.destroy_node()` leaves those to garbage collection. One that outlives the node's clock takes its timer's
    callback off freed memory (rcl_action_server_fini), and the process ends in a segmentation fault.
    """
    for waitable in list(node.waitables):
        if isinstance(waitable, ActionServer):
            waitable.destroy()
    node.destroy_node()


def run(factories: Sequence[Callable[[], Node]], args: list[str] | None = None) -> int:
    """Build the nodes, spin each in a thread of its own until a signal or shutdown, then close them in order.

    A node may have a method `close()`: it is called before the node is destroyed and must end its threads,
    children and goals. One thread per node keeps a slow callback of one node from delaying the others, and
    measures faster than a MultiThreadedExecutor.

    Returns:
        0 after a requested end, 1 if a node could not be made or its executor failed.
    """
    # Signals are ours: rclpy's own handler would shut the context down before close() can cancel goals.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    ended = threading.Event()
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: ended.set())
    log = rclpy.logging.get_logger("spin")
    failures: list[BaseException] = []
    spinning: list[_Spinning] = []

    def spin(one: _Spinning) -> None:
        try:
            affinity.pin(one.node, one.cpus)
            one.executor.spin_until_future_complete(one.end)
        except ExternalShutdownException:
            pass
        except BaseException as error:  # noqa: BLE001  a dead executor must end the process, whatever killed it
            if one.is_closing:  # it was about to use what the node has just given up
                log.debug(f"While a node ended: {type(error).__name__}: {error}")
                return
            failures.append(error)
            log.fatal(f"A node died of {type(error).__name__}: {error}")
        finally:
            ended.set()

    try:
        for factory in factories:
            one = _Spinning(factory())
            one.executor.add_node(one.node)
            one.thread = threading.Thread(target=spin, args=(one,), name=one.node.get_name(), daemon=True)
            spinning.append(one)
        for one in spinning:
            one.thread.start()
        ended.wait()
    except VoiceAgentError as error:  # a node that cannot be made: what is wrong and the fix, in one line
        failures.append(error)
        log.fatal(str(error))
    finally:
        for one in spinning:
            one.close()
        rclpy.try_shutdown()
    return 1 if failures else 0


def main(*factories: Callable[[], Node]) -> None:
    """Entry point of a node executable."""
    code = run(factories)
    ignore_end_signals()
    sys.exit(code)
