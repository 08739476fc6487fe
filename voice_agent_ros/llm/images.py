# SPDX-License-Identifier: Apache-2.0
"""Pictures for a model that has eyes: from a file, a camera's message, an array, or an address that is allowed.

Every picture travels inside the request, so that no server fetches anything on somebody else's word.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voice_agent_ros.errors import VoiceAgentError

if TYPE_CHECKING:
    import httpx
    import numpy as np
    from numpy.typing import NDArray

MAX_BYTES = 4 * 2**20
MAX_SIDE = 4096  # pixels
MAX_IMAGES = 4
FETCH_TIMEOUT_S = 5.0
JPEG_QUALITY = 85
_MAX_SEGMENTS = 4096  # before a JPEG's frame header; padding counts, too


class ImageError(VoiceAgentError):
    """A picture cannot be sent."""


@dataclass(frozen=True)
class Image:
    """An encoded picture.

    Attributes:
        data: the file's content.
        media_type: "image/jpeg", "image/png" or "image/webp".
    """

    data: bytes
    media_type: str

    def as_part(self) -> dict[str, Any]:
        """A content part in OpenAI's format."""
        encoded = base64.b64encode(self.data).decode("ascii")
        return {"type": "image_url", "image_url": {"url": f"data:{self.media_type};base64,{encoded}"}}


def image_of(data: bytes, max_bytes: int = MAX_BYTES) -> Image:
    """A picture that is already encoded, such as a CompressedImage's data; the bytes say what it is, not its name.

    Raises:
        ImageError: it is none, or too large.
    """
    if len(data) > max_bytes:
        raise ImageError(
            f"The picture has {len(data)} bytes; {max_bytes} are allowed.",
            "Send a smaller or more compressed one.",
        )
    found = _kind_and_size(data)
    if found is None:
        raise ImageError("This is no JPEG, PNG or WebP picture.", "Send one of these.")
    media_type, width, height = found
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ImageError(
            f"The picture has {width} x {height} pixels.", f"Send one of at most {MAX_SIDE} x {MAX_SIDE}."
        )
    return Image(data, media_type)


def image_from_file(path: str | Path, max_bytes: int = MAX_BYTES) -> Image:
    """A picture from a file.

    Raises:
        ImageError: it cannot be read, is no picture, or is too large.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ImageError(
            f"The picture {path} cannot be read: {error.strerror}.", "Correct its path."
        ) from error
    return image_of(data, max_bytes)


def image_from_array(pixels: NDArray[np.uint8], max_bytes: int = MAX_BYTES) -> Image:
    """A picture from rows of grey or RGB bytes, as JPEG.

    Raises:
        ImageError: no such array, or Pillow is not installed.
    """
    shape = pixels.shape
    if pixels.dtype.name != "uint8" or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
        raise ImageError(
            f"An array {shape} of {pixels.dtype} is no picture.",
            "Give height x width x 3 bytes (RGB), or height x width.",
        )
    if not (0 < shape[0] <= MAX_SIDE and 0 < shape[1] <= MAX_SIDE):
        raise ImageError(
            f"The picture has {shape[1]} x {shape[0]} pixels.", f"Give at most {MAX_SIDE} x {MAX_SIDE}."
        )
    try:
        from PIL import Image as Pillow
    except ImportError as error:
        raise ImageError(
            "Pillow is not installed.", "pip install pillow, or send encoded pictures."
        ) from error
    encoded = io.BytesIO()
    Pillow.fromarray(pixels).save(encoded, "JPEG", quality=JPEG_QUALITY)
    return image_of(encoded.getvalue(), max_bytes)


async def image_from_url(
    url: str,
    allowed_hosts: Sequence[str],
    max_bytes: int = MAX_BYTES,
    timeout_s: float = FETCH_TIMEOUT_S,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Image:
    """Fetch a picture from a host in the list. Nothing else is asked, not even by way of a redirection.

    Args:
        allowed_hosts: exact host names, or "HOST:PORT" where the port is not the usual one; empty: none.

    Raises:
        ImageError: not allowed, not there, no picture, or too large.
    """
    import httpx

    _check_host(url, allowed_hosts)
    try:
        async with httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False) as client:
            data = await asyncio.wait_for(_fetched(client, url, max_bytes), timeout_s)
    except asyncio.TimeoutError as error:
        raise ImageError(
            f"{url} did not come within {timeout_s} s.", "Try again, or send the picture itself."
        ) from error
    except httpx.HTTPError as error:
        raise ImageError(f"{url} cannot be fetched: {error}.", "Look at the address.") from error
    return image_of(data, max_bytes)


async def _fetched(client: httpx.AsyncClient, url: str, max_bytes: int) -> bytes:
    data = bytearray()
    async with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
        if response.status_code != 200:
            raise ImageError(f"{url} answers {response.status_code}.", "Name the picture's own address.")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            # A few bytes may stand for any number of them.
            raise ImageError(f"{url} comes compressed.", "Serve the picture as it is.")
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > max_bytes:
                raise ImageError(f"{url} is larger than {max_bytes} bytes.", "Send a smaller picture.")
    return bytes(data)


def _check_host(url: str, allowed_hosts: Sequence[str]) -> None:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    named = host if port in (None, usual) else f"{host}:{port}"
    if usual is None or parts.username or not host or named not in {name.lower() for name in allowed_hosts}:
        raise ImageError(
            f"Pictures from {named or url!r} are not allowed.",
            "Add the host to image_hosts, or send the picture itself.",
        )


def _kind_and_size(data: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height, read from the head of the file."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return "image/png", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_size(data)
    return _jpeg_size(data) if data[:3] == b"\xff\xd8\xff" else None


def _webp_size(data: bytes) -> tuple[str, int, int] | None:
    little = [int.from_bytes(data[at : at + 3], "little") for at in (24, 27)]
    if data[12:16] == b"VP8X":
        return "image/webp", little[0] + 1, little[1] + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return "image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 ":
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return "image/webp", width, height
    return None


def _jpeg_size(data: bytes) -> tuple[str, int, int] | None:
    """From the first frame header; the segments before it are skipped by their lengths."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(data[at + k : at + k + 2], "big") for k in (5, 7))
            return "image/jpeg", width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
