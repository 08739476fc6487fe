# SPDX-License-Identifier: Apache-2.0
"""The only node that talks to controllers: messages in, `motion.bridge.IntentBridge`, controller goals out."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.intent.grammar import LANGUAGES, SentenceGrammars
from voice_agent_ros.intent.skill_frames import skill_words
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.aliveness import ClockWatch
from voice_agent_ros.motion.arm_check import require_agreement
from voice_agent_ros.motion.arm_config import arm_file, load_arm
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_key import load_key
from voice_agent_ros.motion.audit_record import default_path
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal, Result
from voice_agent_ros.motion.controllers import JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.msg import BridgeState, Intent, PlaybackStatus, StopRequest, Transcript
from voice_agent_ros.nodes import bridge_messages as messages
from voice_agent_ros.nodes import company, controller_check, heartbeat, qos, sight, spin
from voice_agent_ros.nodes.bridge_senses import BridgeSenses
from voice_agent_ros.nodes.controller_clients import ControllerClients
from voice_agent_ros.nodes.conversions import seconds
from voice_agent_ros.nodes.log_lines import of_turn, stopped
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.srv import Confirm

PARAMETERS = (
    Parameter("arm", "prim6", "Arm file config/arms/<arm>.yaml."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter("policy_path", "", "Policy file; empty: config/policy.yaml."),
    Parameter("urdf_path", "", "URDF file; empty: wait for the topic robot_description."),
    Parameter("audit_path", "", "Audit log; empty: voice_agent_ros/audit.jsonl under XDG_STATE_HOME."),
    Parameter(
        "controller_timeout_s", 5.0, "How long activation waits for controllers and joints, s.", (0.1, 120.0)
    ),
    *sight.PARAMETERS,
)
HEARTBEAT_S = 0.05
RESTING_BEATS = 5  # while nothing moves and nothing has changed, every so many are told
MAX_OPEN_INTENTS = 8  # more are rejected: nothing may queue behind a motion


class IntentBridgeNode(ManagedNode):
    """Serves `execute_intent`; hears transcripts, playback and stop itself; publishes its heartbeat."""

    def __init__(self) -> None:
        super().__init__("intent_bridge_node")
        declare(self, PARAMETERS)
        self._bridge: IntentBridge | None = None
        self._controllers: ControllerClients | None = None
        self._audit: AuditLog | None = None
        self._senses: BridgeSenses | None = None
        self._clock_watch = ClockWatch(any_rate=self.get_parameter("use_sim_time").value)
        self._urdf = ""
        self._active = threading.Event()
        self._open_intents = 0
        self._workers = ThreadPoolExecutor(MAX_OPEN_INTENTS + 1, thread_name_prefix="intent")
        self._prepared = self._workers.submit(lambda: None)
        self._intent = self.create_publisher(Intent, "intent", qos.EVENTS)
        self._state = self.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
        self._told = BridgeState()
        self._company = company.Company(self, self._on_company)
        self._beats = 0
        self.create_subscription(String, "robot_description", self._on_description, qos.STATE)
        self.create_subscription(Transcript, "speech/transcript", self._on_transcript, qos.EVENTS)
        self.create_subscription(PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS)
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(JointState, "joint_states", self._on_joint_states, qos.EVENTS)
        self.create_subscription(Detection3DArray, "objects", self._on_objects, qos.EVENTS)
        self.create_subscription(String, heartbeat.TOPIC, self._on_alive, qos.EVENTS)
        self.create_service(Trigger, "~/stop", self._serve_stop)
        self.create_service(Trigger, "~/resume", self._serve_resume)
        self.create_service(Confirm, "~/confirm", self._serve_confirm)
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
            self._forget()
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self, values: Any) -> None:
        arm_path = arm_file(values.arm, values.arm_path)
        policy_path = Path(values.policy_path) if values.policy_path else config_path("policy.yaml")
        self._arm, policy = load_arm(arm_path), load_policy(policy_path)
        urdf = Path(values.urdf_path).read_text(encoding="utf-8") if values.urdf_path else self._urdf
        if not urdf:
            fix = "Start robot_state_publisher, or set urdf_path."
            raise VoiceAgentError("Nobody publishes robot_description.", fix)
        log = Path(values.audit_path or default_path())
        settings = policy.audit
        self._audit = AuditLog(log, max_bytes=settings.max_bytes, kept_files=settings.kept_files)
        key = load_key(Path(settings.key_path) if settings.key_path else log.with_suffix(".key"))
        require_agreement(urdf, self._arm)
        model = RobotModel(urdf, self._arm)
        model.prepare()
        self._controllers = ControllerClients(self, self._arm)
        arm_name = Path(values.arm_path).stem if values.arm_path else values.arm
        seeing = sight.Sight.of(self, values, self._arm, arm_name)
        self._senses = BridgeSenses(
            self, self._arm, policy.execution.objects_max_age, self._on_joints, seeing
        )
        clock = time.monotonic
        executor = Executor(self._controllers, self._senses, self._arm, policy, clock)
        for language in LANGUAGES:
            skill_words(language)  # takes seconds: now, not with the first sentence that nobody understands
        gate, planner = Gate(policy, SentenceGrammars(), clock), Planner(model, self._arm, policy)
        self._bridge = IntentBridge(
            gate, planner, executor, self._senses, policy, self._audit, clock, key, seeing.known
        )
        self._bridge.on_stop = lambda *news: self.get_logger().warning(stopped(*news))
        self._bridge.on_unrecorded = lambda *news: self.get_logger().error(of_turn(*news))

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to accept intents, if the controllers and the joints are there. Latched all the same."""
        if self._senses is None or self._controllers is None:
            return TransitionCallbackReturn.FAILURE
        timeout_s = self.get_parameter("controller_timeout_s").value
        absent = self._controllers.absent
        problem = controller_check.problem(self, self._arm, absent, timeout_s, self._beat)
        problem = problem or self._senses.missing(timeout_s, self._beat)
        if problem:
            self.get_logger().error(problem)
            return TransitionCallbackReturn.FAILURE
        self._active.set()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Cancel what is moving and refuse what comes."""
        self._active.clear()
        self._stop("the bridge was deactivated")
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Forget the bridge."""
        self._forget()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Cancel what is moving; this is no way back."""
        self._active.clear()
        self._stop("the bridge was shut down")
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """A transition failed in a way that nobody foresaw."""
        self._active.clear()
        self._stop("a transition of the bridge failed")
        self._forget()
        return TransitionCallbackReturn.SUCCESS

    def _forget(self) -> None:
        if self._controllers is not None:
            self._controllers.destroy()
        self._let_go()

    def _let_go(self) -> None:
        self._bridge = self._senses = self._controllers = None
        if self._audit is not None:
            self._audit.close()
            self._audit = None

    def close(self) -> None:
        """Cancel what is moving before the process ends."""
        self._active.clear()
        self._stop("the bridge ends")
        self._workers.shutdown(wait=True, cancel_futures=True)
        if self._bridge is not None:
            self._bridge.note("closed")
        self._let_go()  # the executor still looks at the clients: destroying the node destroys them

    # What is heard and felt.

    def _on_description(self, message: String) -> None:
        self._urdf = message.data

    def _on_joints(self, snapshot: JointSnapshot) -> None:
        if self._bridge is not None:
            self._bridge.on_joints(snapshot)

    def _on_joint_states(self, message: JointState) -> None:
        if self._senses is not None:
            self._senses.on_joint_states(message)

    def _on_objects(self, message: Detection3DArray) -> None:
        if self._senses is not None:
            self._senses.on_objects(message)

    def _on_alive(self, message: String) -> None:
        if self._bridge is not None:
            self._bridge.companions.beat(message.data)

    def _on_transcript(self, message: Transcript) -> None:
        if self._bridge is None:
            return
        if message.is_final:
            self._bridge.on_heard(messages.heard_of(message, time.monotonic()))
        elif message.text.strip():
            self._bridge.on_speaking(message.turn_id)

    def _on_playback(self, message: PlaybackStatus) -> None:
        if self._bridge is not None and message.is_finished:
            # One without a time has ended just now: at 0 an answer from before the question would count.
            at = seconds(message.header.stamp) or self.get_clock().now().nanoseconds * 1e-9
            self._bridge.on_played(message.stream_id, at, is_interrupted=message.is_interrupted)

    # Stop and resume.

    def _on_stop(self, message: StopRequest) -> None:
        if message.scope != StopRequest.SCOPE_SPEECH:
            self._stop(f"{message.source}: {message.phrase}".rstrip(": "), message.turn_id)

    def _stop(self, reason: str, turn_id: str = "") -> None:
        if self._bridge is not None:
            self._bridge.stop(reason, turn_id)
            self._note("stopped", reason=reason)

    def _note(self, event: str, **fields: str) -> None:
        """Record something without waiting for the disk."""
        if self._bridge is not None:
            with contextlib.suppress(RuntimeError):  # the workers have ended: so does the node
                self._workers.submit(self._bridge.note, event, **fields)

    def _on_company(self) -> None:
        if self._bridge is not None and not self._bridge.latched:
            self._stop(company.WHAT)

    def _serve_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        self._stop("service")
        response.success, response.message = True, "Stopped. Motion stays refused until resume."
        return response

    def _serve_resume(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:  # noqa: ARG002
        if self._bridge is None or not self._active.is_set():
            response.message = "The bridge is not active."
            return response
        if self._company.is_there:
            response.message = f"Not now: {company.WHAT}."
            return response
        self._bridge.resume()
        self._note("resumed", by="service")
        self.get_logger().info("Motion is allowed again, by service.")
        response.success, response.message = True, "Motion is allowed."
        return response

    def _serve_confirm(self, request: Confirm.Request, response: Confirm.Response) -> Confirm.Response:
        return messages.answer_confirm(self._bridge, request, response)

    def _beat(self) -> None:
        bridge = self._bridge
        if bridge is None:
            return  # configuring takes a while: a heart that beat before it would seem to have stopped
        self._watch_clock(bridge)
        bridge.watch()
        self._beats += 1
        is_at_rest = not bridge.is_moving and messages.state_message(bridge) == self._told
        if is_at_rest and self._beats % RESTING_BEATS:
            return
        self._tell_state(bridge)
        # In a thread of its own: the heart must not wait for it.
        if not bridge.is_moving and self._prepared.done():
            with contextlib.suppress(RuntimeError):  # the workers have ended: so does the node
                self._prepared = self._workers.submit(bridge.prepare)

    def _tell_state(self, bridge: IntentBridge) -> None:
        self._told = messages.state_message(bridge)
        message = messages.state_message(bridge)
        message.bridge_id = self._company.own_id
        message.header.stamp = self.get_clock().now().to_msg()
        self._state.publish(message)

    def _watch_clock(self, bridge: IntentBridge) -> None:
        jump = self._clock_watch.compare(lambda: self.get_clock().now().nanoseconds * 1e-9)
        if jump:
            self.get_logger().warning(f"The clock has jumped by {jump:.3f} s.")
            bridge.on_clock_jump(jump)

    # Intents.

    def _judge_goal(self, request: Any) -> GoalResponse:
        if any(call.skill == "stop" for call in request.intent.calls):
            # Before everything, and whatever else it says.
            self._stop("asked to stop", request.intent.turn_id)
        reason = ""
        if not self._active.is_set():
            reason = "the bridge is not active"
        elif not request.idempotency_key:
            reason = "it needs an idempotency_key"
        elif self._open_intents >= MAX_OPEN_INTENTS:
            reason = f"{self._open_intents} others are under way"
        if reason:
            self.get_logger().warning(of_turn(request.intent.turn_id, f"intent rejected: {reason}."))
            return GoalResponse.REJECT
        self._open_intents += 1
        return GoalResponse.ACCEPT

    def _cancel(self, handle: Any) -> CancelResponse:
        if self._bridge is not None:
            self._bridge.cancel(handle.request.idempotency_key)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        try:
            result = await self._outcome(handle)
        finally:
            self._open_intents -= 1
        if handle.is_cancel_requested:
            handle.canceled()
        elif result.outcome == "done":
            handle.succeed()
        else:
            handle.abort()
        return messages.result_message(result, self._arm, self._senses)

    async def _outcome(self, handle: Any) -> Result:
        bridge, request = self._bridge, handle.request
        if bridge is None:  # cleaned up in this moment
            return Result("failed", "inactive", "")
        try:
            calls = tuple(parse_call(c.skill, c.arguments_json, c.call_id) for c in request.intent.calls)
        except SkillError as error:
            self.get_logger().warning(of_turn(request.intent.turn_id, f"intent refused: {error}"))
            text = sentences.refusal("bad_arguments", {}, bridge.language_of(request.intent.turn_id))
            return Result("refused", "bad_arguments", text)
        self._intent.publish(request.intent)
        proposal = Proposal(calls, request.intent.turn_id, request.idempotency_key, request.dry_run)
        future = Future(executor=self.executor)
        self._workers.submit(self._carry_out, bridge, proposal, handle, future)
        result = await future
        assert isinstance(result, Result)  # only _carry_out completes it
        return result

    def _carry_out(self, bridge: IntentBridge, proposal: Proposal, handle: Any, future: Future) -> None:
        try:
            result = bridge.carry_out(proposal, lambda progress: self._report(handle, progress))
        except Exception as error:  # noqa: BLE001  whatever happened: the client gets its result
            told = f"it failed: {type(error).__name__}: {error}"
            self.get_logger().error(of_turn(proposal.turn_id, told))
            text = sentences.outcome("internal", {}, bridge.language_of(proposal.turn_id))
            result = Result("failed", "internal", text, proposal.calls)
        self.get_logger().info(of_turn(proposal.turn_id, f"{result.outcome} {result.rule}"))
        future.set_result(result)

    def _report(self, handle: Any, progress: Progress) -> None:
        if progress.phase == "executing" and self._bridge is not None:
            # Before the goal: from now on the guard waits less long for a heartbeat.
            self._tell_state(self._bridge)
        feedback = messages.feedback_message(progress)
        feedback.stamp = self.get_clock().now().to_msg()
        if handle.is_active:
            handle.publish_feedback(feedback)


def main() -> None:
    """Run the bridge."""
    spin.main(IntentBridgeNode)
