# SPDX-License-Identifier: Apache-2.0
"""The dialogue's messages to and from what `intent.dialogue` speaks of."""

from __future__ import annotations

from builtin_interfaces.msg import Time

from voice_agent_ros.intent.dialogue_ports import Partial, Played
from voice_agent_ros.intent.skills import SkillCall as Call
from voice_agent_ros.intent.turn import Heard, Piece, Report
from voice_agent_ros.msg import PlaybackStatus, ReplyChunk, SkillCall, StageTiming, Transcript, TurnReport
from voice_agent_ros.nodes.conversions import seconds


def is_typed(message: Transcript) -> bool:
    """Whether no audio belongs to it; only of a final one is that for certain."""
    return message.is_final and not message.audio_hash


def heard_of(message: Transcript, now: float) -> Heard:
    """A final transcript, received at a ROS time, s."""
    return Heard(
        session_id=message.session_id,
        turn_id=message.turn_id,
        text=message.text,
        language=message.language,
        speech_start=seconds(message.speech_start),
        speech_end=seconds(message.speech_end) or now,
        received_at=now,
        is_typed=is_typed(message),
        recognizer=message.engine,
    )


def partial_of(message: Transcript) -> Partial:
    """Words that may not have ended."""
    return Partial(
        message.session_id, message.turn_id, message.text, message.language, message.is_speculative
    )


def played_of(message: PlaybackStatus, *, words_follow: bool) -> Played:
    """News from the loudspeaker."""
    return Played(
        message.stream_id,
        message.samples_played / (message.sample_rate or 1),
        seconds(message.header.stamp),
        message.is_finished,
        message.is_interrupted,
        words_follow,
    )


def reply_message(piece: Piece) -> ReplyChunk:
    """A piece of a reply."""
    return ReplyChunk(
        session_id=piece.session_id,
        turn_id=piece.turn_id,
        reply_id=piece.reply_id,
        index=piece.index,
        text=piece.text,
        language=piece.language,
        kind=piece.kind,
        is_last=piece.is_last,
    )


def report_message(report: Report) -> TurnReport:
    """What became of an utterance, without its own time."""
    return TurnReport(
        session_id=report.heard.session_id,
        turn_id=report.heard.turn_id,
        heard=report.heard.text,
        language=report.language,
        engine=report.engine,
        calls=call_messages(report.calls),
        outcome=report.outcome,
        rule=report.rule,
        reply=report.reply,
        speech_end=stamp(report.heard.speech_end),
        engines=list(report.engines),
        stages=[
            StageTiming(name=stage.name, start=stamp(stage.start), end=stamp(stage.end))
            for stage in report.stages
        ],
    )


def call_messages(calls: tuple[Call, ...]) -> list[SkillCall]:
    """Validated calls."""
    return [
        SkillCall(skill=call.skill, arguments_json=call.arguments_json(), call_id=call.call_id)
        for call in calls
    ]


def stamp(at: float) -> Time:
    """ROS time of s; 0.0 stands for never."""
    nanoseconds = round(at * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
