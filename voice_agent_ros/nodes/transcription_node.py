# SPDX-License-Identifier: Apache-2.0
"""The action `transcribe_file`: recordings on this computer to text, by a worker process that gives way to all live work."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

from voice_agent_ros.action import TranscribeFile
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.recognizer_parameters import RECOGNIZER_PARAMETERS, recognizer_options
from voice_agent_ros.nodes.wakeup import Wakeup
from voice_agent_ros.transcription.file_jobs import FileJobs, FileReport
from voice_agent_ros.transcription.subtitles import srt
from voice_agent_ros.transcription.wishes import Wishes
from voice_agent_ros.transcription.worker_process import WorkerOptions

PARAMETERS = (
    *RECOGNIZER_PARAMETERS,
    Parameter("folder", "", "Only recordings below this folder; empty: any that the node may read."),
    Parameter(
        "idle_s", 300.0, "With nothing to do for so long the weights are freed, s; 0: never.", (0.0, 1e6)
    ),
    Parameter("nice", 10, "Niceness of the worker.", (0, 19)),
    Parameter("max_duration_h", 12.0, "Longest recording, h.", (0.01, 100.0)),
    Parameter("max_goals", 16, "Goals at once, those that wait included.", (1, 100)),
)
CLOSE_S = 5.0


class TranscriptionNode(Node):
    """Adapter around FileJobs: goals in, feedback and results out. The worker starts with the first goal."""

    def __init__(self) -> None:
        super().__init__("transcription_node")
        declare(self, PARAMETERS)
        values = self._values = read(self, PARAMETERS)
        options = replace(recognizer_options(values), domain_prompt=False)
        self._jobs = FileJobs(
            WorkerOptions(options, nice=values.nice, idle_s=values.idle_s),
            max_duration_s=values.max_duration_h * 3600.0,
        )
        self._lock = threading.Lock()
        self._handles: dict[str, ServerGoalHandle] = {}
        self._results: dict[str, TranscribeFile.Result] = {}
        self._over: list[ServerGoalHandle] = []  # at most max_goals
        self._wake = Wakeup(self, self._execute)
        self._server = ActionServer(
            self,
            TranscribeFile,
            "transcribe_file",
            execute_callback=self._finish,
            goal_callback=self._judge,
            handle_accepted_callback=self._begin,
            cancel_callback=self._cancel,
        )

    def close(self) -> None:
        """End the worker."""
        self._jobs.close(CLOSE_S)

    def _judge(self, goal: Any) -> GoalResponse:
        with self._lock:
            if len(self._handles) >= self._values.max_goals:
                self.get_logger().warning(
                    f"{len(self._handles)} recordings are waiting; one more is refused."
                )
                return GoalResponse.REJECT
        return GoalResponse.ACCEPT if goal.path else GoalResponse.REJECT

    def _begin(self, handle: ServerGoalHandle) -> None:
        name, goal = _name(handle), handle.request
        with self._lock:
            self._handles[name] = handle
        try:
            wishes = Wishes(
                language=goal.language or self._values.language, prompt=goal.prompt, words=goal.words
            )
            self._jobs.start(name, self._inside(goal.path), wishes, lambda report: self._report(name, report))
        except (VoiceAgentError, ValueError) as error:
            self._report(name, FileReport(is_over=True, problem=str(error)))

    def _inside(self, path: str) -> Path:
        """The path, if recordings from there are allowed."""
        try:
            found = Path(path).expanduser().resolve()
        except (OSError, RuntimeError, ValueError) as error:
            # Nobody's home, links in a circle, or no path at all.
            raise VoiceAgentError(f"{path!r} cannot be opened: {error}", "Correct the path.") from error
        folder = self._values.folder
        if folder and not found.is_relative_to(Path(folder).expanduser().resolve()):
            raise VoiceAgentError(f"{path} is not below {folder}.", "The node's parameter `folder` says so.")
        return found

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._jobs.cancel(_name(handle))
        return CancelResponse.ACCEPT

    def _report(self, name: str, report: FileReport) -> None:
        """In the jobs' thread: feedback, and at the end the result, which the node's own thread sends."""
        with self._lock:
            handle = self._handles.get(name)
        if handle is None:
            return
        if not report.is_over:
            handle.publish_feedback(
                TranscribeFile.Feedback(
                    fraction=report.fraction, position_s=report.position_s, text=report.fresh_text
                )
            )
            return
        with self._lock:
            self._results[name] = _result(report)
            self._over.append(handle)
        self._wake.trigger()

    def _execute(self) -> None:
        """In the node's own thread, where goals are cancelled, too: the two may not change a goal at once."""
        with self._lock:
            over, self._over = self._over, []
        for handle in over:
            handle.execute()

    def _finish(self, handle: ServerGoalHandle) -> Any:
        with self._lock:
            self._handles.pop(_name(handle), None)
            result = self._results.pop(_name(handle))
        if handle.is_cancel_requested:
            handle.canceled()
        elif result.success:
            handle.succeed()
        else:
            self.get_logger().warning(f"{handle.request.path}: {result.message}")
            handle.abort()
        return result


def _name(handle: ServerGoalHandle) -> str:
    return bytes(handle.goal_id.uuid).hex()


def _result(report: FileReport) -> TranscribeFile.Result:
    transcript = report.transcript
    if transcript is None:
        return TranscribeFile.Result(success=False, message=report.problem)
    segments = [
        {
            key: value
            for key, value in one.as_dict().items()
            if key in ("start", "end", "text", "confidence", "words")
        }
        for one in transcript.segments
    ]
    return TranscribeFile.Result(
        success=True,
        text=transcript.text,
        language=transcript.language,
        confidence=transcript.confidence,
        duration_s=transcript.duration_s,
        elapsed_s=transcript.elapsed_s,
        segments_json=json.dumps(segments, ensure_ascii=False),
        srt=srt(transcript.segments),
        warnings=list(transcript.warnings),
    )


def main() -> None:
    """Run the node."""
    spin.main(TranscriptionNode)
