# SPDX-License-Identifier: Apache-2.0
"""The bridge's messages to and from what `motion.bridge` speaks of."""

from __future__ import annotations

from typing import Any

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Result
from voice_agent_ros.motion.controllers import Senses
from voice_agent_ros.motion.gate import Heard
from voice_agent_ros.motion.proposal import StepResult
from voice_agent_ros.msg import BridgeState, CallResult, Transcript
from voice_agent_ros.nodes.conversions import seconds
from voice_agent_ros.srv import Confirm


def heard_of(message: Transcript, received_at: float) -> Heard:
    """A final transcript, received at a time on the monotonic clock, s."""
    return Heard(
        turn_id=message.turn_id,
        session_id=message.session_id,
        text=message.text,
        language=message.language or "en",
        confidence=message.confidence,
        received_at=received_at,
        speech_start=seconds(message.speech_start) or seconds(message.header.stamp),
        audio_hash=message.audio_hash,
    )


def state_message(bridge: IntentBridge) -> BridgeState:
    """The heartbeat, without its time."""
    return BridgeState(
        is_latched=bridge.latched,
        latch_reason=bridge.latch_reason,
        is_moving=bridge.is_moving,
        active_key=bridge.active_key,
        pending_nonce=bridge.pending_nonce,
        held=bridge.held,
    )


def answer_confirm(
    bridge: IntentBridge | None, request: Confirm.Request, response: Confirm.Response
) -> Confirm.Response:
    """Answer the open question; if it is not that one, say what is open."""
    response.success = bridge is not None and bridge.confirm(request.accept, request.nonce)
    if not response.success:
        waiting = bridge.pending_nonce if bridge is not None else ""
        response.message = (
            f"Another question is open, {waiting}: read it in bridge/state."
            if waiting
            else "Nothing waits for an answer."
        )
    return response


def feedback_message(progress: Progress) -> Any:
    """A step on the way, without its time."""
    return ExecuteIntent.Feedback(
        phase=progress.phase,
        message=progress.message,
        call_id=progress.call_id,
        fraction=progress.fraction,
        nonce=progress.nonce,
    )


def result_message(result: Result, arm: ArmConfig, senses: Senses | None) -> Any:
    """What became of an intent, and where the joints are."""
    message = ExecuteIntent.Result(outcome=result.outcome, rule=result.rule, message=result.message)
    steps = result.steps or tuple(StepResult(call, result.outcome, result.rule) for call in result.calls)
    message.call_results = [
        CallResult(call_id=step.call.call_id, skill=step.call.skill, outcome=step.outcome, rule=step.rule)
        for step in steps
    ]
    joints = senses.joints() if senses is not None else None
    if joints is not None:
        message.measured.name = list(arm.arm.joints)
        message.measured.position = joints.arm.tolist()
    return message
