# SPDX-License-Identifier: Apache-2.0
"""Jobs and results on disk are bounded."""

import pytest

from voice_agent_ros.transcription.store import JobStore, StoreLimits
from voice_agent_ros.transcription.transcript import Segment, Transcript
from voice_agent_ros.transcription.wishes import Wishes


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path, StoreLimits(finished=3, results=3, results_bytes=20_000))
    yield store
    store.close()


def transcript(text="x"):
    return Transcript("en", 1.0, 0.1, (Segment(0.0, 1.0, text, 0.9, "en"),))


def test_only_so_many_finished_jobs_are_remembered(store):
    jobs = [store.add(Wishes(), f"key{n}", 10) for n in range(6)]
    for job in jobs[:5]:
        store.complete(job)
    assert [store.get(job) is not None for job in jobs] == [False, False, True, True, True, True]


def test_results_that_were_not_used_make_room(store):
    for key in "abc":
        store.keep(key, transcript(key))
    assert store.result("a") is not None
    store.keep("d", transcript("d"))
    assert [store.result(key) is not None for key in "abcd"] == [True, False, True, True]


def test_results_are_bounded_in_bytes_too(store):
    store.keep("a", transcript())
    store.keep("b", transcript("y" * 50_000))
    assert store.result("a") is None
    assert store.result("b").text == "y" * 50_000


def test_wishes_and_content_name_a_result():
    keys = {
        Wishes(language=language, words=words, prompt=prompt).key(content, model)
        for language in ("en", "zh")
        for words in (False, True)
        for prompt in ("", "x")
        for content in ("1", "2")
        for model in ("tiny", "base")
    }
    assert len(keys) == 32
    assert Wishes(language="en-GB").key("1", "m") == Wishes(language="EN_us").key("1", "m")


def test_only_its_owner_may_read_it(store, tmp_path):
    assert tmp_path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "jobs.sqlite").stat().st_mode & 0o077 == 0
