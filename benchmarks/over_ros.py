# SPDX-License-Identifier: Apache-2.0
"""Goals and stops between an action client and the simulated arm, over ROS and in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from benchmarks.row import Row
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.sim_arm_node import SimArmNode
from voice_agent_ros.sim.arm import ARM_JOINTS, HOME

STOPS = 20
TIMEOUT_S = 20.0
ACKNOWLEDGED_MS = 30.0
MOVING, STILL = 0.6, 0.02  # rad/s


def rows_over_ros(group: str) -> list[Row]:
    """Measure everything."""
    accepted, acknowledged, still = [], [], []
    with _arm_and_client() as client:
        for number in range(STOPS):
            began = time.perf_counter()
            handle = client.send(0.8 if number % 2 else -0.8, 1.2)
            accepted.append((time.perf_counter() - began) * 1e3)
            client.until(lambda: client.speed > MOVING)
            began = time.perf_counter()
            client.wait(handle.cancel_goal_async())
            acknowledged.append((time.perf_counter() - began) * 1e3)
            client.until(lambda: client.speed < STILL)
            still.append((time.perf_counter() - began) * 1e3)
            client.wait(handle.get_result_async())
            client.wait(client.send(0.0, 0.8).get_result_async())
    return [
        Row.of_samples(group, "goal to accepted over ROS", accepted, "ms"),
        Row.of_samples(group, "cancel to acknowledged over ROS", acknowledged, "ms", ACKNOWLEDGED_MS),
        Row.of_samples(group, "cancel to standstill seen in joint_states", still, "ms"),
    ]


class _Client(Node):
    def __init__(self) -> None:
        super().__init__("benchmark")
        self.speed = 0.0
        self._arm = ActionClient(self, FollowJointTrajectory, "arm_controller/follow_joint_trajectory")
        self.create_subscription(JointState, "joint_states", self._on_joints, qos.EVENTS)

    def _on_joints(self, message: JointState) -> None:
        self.speed = float(np.abs(message.velocity[: len(ARM_JOINTS)]).max())

    def ready(self) -> None:
        """Wait for the controller."""
        if not self._arm.wait_for_server(TIMEOUT_S):
            raise TimeoutError("The simulated arm did not come up.")

    def send(self, joint_1: float, duration: float) -> Any:
        """Send a movement of the first joint; returns when it is accepted."""
        point = JointTrajectoryPoint(
            positions=[joint_1, *HOME[1:]], velocities=[0.0] * 6, accelerations=[0.0] * 6
        )
        point.time_from_start = Duration(sec=int(duration), nanosec=round(duration % 1 * 1e9))
        trajectory = JointTrajectory(joint_names=list(ARM_JOINTS), points=[point])
        return self.wait(self._arm.send_goal_async(FollowJointTrajectory.Goal(trajectory=trajectory)))

    def wait(self, future: Any) -> Any:
        """The future's result."""
        self.until(future.done)
        return future.result()

    def until(self, condition: Any) -> None:
        """Wait for something."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("The simulated arm did not answer.")
            time.sleep(0.0005)


@contextmanager
def _arm_and_client() -> Iterator[_Client]:
    rclpy.init()
    arm, client = SimArmNode(), _Client()
    executors = [SingleThreadedExecutor(), SingleThreadedExecutor()]
    threads = []
    for node, executor in zip((arm, client), executors, strict=True):
        executor.add_node(node)
        threads.append(threading.Thread(target=executor.spin, daemon=True))
        threads[-1].start()
    try:
        arm.trigger_configure()
        arm.trigger_activate()
        client.ready()
        yield client
    finally:
        arm.close()
        for executor, thread in zip(executors, threads, strict=True):
            executor.shutdown(timeout_sec=2.0)
            thread.join(2.0)
        rclpy.try_shutdown()
