# SPDX-License-Identifier: Apache-2.0
"""Goals and stops between client, bridge and simulated arm, over ROS and in real time; all nodes in this process."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_action_status_default
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.msg import Intent, SkillCall, StopRequest, Transcript

from benchmarks.row import Row
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.intent_bridge_node import IntentBridgeNode
from voice_agent_ros.nodes.sim_arm_node import SimArmNode
from voice_agent_ros.nodes.spin import destroy_node, new_executor
from voice_agent_ros.nodes.stop_guard_node import StopGuardNode
from voice_agent_ros.share import shared_file
from voice_agent_ros.sim.arm import ARM_JOINTS, HOME

COUNT = 20
TIMEOUT_S = 20.0
ACCEPTED_MS, ACKNOWLEDGED_MS = 40.0, 15.0  # medians that are aimed at
MOVING, STILL = 0.6, 0.02  # rad/s
ACTION = "arm_controller/follow_joint_trajectory"
STOPPED = (GoalStatus.STATUS_CANCELING, GoalStatus.STATUS_CANCELED)


def rows_over_ros(group: str) -> list[Row]:
    """Measure everything."""
    with _client() as client:
        found = [*_controller(group, client), *_bridge(group, client)]
    with _client(guard=True) as client:
        return [*found, *_guard(group, client)]


def _controller(group: str, client: Client) -> list[Row]:
    """The simulated arm alone."""
    accepted, acknowledged, still = [], [], []
    for number in range(COUNT):
        began = time.perf_counter()
        handle = client.follow(0.8 if number % 2 else -0.8, 1.2)
        accepted.append(_ms(began))
        client.until(lambda: client.speed > MOVING)
        began = time.perf_counter()
        client.wait(handle.cancel_goal_async())
        acknowledged.append(_ms(began))
        client.until(lambda: client.speed < STILL)
        still.append(_ms(began))
        client.wait(handle.get_result_async())
        client.wait(client.follow(0.0, 0.8).get_result_async())
    return [
        Row.of_samples(group, "controller over ROS: goal to accepted", accepted, "ms"),
        Row.of_samples(group, "controller over ROS: cancel to acknowledged", acknowledged, "ms"),
        Row.of_samples(group, "controller over ROS: cancel to standstill in joint_states", still, "ms"),
    ]


def _bridge(group: str, client: Client) -> list[Row]:
    """Words to an accepted goal, and a stop message to a canceled one, through the bridge."""
    accepted, canceled, still = [], [], []
    client.resume()
    for number in range(COUNT):
        way = "up" if number % 2 else "down"
        began = time.perf_counter()
        done = client.say(f"Move the arm {way} two centimeters.", "move_by", direction=way, distance=0.02)
        client.until(lambda: client.phases.get("goal_accepted"))
        accepted.append((client.phases["goal_accepted"] - began) * 1e3)
        client.wait(done)
    for number in range(COUNT):
        client.wait(client.follow(0.8 if number % 2 else -0.8, 1.0).get_result_async())
        time.sleep(0.1)
        client.say("Move to home.", "move_to", pose="home")
        client.until(lambda: client.speed > MOVING)
        until_canceled, until_still = _stop(client)
        canceled.append(until_canceled)
        still.append(until_still)
        time.sleep(0.3)  # the plan ends
        client.resume()
    return [
        Row.of_samples(group, "bridge over ROS: words to goal accepted", accepted, "ms", ACCEPTED_MS),
        Row.of_samples(group, "bridge over ROS: stop to canceled", canceled, "ms", ACKNOWLEDGED_MS),
        Row.of_samples(group, "bridge over ROS: stop to standstill in joint_states", still, "ms"),
    ]


def _stop(client: Client) -> tuple[float, float]:
    """Stop; ms until the goal is canceled, and until the arm stands still."""
    began = time.perf_counter()
    client.stop()
    client.until(lambda: any(status in STOPPED for status in client.statuses.values()))
    until_canceled = _ms(began)
    client.until(lambda: client.speed < STILL)
    return until_canceled, _ms(began)


def _guard(group: str, client: Client) -> list[Row]:
    """A stop message to a canceled goal, by the guard alone; somebody else has sent the goal."""
    canceled, still = [], []
    for number in range(COUNT):
        handle = client.follow(0.8 if number % 2 else -0.8, 1.2)
        client.until(lambda: client.speed > MOVING)
        until_canceled, until_still = _stop(client)
        canceled.append(until_canceled)
        still.append(until_still)
        client.wait(handle.get_result_async())
        time.sleep(0.5)  # the guard cancels a few times over
        client.wait(client.follow(0.0, 0.8).get_result_async())
    return [
        Row.of_samples(group, "guard over ROS: stop to canceled", canceled, "ms", ACKNOWLEDGED_MS),
        Row.of_samples(group, "guard over ROS: stop to standstill in joint_states", still, "ms"),
    ]


class Client(Node):
    """Sends what is measured, and sees what comes of it."""

    def __init__(self) -> None:
        super().__init__("benchmark")
        self.speed = 0.0
        self.phases: dict[str, float] = {}
        self.statuses: dict[bytes, int] = {}
        self._turns = 0
        self._arm = ActionClient(self, FollowJointTrajectory, ACTION)
        self._intents = ActionClient(self, ExecuteIntent, "execute_intent")
        self._resume = self.create_client(Trigger, "intent_bridge_node/resume")
        self._heard = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.create_subscription(JointState, "joint_states", self._on_joints, qos.EVENTS)
        self.create_subscription(
            GoalStatusArray, f"{ACTION}/_action/status", self._on_status, qos_profile_action_status_default
        )

    def _on_joints(self, message: JointState) -> None:
        self.speed = float(np.abs(message.velocity[: len(ARM_JOINTS)]).max())

    def _on_status(self, message: GoalStatusArray) -> None:
        self.statuses = {
            bytes(status.goal_info.goal_id.uuid): status.status for status in message.status_list[-1:]
        }

    def ready(self, *, guard: bool) -> None:
        """Wait for controller, and bridge or guard."""
        if not self._arm.wait_for_server(TIMEOUT_S):
            raise TimeoutError("The simulated arm did not come up.")
        if guard:
            self.until(self._stop.get_subscription_count)
        elif not self._intents.wait_for_server(TIMEOUT_S):
            raise TimeoutError("The bridge did not come up.")

    def follow(self, joint_1: float, duration: float) -> Any:
        """Send a movement of the first joint; returns when it is accepted."""
        point = JointTrajectoryPoint(
            positions=[joint_1, *HOME[1:]], velocities=[0.0] * 6, accelerations=[0.0] * 6
        )
        point.time_from_start = Duration(sec=int(duration), nanosec=round(duration % 1 * 1e9))
        trajectory = JointTrajectory(joint_names=list(ARM_JOINTS), points=[point])
        return self.wait(self._arm.send_goal_async(FollowJointTrajectory.Goal(trajectory=trajectory)))

    def say(self, text: str, skill: str, **arguments: Any) -> Any:
        """Say something and send the intent that was made of it; returns the result's future."""
        self._turns += 1
        turn = f"turn-{self._turns}"
        self.phases = {}
        message = Transcript(turn_id=turn, text=text, is_final=True, confidence=0.95, language="en")
        message.header.stamp = self.get_clock().now().to_msg()
        self._heard.publish(message)
        call = SkillCall(skill=skill, arguments_json=json.dumps(arguments), call_id="1")
        goal = ExecuteIntent.Goal(intent=Intent(turn_id=turn, engine="grammar", calls=[call]))
        goal.idempotency_key = turn
        handle = self.wait(self._intents.send_goal_async(goal, feedback_callback=self._on_phase))
        return handle.get_result_async()

    def _on_phase(self, message: Any) -> None:
        self.phases.setdefault(message.feedback.phase, time.perf_counter())

    def stop(self) -> None:
        """Ask everybody to stop."""
        self._stop.publish(StopRequest(source="benchmark", scope=StopRequest.SCOPE_ALL))

    def resume(self) -> None:
        """Allow motion."""
        if not self._resume.wait_for_service(TIMEOUT_S):
            raise TimeoutError("The bridge does not answer.")
        self.wait(self._resume.call_async(Trigger.Request()))

    def wait(self, future: Any) -> Any:
        """The future's result."""
        self.until(future.done)
        return future.result()

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("What was waited for did not come.")
            time.sleep(0.0005)


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


