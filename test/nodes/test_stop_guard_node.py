# SPDX-License-Identifier: Apache-2.0
"""The guard among scripted controllers, which only count how often they are told to cancel everything."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from action_msgs.srv import CancelGoal
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger
from until import until
from voice_agent_ros.msg import BridgeState, StopRequest

from voice_agent_ros.nodes import heartbeat, qos
from voice_agent_ros.nodes.stop_guard_node import MAX_UNANSWERED, StopGuardNode

pytestmark = pytest.mark.ros
ACTIONS = ("arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd")
BEAT_S = 0.1
TIMEOUT_S = 10.0


class FakeControllers(Node):
    """Answers cancel requests; also plays the bridge's heart and the person who says stop."""

    def __init__(self) -> None:
        super().__init__("controllers")
        self.canceled: dict[str, list[float]] = {action: [] for action in ACTIONS}
        self.requests: list[CancelGoal.Request] = []
        for action in ACTIONS:
            self.create_service(CancelGoal, f"{action}/_action/cancel_goal", self._server(action))
        self.stopping = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.state = self.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
        self.alive: list[str] = []
        self.create_subscription(String, heartbeat.TOPIC, lambda m: self.alive.append(m.data), qos.EVENTS)
        self.service = self.create_client(Trigger, "stop_guard_node/stop")
        self.is_beating, self.is_moving = False, False
        self.last_beat = 0.0
        self.create_timer(BEAT_S, self._beat)

    def _server(self, action: str) -> Callable[..., CancelGoal.Response]:
        def serve(request: CancelGoal.Request, response: CancelGoal.Response) -> CancelGoal.Response:
            self.requests.append(request)
            self.canceled[action].append(time.monotonic())
            return response

        return serve

    def _beat(self) -> None:
        if self.is_beating:
            self.state.publish(BridgeState(is_moving=self.is_moving))
            self.last_beat = time.monotonic()

    def counts(self) -> list[int]:
        return [len(times) for times in self.canceled.values()]

    def stop(self, scope: str) -> None:
        self.stopping.publish(StopRequest(source="test", scope=scope, phrase="stop", turn_id="t1"))


def spin(executor: SingleThreadedExecutor) -> None:
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()


@pytest.fixture
def controllers() -> Iterator[FakeControllers]:
    rclpy.init()
    nodes = [FakeControllers(), StopGuardNode()]
    running = []
    for node in nodes:
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        thread = threading.Thread(target=spin, args=(executor,), daemon=True)
        thread.start()
        running.append((node, executor, thread))
    fake = nodes[0]
    until(lambda: fake.stopping.get_subscription_count() and fake.state.get_subscription_count())
    until(fake.service.service_is_ready)
    until(lambda: all(client.service_is_ready() for client in nodes[1]._servers.values()))
    yield fake
    for node, executor, thread in reversed(running):
        executor.shutdown(timeout_sec=2.0)
        thread.join(2.0)
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize("scope", [StopRequest.SCOPE_MOTION, StopRequest.SCOPE_ALL])
def test_a_stop_cancels_every_goal_of_every_controller(
    controllers: FakeControllers, scope: str, capfd: pytest.CaptureFixture[str]
) -> None:
    controllers.stop(scope)
    until(lambda: min(controllers.counts()))
    for request in controllers.requests:
        assert not any(request.goal_info.goal_id.uuid)
        assert request.goal_info.stamp.sec == request.goal_info.stamp.nanosec == 0
    until(
        lambda: (
            "Turn t1: canceling all goals of all controllers: stop from test: stop." in capfd.readouterr().err
        )
    )


def test_silencing_the_speech_is_not_its_business(controllers: FakeControllers) -> None:
    controllers.stop(StopRequest.SCOPE_SPEECH)
    controllers.stop(StopRequest.SCOPE_MOTION)  # arrives after the other
    until(lambda: min(controllers.counts()))
    assert controllers.counts() == [1, 1]


def test_requests_to_controllers_that_are_not_there_do_not_pile_up() -> None:
    rclpy.init()
    guard = StopGuardNode()
    for _ in range(3 * MAX_UNANSWERED):
        guard._send_cancels()
    assert all(len(client._pending_requests) == MAX_UNANSWERED for client in guard._servers.values())
    guard.destroy_node()
    rclpy.try_shutdown()


def test_its_own_heart_beats(controllers: FakeControllers) -> None:
    until(lambda: controllers.alive.count("stop_guard_node") > 2)


def test_its_service(controllers: FakeControllers) -> None:
    future = controllers.service.call_async(Trigger.Request())
    assert until(future.done)
    assert future.result().success
    until(lambda: min(controllers.counts()))


def test_a_lost_heartbeat_cancels_and_a_beating_one_does_not(
    controllers: FakeControllers, capfd: pytest.CaptureFixture[str]
) -> None:
    time.sleep(0.5)  # a bridge that was never there cannot be lost
    assert controllers.counts() == [0, 0]
    controllers.is_beating = controllers.is_moving = True
    time.sleep(1.0)
    assert controllers.counts() == [0, 0]
    controllers.is_beating = False
    last = controllers.last_beat
    until(lambda: min(controllers.counts()))
    silence = max(times[0] for times in controllers.canceled.values()) - last
    assert 0.3 < silence < 0.6
    until(lambda: min(controllers.counts()) > 3)  # a goal may have been on its way
    controllers.is_beating = True
    until(lambda: controllers.last_beat > last)
    time.sleep(0.2)
    before = controllers.counts()
    time.sleep(0.3)
    assert controllers.counts() == before
    assert "silent" in capfd.readouterr().err


def test_while_nothing_moves_it_waits_longer(controllers: FakeControllers) -> None:
    controllers.is_beating = True
    until(lambda: controllers.last_beat)
    controllers.is_beating = False
    time.sleep(1.0)
    assert controllers.counts() == [0, 0]
    until(lambda: min(controllers.counts()))
    assert max(times[0] for times in controllers.canceled.values()) - controllers.last_beat > 1.9
