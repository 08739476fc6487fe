# SPDX-License-Identifier: Apache-2.0
"""The record is a chain: whoever changes, drops or adds a line is found out, and a crash is not mistaken for that."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from voice_agent_ros.cli import main
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import AuditError, entries, rotated_files, verify
from voice_agent_ros.motion.audit_key import load_key


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "audit.jsonl"
    for _ in range(2):  # a second process continues the first one's chain
        audit = AuditLog(path)
        audit.write("executing", durable=True, key="a", turn="turn-1", calls=[{"skill": "pick"}])
        audit.write("ended", outcome="done")
        audit.close()
    return path


def test_a_whole_record(log: Path) -> None:
    assert verify([log]).lines == 4


CHANGES = [
    lambda lines: [lines[0], lines[1].replace("done", "failed"), *lines[2:]],
    lambda lines: lines[1:],
    lambda lines: [lines[0], *lines[2:]],
    lambda lines: [lines[0], lines[0], *lines[1:]],
    lambda lines: [lines[1], lines[0], *lines[2:]],
    lambda lines: [lines[0], "no json", *lines[2:]],
    lambda lines: [lines[0], "", *lines[1:]],
    lambda lines: [*lines[:3], lines[3].replace('"n": 4', '"n": 5')],
    lambda lines: [*lines, '{"event": "torn", "n": 5, "previous": "x", "sha256": "y"}'],
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_that_was_changed(
    log: Path, change: Callable[[list[str]], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text("\n".join(change(log.read_text().splitlines())) + "\n")
    with pytest.raises(AuditError, match="line "):
        verify([log])
    assert main(["audit", "verify", str(log)]) == 1
    assert f"{log}: line " in capsys.readouterr().err


def test_what_cannot_be_written_is_an_error(log: Path) -> None:
    audit = AuditLog(log)
    audit.close()
    with pytest.raises(AuditError):
        audit.write("executing", durable=True)
    assert verify([log]).lines == 4


def test_a_file_that_is_no_record_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("Dear diary\n")
    with pytest.raises(AuditError):
        AuditLog(path)
    with pytest.raises(AuditError):
        AuditLog(tmp_path)
    assert path.read_text() == "Dear diary\n"


def test_a_log_from_before_lines_were_numbered_is_continued(tmp_path: Path) -> None:
    log, previous = tmp_path / "audit.jsonl", "0" * 64
    for event in ("resumed", "executing", "ended"):
        line = json.dumps({"event": event, "previous": previous, "time": 1.0})
        with log.open("a") as file:
            file.write(line + "\n")
        previous = hashlib.sha256(line.encode()).hexdigest()
    audit = AuditLog(log)
    audit.write("executing", durable=True)
    audit.close()
    found = verify([log])
    assert (found.lines, found.torn) == (4, 0)
    assert main(["audit", "show", "--last", "4", str(log)]) == 0
    lines = log.read_text().splitlines()
    log.write_text("\n".join([lines[3], *lines[:3]]) + "\n")
    with pytest.raises(AuditError):
        verify([log])


def test_a_log_waits_for_the_writer_before_it_to_end(log: Path) -> None:
    first = AuditLog(log)
    ending = threading.Timer(0.2, first.close)
    ending.start()
    AuditLog(log).close()
    ending.join()


def test_a_log_has_one_writer(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice_agent_ros.motion.audit.LOCK_WAIT_S", 0.1)
    first = AuditLog(log)
    with pytest.raises(AuditError, match="Another process"):
        AuditLog(log)
    first.close()
    AuditLog(log).close()


def test_a_log_that_was_taken_away_is_no_log(log: Path) -> None:
    audit = AuditLog(log)
    log.rename(log.with_name("elsewhere"))
    with pytest.raises(AuditError):
        audit.write("executing", durable=True)
    log.write_text("")
    with pytest.raises(AuditError, match="replaced"):
        audit.write("executing", durable=True)
    audit.close()


def test_lines_are_json_with_a_time(log: Path) -> None:
    entry = json.loads(log.read_text().splitlines()[0])
    assert (entry["event"], entry["n"]) == ("executing", 1)
    assert entry["time"] > 0


# A crash, a full disk.


@pytest.mark.parametrize("cut", [1, 2, 30, 150])
def test_a_half_line_is_kept_and_marked(log: Path, cut: int) -> None:
    log.write_bytes(log.read_bytes()[:-cut])
    audit = AuditLog(log)
    audit.write("executing", durable=True)
    audit.close()
    found = verify([log])
    assert found.torn == (cut > 1)  # with its line end alone missing it is whole
    assert [entry["n"] for entry in entries([log])] == list(range(1, found.lines + 1))


@pytest.mark.parametrize("tail", [b"\0" * 4096, b'{"ev', b'{"ev\n\xff\xfe', b"\0\0\n\0", b"half\n"])
def test_rubbish_at_the_end_is_kept_and_marked(log: Path, tail: bytes) -> None:
    log.write_bytes(log.read_bytes() + tail)
    for _ in range(2):
        audit = AuditLog(log)
        audit.write("started")
        audit.close()
    found = verify([log])
    assert (found.torn, found.lines) == (1, 7)
    assert tail in log.read_bytes()


def test_a_half_line_before_anything_else(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b'{"event": "exec')
    audit = AuditLog(log)
    audit.write("executing", durable=True)
    audit.close()
    assert (verify([log]).torn, verify([log]).lines) == (1, 2)


def test_a_half_line_at_the_end_is_told(log: Path) -> None:
    log.write_bytes(log.read_bytes() + b'{"half')
    assert verify([log]).tail == 6
    assert main(["audit", "verify", str(log)]) == 0


FULL = """
import resource, signal, sys
from pathlib import Path
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import AuditError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
audit = AuditLog(Path(sys.argv[1]))
audit.write("executing", durable=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
refused = 0
for number in range(20):
    try:
        audit.write("executing", durable=True, filler="x" * 100)
    except AuditError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
audit.write("executing", durable=True, after="there is room again")
print(refused)
"""


@pytest.mark.parametrize("limit", [1000, 1130, 1199])
def test_a_full_disk_is_an_error_each_time_and_mended_when_there_is_room(tmp_path: Path, limit: int) -> None:
    log = tmp_path / "audit.jsonl"
    command = [sys.executable, "-c", FULL, str(log), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    refused = int(done.stdout)
    assert refused > 10
    found = verify([log])
    assert found.torn >= 1
    written = [entry for entry in entries([log]) if entry["event"] == "executing"]
    assert len(written) == 1 + (20 - refused) + 1
    assert written[-1]["after"] == "there is room again"


def test_after_a_failed_sync_nothing_is_believed(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = AuditLog(log)

    def fails(descriptor: int) -> None:
        raise OSError(5, "fake input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fails)
        with pytest.raises(AuditError, match="fake"):
            audit.write("executing", durable=True)
    with pytest.raises(AuditError, match="earlier"):
        audit.write("executing", durable=True)
    audit.close()
    assert verify([log]).lines == 5


# Rotation.


def fill(log: Path, count: int, kept_files: int = 3) -> None:
    audit = AuditLog(log, max_bytes=1000, kept_files=kept_files)
    for number in range(count):
        audit.write("executing", number=number, filler="x" * 50)
    audit.close()


def test_rotated_files_carry_the_chain_on(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    fill(log, 8, kept_files=100)
    fill(log, 8, kept_files=100)
    files = [*rotated_files(log), log]
    assert len(files) > 3
    assert verify(files).first == 1
    assert [entry["number"] for entry in entries(files) if "number" in entry] == [*range(8), *range(8)]
    assert all(file.stat().st_size <= 1000 for file in files)
    for missing in range(1, len(files) - 1):
        with pytest.raises(AuditError):
            verify([*files[:missing], *files[missing + 1 :]])


def test_only_so_many_files_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    fill(log, 60)
    files = rotated_files(log)
    assert len(files) == 3
    assert verify([*files, log]).first > 1
    assert main(["audit", "verify", str(log)]) == 0


def test_a_crash_between_two_files(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    fill(log, 4)
    log.rename(tmp_path / "audit.jsonl.000001")
    audit = AuditLog(log)
    audit.write("executing", durable=True)
    audit.close()
    assert verify([*rotated_files(log), log]).lines >= 6


def test_a_name_that_only_looks_rotated_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl.bak").write_text("mine")
    (tmp_path / "audit.jsonl.key").write_text("mine")
    fill(tmp_path / "audit.jsonl", 60)
    assert (tmp_path / "audit.jsonl.bak").read_text() == (tmp_path / "audit.jsonl.key").read_text() == "mine"


# Words.


def test_words_are_kept_as_keyed_hashes(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit.key"
    key = load_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.digest("stop") == load_key(path).digest("stop") != key.digest("go")
    assert key.digest("stop") != load_key(tmp_path / "other.key").digest("stop")


def test_a_key_that_others_may_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    load_key(path)
    path.chmod(0o644)
    with pytest.raises(AuditError, match="chmod 600"):
        load_key(path)
    path.chmod(0o600)
    path.write_text("abcd")
    with pytest.raises(AuditError, match="short"):
        load_key(path)
    path.write_text("no key")
    with pytest.raises(AuditError):
        load_key(path)


# The command.


def test_show_prints_the_last_lines_or_a_turn(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "show", "--last", "1", str(log)]) == 0
    assert capsys.readouterr().out.split()[3:] == ["ended", "outcome=done"]
    assert main(["audit", "show", "--turn", "turn-1", "--json", str(log)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["executing", "executing"]


def test_verify_finds_an_earlier_head_or_says_that_it_is_gone(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = verify([log]).head
    audit = AuditLog(log)
    audit.write("started")
    audit.close()
    assert main(["audit", "verify", "--head", head, str(log)]) == 0
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:3]))  # the chain alone cannot tell
    assert main(["audit", "verify", str(log)]) == 0
    assert main(["audit", "verify", "--head", head, str(log)]) == 1
    assert head in capsys.readouterr().err


def test_a_log_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", str(tmp_path / "none")]) == 1
    assert "no audit log" in capsys.readouterr().err
