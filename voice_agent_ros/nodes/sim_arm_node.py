# SPDX-License-Identifier: Apache-2.0
"""The simulated arm on ROS: physics behind the interfaces of ros2_control and of a perfect camera."""

from __future__ import annotations

import io
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeoutError  # its own class before Python 3.11
from functools import partial
from typing import Any

from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTrajectoryControllerState
from control_msgs.srv import QueryTrajectoryState
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.errors import EngineError, VoiceAgentError
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes import sim_arm_messages as messages
from voice_agent_ros.nodes.controller_action import ControllerAction
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import declare, read
from voice_agent_ros.nodes.sim_arm_controllers import NOT_ACTIVE, ArmController, GripperController
from voice_agent_ros.nodes.sim_arm_parameters import PARAMETERS, read_faults, watch_faults
from voice_agent_ros.share import shared_file
from voice_agent_ros.sim.arm import ARM_JOINTS, SimulatedArm
from voice_agent_ros.sim.camera import Camera
from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.real_time import RealTimePhysics
from voice_agent_ros.sim.scene import SceneSpec, default_cubes, random_cubes
from voice_agent_ros.sim.trajectory import Vector
from voice_agent_ros.sim.trajectory_goal import Options

CAMERA_TIMEOUT_S = 10.0


class SimArmNode(ManagedNode):
    """Publishes joint_states, objects and robot_description; serves the controllers and ~/snapshot."""

    def __init__(self) -> None:
        super().__init__("sim_arm_node")
        declare(self, PARAMETERS)
        self._values: Any = None
        self._physics: RealTimePhysics | None = None
        self._timers_when_active: list[Timer] = []
        self._published_at = -1.0
        self._pictures: ThreadPoolExecutor | None = None
        self._picture: Future[None] | None = None
        self._camera: Camera | None = None
        self._camera_fault = ""
        self._description = self.create_publisher(String, "robot_description", qos.STATE)
        self._joint_states = self.create_publisher(JointState, "joint_states", qos.EVENTS)
        self._objects = self.create_publisher(Detection3DArray, "objects", qos.EVENTS)
        self._image = self.create_publisher(CompressedImage, "camera/image_raw/compressed", qos.EVENTS)
        self._controller_state = self.create_publisher(
            JointTrajectoryControllerState, "arm_controller/controller_state", qos.EVENTS
        )
        self.create_subscription(
            JointTrajectory, "arm_controller/joint_trajectory", self._on_trajectory, qos.EVENTS
        )
        self.create_service(QueryTrajectoryState, "arm_controller/query_state", self._on_query)
        self.create_service(Trigger, "~/snapshot", self._on_snapshot)
        watch_faults(self, self._set_faults)
        self._actions = [
            ControllerAction(
                self,
                FollowJointTrajectory,
                "arm_controller/follow_joint_trajectory",
                ArmController(self._running_physics, self._simulated_time, self._stamp),
            ),
            ControllerAction(
                self,
                GripperCommand,
                "gripper_controller/gripper_cmd",
                GripperController(self._running_physics),
            ),
        ]

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Build the physics and open the camera, both of which take a moment."""
        try:
            values = read(self, PARAMETERS)
            cubes = random_cubes(values.seed) if values.seed >= 0 else default_cubes()
            options = Options(
                stop=values.stop,
                allow_partial_joints=values.allow_partial_joints_goal,
                allow_end_velocity=values.allow_nonzero_velocity_at_trajectory_end,
            )
            sim = SimulatedArm(SceneSpec(cubes), read_faults(self), options)
            urdf = shared_file(f"urdf/{values.arm}.urdf").read_text(encoding="utf-8")
        except VoiceAgentError as error:
            self.get_logger().error(f"The simulated arm cannot be set up: {error}")
            return TransitionCallbackReturn.FAILURE
        except ImportError as error:
            fix = "Install the simulator: pip install 'voice_agent_ros[sim]'."
            self.get_logger().error(f"The simulated arm cannot be set up: {error}. {fix}")
            return TransitionCallbackReturn.FAILURE
        self._values = values
        self._physics = RealTimePhysics(sim, values.real_time_factor, self._on_failure)
        self._open_camera(sim)
        self._description.publish(String(data=urdf))
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Let time run."""
        assert self._physics is not None
        self._physics.start()
        self._timers_when_active = [
            self.create_timer(1.0 / rate, publish)
            for rate, publish in (
                (self._values.joint_states_rate, self._publish_joint_states),
                (self._values.state_publish_rate, self._publish_controller_state),
                (self._values.objects_rate, self._publish_objects),
            )
        ]
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Let time stand still; goals that run are aborted."""
        self._stand_still()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Forget the physics."""
        self._close_camera()
        self._physics = None
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """End everything."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End goals and threads."""
        self._stand_still()
        self._close_camera()

    def _stand_still(self) -> None:
        for timer in self._timers_when_active:
            self.destroy_timer(timer)
        self._timers_when_active = []
        if self._physics is not None:
            self._physics.stop()
            self._end_goals("The simulated arm was deactivated.")

    def _end_goals(self, reason: str) -> None:
        assert self._physics is not None
        with self._physics.locked() as sim:
            sim.arm.abort(reason)
            sim.gripper.cancel(reason)

    def _on_failure(self, error: VoiceAgentError) -> None:
        self.get_logger().fatal(f"{error} The arm stands still, nothing is published any more.")
        self._end_goals(str(error))

    def _running_physics(self) -> RealTimePhysics | None:
        physics = self._physics
        return physics if physics is not None and physics.is_running else None

    def _stamp(self) -> Time:
        return self.get_clock().now().to_msg()

    def _simulated_time(self, stamp: Time, sim: SimulatedArm) -> float | None:
        """A trajectory's stamp in simulated time; None if it has none, which means "now"."""
        if stamp.sec == 0 and stamp.nanosec == 0:
            return None
        ahead_s = messages.seconds(stamp) - self.get_clock().now().nanoseconds * 1e-9
        return sim.time + ahead_s * float(self._values.real_time_factor)

    # What it hears and shows.

    def _on_trajectory(self, trajectory: JointTrajectory) -> None:
        physics = self._running_physics()
        if physics is None:
            return
        with physics.locked() as sim:
            goal = messages.goal_of_topic(trajectory, self._simulated_time(trajectory.header.stamp, sim))
            rejection = sim.arm.rejection(goal, sim.time)
            if rejection is None:
                sim.arm.start(goal, sim.time)
        if rejection is not None:
            self.get_logger().warning(f"Trajectory of the topic ignored: {rejection.reason}")

    def _on_query(
        self, request: QueryTrajectoryState.Request, response: QueryTrajectoryState.Response
    ) -> QueryTrajectoryState.Response:
        physics = self._running_physics()
        if physics is None:
            response.message = NOT_ACTIVE
            return response
        with physics.locked() as sim:
            at = self._simulated_time(request.time, sim)
            setpoint = sim.arm.query(sim.time if at is None else at)
        if setpoint is None:
            response.message = "No trajectory runs at that time."
            return response
        response.success, response.name = True, list(ARM_JOINTS)
        response.position, response.velocity = setpoint.position.tolist(), setpoint.velocity.tolist()
        response.acceleration = setpoint.acceleration.tolist()
        return response

    def _set_faults(self, faults: Faults) -> None:
        physics = self._physics
        if physics is not None:
            with physics.locked() as sim:
                sim.set_faults(faults)
            self.get_logger().warning(
                f"Faults on demand: {faults.arm.value}, gripper {faults.gripper.value}."
            )

    def _publish_joint_states(self) -> None:
        physics = self._running_physics()
        if physics is None:
            return
        with physics.locked() as sim:
            now, states, fault = sim.time, sim.joint_states(), sim.faults.arm
        # The same state again under a new stamp would hide that time stands still.
        if now != self._published_at and fault is not Fault.DROP_JOINT_STATES:
            self._published_at = now
            self._joint_states.publish(messages.joint_state(states, self._stamp()))

    def _publish_controller_state(self) -> None:
        physics = self._running_physics()
        if physics is not None and self._controller_state.get_subscription_count():
            with physics.locked() as sim:
                state = sim.arm.state
            self._controller_state.publish(messages.controller_state(ARM_JOINTS, state, self._stamp()))

    def _publish_objects(self) -> None:
        physics = self._running_physics()
        if physics is not None:
            with physics.locked() as sim:
                objects = sim.objects()
            self._objects.publish(messages.detections(objects, self._values.base_frame, self._stamp()))

    # The camera, which lives in a thread of its own.

    def _open_camera(self, sim: SimulatedArm) -> None:
        camera = Camera(sim.model, self._values.picture_width, self._values.picture_height)
        self._pictures = ThreadPoolExecutor(1, "camera")
        try:
            self._pictures.submit(camera.open).result(CAMERA_TIMEOUT_S)
        except (EngineError, FutureTimeoutError) as error:
            self._camera_fault = f"No pictures can be taken: {str(error) or 'OpenGL did not start in time'}"
            self.get_logger().warning(self._camera_fault)
            return
        self._camera_fault = ""
        self._camera = camera

    def _close_camera(self) -> None:
        pictures, self._pictures = self._pictures, None
        if pictures is not None:
            camera, self._camera = self._camera, None
            if camera is not None:
                wait([pictures.submit(camera.close)], CAMERA_TIMEOUT_S)
            pictures.shutdown(wait=False, cancel_futures=True)

    def _on_snapshot(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        if self._physics is None or self._pictures is None:
            response.message = "The simulated arm is not configured."
        elif self._camera is None:
            response.message = self._camera_fault
        elif self._picture is not None and not self._picture.done():
            response.message = "The camera is still busy with the last picture."
        else:
            with self._physics.locked() as sim:
                configuration = sim.configuration()
            take = partial(self._take_picture, self._camera, configuration, self._stamp())
            self._picture = self._pictures.submit(take)
            self._picture.add_done_callback(self._on_picture)
            response.success, response.message = True, "The picture comes on camera/image_raw/compressed."
        return response

    def _on_picture(self, picture: Future[None]) -> None:
        error = None if picture.cancelled() else picture.exception()
        if error is not None:
            self.get_logger().error(f"No picture was taken: {type(error).__name__}: {error}")

    def _take_picture(self, camera: Camera, configuration: Vector, stamp: Time) -> None:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(camera.picture(configuration)).save(buffer, format="PNG")
        message = CompressedImage(format="png", data=buffer.getvalue())
        message.header.stamp, message.header.frame_id = stamp, "camera"
        self._image.publish(message)


def main() -> None:
    """Run the simulated arm."""
    spin.main(SimArmNode)
