# SPDX-License-Identifier: Apache-2.0
"""Turns in files: read from MCAP recordings (`ros2 bag record`, or our own), written as MCAP and CSV.

A recording carries the definitions of its messages, so that neither ROS nor our interfaces are needed to read one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.share import shared_file
from voice_agent_ros.telemetry.turns import Turn, turn_of

TYPE = "voice_agent_ros/msg/TurnReport"
TOPIC = "turns"
_RULE = "=" * 80
# Of common_interfaces and rcl_interfaces; a schema in an MCAP file has to be complete.
_HEADER = "builtin_interfaces/Time stamp\nstring frame_id\n"
_TIME = "int32 sec\nuint32 nanosec\n"
_INSTALL = 'pip install "voice_agent_ros[tools]"'


def read_turns(path: Path) -> list[Turn]:
    """All turns of a recording, in the order of their ends.

    Args:
        path: an .mcap file, or the folder of a bag that holds some.

    Raises:
        ConfigurationError: there is none, or it cannot be read; or it holds no turns.
    """
    files = sorted(path.glob("*.mcap")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        hint = ""
        if path.is_dir() and any(path.glob("*.db3")):
            hint = "It is an sqlite3 bag: ros2 bag convert it to MCAP, or record with --storage mcap."
        raise ConfigurationError(f"There is no MCAP file at {path}.", hint or "Give an .mcap file or a bag.")
    turns = [turn for file in files for turn in _of_file(file)]
    if not turns:
        fix = "Record that topic: ros2 bag record --storage mcap /turns"
        raise ConfigurationError(f"{path} has no message of type {TYPE}.", fix)
    return turns


def _of_file(file: Path) -> Iterator[Turn]:
    try:
        from mcap.exceptions import McapError
        from mcap.reader import make_reader
        from mcap_ros2.decoder import DecoderFactory
    except ImportError as error:
        raise ConfigurationError(f"Recordings cannot be read: {error}.", _INSTALL) from error
    try:
        with file.open("rb") as stream:
            reader = make_reader(stream, decoder_factories=[DecoderFactory()])
            topics = [
                channel.topic
                for channel, schema in _channels(reader)
                if schema is not None and schema.name == TYPE
            ]
            if topics:
                for entry in reader.iter_decoded_messages(topics=topics):
                    yield turn_of(entry.decoded_message)
    except (McapError, OSError, ValueError, EOFError) as error:
        fix = "Was the recording ended properly? `mcap recover` may help."
        raise ConfigurationError(f"{file} is no readable MCAP file: {error}.", fix) from error


def _channels(reader: Any) -> Iterator[tuple[Any, Any]]:
    """Channels with their schemas. Other topics' messages need not be decodable."""
    summary = reader.get_summary()
    if summary is None:
        raise ValueError("it has no summary")
    for channel in summary.channels.values():
        yield channel, summary.schemas.get(channel.schema_id)


class TurnRecorder:
    """An MCAP file of turns; also written in its summary only when it is closed.

    Raises:
        ConfigurationError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            from mcap_ros2.writer import Writer
        except ImportError as error:
            raise ConfigurationError(f"Recordings cannot be written: {error}.", _INSTALL) from error
        try:
            self._stream = path.open("wb")
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error.strerror}.", "Choose another."
            ) from error
        self._writer: Any = Writer(self._stream)
        self._schema = self._writer.register_msgdef(TYPE, definition())
        self._count = 0

    def add(self, message: Any) -> None:
        """A TurnReport: a message or a mapping."""
        stamp = message["header"]["stamp"] if isinstance(message, dict) else message.header.stamp
        at = stamp if isinstance(stamp, dict) else {"sec": stamp.sec, "nanosec": stamp.nanosec}
        nanoseconds = at["sec"] * 10**9 + at["nanosec"]
        self._writer.write_message(
            TOPIC, self._schema, message, nanoseconds, publish_time=nanoseconds, sequence=self._count
        )
        self._count += 1

    def close(self) -> None:
        """Finish the file."""
        self._writer.finish()
        self._stream.close()


def definition() -> str:
    """The definition of TurnReport with all it is made of, as recordings carry it."""
    parts = [_own("TurnReport")]
    parts += [f"MSG: voice_agent_ros/{name}\n{_own(name)}" for name in ("SkillCall", "StageTiming")]
    parts += [f"MSG: std_msgs/Header\n{_HEADER}", f"MSG: builtin_interfaces/Time\n{_TIME}"]
    return f"\n{_RULE}\n".join(parts)


def _own(name: str) -> str:
    return shared_file(f"msg/{name}.msg").read_text(encoding="utf-8")


def write_csv(path: Path, turns: Sequence[Turn]) -> None:
    """One row for each turn; a column for each stage, seconds from the end of speech, empty if it did not end.

    Raises:
        ConfigurationError: it cannot be written.
    """
    stages = _in_order(turn.latencies() for turn in turns)
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(
                ["turn_id", "session_id", "heard", "language", "engine", "calls", "outcome", "rule", "reply"]
                + ["engines"]
                + [f"{stage}_s" for stage in stages]
            )
            for turn in turns:
                latencies = turn.latencies()
                writer.writerow(
                    [turn.turn_id, turn.session_id, turn.heard, turn.language, turn.engine]
                    + ["; ".join(turn.calls), turn.outcome, turn.rule, turn.reply]
                    + ["; ".join(turn.engines)]
                    + [f"{latencies[stage]:.4f}" if stage in latencies else "" for stage in stages]
                )
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.", "Choose another.") from error


def _in_order(names: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for of_turn in names for name in of_turn))
