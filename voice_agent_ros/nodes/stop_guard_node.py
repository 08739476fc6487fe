# SPDX-License-Identifier: Apache-2.0
"""Cancels every controller's goals when somebody says stop or the bridge's heartbeat is lost.

A process of its own that knows no skills and loads no models, so that nothing that can happen to the bridge or to
the speech process keeps the arm from being stopped. It is no replacement for a hardware emergency stop.
"""

from __future__ import annotations

import time
from collections import deque
from functools import partial

from action_msgs.srv import CancelGoal
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from voice_agent_ros.motion.aliveness import HeartWatch
from voice_agent_ros.motion.arm_config import arm_file, load_arm
from voice_agent_ros.msg import BridgeState, StopRequest
from voice_agent_ros.nodes import heartbeat, qos, spin
from voice_agent_ros.nodes.log_lines import of_turn
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.supervision import GUARD

PARAMETERS = (
    Parameter("arm", "prim6", "Arm file config/arms/<arm>.yaml."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter(
        "heartbeat_timeout_s",
        0.35,
        "The bridge counts as lost after this silence while it moves the arm, s.",
        (0.15, 10.0),
    ),
    Parameter("idle_timeout_s", 2.0, "The same while nothing moves, s.", (0.15, 60.0)),
)
WATCH_PERIOD_S = 0.02
REPEAT_S = 0.1
SILENCE_REPEATS = 10
STOP_REPEATS = 3
MAX_UNANSWERED = 32  # cancel requests to a controller that is not there


class StopGuardNode(Node):
    """Hears `stop` and `bridge/state`."""

    def __init__(self, *, namespace: str = "") -> None:
        super().__init__("stop_guard_node", namespace=namespace)
        declare(self, PARAMETERS)
        values = read(self, PARAMETERS)
        path = arm_file(values.arm, values.arm_path)
        arm = load_arm(path)
        self._heart = HeartWatch(values.heartbeat_timeout_s, values.idle_timeout_s, WATCH_PERIOD_S)
        self._repeats_left = 0
        self._repeat_at = 0.0
        self._servers = {
            action: self.create_client(CancelGoal, f"{action}/_action/cancel_goal")
            for action in (arm.arm.action, arm.gripper.action)
        }
        self._unanswered: dict[str, deque[Future]] = {action: deque() for action in self._servers}
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(BridgeState, "bridge/state", self._on_heartbeat, qos.EVENTS)
        self.create_service(Trigger, "~/stop", self._serve_stop)
        self.create_timer(WATCH_PERIOD_S, self._watch)
        heartbeat.beat(self)

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_SPEECH and message.source != GUARD:
            self._repeat(STOP_REPEATS)
            self._cancel_all(f"stop from {message.source}: {message.phrase}", message.turn_id)

    def _serve_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        self._repeat(STOP_REPEATS)
        self._cancel_all("service")
        self._tell("service")
        response.success, response.message = True, "All goals of all controllers are being canceled."
        return response

    def _on_heartbeat(self, message: BridgeState) -> None:
        if not self._heart.is_watching:
            self.get_logger().info("Watching the bridge.")
            self._repeats_left = 0  # it is there again, and latched
        self._heart.beat(time.monotonic(), is_moving=message.is_moving)

    def _watch(self) -> None:
        now = time.monotonic()
        if silence := self._heart.look(now):
            self._repeat(SILENCE_REPEATS)
            reason = f"the bridge has been silent for {silence:.2f} s; it may have crashed"
            self._cancel_all(reason)
            self._tell(reason)
        elif self._repeats_left and now >= self._repeat_at:
            self._repeats_left, self._repeat_at = self._repeats_left - 1, now + REPEAT_S
            self._send_cancels()

    def _repeat(self, times: int) -> None:
        """Cancel again: a goal may be on its way while nothing is there to be canceled."""
        self._repeats_left, self._repeat_at = times, time.monotonic() + REPEAT_S

    def _tell(self, reason: str) -> None:
        """Have the bridge latch too, if it is only slow."""
        message = StopRequest(source=GUARD, scope=StopRequest.SCOPE_MOTION, phrase=reason)
        message.header.stamp = self.get_clock().now().to_msg()
        self._stop.publish(message)

    def _cancel_all(self, reason: str, turn_id: str = "") -> None:
        self._send_cancels()
        told = f"canceling all goals of all controllers: {reason.rstrip(': ')}."
        self.get_logger().warning(of_turn(turn_id, told))

    def _send_cancels(self) -> None:
        for action, client in self._servers.items():
            # Zero id and zero stamp: every goal of the server, whoever sent it (action_msgs/CancelGoal).
            future = client.call_async(CancelGoal.Request())
            future.add_done_callback(partial(self._on_canceled, action))
            unanswered = self._unanswered[action]
            unanswered.append(future)
            if len(unanswered) > MAX_UNANSWERED:
                client.remove_pending_request(unanswered.popleft())

    def _on_canceled(self, action: str, future: Future) -> None:
        if future.exception() is None and future.result().goals_canceling:
            self.get_logger().warning(f"{action}: {len(future.result().goals_canceling)} goal(s) canceled.")


def main() -> None:
    """Run the guard."""
    spin.main(StopGuardNode)
