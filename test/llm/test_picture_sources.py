# SPDX-License-Identifier: Apache-2.0
"""Pictures that a request names: what may be fetched, and what nobody is told."""

import asyncio
import base64
import os

import pytest

from voice_agent_ros.llm.abilities import SIGHTS
from voice_agent_ros.llm.chat import ChatRequest
from voice_agent_ros.llm.images import ImageError
from voice_agent_ros.llm.picture_sources import PictureRules, picture_of, pictures_in, topic_of, with_pictures

RED = base64.b64decode(SIGHTS["red"])
DATA = f"data:image/png;base64,{SIGHTS['red']}"


def said(*urls):
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [
        {"role": "system", "content": "Look."},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]},
    ]


def got(url, **rules):
    return asyncio.run(picture_of(url, PictureRules(**rules)))


def test_the_picture_takes_the_place_of_its_name():
    messages = said(DATA, DATA)
    first, second = pictures_in(messages)
    told = with_pictures(messages, {first: got(DATA), second: got(DATA)})
    assert [part["type"] for part in told[1]["content"]] == ["text", "image_url", "image_url"]
    assert told[1]["content"][1]["image_url"]["url"] == DATA
    assert messages == said(DATA, DATA)
    assert ChatRequest(told).has_pictures
    assert not ChatRequest(messages[:1]).has_pictures


@pytest.mark.parametrize(
    "part",
    [
        {"type": "video_url", "video_url": {"url": "http://10.0.0.1/"}},
        {"type": "input_audio", "input_audio": {"data": ""}},
        {"type": "file", "file": {"file_id": "x"}},
        {"text": "no type"},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {"url": ""}},
        {"type": "image_url", "image_url": {"url": 7}},
        {"type": "image_url", "image_url": []},
    ],
)
def test_other_parts_are_refused(part):
    with pytest.raises(ImageError):
        pictures_in([{"role": "user", "content": [part]}])


def test_so_many_and_no_more():
    assert len(pictures_in(said(*[DATA] * 4))) == 4
    with pytest.raises(ImageError, match="5 pictures"):
        pictures_in(said(*[DATA] * 5))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1/a.png",
            "https://example.com/a.png",
            "ftp://example.com/a.png",
            "//example.com/a.png",
        ),
        *(
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "file://evil/a.png",
            "file://[",
            "http://[",
            "red.png",
            "javascript:1",
        ),
        *(
            "data:image/png,abc",
            "data:image/png;base64,###",
            "data:image/png;base64,",
            "data:text/html;base64,PGI+",
            "data:",
        ),
    ],
)
def test_by_itself_nothing_is_fetched(url):
    with pytest.raises(ImageError):
        got(url)


def test_files_of_one_directory(tmp_path):
    inside, outside = tmp_path / "pictures", tmp_path / "red.png"
    inside.mkdir()
    outside.write_bytes(RED)
    (inside / "red one.png").write_bytes(RED)
    (inside / "notes.txt").write_text("no picture")
    (inside / "link.png").symlink_to(outside)
    os.mkfifo(inside / "pipe.png")
    assert got(f"file://{inside}/red%20one.png", directory=inside).data == RED
    assert got(f"file://localhost{inside}/red one.png", directory=inside).data == RED
    for name in ("../red.png", "link.png", "pipe.png", "", "gone.png", "notes.txt", "%00", "." * 5000):
        with pytest.raises(ImageError):
            got(f"file://{inside}/{name}", directory=inside)


def test_a_file_elsewhere_is_not_told_from_one_that_is_not_there(tmp_path):
    inside = tmp_path / "pictures"
    inside.mkdir()
    (tmp_path / "red.png").write_bytes(RED)
    found = []
    for name in ("red.png", "gone.png"):
        with pytest.raises(ImageError) as error:
            got(f"file://{tmp_path}/{name}", directory=inside)
        found.append(str(error.value).replace(name, ""))
    assert found[0] == found[1]


def test_topics_on_the_list_only():
    rules = PictureRules(topics=("/camera/compressed",))
    assert topic_of("topic:/camera/compressed", rules) == "/camera/compressed"
    assert topic_of("http://a/b", rules) == ""
    for url in ("topic:/other", "topic:", "topic:/camera/compressed/"):
        with pytest.raises(ImageError, match="image_topics"):
            topic_of(url, rules)
