# SPDX-License-Identifier: Apache-2.0
"""The transcription service over HTTP: every path and shape, limits, who waits for whom."""

import json
import time

import httpx
import openai
import pytest

from voice_agent_ros.transcription.routes import SECURITY_HEADERS
from voice_agent_ros.transcription.upload import UploadLimits

TWO = b"say:hello say:world"


def events(answer) -> list[dict]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


# Shapes.


def test_openais_client_gets_what_it_asks_for(live):
    client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="none", max_retries=0)
    create = client.audio.transcriptions.create
    file = ("speech.mp3", TWO)
    assert create(file=file, model="whisper-1").text == "hello world"
    assert create(file=file, model="whisper-tiny.en", response_format="text").strip() == "hello world"
    assert "00:00:01,000 --> 00:00:01,500\nworld" in create(
        file=file, model="whisper-1", response_format="srt"
    )
    assert create(file=file, model="whisper-1", response_format="vtt").startswith("WEBVTT\n\n00:00:00.000")
    verbose = create(
        file=file,
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="en",
        prompt="Hello.",
        temperature=0.2,
    )
    assert (verbose.language, verbose.duration, verbose.text) == ("english", 2.0, "hello world")
    assert [(s.id, s.start, s.end, s.text) for s in verbose.segments] == [
        (0, 0, 0.5, "hello"),
        (1, 1, 1.5, "world"),
    ]
    assert [(w.word, w.start, w.end) for w in verbose.words] == [("hello", 0.0, 0.5), ("world", 1.0, 1.5)]
    pieces = list(create(file=file, model="whisper-1", stream=True))
    assert [piece.type for piece in pieces] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert "".join(piece.delta for piece in pieces[:2]) == pieces[2].text == "hello world"


def test_the_older_paths(live):
    text = live.post("/transcribe")
    assert text.text == "hello world\n"
    assert text.headers["content-disposition"] == 'attachment; filename="audio.txt"'
    assert live.post("/transcribe/srt").text.startswith("1\n00:00:00,000 --> 00:00:00,500\nhello\n\n2\n")
    row = live.post("/transcribe/json").json()
    assert (row["status"], row["transcription"], row["duration_s"]) == ("success", "hello world", 2.0)
    assert live.post("/transcribe", format="vtt").text.startswith("WEBVTT")
    raw = live.client.post("/transcribe/json?language=en", content=TWO, headers={"content-type": "audio/wav"})
    assert raw.json()["transcription"] == "hello world"


def test_a_job_is_followed_and_asked_for_later(live):
    job = live.begin("say:a wait:0.2 say:b")
    followed = events(live.client.get(f"/status/{job}/events"))
    assert followed[-1]["status"] == "completed"
    assert [s["text"] for event in followed for s in event["segments"]] == ["a", "b"]
    fractions = [event["progress"] or 0.0 for event in followed]
    assert fractions == sorted(fractions)
    found = live.status(job)
    assert (found["status"], found["progress"], found["result"]["transcription"]) == ("completed", 1.0, "a b")
    assert "a\n" in live.client.get(f"/status/{job}/result?format=srt").text


def test_a_bad_recording_in_a_batch_does_no_harm_to_the_others(live):
    files = [
        ("files", ("1", b"say:one")),
        ("files", ("2", b"bad")),
        ("files", ("3", b"")),
        ("files", ("4", b"say:four")),
    ]
    results = live.client.post("/transcribe/json", files=files).json()["results"]
    assert [result["status"] for result in results] == ["success", "error", "error", "success"]
    assert [result.get("transcription") for result in results] == ["one", None, None, "four"]
    assert "no recording" in results[1]["error"]["message"]
    assert "empty" in results[2]["error"]["message"]
    alone = live.post("/transcribe/json", b"say:one").json()
    assert alone["segments"] == results[0]["segments"]
    jobs = live.client.post("/transcribe/async", files=files).json()["jobs"]
    assert [job["status"] for job in jobs] == ["accepted", "accepted", "error", "accepted"]


