# SPDX-License-Identifier: Apache-2.0
"""The record is a chain: whoever changes, drops or adds a line is found out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voice_agent_ros.motion.audit import AuditError, AuditLog, verify


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "audit.jsonl"
    for _ in range(2):  # a second process continues the first one's chain
        audit = AuditLog(path)
        audit.write("executing", durable=True, key="a", calls=[{"skill": "pick"}])
        audit.write("ended", outcome="done")
        audit.close()
    return path


def test_a_whole_record(log: Path) -> None:
    assert verify(log) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0], lines[1].replace("done", "failed"), *lines[2:]],
        lambda lines: lines[1:],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0], "no json", *lines[2:]],
    ],
)
def test_a_record_that_was_changed(log: Path, change) -> None:
    log.write_text("\n".join(change(log.read_text().splitlines())) + "\n")
    with pytest.raises(AuditError):
        verify(log)


def test_what_cannot_be_written_is_an_error(log: Path) -> None:
    audit = AuditLog(log)
    audit.close()
    with pytest.raises(AuditError):
        audit.write("executing", durable=True)
    assert verify(log) == 4


def test_a_file_that_is_no_record_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("Dear diary\n")
    with pytest.raises(AuditError):
        AuditLog(path)
    with pytest.raises(AuditError):
        AuditLog(tmp_path)


def test_lines_are_json_with_a_time(log: Path) -> None:
    entry = json.loads(log.read_text().splitlines()[0])
    assert entry["event"] == "executing"
    assert entry["time"] > 0
