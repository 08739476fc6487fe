# SPDX-License-Identifier: Apache-2.0
"""Statistics, files and pictures of turns."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from voice_agent_ros.cli import main
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.telemetry.pictures import draw_waterfall, part_of
from voice_agent_ros.telemetry.statistics import Latencies, of_median, table
from voice_agent_ros.telemetry.turn_files import TurnRecorder, read_turns, write_csv
from voice_agent_ros.telemetry.turns import Stage, Turn, described

AT = 1_700_000_000.0
TURN = Turn(
    "session",
    "turn-1",
    "put $5 in the bowl",
    "en",
    "grammar",
    ("pick(object='red cube')",),
    "done",
    "",
    "Done.",
    AT,
    (
        Stage("speech", AT - 1.5, AT),
        Stage("final_transcript", 0.0, AT + 0.6),
        Stage("first_motion", 0.0, 0.0),
    ),
    ("ears: whisper_local",),
)


def time(seconds: float) -> dict[str, int]:
    return {"sec": int(seconds), "nanosec": round((seconds - int(seconds)) * 1e9)}


def message(turn: Turn) -> dict[str, object]:
    return {
        "header": {"stamp": time(turn.speech_end + 5.0), "frame_id": ""},
        "session_id": turn.session_id,
        "turn_id": turn.turn_id,
        "heard": turn.heard,
        "language": turn.language,
        "engine": turn.engine,
        "calls": [{"skill": "pick", "arguments_json": '{"object": "red cube"}', "call_id": "1"}],
        "outcome": turn.outcome,
        "rule": turn.rule,
        "reply": turn.reply,
        "engines": list(turn.engines),
        "speech_end": time(turn.speech_end),
        "stages": [
            {"name": stage.name, "start": time(stage.start), "end": time(stage.end)} for stage in turn.stages
        ],
    }


def recording(path, count: int = 3):
    recorder = TurnRecorder(path)
    for number in range(count):
        recorder.add(message(replace(TURN, turn_id=f"turn-{number + 1}")))
    recorder.close()
    return path


def test_only_what_ended_has_a_latency():
    assert TURN.latencies() == {"final_transcript": pytest.approx(0.6)}


def test_percentiles_are_those_of_numpy_and_the_earliest_stage_comes_first():
    rng = np.random.default_rng(1)
    values = rng.uniform(0.3, 1.0, 57)
    turns = [
        replace(TURN, stages=(Stage("late", 0.0, AT + 9.0), Stage("transcript", 0.0, AT + value)))
        for value in values
    ]
    first, second = table(turns)
    assert (first.stage, first.n, second.stage) == ("transcript", 57, "late")
    assert (first.p50, first.p95, first.p99) == pytest.approx(np.percentile(values, (50, 95, 99)), abs=1e-6)


def test_a_window_forgets():
    latencies = Latencies(window=10)
    for number in range(25):
        latencies.add(replace(TURN, engine="llm" if number < 15 else "grammar"))
    assert latencies.engines == {"grammar": 10}
    assert latencies.outcomes == {"done": 25}


def test_a_recording_comes_back_as_it_was(tmp_path):
    turns = read_turns(recording(tmp_path / "turns.mcap"))
    assert [turn.turn_id for turn in turns] == ["turn-1", "turn-2", "turn-3"]
    assert replace(turns[0], stages=TURN.stages, speech_end=AT) == TURN
    assert turns[0].latencies() == pytest.approx(TURN.latencies(), abs=1e-6)


def test_a_bag_folder_is_a_recording(tmp_path):
    recording(tmp_path / "bag_0.mcap")
    assert len(read_turns(tmp_path)) == 3


def test_bad_recordings_say_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="no MCAP file"):
        read_turns(tmp_path / "nothing.mcap")
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"\x89MCAP0\r\nthis is not one")
    with pytest.raises(ConfigurationError, match="no readable MCAP"):
        read_turns(broken)
    empty = tmp_path / "empty.mcap"
    recording(empty, count=0)
    with pytest.raises(ConfigurationError, match="ros2 bag record"):
        read_turns(empty)
    bag = tmp_path / "old"
    bag.mkdir()
    (bag / "old_0.db3").touch()
    with pytest.raises(ConfigurationError, match="ros2 bag convert"):
        read_turns(bag)


def test_csv_has_a_column_for_each_stage(tmp_path):
    path = tmp_path / "turns.csv"
    write_csv(path, [TURN, replace(TURN, stages=())])
    first, second = csv.DictReader(path.open(encoding="utf-8"))
    assert float(first["final_transcript_s"]) == pytest.approx(0.6)
    assert second["final_transcript_s"] == ""
    assert first["heard"] == TURN.heard


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"object": "red cube"}', "pick(object='red cube')"),
        ("[1]", "pick(?)"),
        ("{", "pick(?)"),
        ("", "pick()"),
    ],
)
def test_calls_are_described_whatever_their_arguments_are(arguments, shown):
    assert described("pick", arguments) == shown


def test_stages_belong_to_parts():
    parts = [
        part_of(name) for name in ("speech", "final_transcript", "intent", "first_audio", "goal_accepted")
    ]
    assert parts == ["speech", "ears", "mind", "mouth", "hands"]


def test_a_turn_without_times_has_no_picture(tmp_path):
    with pytest.raises(ConfigurationError, match="No stage"):
        draw_waterfall(replace(TURN, stages=()), tmp_path / "x.png")


def test_timeline_draws_what_was_recorded(tmp_path, capsys):
    path = recording(tmp_path / "turns.mcap")
    out = tmp_path / "pictures"
    assert main(["timeline", str(path), "-o", str(out), "--csv", str(tmp_path / "t.csv")]) == 0
    names = sorted(file.name for file in out.iterdir())
    assert names == ["001_turn-1.png", "002_turn-2.png", "003_turn-3.png", "latencies.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in out.iterdir())
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert main(["timeline", str(path), "--turn", "nobody"]) == 1


def test_stats_of_a_recording(tmp_path, capsys):
    assert main(["stats", str(recording(tmp_path / "turns.mcap"))]) == 0
    out = capsys.readouterr().out
    assert "final_transcript" in out
    assert "0.600" in out


def test_the_turn_in_the_middle_is_drawn_alone(tmp_path, capsys):
    file = recording(tmp_path / "x.mcap")
    out = tmp_path / "pictures"
    assert main(["timeline", str(file), "--median", "final_transcript", "-o", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["median_turn.png"]
    assert main(["timeline", str(file), "--median", "first_audio", "-o", str(out)]) == 1
    assert "final_transcript" in capsys.readouterr().err  # what there is instead


def test_the_median_is_a_turn_that_was():
    turns = [replace(TURN, turn_id=str(at), stages=(Stage("done", 0.0, AT + at),)) for at in (5, 1, 9, 2)]
    assert of_median(turns, "done").turn_id == "2"
    assert of_median(turns[:3], "done").turn_id == "5"
    assert of_median(turns, "first_audio") is None


def test_what_a_stage_took_by_itself():
    stages = (Stage("plan", AT + 1.0, AT + 1.5), Stage("done", 0.0, AT + 2.0), Stage("gate", AT, 0.0))
    assert replace(TURN, stages=stages).durations() == {"plan": pytest.approx(0.5)}
