# SPDX-License-Identifier: Apache-2.0
"""A job while it is being done: what has been heard so far, and who waits for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from voice_agent_ros.transcription.store import UNFINISHED, State
from voice_agent_ros.transcription.transcript import Segment, Transcript
from voice_agent_ros.transcription.wishes import Wishes
from voice_agent_ros.xlm.api_errors import ApiError


@dataclass(eq=False)
class Job:
    """One recording on its way to a transcript.

    Attributes:
        in_background: nobody waits on the line.
        position_s: up to here it has been heard.
        duration_s: of the recording, if it says so.
        transcript: once it is completed.
        problem: once it has failed.
        is_cached: the transcript was there already.
    """

    id: str
    wishes: Wishes
    result_key: str
    in_background: bool
    state: State = "queued"
    position_s: float = 0.0
    duration_s: float | None = None
    segments: list[Segment] = field(default_factory=list)
    transcript: Transcript | None = None
    problem: ApiError | None = None
    is_cached: bool = False
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in UNFINISHED

    @property
    def progress(self) -> float | None:
        """[0, 1]; None while the recording's duration is not known."""
        if self.state == "completed":
            return 1.0
        if not self.duration_s:
            return None
        return min(1.0, self.position_s / self.duration_s)

    def ring(self) -> None:
        """Something has changed."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    async def changes(self) -> AsyncIterator[list[Segment]]:
        """After each change the segments that are new; ends when the job is over."""
        told = 0
        while True:
            bell, is_over = self._bell, self.is_over
            fresh = self.segments[told:]
            told += len(fresh)
            yield fresh
            if is_over:
                return
            await bell.wait()

    async def finished(self) -> Transcript:
        """The transcript, when it is there.

        Raises:
            ApiError: there will be none.
        """
        while not self.is_over:
            await self._bell.wait()
        if self.transcript is None:
            raise self.problem or ApiError(409, "The transcription was cancelled.", code="cancelled")
        return self.transcript

    def as_dict(self) -> dict[str, Any]:
        """For clients."""
        known: dict[str, Any] = {
            "job_id": self.id,
            "status": self.state,
            "progress": round(self.progress, 4) if self.progress is not None else None,
            "position_s": round(self.position_s, 2),
            "duration_s": round(self.duration_s, 2) if self.duration_s else None,
        }
        if self.problem is not None:
            known["error"] = self.problem.body()["error"]
        return known
