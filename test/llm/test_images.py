# SPDX-License-Identifier: Apache-2.0
"""Pictures: what is sent, what is refused, and from where they may come."""

import asyncio
import gzip
import io
import time

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from voice_agent_ros.llm.connection import with_images
from voice_agent_ros.llm.images import (
    ImageError,
    image_from_array,
    image_from_file,
    image_from_url,
    image_of,
)


def encoded(kind, size=(30, 20), **options):
    file = io.BytesIO()
    Pillow.new("RGB", size, "red").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "options", "media_type"),
    [
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True}, "image/jpeg"),
        ("PNG", {}, "image/png"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("WEBP", {}, "image/webp"),
    ],
)
def test_the_bytes_say_what_it_is(kind, options, media_type, tmp_path):
    (tmp_path / "picture.txt").write_bytes(encoded(kind, **options))
    image = image_from_file(tmp_path / "picture.txt")
    assert image.media_type == media_type
    assert image.as_part()["image_url"]["url"].startswith(f"data:{media_type};base64,")


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(40), b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"{}"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ImageError):
        image_of(data)


def test_too_many_bytes_or_pixels_are_refused():
    with pytest.raises(ImageError, match="100 are allowed"):
        image_of(encoded("PNG", (100, 100)), max_bytes=100)
    with pytest.raises(ImageError, match="5000 x 1 pixels"):
        image_of(encoded("PNG", (5000, 1)))


def test_an_array_becomes_a_jpeg():
    image = image_from_array(np.zeros((20, 30, 3), np.uint8))
    assert Pillow.open(io.BytesIO(image.data)).size == (30, 20)
    for wrong in (np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2)), np.zeros((0, 3), np.uint8)):
        with pytest.raises(ImageError):
            image_from_array(wrong)


def test_pictures_belong_to_what_the_person_said_last():
    part = image_of(encoded("PNG")).as_part()
    messages = [{"role": "user", "content": "look"}, {"role": "assistant", "content": "yes"}]
    told = with_images(messages, [part])
    assert told[0]["content"] == [{"type": "text", "text": "look"}, part]
    assert messages[0]["content"] == "look"


def fetch(url, handler, hosts=("cam.local",), **options):
    return asyncio.run(image_from_url(url, hosts, transport=httpx.MockTransport(handler), **options))


def test_a_picture_from_an_allowed_host_travels_in_the_request():
    image = fetch("http://cam.local/a.jpg", lambda request: httpx.Response(200, content=encoded("JPEG")))
    assert image.media_type == "image/jpeg"


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/a.jpg",
        "http://cam.local.evil.example/a.jpg",
        "http://cam.local@evil.example/a.jpg",
        "http://cam.local:8080/a.jpg",
        "file:///etc/passwd",
        "ftp://cam.local/a",
        "http://[::1/",
        "",
    ],
)
def test_other_hosts_are_not_asked(url):
    with pytest.raises(ImageError, match="allowed"):
        fetch(url, lambda request: pytest.fail("asked"))


def test_redirections_errors_and_endless_pictures_are_refused():
    answers = {
        "/away": httpx.Response(302, headers={"location": "http://evil.example/"}),
        "/gone": httpx.Response(404),
        "/long": httpx.Response(200, content=bytes(2000)),
        "/html": httpx.Response(200, text="<html>"),
    }
    for path, answer in answers.items():
        with pytest.raises(ImageError):
            fetch(f"http://cam.local{path}", lambda request, answer=answer: answer, max_bytes=1000)


def test_what_comes_packed_is_refused_before_it_is_unpacked():
    bomb = gzip.compress(bytes(64 * 2**20))
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(bomb))
    with pytest.raises(ImageError, match="compressed"):
        fetch("http://cam.local/a.jpg", lambda request: answer)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xe0\x00\x00"])
def test_a_jpeg_without_a_picture_costs_no_time(filling):
    data = b"\xff\xd8\xff" + filling * (2**22 // len(filling) - 1)
    began = time.perf_counter()
    with pytest.raises(ImageError):
        image_of(data)
    assert time.perf_counter() - began < 0.3