# What is refused.


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/v1/audio/transcriptions", {"response_format": "xml"}, "response_format"),
        ("/v1/audio/transcriptions", {"language": "klingon"}, "language"),
        ("/v1/audio/transcriptions", {"model": "gpt-9"}, "model"),
        ("/v1/audio/transcriptions", {"timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        ("/v1/audio/transcriptions", {"stream": "true", "response_format": "srt"}, "stream"),
        ("/v1/audio/transcriptions", {"stream": "perhaps"}, "stream"),
        ("/v1/audio/transcriptions", {"prompt": "x" * 2000}, "prompt"),
        ("/v1/audio/transcriptions", {"prompt": "x" * 20000}, "too long"),
        ("/transcribe", {"format": "mp3"}, "format"),
        ("/transcribe", {"chinese": "nonsense"}, "chinese"),
        ("/transcribe/json", {"words": "many"}, "words"),
    ],
)
def test_a_wrong_wish_is_named(live, path, form, said):
    answer = live.post(path, **form)
    assert answer.status_code in (400, 404)
    assert said in answer.json()["error"]["message"]
    assert list((live.directory / "recordings").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["/v1/audio/transcriptions", "/transcribe", "/transcribe/srt", "/transcribe/async"]
)
def test_a_body_without_a_recording_is_refused(live, path):
    assert (
        live.client.post(path, data={"model": "whisper-1"}, files={"other": (None, "x")}).status_code == 400
    )
    assert live.client.post(path, content=b"").status_code == 400
    broken = live.client.post(
        path, content=b"--x\r\n", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 400
    nameless = live.client.post(path, content=b"--x", headers={"content-type": "multipart/form-data"})
    assert nameless.status_code == 400
    assert "boundary" in nameless.json()["error"]["message"]


def test_what_is_no_recording_is_refused(live):
    answer = live.post("/v1/audio/transcriptions", b"bad")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_file")


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/transcribe", "/transcribe/async"])
@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("content-type", "application/json; charset=utf-8", "multipart/form-data"),
        ("content-encoding", "gzip", "without one"),
    ],
)
def test_a_body_that_holds_no_recording_by_its_own_account_is_refused(live, path, header, value, said):
    answer = live.client.post(path, content=TWO, headers={header: value})
    assert answer.status_code == 415
    assert said in answer.json()["error"]["message"]
    assert list((live.directory / "recordings").iterdir()) == []


