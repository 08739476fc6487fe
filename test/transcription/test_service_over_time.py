# SPDX-License-Identifier: Apache-2.0
"""What the transcription service keeps, over restarts and beside others, and how its worker comes and goes."""

import pytest

from voice_agent_ros.errors import ConfigurationError

# What is kept.


def test_the_same_recording_is_not_transcribed_twice(live, tmp_path):
    marker = tmp_path / "marker"
    words = f"crash-once:{marker} say:x".encode()  # tells how often it is worked on
    marker.touch()
    assert live.post("/transcribe", words).text == "x\n"
    marker.unlink()
    assert live.post("/transcribe", words, name="another name.mp3").text == "x\n"
    assert live.until(live.begin(words.decode(), words="false"), "completed")["result"]["text"] == "x"
    assert not marker.exists()
    assert live.post("/transcribe", words, language="zh").text == "x\n"
    assert marker.exists()


def test_what_was_found_with_words_serves_those_who_wish_for_none(live, tmp_path):
    marker = tmp_path / "marker"
    words = f"crash-once:{marker} say:x"  # tells how often it is worked on
    marker.touch()
    live.until(live.begin(words, words="true"), "completed")
    marker.unlink()
    for _ in range(2):
        assert live.post("/transcribe", words.encode()).text == "x\n"
    done = live.begin(words, words="false")
    live.until(done, "completed")
    assert "words" not in live.client.get(f"/status/{done}/result?format=verbose_json").json()
    assert not marker.exists()


def test_jobs_survive_a_restart(serve, tmp_path):
    live = serve()
    done, running, waiting = live.begin("say:done"), live.begin("say:a wait:2 say:b"), live.begin("say:c")
    live.until(done, "completed")
    live.until(running, "processing")
    live.close()
    again = serve()
    assert again.status(done)["result"]["text"] == "done"
    assert again.until(running, "completed")["result"]["text"] == "a b"
    assert again.until(waiting, "completed")["result"]["text"] == "c"
    assert list((again.directory / "recordings").iterdir()) == []


def test_a_job_whose_recording_is_gone_says_so(serve):
    live = serve()
    first, second = live.begin("wait:3"), live.begin("say:x")
    live.close()
    (live.directory / "recordings" / second).unlink()
    (live.directory / "recordings" / "stray").write_bytes(b"x")
    again = serve()
    assert again.status(second)["status"] == "failed"
    assert again.status(first)["status"] in ("queued", "processing", "completed")
    assert not (again.directory / "recordings" / "stray").exists()


def test_two_services_do_not_share_a_directory(serve):
    serve()
    with pytest.raises(ConfigurationError, match="Another transcription service"):
        serve()


def test_a_broken_database_is_put_aside(serve, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "jobs.sqlite").write_bytes(b"this is no database" * 100)
    live = serve()
    assert live.until(live.begin("say:x"), "completed")
    assert (tmp_path / "state" / "jobs.sqlite.broken").exists()


def test_names_of_files_never_touch_the_file_system(live, tmp_path):
    for name in ("../../../evil.wav", "/etc/passwd", "a\0b", "x" * 5000, "CON", '"; rm -rf /'):
        live.client.post("/transcribe/async", files={"file": (name, b"wait:0.3 say:x")})
    seen = [path.name for path in (tmp_path / "state" / "recordings").iterdir()]
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in seen)
    assert {path.name for path in tmp_path.iterdir()} <= {"state", "starts"}


# The worker.


def test_a_crash_is_survived_and_the_recording_tried_again(live, tmp_path):
    assert live.post("/transcribe", f"say:a crash-once:{tmp_path}/m say:b".encode()).text == "a b\n"
    assert live.starts() == 2


def test_a_recording_that_crashes_the_worker_twice_is_left_alone(live):
    answer = live.post("/transcribe", b"crash")
    assert answer.status_code == 500
    assert "ended with code 139" in answer.json()["error"]["message"]
    assert live.post("/transcribe", b"say:fine").text == "fine\n"


def test_a_worker_that_hangs_is_ended(serve):
    live = serve(worker={"stall_s": 0.6})
    assert live.post("/transcribe", b"hang").status_code == 500
    assert live.starts() == 2


def test_weights_that_are_missing_are_named(serve):
    answer = serve(mode="broken").post("/transcribe")
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "There are no weights. Fetch.")


def test_an_idle_worker_gives_its_memory_back_and_is_started_again(serve):
    live = serve(worker={"idle_s": 0.3})
    assert live.health()["model_loaded"] is False
    assert live.post("/transcribe", b"say:a").text == "a\n"
    assert live.wait(lambda health: not health["model_loaded"])["worker_pid"] is None
    assert live.post("/transcribe", b"say:b").text == "b\n"
    assert live.starts() == 2
