# SPDX-License-Identifier: Apache-2.0
"""Jobs and their results on disk: bounded, and still there after a restart.

A job's recording lies beside the database under the job's own name; what its sender called it is not kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.transcription.transcript import Transcript
from voice_agent_ros.transcription.wishes import Wishes

State = Literal["queued", "processing", "completed", "failed", "cancelled"]
UNFINISHED = ("queued", "processing")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
    wishes TEXT NOT NULL, result_key TEXT NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER, message TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_age ON jobs (changed);
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, used REAL NOT NULL, bytes INTEGER NOT NULL, transcript TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class StoreLimits:
    """What is kept.

    Attributes:
        finished: jobs that are over and can still be asked for.
        finished_s: how long.
        results: transcripts that are kept for the same recording's next time.
        results_bytes: of them together.
    """

    finished: int = 500
    finished_s: float = 7 * 24 * 3600.0
    results: int = 500
    results_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class StoredJob:
    """A job as it is on disk."""

    id: str
    state: State
    created: float
    changed: float
    wishes: Wishes
    result_key: str
    bytes: int
    attempts: int
    status: int | None
    message: str


class JobStore:
    """One directory, used by one process at a time.

    Args:
        directory: made if it is not there; readable for its owner alone.

    Raises:
        ConfigurationError: it cannot be used.
    """

    def __init__(self, directory: Path, limits: StoreLimits | None = None) -> None:
        self._limits = limits or StoreLimits()
        self.recordings = directory / "recordings"
        try:
            self.recordings.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory.chmod(0o700)
            self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"Transcription jobs cannot be kept in {directory}: {error.strerror}.",
                "Choose another directory.",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ConfigurationError(
                f"Another transcription service uses {directory}.", "End it, or choose another directory."
            ) from error
        self._database = _opened(directory / "jobs.sqlite")
        self._remove_strays()

    def close(self) -> None:
        """Close the database."""
        self._database.close()
        os.close(self._lock)

    def recording_of(self, job: str) -> Path:
        """Where a job's recording lies while the job is not over."""
        return self.recordings / job

    def add(self, wishes: Wishes, result_key: str, size: int) -> str:
        """A new job; its recording must then be moved to `recording_of` it."""
        job, now = uuid.uuid4().hex, time.time()
        with self._database:
            self._database.execute(
                "INSERT INTO jobs (id, state, created, changed, wishes, result_key, bytes) VALUES (?,?,?,?,?,?,?)",
                (job, "queued", now, now, wishes.model_dump_json(), result_key, size),
            )
        return job

    def get(self, job: str) -> StoredJob | None:
        """A job, if it is still known."""
        row = self._database.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        return _job(row) if row is not None else None

    def unfinished(self) -> list[StoredJob]:
        """Jobs that are not over, oldest first."""
        rows = self._database.execute(
            "SELECT * FROM jobs WHERE state IN ('queued', 'processing') ORDER BY created"
        )
        return [_job(row) for row in rows.fetchall()]

    def begin(self, job: str) -> int:
        """A job is being worked on; how often that has been tried now."""
        with self._database:
            self._database.execute(
                "UPDATE jobs SET state = 'processing', changed = ?, attempts = attempts + 1 WHERE id = ?",
                (time.time(), job),
            )
        row = self._database.execute("SELECT attempts FROM jobs WHERE id = ?", (job,)).fetchone()
        return int(row[0]) if row is not None else 0

    def requeue(self, job: str) -> None:
        """A job waits again."""
        self._set(job, "queued", None, "")

    def complete(self, job: str) -> None:
        """A job's result is there."""
        self._over(job, "completed", 200, "")

    def fail(self, job: str, status: int, message: str) -> None:
        """A job has failed, for this reason."""
        self._over(job, "failed", status, message)

    def cancel(self, job: str) -> None:
        """Nobody wants a job's result any more."""
        self._over(job, "cancelled", 200, "")

    def result(self, key: str) -> Transcript | None:
        """The transcript under a key, if it is still known."""
        row = self._database.execute("SELECT transcript FROM results WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        with self._database:
            self._database.execute("UPDATE results SET used = ? WHERE key = ?", (time.time(), key))
        return Transcript.from_dict(json.loads(row[0]))

    def keep(self, key: str, transcript: Transcript) -> None:
        """Keep a transcript; those that were not used for longest make room for it."""
        text = json.dumps(transcript.as_dict(), ensure_ascii=False)
        size = len(text.encode())
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO results VALUES (?,?,?,?)", (key, time.time(), size, text)
            )
            while True:
                count, total = self._database.execute(
                    "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM results"
                ).fetchone()
                if count <= self._limits.results and (total <= self._limits.results_bytes or count == 1):
                    break
                self._database.execute(
                    "DELETE FROM results WHERE key = (SELECT key FROM results WHERE key != ? ORDER BY used LIMIT 1)",
                    (key,),
                )

    def _over(self, job: str, state: State, status: int, message: str) -> None:
        self._set(job, state, status, message)
        self.recording_of(job).unlink(missing_ok=True)
        with self._database:
            self._database.execute(
                "DELETE FROM jobs WHERE state NOT IN ('queued', 'processing') AND (changed < ? OR id NOT IN ("
                "SELECT id FROM jobs WHERE state NOT IN ('queued', 'processing') ORDER BY changed DESC LIMIT ?))",
                (time.time() - self._limits.finished_s, self._limits.finished),
            )

    def _set(self, job: str, state: State, status: int | None, message: str) -> None:
        with self._database:
            self._database.execute(
                "UPDATE jobs SET state = ?, changed = ?, status = ?, message = ? WHERE id = ?",
                (state, time.time(), status, message, job),
            )

    def _remove_strays(self) -> None:
        """Recordings of no job, from uploads that were cut off."""
        known = {job.id for job in self.unfinished()}
        for file in self.recordings.iterdir():
            if file.name not in known:
                file.unlink(missing_ok=True)


def state_directory() -> Path:
    """Where a service keeps its jobs unless told otherwise."""
    base = os.environ.get("XDG_STATE_HOME")
    state = Path(base) if base else Path.home() / ".local" / "state"
    return state / "voice_agent_ros" / "transcription"


def _opened(path: Path) -> sqlite3.Connection:
    """The database; one that is broken is put aside, for its content is not worth a service that does not start."""
    try:
        return _connected(path)
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            broken = Path(f"{path}{suffix}")
            if broken.exists():
                broken.replace(f"{path}{suffix}.broken")
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5.0, isolation_level="DEFERRED")
    try:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        os.chmod(path, 0o600)
    except BaseException:
        database.close()
        raise
    return database


def _job(row: Any) -> StoredJob:
    return StoredJob(
        row["id"],
        row["state"],
        row["created"],
        row["changed"],
        Wishes.model_validate_json(row["wishes"]),
        row["result_key"],
        row["bytes"],
        row["attempts"],
        row["status"],
        row["message"] or "",
    )