def test_a_recording_as_curl_sends_it_is_taken(live):
    header = {"content-type": "application/x-www-form-urlencoded"}
    answer = live.client.post("/transcribe", content=TWO, headers=header)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "named",
    [
        'filename="录音.wav"',
        'filename="a\\"b.wav"',
        "filename*=UTF-8''%E5%BD%95%E9%9F%B3.wav",
        "filename*=nothing''%FF.wav",
        'filename="x.wav"; filename*=UTF-8%F0%9F%98%80.wav',
    ],
)
def test_a_file_may_have_any_name(live, named):
    head = f'--B\r\nContent-Disposition: form-data; name="audio"; {named}\r\n\r\n'.encode()
    answer = live.client.post(
        "/transcribe",
        content=head + TWO + b"\r\n--B--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert answer.status_code == 200, answer.text
    assert "hello" in answer.text


def test_who_is_refused_in_the_middle_of_his_body_reads_why(live):
    for _ in range(5):
        answer = live.client.post(
            "/transcribe",
            content=b"--B\r\nno header at all \x00\r\n\r\n" + bytes(300_000),
            headers={"Content-Type": "multipart/form-data; boundary=B"},
        )
        assert answer.status_code == 400
        assert "no valid multipart" in answer.json()["error"]["message"]


def test_sizes_are_limited(serve):
    live = serve(upload=UploadLimits(file_bytes=1000, files=2))
    assert live.post("/transcribe", b"say:x " + b"x" * 2000).status_code == 413
    assert live.client.post("/transcribe", content=b"x" * 2000).status_code == 413
    assert live.client.post("/transcribe", content=iter([b"x" * 600, b"x" * 600])).status_code == 413
    many = [("files", (str(n), b"say:x")) for n in range(3)]
    assert live.client.post("/transcribe/json", files=many).status_code == 413
    mixed = [("files", ("1", b"say:small")), ("files", ("2", b"x" * 1500))]
    results = live.client.post("/transcribe/json", files=mixed).json()["results"]
    assert [result["status"] for result in results] == ["success", "error"]
    assert list((live.directory / "recordings").iterdir()) == []


def test_a_body_that_stops_coming_is_given_up(serve):
    live = serve(upload=UploadLimits(silence_s=0.3))

    def slow():
        yield b"say:x"
        time.sleep(1.5)
        yield b" say:y"

    assert live.client.post("/transcribe", content=slow()).status_code == 408
    assert list((live.directory / "recordings").iterdir()) == []


def test_the_queue_is_bounded(serve):
    live = serve(max_queued=2)
    jobs = [live.begin(f"wait:5 say:{n}") for n in range(3)]
    full = live.client.post("/transcribe/async", files={"file": b"say:more"})
    assert (full.status_code, full.json()["error"]["code"]) == (429, "queue_full")
    assert int(full.headers["retry-after"]) >= 1
    for job in jobs:
        live.client.delete(f"/status/{job}")
    assert live.until(live.begin("say:now"), "completed")["result"]["text"] == "now"


# Who waits for whom.


def test_a_short_recording_does_not_wait_for_a_long_one(live):
    long = live.begin("wait:8 say:long")
    begun = time.monotonic()
    assert live.post("/transcribe", b"say:short").text == "short\n"
    assert time.monotonic() - begun < 6
    assert live.status(long)["status"] == "processing"
    live.client.delete(f"/status/{long}")


@pytest.mark.parametrize("cancel", [("DELETE", ""), ("POST", "/cancel")])
def test_jobs_are_cancelled_whether_they_run_or_wait(live, cancel):
    method, path = cancel
    running, waiting = live.begin("wait:0.3 " * 40), live.begin("say:later")
    live.until(running, "processing")
    for job in (waiting, running):
        assert live.client.request(method, f"/status/{job}{path}").json()["status"] == "cancelled"
    assert live.status(running)["status"] == "cancelled"
    assert live.client.get(f"/status/{running}/result").status_code == 409
    assert live.until(live.begin("say:next"), "completed")
    assert list((live.directory / "recordings").iterdir()) == []


def test_who_hangs_up_is_not_worked_for(live):
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{live.url}/transcribe", files={"file": b"wait:0.2 " * 100}, timeout=1.0)
    live.wait(lambda health: health["active"] == 0)
    with live.client.stream(
        "POST",
        "/v1/audio/transcriptions",
        files={"file": b"say:a " + b"wait:0.2 " * 100},
        data={"stream": "true"},
    ) as answer:
        next(answer.iter_lines())
    live.wait(lambda health: health["active"] == 0)


def test_an_unknown_job_is_not_found(live):
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/events"),
        ("GET", "/result"),
        ("POST", "/cancel"),
    ):
        answer = live.client.request(method, f"/status/..%2f..%2fetc{path}")
        assert answer.status_code == 404


# Everywhere.


def test_every_answer_has_the_security_headers(live):
    answers = [
        live.post("/transcribe"),
        live.post("/transcribe", b"bad"),
        live.client.get("/status/none"),
        live.client.get("/transcribe/health"),
        live.post("/v1/audio/transcriptions", stream="true"),
        live.client.post("/transcribe", content=b""),
    ]
    for answer in answers:
        assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
