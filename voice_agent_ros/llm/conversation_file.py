# SPDX-License-Identifier: Apache-2.0
"""Keeps a conversation over a restart, where somebody has asked for it: a file that only its owner can read."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.llm.conversation import Conversation

MAX_BYTES = 1_000_000
VERSION = 1


class ConversationFile:
    """One file. It is replaced as a whole, so that a crash leaves the old one or the new one.

    Args:
        wall_clock: s; unlike the conversation's own clock it goes on while the robot is off.
    """

    def __init__(self, path: Path, wall_clock: Callable[[], float]) -> None:
        self._path, self._wall_clock = path, wall_clock
        self._saved = 0  # the conversation's count of changes when it was saved

    def load(self, conversation: Conversation, now: float) -> str:
        """Give back what was kept; ages go on while the robot is off.

        Returns:
            Why nothing could be read, or "". A broken file is no reason not to start.
        """
        try:
            if self._path.stat().st_size > MAX_BYTES:
                return f"{self._path} is too large to be a conversation."
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if data["version"] != VERSION:
                return f"{self._path} is of another version and is left alone."
            off_s = max(self._wall_clock() - float(data["written_at"]), 0.0)
            if not math.isfinite(off_s):
                raise ValueError("its time is none")
            conversation.restore(data["sessions"], now - off_s)
            self._saved = conversation.changes
        except FileNotFoundError:
            return ""
        except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            return f"{self._path} holds no conversation: {error}"
        return ""

    def save_if_changed(self, conversation: Conversation, now: float) -> None:
        """Write it down if there is anything new.

        Raises:
            ConfigurationError: it cannot be written; it is tried again after the next change.
        """
        if conversation.changes != self._saved:
            self._saved = conversation.changes
            self.save(conversation, now)

    def save(self, conversation: Conversation, now: float) -> None:
        """Write it down, for nobody else to read.

        Raises:
            ConfigurationError: it cannot be written.
        """
        data = {
            "version": VERSION,
            "written_at": self._wall_clock(),
            "sessions": conversation.written(now),
        }
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes it readable by its owner alone.
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                    json.dump(data, file, ensure_ascii=False)
                os.replace(temporary, self._path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ConfigurationError(
                f"The conversation cannot be kept: {error}.", "Correct history_path, or leave it empty."
            ) from error