@contextlib.contextmanager
def _client(*, guard: bool = False) -> Iterator[Client]:
    """With the simulated arm, and the bridge or the guard."""
    rclpy.init()
    with TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(rclpy.try_shutdown)
        arm, client = SimArmNode(), Client()
        second = StopGuardNode() if guard else IntentBridgeNode()
        for node in (arm, second, client):
            spin_in_thread(node, stack)
        managed = [arm]
        if not guard:
            _set_up(second, Path(folder))
            managed.append(second)
        for node in managed:
            node.trigger_configure()
            node.trigger_activate()
        client.ready(guard=guard)
        yield client


def _set_up(bridge: Node, folder: Path) -> None:
    policy = folder / "policy.yaml"
    allowed = shared_file("config/policy.simulation.yaml").read_text(encoding="utf-8")
    policy.write_text(f"{allowed}\nrate: {{per_minute: 120}}\n", encoding="utf-8")
    bridge.set_parameters(
        [
            Parameter("urdf_path", value=str(shared_file("urdf/prim6.urdf"))),
            Parameter("policy_path", value=str(policy)),
            Parameter("audit_path", value=str(folder / "audit.jsonl")),
        ]
    )


def spin_in_thread(node: Any, stack: contextlib.ExitStack) -> None:
    """In a thread, until the stack is unwound."""
    executor = new_executor()
    executor.add_node(node)

    def spin() -> None:
        with contextlib.suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()

    def end() -> None:
        if hasattr(node, "close"):
            node.close()
        executor.shutdown(timeout_sec=2.0)
        thread.join(2.0)
        destroy_node(node)

    stack.callback(end)
