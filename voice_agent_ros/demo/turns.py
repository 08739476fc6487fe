# SPDX-License-Identifier: Apache-2.0
"""From a TurnReport message to a turn of the demonstration's report."""

from __future__ import annotations

import json

from voice_agent_ros.demo.report import TIMINGS, Turn, World
from voice_agent_ros.msg import TurnReport
from voice_agent_ros.nodes.conversions import seconds


def turn_of(report: TurnReport, goals: int, before: World, after: World) -> Turn:
    """The turn, with its timings counted from the end of speech."""
    end_of_speech = seconds(report.speech_end)
    ends = {stage.name: seconds(stage.end) for stage in report.stages}
    timings = {name: round(ends[name] - end_of_speech, 3) if ends.get(name) else None for name in TIMINGS}
    calls = [{"skill": call.skill, "arguments": json.loads(call.arguments_json)} for call in report.calls]
    return Turn(
        heard=report.heard,
        calls=calls,
        engine=report.engine,
        outcome=report.outcome,
        reply=report.reply,
        timings_s=timings,
        goals=goals,
        before=before,
        after=after,
        engines=list(report.engines),
    )
