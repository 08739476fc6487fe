# SPDX-License-Identifier: Apache-2.0
"""The simulated arm on ROS: real-time physics behind the interfaces of ros2_control and a perfect camera."""

from __future__ import annotations

import io
import os
import threading
import time
from ctypes.util import find_library
from typing import Any

from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.share import shared_file
from voice_agent_ros.sim.gripper_controller import GripperResult
from voice_agent_ros.sim.trajectory_controller import Fault, Goal, Outcome, Point

PARAMETERS = (
    Parameter("arm", "prim6", "The simulated arm.", choices=("prim6",)),
    Parameter("seed", -1, "Random cube poses from this seed; -1: the demo's scene.", (-1, 2**31 - 1)),
    Parameter(
        "fault", "none", "A fault of the arm's controller, on demand.", choices=tuple(f.value for f in Fault)
    ),
    Parameter("joint_states_rate", 50.0, "Rate of joint_states, Hz.", (1.0, 500.0)),
    Parameter("objects_rate", 5.0, "Rate of objects, Hz.", (0.1, 50.0)),
    Parameter("base_frame", "base_link", "Frame of the detections."),
)
TICK_S = 0.004
BEHIND_S = 0.1


class SimArmNode(LifecycleNode):
    """Publishes joint_states, objects and robot_description; serves the controllers' actions and ~/snapshot."""

    def __init__(self) -> None:
        super().__init__("sim_arm_node")
        declare(self, PARAMETERS)
        self._lock = threading.Lock()
        self._running = threading.Event()
        self._thread: threading.Thread | None = None
        self._sim: Any = None
        group = ReentrantCallbackGroup()
        self._description = self.create_publisher(String, "robot_description", qos.STATE)
        self._joint_states = self.create_publisher(JointState, "joint_states", qos.EVENTS)
        self._objects = self.create_publisher(Detection3DArray, "objects", qos.EVENTS)
        self._camera = self.create_publisher(CompressedImage, "camera/image_raw/compressed", qos.EVENTS)
        self.create_service(Trigger, "~/snapshot", self._on_snapshot)
        self._arm_server = ActionServer(
            self,
            FollowJointTrajectory,
            "arm_controller/follow_joint_trajectory",
            execute_callback=self._execute_arm,
            goal_callback=self._judge_arm_goal,
            cancel_callback=self._cancel_arm,
            callback_group=group,
        )
        self._gripper_server = ActionServer(
            self,
            GripperCommand,
            "gripper_controller/gripper_cmd",
            execute_callback=self._execute_gripper,
            goal_callback=self._judge_gripper_goal,
            cancel_callback=self._cancel_gripper,
            callback_group=group,
        )

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Build the physics."""
        from voice_agent_ros.sim.arm import SimulatedArm
        from voice_agent_ros.sim.scene import SceneSpec, default_cubes, random_cubes

        try:
            values = read(self, PARAMETERS)
            cubes = random_cubes(values.seed) if values.seed >= 0 else default_cubes()
            self._sim = SimulatedArm(SceneSpec(cubes), Fault(values.fault))
            urdf = shared_file(f"urdf/{values.arm}.urdf").read_text(encoding="utf-8")
        except (VoiceAgentError, ImportError) as error:
            self.get_logger().error(f"The simulated arm cannot be set up: {error}")
            return TransitionCallbackReturn.FAILURE
        self._frame = values.base_frame
        self._description.publish(String(data=urdf))
        self._timers = [
            self.create_timer(1.0 / values.joint_states_rate, self._publish_joint_states),
            self.create_timer(1.0 / values.objects_rate, self._publish_objects),
        ]
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Let time run."""
        self._running.set()
        self._thread = threading.Thread(target=self._run_physics, name="physics", daemon=True)
        self._thread.start()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Let time stand still."""
        self._stop_physics()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Forget the physics."""
        for timer in self._timers:
            self.destroy_timer(timer)
        self._sim = None
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the physics thread."""
        self._stop_physics()

    def _stop_physics(self) -> None:
        self._running.clear()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None

    def _run_physics(self) -> None:
        due = time.monotonic()
        while self._running.is_set():
            with self._lock:
                self._sim.advance(TICK_S)
            due += TICK_S
            ahead = due - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -BEHIND_S:  # a busy machine: simulated time slows down rather than rushing after
                due = time.monotonic()

    # The arm's controller.

    def _judge_arm_goal(self, request: Any) -> GoalResponse:
        reason = (
            self._sim.arm.rejection(goal_of(request)) if self._running.is_set() else "the node is not active"
        )
        if reason:
            self.get_logger().warning(f"Trajectory rejected: {reason}.")
        return GoalResponse.REJECT if reason else GoalResponse.ACCEPT

    async def _execute_arm(self, handle: Any) -> Any:
        future = Future(executor=self.executor)
        with self._lock:
            self._sim.arm.start(
                goal_of(handle.request), self._sim.time, lambda *outcome: future.set_result(outcome)
            )
        outcome, text = await future
        result = FollowJointTrajectory.Result(error_string=text)
        if outcome is Outcome.CANCELED:
            handle.canceled()
        elif outcome is Outcome.SUCCESSFUL:
            handle.succeed()
        else:
            result.error_code = min(outcome.value, 0)
            handle.abort()
        return result

    def _cancel_arm(self, handle: Any) -> CancelResponse:  # noqa: ARG002  a controller has one goal at most
        with self._lock:
            self._sim.arm.cancel(self._sim.time)
        return CancelResponse.ACCEPT

    # The gripper's controller.

    def _judge_gripper_goal(self, request: Any) -> GoalResponse:
        reason = (
            self._sim.gripper.rejection(request.command.position) if self._running.is_set() else "not active"
        )
        if reason:
            self.get_logger().warning(f"Gripper command rejected: {reason}.")
        return GoalResponse.REJECT if reason else GoalResponse.ACCEPT

    async def _execute_gripper(self, handle: Any) -> Any:
        future = Future(executor=self.executor)
        with self._lock:
            finger = self._sim.joint_states().positions[-1]
            self._sim.gripper.start(handle.request.command.position, future.set_result, finger)
        outcome: GripperResult = await future
        if handle.is_cancel_requested:
            handle.canceled()
        elif outcome.canceled:
            handle.abort()
        else:
            handle.succeed()
        return GripperCommand.Result(
            position=outcome.position,
            effort=outcome.effort,
            stalled=outcome.stalled,
            reached_goal=outcome.reached_goal,
        )

    def _cancel_gripper(self, handle: Any) -> CancelResponse:  # noqa: ARG002
        with self._lock:
            self._sim.gripper.cancel(self._sim.joint_states().positions[-1])
        return CancelResponse.ACCEPT

    # What it shows.

    def _publish_joint_states(self) -> None:
        with self._lock:
            states = self._sim.joint_states()
        message = JointState(
            name=list(states.names),
            position=list(states.positions),
            velocity=list(states.velocities),
            effort=list(states.efforts),
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._joint_states.publish(message)

    def _publish_objects(self) -> None:
        with self._lock:
            objects = self._sim.objects()
        message = Detection3DArray()
        message.header.frame_id = self._frame
        message.header.stamp = self.get_clock().now().to_msg()
        for thing in objects:
            detection = Detection3D(header=message.header)
            hypothesis = ObjectHypothesisWithPose()
            hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = thing.name, 1.0
            box = detection.bbox
            box.center.position.x, box.center.position.y, box.center.position.z = thing.position
            quaternion = box.center.orientation
            quaternion.x, quaternion.y, quaternion.z, quaternion.w = thing.orientation
            box.size.x, box.size.y, box.size.z = thing.size
            hypothesis.pose.pose = box.center
            detection.results = [hypothesis]
            message.detections.append(detection)
        self._objects.publish(message)

    def _on_snapshot(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        if self._sim is None:
            response.message = "The simulated arm is not configured."
            return response
        with self._lock:
            state = self._sim.state_copy()
        threading.Thread(target=self._take_picture, args=(state,), name="camera", daemon=True).start()
        response.success, response.message = True, "The picture comes on camera/image_raw/compressed."
        return response

    def _take_picture(self, state: Any) -> None:
        from PIL import Image

        try:
            pixels = self._sim.render(state)
        except VoiceAgentError as error:
            self.get_logger().error(str(error))
            return
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        message = CompressedImage(format="png", data=buffer.getvalue())
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = "camera"
        self._camera.publish(message)


def goal_of(request: Any) -> Goal:
    """The controller's goal in a FollowJointTrajectory request."""

    def seconds(duration: Any) -> float:
        return duration.sec + duration.nanosec * 1e-9

    points = [
        Point(p.positions, seconds(p.time_from_start), p.velocities, p.accelerations)
        for p in request.trajectory.points
    ]
    return Goal(
        joint_names=list(request.trajectory.joint_names),
        points=points,
        path_tolerance={t.name: t.position for t in request.path_tolerance},
        goal_tolerance={t.name: t.position for t in request.goal_tolerance},
        goal_time_tolerance=seconds(request.goal_time_tolerance),
    )


def main() -> None:
    """Run the simulated arm; without a display it renders in software."""
    if not os.environ.get("MUJOCO_GL") and not os.environ.get("DISPLAY"):
        available = [name for name in ("OSMesa", "EGL") if find_library(name)]
        os.environ["MUJOCO_GL"] = available[0].lower() if available else "disable"
    spin.main(SimArmNode)
