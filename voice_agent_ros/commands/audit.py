# SPDX-License-Identifier: Apache-2.0
"""voice-agent audit: check that the record of motions is whole, and read it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HELP = "verify or show the record of what the arm was asked to do and did"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify", help="check the chain; exit code 1 if it is broken, naming the line"
    )
    verify.add_argument("logs", nargs="*", type=Path, metavar="LOG", help="default: this robot's")
    verify.add_argument(
        "--head", default="", metavar="HASH", help="a head printed earlier; it must still be in the chain"
    )
    show = actions.add_parser("show", help="print its lines")
    show.add_argument("logs", nargs="*", type=Path, metavar="LOG", help="default: this robot's")
    show.add_argument("--last", type=int, default=0, metavar="N", help="only the last N lines")
    show.add_argument("--turn", default="", metavar="ID", help="only what belongs to a turn")
    show.add_argument("--json", action="store_true", help="the lines as they are")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from voice_agent_ros.errors import VoiceAgentError
    from voice_agent_ros.motion.audit_chain import rotated_files
    from voice_agent_ros.motion.audit_record import default_path

    for log in arguments.logs or [default_path()]:
        files = [*rotated_files(log), log]
        if not log.is_file():
            raise VoiceAgentError(f"There is no audit log {log}.", "Name its file.")
        try:
            if arguments.action == "verify":
                _verify(log, files, arguments.head)
            else:
                _show(files, arguments)
        except OSError as error:
            raise VoiceAgentError(f"{log} cannot be read: {error}.", "Correct its permissions.") from error
    return 0


def _verify(log: Path, files: list[Path], head: str) -> None:
    from voice_agent_ros.motion.audit_chain import AuditError, entries, verify

    found = verify(files)
    if head and head != found.head and all(entry["previous"] != head for entry in entries(files)):
        raise AuditError(f"{log}: the line with the hash {head} is not in it any more.")
    notes = [f"{found.lines} lines in {len(files)} file{'s' * (len(files) > 1)}"]
    if found.first > 1:
        notes.append(f"from line {found.first} on, what was before was rotated away")
    if found.torn:
        notes.append(f"{found.torn} half written and marked")
    if found.tail:
        notes.append(f"{found.tail} bytes of a half line at the end")
    print(f"{log}: whole, {', '.join(notes)}; head {found.head}")


def _show(files: list[Path], arguments: argparse.Namespace) -> None:
    from collections import deque

    from voice_agent_ros.motion.audit_chain import entries

    wanted = (entry for entry in entries(files) if not arguments.turn or entry.get("turn") == arguments.turn)
    for entry in deque(wanted, maxlen=arguments.last) if arguments.last > 0 else wanted:
        print(json.dumps(entry, ensure_ascii=False) if arguments.json else _readable(entry))


def _readable(entry: dict[str, Any]) -> str:
    from datetime import datetime

    left_out = ("n", "time", "event", "previous")
    rest = " ".join(f"{key}={_short(value)}" for key, value in entry.items() if key not in left_out)
    try:
        when = datetime.fromtimestamp(float(entry["time"])).isoformat(sep=" ", timespec="milliseconds")
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        when = "?"
    return f"{entry['n']:>6} {when} {entry.get('event')} {rest}".rstrip()


def _short(value: Any) -> str:
    if isinstance(value, str) and len(value) == 64:
        return value[:12]  # a hash
    return (
        value
        if isinstance(value, str) and value and " " not in value
        else json.dumps(value, ensure_ascii=False)
    )
