# SPDX-License-Identifier: Apache-2.0
"""Pictures that a request only names: a file, an address, a camera's topic. Each is fetched here and travels inside it.

Nothing that a request names is left for a server to fetch, and nothing is fetched that a rule does not allow.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from voice_agent_ros.llm.images import (
    MAX_IMAGES,
    Image,
    ImageError,
    image_from_file,
    image_from_url,
    image_of,
)

TOPIC = "topic:"
FILE_TIMEOUT_S = 5.0
_PART_KINDS = ("text", "image_url")


@dataclass(frozen=True)
class PictureRules:
    """Where pictures may come from; by itself from nowhere but the request.

    Attributes:
        hosts: exact names, or HOST:PORT.
        directory: files under it; None: none.
        topics: of sensor_msgs/CompressedImage.
    """

    hosts: tuple[str, ...] = ()
    directory: Path | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a picture stands in a request: which message, which part; and what it is."""

    message: int
    part: int
    url: str


def pictures_in(messages: Sequence[Mapping[str, Any]]) -> list[Place]:
    """The pictures that messages name, in order.

    Raises:
        ImageError: a part of a message is neither text nor a picture, or there are too many.
    """
    found = []
    for number, message in enumerate(messages):
        content = message.get("content")
        for index, part in enumerate(content if isinstance(content, list) else ()):
            kind = part.get("type")
            if kind not in _PART_KINDS:
                raise ImageError(f"A part of type {kind!r} cannot be sent.", "Send text and image_url.")
            if kind == "image_url":
                named = part.get("image_url")
                url = named.get("url") if isinstance(named, Mapping) else named
                if not isinstance(url, str) or not url:
                    raise ImageError(
                        "A picture has no url.", 'Write {"type": "image_url", "image_url": {"url": …}}.'
                    )
                found.append(Place(number, index, url))
    if len(found) > MAX_IMAGES:
        raise ImageError(f"There are {len(found)} pictures.", f"Send {MAX_IMAGES} at most.")
    return found


def topic_of(url: str, rules: PictureRules) -> str:
    """The topic of which the next picture is meant; empty: it is no topic.

    Raises:
        ImageError: nobody may ask for it.
    """
    if not url.startswith(TOPIC):
        return ""
    name = url.removeprefix(TOPIC)
    if name not in rules.topics:
        raise ImageError(f"Pictures of {name!r} are not allowed.", "Add the topic to image_topics.")
    return name


async def picture_of(url: str, rules: PictureRules) -> Image:
    """A picture from the request itself, a file or an address.

    Raises:
        ImageError: not allowed, not there, no picture, or too large.
    """
    scheme = url[:8].partition(":")[0].lower()
    if scheme == "data":
        return _from_data(url)
    if scheme == "file":
        path = _allowed_file(url, rules)
        try:
            return await asyncio.wait_for(asyncio.to_thread(image_from_file, path), FILE_TIMEOUT_S)
        except asyncio.TimeoutError as error:
            raise ImageError(
                f"{path} could not be read in {FILE_TIMEOUT_S:g} s.", "Look at its disk."
            ) from error
    return await image_from_url(url, rules.hosts)


def with_pictures(
    messages: Sequence[Mapping[str, Any]], pictures: Mapping[Place, Image]
) -> tuple[Mapping[str, Any], ...]:
    """The messages with each picture in the place of its name."""
    told = [dict(message) for message in messages]
    for place, picture in pictures.items():
        parts = list(told[place.message]["content"])
        parts[place.part] = picture.as_part()
        told[place.message]["content"] = parts
    return tuple(told)


def _from_data(url: str) -> Image:
    head, comma, body = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise ImageError("A data: address has to be in base64.", "Write data:image/jpeg;base64,….")
    try:
        return image_of(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ImageError("A data: address is no base64.", "Write data:image/jpeg;base64,….") from error


def _allowed_file(url: str, rules: PictureRules) -> Path:
    """The file, if it is a plain one in the directory; links and ".." are followed before that is judged."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ImageError(f"{url[:80]!r} is no address.", "Write file:///PATH.") from error
    fix = "Put it into image_directory, or send the picture itself."
    if rules.directory is None or parts.netloc not in ("", "localhost"):
        raise ImageError(
            "Pictures from files are not allowed.", "Set image_directory, or send the picture itself."
        )
    try:
        path = Path(unquote(parts.path)).resolve(strict=True)
        is_in = path.is_relative_to(rules.directory.resolve())
        is_plain = path.is_file()
    except (OSError, ValueError, RuntimeError):
        is_in = is_plain = False
    if not (is_in and is_plain):
        # Not said apart: whether a file elsewhere exists is nobody's business.
        raise ImageError(f"{unquote(parts.path)} is no file in image_directory.", fix)
    return path
