# SPDX-License-Identifier: Apache-2.0
"""The command line without ROS: what it prints, how it fails, and that asking for help costs nothing."""

import io
import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from voice_agent_ros.cli import VERBS, main

PROGRAM = [sys.executable, "-c", "import sys; from voice_agent_ros.cli import main; sys.exit(main())"]
DEMO = Path(__file__).resolve().parents[1] / "demo"
HEAVY = ("numpy", "rclpy", "pydantic", "hassil", "onnxruntime", "faster_whisper", "openai", "rich")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from voice_agent_ros.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr.strip() == "[]"
    for verb in VERBS:
        assert verb in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert "usage: voice-agent" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["dance"], ["models"], ["speak"], ["speak", "hi", "--speed", "9"]])
def test_a_wrong_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_models_are_listed(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    assert main(["models", "list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["name"] for row in rows} >= {"whisper-tiny.en", "qwen2.5-coder-0.5b-instruct"}
    assert not any(row["present"] for row in rows)


def test_a_missing_model_is_one_line_with_the_fix(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    assert main(["models", "path", "whisper-tiny.en"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "voice-agent models fetch whisper-tiny.en" in line


def test_a_wrong_name_is_told_before_anything_is_fetched(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    assert main(["models", "fetch", "whisper-tiny.en", "nonsense"]) == 1
    assert "nonsense" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_text_becomes_a_file(capsys, tmp_path):
    pytest.importorskip("hibari")
    path = tmp_path / "out.wav"
    assert main(["speak", "Hello there. $(touch /tmp/owned)", "-o", str(path)]) == 0
    with wave.open(str(path)) as file:
        assert file.getnframes() / file.getframerate() > 1.0
    assert str(path) in capsys.readouterr().out


def test_text_is_read_from_standard_input(tmp_path, monkeypatch):
    pytest.importorskip("hibari")
    monkeypatch.setattr("sys.stdin", io.StringIO("Hello from a pipe."))
    assert main(["speak", "-", "-o", str(tmp_path / "out.wav")]) == 0


def test_a_file_that_cannot_be_written_is_one_line(capsys):
    pytest.importorskip("hibari")
    assert main(["speak", "Hello.", "-o", "/nonexistent/out.wav"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def parse(sentences: str, *arguments: str) -> list[dict]:
    done = subprocess.run(
        [*PROGRAM, "parse", *arguments],
        input=sentences.encode(),
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_sentences_are_understood_line_by_line():
    red, chinese, chat = parse(
        "Pick up the red cube and put it in the bowl.\n\n把红色的方块放进碗里\nThank you very much.\n",
        "--engine",
        "grammar",
    )
    assert set(red) == {"text", "language", "engine", "calls", "reply", "elapsed_ms"}
    assert red["text"] == "Pick up the red cube and put it in the bowl."
    assert red["engine"] == "grammar"
    wanted = [{"skill": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}]
    assert red["calls"] == wanted
    assert (chinese["language"], chinese["calls"]) == ("zh", wanted)
    assert (chat["engine"], chat["calls"]) == ("none", [])


def test_the_scene_is_the_callers():
    (row,) = parse("pick up the mug\n", "--objects", "mug, yellow tray", "--engine", "grammar")
    assert row["calls"] == [{"skill": "pick", "arguments": {"object": "mug"}}]


def test_objects_can_have_a_place():
    placed = "red cup@0.3/0.2, blue cup@0.3/-0.2"
    (row,) = parse("pick up the cup on the right\n", "--objects", placed, "--engine", "grammar")
    assert row["calls"] == [{"skill": "pick", "arguments": {"object": "blue cup"}}]


def test_bytes_that_are_no_text_do_not_end_the_program():
    done = subprocess.run(
        [*PROGRAM, "parse", "--engine", "grammar"],
        input=b"\xff\xfe\x00 nonsense\nopen the gripper\n",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    last = json.loads(done.stdout.decode().splitlines()[-1])
    assert last["calls"] == [{"skill": "open_gripper", "arguments": {}}]


def test_a_reader_that_has_enough_is_no_error():
    child = subprocess.Popen(
        [*PROGRAM, "parse", "--engine", "grammar"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdin.write(b"open the gripper\n")
    child.stdin.flush()
    assert child.stdout.readline()
    child.stdout.close()
    child.stdin.write(b"open the gripper\n" * 50)
    child.stdin.close()
    assert child.wait(30) == 1
    assert child.stderr.read() == b""
    child.stderr.close()


def test_without_ros_the_verbs_that_need_it_say_so():
    code = (
        "import sys; sys.modules['rclpy'] = None\n"
        "from voice_agent_ros.cli import main; sys.exit(main(['stop']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert "Source your workspace" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.weights
def test_files_are_transcribed_and_a_bad_one_does_not_harm_the_others(tmp_path):
    pytest.importorskip("faster_whisper")
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    good = DEMO / "pick_red_cube.wav"
    done = subprocess.run(
        [*PROGRAM, "transcribe", str(bad), str(good)], check=False, capture_output=True, timeout=120
    )
    if b"models fetch" in done.stderr:
        pytest.skip("the weights were not fetched")
    failed, heard = (json.loads(line) for line in done.stdout.decode().splitlines())
    assert done.returncode == 1
    assert set(failed) == {"file", "error"}
    assert set(heard) == {"file", "text", "language", "confidence", "duration_s", "elapsed_s", "segments"}
    assert heard["text"] == "Pick up the red cube and put it in the bowl."
    assert heard["file"] == str(good)
    assert 0.5 < heard["confidence"] <= 1.0
    assert set(heard["segments"][0]) == {"start", "end", "text"}


def test_weights_that_are_not_there_are_one_line(tmp_path):
    done = subprocess.run(
        [*PROGRAM, "transcribe", str(DEMO / "yes.wav")],
        check=False,
        capture_output=True,
        timeout=60,
        env={**os.environ, "VOICE_AGENT_MODELS": str(tmp_path)},
    )
    assert done.returncode == 1
    assert b"voice-agent models fetch whisper-tiny.en" in done.stderr
    assert b"Traceback" not in done.stderr
