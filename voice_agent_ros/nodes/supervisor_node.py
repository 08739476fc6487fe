# SPDX-License-Identifier: Apache-2.0
"""Brings the lifecycle nodes up in order, keeps them up, and publishes the agent's `state`."""

from __future__ import annotations

import time
from functools import partial

from lifecycle_msgs.msg import Transition as TransitionMsg
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Log
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from voice_agent_ros.msg import AgentState, BridgeState, NodeState
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.supervision import FirstRelease, Request, Supervision, Transition

PARAMETERS = (
    Parameter(
        "nodes",
        ["audio_node", "tts_node", "intent_bridge_node", "llm_node", "asr_node"],
        "Lifecycle nodes to bring up, in the order of their activation.",
    ),
    Parameter("transition_timeout_s", 120.0, "How long one lifecycle transition may take, s.", (1.0, 600.0)),
    Parameter(
        "resume_when_ready",
        False,
        "Release the bridge's motion latch, once, when everything is up. Only for simulated arms.",
    ),
    Parameter("attempts", 10, "How often a transition may fail before its node counts as failed.", (1, 100)),
)
BRIDGE = "intent_bridge_node"
TICK_S = 0.05
ERROR = 40  # rcl_interfaces/Log.ERROR, which is bytes on Humble
TRANSITION_IDS = {
    "configure": TransitionMsg.TRANSITION_CONFIGURE,
    "activate": TransitionMsg.TRANSITION_ACTIVATE,
}


class SupervisorNode(Node):
    """Adapter between `Supervision` and the lifecycle services."""

    def __init__(self) -> None:
        super().__init__("supervisor_node")
        declare(self, PARAMETERS)
        values = read(self, PARAMETERS)
        names = list(values.nodes)
        self._supervision = Supervision(names, values.transition_timeout_s, values.attempts)
        self._get = {name: self.create_client(GetState, f"{name}/get_state") for name in names}
        self._change = {name: self.create_client(ChangeState, f"{name}/change_state") for name in names}
        self._publisher = self.create_publisher(AgentState, "state", qos.STATE)
        self._resume = self.create_client(Trigger, f"{BRIDGE}/resume")
        self._release = FirstRelease(wanted=values.resume_when_ready and BRIDGE in names)
        self.create_subscription(BridgeState, "bridge/state", self._on_bridge, qos.EVENTS)
        self.create_subscription(Log, "/rosout", self._on_log, qos.EVENTS)
        self._published: tuple[object, ...] = ()
        self.create_timer(TICK_S, self._tick)

    def _on_bridge(self, message: BridgeState) -> None:
        self._release.on_latch(message.latch_reason)

    def _on_log(self, message: Log) -> None:
        """Why a transition fails; /rosout is everybody's, of whatever namespace."""
        namespace, _, name = message.name.rpartition(".")
        own = self.get_logger().name.rpartition(".")[0]
        if message.level >= ERROR and namespace == own:
            self._supervision.on_error(name, message.msg)

    def _tick(self) -> None:
        for request in self._supervision.due(time.monotonic()):
            self._send(request)
        self._publish_changes()
        if self._release.is_due(self._supervision.overall()[0] == AgentState.READY):
            self._resume.call_async(Trigger.Request()).add_done_callback(lambda _: self._release.done())

    def _send(self, request: Request) -> None:
        client: Client = self._get[request.node] if request.transition is None else self._change[request.node]
        if not client.service_is_ready():
            return  # the request times out in Supervision and comes again
        if request.transition is None:
            client.call_async(GetState.Request()).add_done_callback(partial(self._on_state, request.node))
            return
        message = ChangeState.Request()
        message.transition.id = TRANSITION_IDS[request.transition]
        done = partial(self._on_transition, request.node, request.transition)
        client.call_async(message).add_done_callback(done)

    def _on_state(self, name: str, future: Future) -> None:
        if future.exception() is None:
            self._supervision.on_state(name, future.result().current_state.label, time.monotonic())

    def _on_transition(self, name: str, transition: Transition, future: Future) -> None:
        succeeded = future.exception() is None and future.result().success
        self._supervision.on_transition(name, transition, succeeded, time.monotonic())

    def _publish_changes(self) -> None:
        state, text = self._supervision.overall()
        if state == AgentState.READY and self._release.is_awaited:
            state, text = AgentState.STARTING, "releasing the motion latch"
        nodes = self._supervision.states()
        current = (state, text, *nodes)
        if current == self._published:
            return
        self._log_change(state, text)
        self._published = current
        message = AgentState(state=state, message=text)
        message.header.stamp = self.get_clock().now().to_msg()
        message.nodes = [NodeState(name=name, state=s, message=m) for name, s, m in nodes]
        self._publisher.publish(message)

    def _log_change(self, state: str, text: str) -> None:
        """One line for each state; where something is wrong, for each change of what it is."""
        told, is_new = f"agent {state}" + (f": {text}" if text else ""), self._published[:1] != (state,)
        if state in (AgentState.DEGRADED, AgentState.FAILED):
            if is_new or self._published[1] != text:
                self.get_logger().error(told)
        elif is_new:
            self.get_logger().info(told)


def main() -> None:
    """Run the supervisor."""
    spin.main(SupervisorNode)
