# SPDX-License-Identifier: Apache-2.0
"""The only node that talks to controllers: messages in, `motion.bridge.IntentBridge`, controller goals out."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal, Result
from voice_agent_ros.motion.controllers import JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate, Heard
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.msg import BridgeState, CallResult, Intent, PlaybackStatus, StopRequest, Transcript
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes.controller_clients import ControllerClients
from voice_agent_ros.nodes.conversions import objects_of, seconds
from voice_agent_ros.nodes.parameters import Parameter, declare, read

PARAMETERS = (
    Parameter("arm", "prim6", "Arm file config/arms/<arm>.yaml."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter("policy_path", "", "Policy file; empty: config/policy.yaml."),
    Parameter("urdf_path", "", "URDF file; empty: wait for the topic robot_description."),
    Parameter("audit_path", "", "Audit log; empty: voice_agent_ros/audit.jsonl under XDG_STATE_HOME."),
)
HEARTBEAT_S = 0.1


class IntentBridgeNode(LifecycleNode):
    """Serves `execute_intent`; hears transcripts, playback and stop itself; publishes its heartbeat."""

    def __init__(self) -> None:
        super().__init__("intent_bridge_node")
        declare(self, PARAMETERS)
        self._bridge: IntentBridge | None = None
        self._controllers: ControllerClients | None = None
        self._audit: AuditLog | None = None
        self._urdf = ""
        self._scene = Scene()
        self._joints: JointSnapshot | None = None
        self._active = threading.Event()
        self._workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="intent")
        self._intent = self.create_publisher(Intent, "intent", qos.EVENTS)
        self._state = self.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
        self.create_subscription(String, "robot_description", self._on_description, qos.STATE)
        self.create_subscription(Transcript, "speech/transcript", self._on_transcript, qos.EVENTS)
        self.create_subscription(PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS)
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(JointState, "joint_states", self._on_joint_states, qos.EVENTS)
        self.create_subscription(Detection3DArray, "objects", self._on_objects, qos.EVENTS)
        self.create_service(Trigger, "~/stop", self._serve_stop)
        self.create_service(Trigger, "~/resume", self._serve_resume)
        self.create_service(SetBool, "~/confirm", self._serve_confirm)
        self.create_timer(HEARTBEAT_S, self._beat)
        self._server = ActionServer(
            self,
            ExecuteIntent,
            "execute_intent",
            execute_callback=self._execute,
            goal_callback=self._judge_goal,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
        )

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Read the files and build the bridge."""
        try:
            self._configure(read(self, PARAMETERS))
        except (VoiceAgentError, OSError, ImportError) as error:
            self.get_logger().error(f"The bridge cannot be set up: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self, values: Any) -> None:
        arm_path = Path(values.arm_path) if values.arm_path else config_path(f"arms/{values.arm}.yaml")
        policy_path = Path(values.policy_path) if values.policy_path else config_path("policy.yaml")
        self._arm, policy = load_arm(arm_path), load_policy(policy_path)
        urdf = Path(values.urdf_path).read_text(encoding="utf-8") if values.urdf_path else self._urdf
        if not urdf:
            fix = "Start robot_state_publisher, or set urdf_path."
            raise VoiceAgentError("Nobody publishes robot_description.", fix)
        state_home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
        self._audit = AuditLog(Path(values.audit_path or state_home / "voice_agent_ros" / "audit.jsonl"))
        self._controllers = self._controllers or ControllerClients(self, self._arm)
        executor = Executor(self._controllers, self, self._arm, policy, time.monotonic)
        gate = Gate(policy, SentenceGrammars(), time.monotonic)
        planner = Planner(RobotModel(urdf, self._arm), self._arm, policy)
        self._bridge = IntentBridge(gate, planner, executor, self, policy, self._audit, time.monotonic)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to accept intents, if the controllers and the joints are there. Latched all the same."""
        if self._controllers is None:
            return TransitionCallbackReturn.FAILURE
        problem = self._missing()
        if problem:
            self.get_logger().error(problem)
            return TransitionCallbackReturn.FAILURE
        self._active.set()
        return TransitionCallbackReturn.SUCCESS

    def _missing(self) -> str:
        assert self._controllers is not None
        absent = self._controllers.absent()
        if absent:
            actions = {"arm": self._arm.arm.action, "gripper": self._arm.gripper.action}
            named = ", ".join(f"{name} ({actions[name]})" for name in absent)
            return f"No controller answers for: {named}. Start it, or correct its name in the arm file."
        if self._joints is None:
            return f"joint_states does not have {', '.join(self._joint_names)}: see joint_state_broadcaster."
        return ""

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Cancel what is moving and refuse what comes."""
        self._active.clear()
        self._stop("the bridge was deactivated")
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Forget the bridge."""
        self._bridge = None
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Cancel what is moving before the process ends."""
        self._active.clear()
        self._stop("the bridge ends")
        self._workers.shutdown(wait=True, cancel_futures=True)
        if self._audit is not None:
            self._audit.close()

    # Senses.

    @property
    def _joint_names(self) -> list[str]:
        return [*self._arm.arm.joints, self._arm.gripper.joint]

    def joints(self) -> JointSnapshot | None:
        """The latest joint states."""
        return self._joints

    def scene(self) -> Scene:
        """What is seen, and the arm's poses."""
        return self._scene

    def _on_description(self, message: String) -> None:
        self._urdf = message.data

    def _on_joint_states(self, message: JointState) -> None:
        if self._bridge is None:
            return
        index = {name: position for position, name in enumerate(message.name)}
        if any(name not in index for name in self._joint_names):
            return  # another broadcaster's joints
        order = [index[name] for name in self._arm.arm.joints]
        velocity = np.array(message.velocity)[order] if len(message.velocity) else np.zeros(len(order))
        gripper = message.position[index[self._arm.gripper.joint]]
        self._joints = JointSnapshot(np.array(message.position)[order], velocity, gripper, time.monotonic())
        self._bridge.on_joints(self._joints)

    def _on_objects(self, message: Detection3DArray) -> None:
        poses = tuple(self._arm.poses) if self._bridge is not None else ()
        self._scene = Scene(objects_of(message), poses)

    def _on_transcript(self, message: Transcript) -> None:
        if self._bridge is None or not message.is_final:
            return
        heard = Heard(
            turn_id=message.turn_id,
            session_id=message.session_id,
            text=message.text,
            language=message.language or "en",
            confidence=message.confidence,
            received_at=time.monotonic(),
            speech_start=seconds(message.speech_start),
        )
        self._bridge.on_heard(heard)

    def _on_playback(self, message: PlaybackStatus) -> None:
        if self._bridge is not None and message.is_finished and not message.is_interrupted:
            self._bridge.on_played(message.stream_id, seconds(message.header.stamp))

    # Stop and resume.

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_SPEECH:
            self._stop(f"{message.source}: {message.phrase}".rstrip(": "))

    def _stop(self, reason: str) -> None:
        if self._bridge is not None:
            self._bridge.stop(reason)
            self.get_logger().warning(f"Stopped and latched: {reason}.")

    def _serve_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        self._stop("service")
        response.success, response.message = True, "Stopped. Motion stays refused until resume."
        return response

    def _serve_resume(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        if self._bridge is None or not self._active.is_set():
            response.message = "The bridge is not active."
            return response
        self._bridge.resume("service")
        self.get_logger().info("Motion is allowed again, by service.")
        response.success, response.message = True, "Motion is allowed."
        return response

    def _serve_confirm(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.success = self._bridge is not None and self._bridge.confirm(request.data)
        response.message = "" if response.success else "Nothing waits for an answer."
        return response

    def _beat(self) -> None:
        bridge = self._bridge
        message = BridgeState(is_latched=bridge is None or bridge.latched)
        message.header.stamp = self.get_clock().now().to_msg()
        if bridge is not None:
            message.latch_reason, message.active_key = bridge.latch_reason, bridge.active_key
            message.is_moving, message.pending_nonce = bridge.is_moving, bridge.pending_nonce
        self._state.publish(message)

    # Intents.

    def _judge_goal(self, request: Any) -> GoalResponse:
        if not self._active.is_set() or not request.idempotency_key:
            reason = "it needs an idempotency_key" if self._active.is_set() else "the bridge is not active"
            self.get_logger().warning(f"Intent rejected: {reason}.")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _cancel(self, handle: Any) -> CancelResponse:
        if self._bridge is not None and self._bridge.active_key == handle.request.idempotency_key:
            self._stop("its intent was canceled")
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        intent = handle.request.intent
        try:
            calls = tuple(parse_call(c.skill, c.arguments_json, c.call_id) for c in intent.calls)
        except SkillError as error:
            handle.abort()
            return ExecuteIntent.Result(outcome="refused", rule="bad_arguments", message=str(error))
        self._intent.publish(intent)
        proposal = Proposal(calls, intent.turn_id, handle.request.idempotency_key, handle.request.dry_run)
        future = Future(executor=self.executor)
        self._workers.submit(self._carry_out, proposal, handle, future)
        result = await future
        if handle.is_cancel_requested:
            handle.canceled()
        elif result.outcome == "done":
            handle.succeed()
        else:
            handle.abort()
        return result

    def _carry_out(self, proposal: Proposal, handle: Any, future: Future) -> None:
        assert self._bridge is not None
        try:
            result = self._bridge.carry_out(proposal, lambda progress: self._report(handle, progress))
        except Exception as error:  # noqa: BLE001  whatever happened: the client gets its result
            self.get_logger().error(f"Carrying out an intent failed: {type(error).__name__}: {error}")
            result = Result(
                "failed", "internal", "Something went wrong inside me, so I stopped.", proposal.calls
            )
        future.set_result(self._result_message(result))

    def _report(self, handle: Any, progress: Progress) -> None:
        feedback = ExecuteIntent.Feedback(
            phase=progress.phase,
            message=progress.message,
            call_id=progress.call_id,
            fraction=progress.fraction,
            nonce=progress.nonce,
        )
        feedback.stamp = self.get_clock().now().to_msg()
        handle.publish_feedback(feedback)

    def _result_message(self, result: Result) -> Any:
        message = ExecuteIntent.Result(outcome=result.outcome, rule=result.rule, message=result.message)
        message.call_results = [
            CallResult(call_id=c.call_id, skill=c.skill, outcome=result.outcome, rule=result.rule)
            for c in result.calls
        ]
        if self._joints is not None:
            message.measured.name = list(self._arm.arm.joints)
            message.measured.position = self._joints.arm.tolist()
        return message


def main() -> None:
    """Run the bridge."""
    spin.main(IntentBridgeNode)
