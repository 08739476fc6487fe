# SPDX-License-Identifier: Apache-2.0
"""Recordings as they arrive over HTTP: straight to disk, counted and hashed on the way, under names of ours."""

from __future__ import annotations

import asyncio
import contextlib
import email.message
import email.utils
import hashlib
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from starlette.requests import ClientDisconnect, Request

from voice_agent_ros.xlm.api_errors import ApiError, bad_request

SPARE_BYTES = 256 * 1024 * 1024  # of the disk, that uploads leave alone
MOST_FIELDS = 64
FIELD_BYTES = 16 * 1024
REST_BYTES, REST_S = 2**20, 1.0  # of a refused body, that are waited for
FILE_FIELDS = ("file", "files", "files[]", "file[]", "audio")
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)


@dataclass(frozen=True)
class UploadLimits:
    """What is taken in.

    Attributes:
        file_bytes: of one recording.
        files: in one request.
        seconds: longest time for the whole body.
        silence_s: longest time between two pieces of it.
    """

    file_bytes: int = 1024 * 1024 * 1024
    files: int = 16
    seconds: float = 3600.0
    silence_s: float = 30.0


@dataclass(eq=False)
class Recording:
    """One that has arrived.

    Attributes:
        path: of a file that is ours to move or remove.
        problem: why it was not taken, although the others of its request may be.
    """

    path: Path
    size: int = 0
    content: str = ""
    problem: ApiError | None = None
    _hash: Any = field(default_factory=hashlib.sha256)
    _file: BinaryIO | None = None

    def write(self, data: bytes, limit: int) -> None:
        """Take more of it."""
        if self.problem is not None:
            return
        self.size += len(data)
        if self.size > limit:
            self.problem = ApiError(
                413, f"The recording is larger than {limit} bytes.", "Cut it.", code="request_too_large"
            )
            self.discard()
            return
        if self._file is None:
            self._file = self.path.open("wb")
        self._hash.update(data)
        self._file.write(data)

    def end(self) -> None:
        """It is complete."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.content = self._hash.hexdigest()
        if self.problem is None and not self.size:
            self.problem = bad_request("The recording is empty (0 bytes).", "Send it again.", param="file")

    def discard(self) -> None:
        """Remove it."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.path.unlink(missing_ok=True)


@dataclass
class Upload:
    """A request's body."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    recordings: list[Recording] = field(default_factory=list)

    def discard(self) -> None:
        """Remove what nobody has taken."""
        for recording in self.recordings:
            recording.discard()


async def receive(request: Request, directory: Path, limits: UploadLimits) -> Upload:
    """Read a body: multipart/form-data, or a recording as it is.

    Raises:
        ApiError: it is of a wrong type, too large, too slow, malformed, or there is no room.
    """
    try:
        return await _received(request, directory, limits)
    except ApiError:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_rest(request), REST_S)
        raise


async def _rest(request: Request) -> None:
    """Take the rest of a short body: who is hung up on while he sends does not read why he was refused."""
    taken = getattr(request.state, "taken", 0)
    length = request.headers.get("content-length", "")
    end = min(int(length) if length.isdecimal() else REST_BYTES, taken + REST_BYTES)
    while taken < end:
        message = await request.receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return
        taken += len(message.get("body", b""))


async def _received(request: Request, directory: Path, limits: UploadLimits) -> Upload:
    _refuse_what_holds_no_recording(request)
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else 0
    if announced > limits.file_bytes * limits.files + FIELD_BYTES * MOST_FIELDS:
        raise ApiError(
            413, f"The body has {announced} bytes.", "Send less at once.", code="request_too_large"
        )
    if shutil.disk_usage(directory).free < announced + SPARE_BYTES:
        raise ApiError(507, "There is no room for this recording on the disk.", type="server_error")
    upload = Upload()
    kind = request.headers.get("content-type", "")
    try:
        if kind.partition(";")[0].strip().lower() == "multipart/form-data":
            found = _BOUNDARY.search(kind)
            if found is None:
                raise bad_request("The body is multipart/form-data without a boundary.")
            await _Form(found[1], upload, directory, limits).read(request)
        else:
            recording = Recording(directory / f"upload-{uuid.uuid4().hex}")
            upload.recordings.append(recording)
            async for data in _pieces(request, limits):
                recording.write(data, limits.file_bytes)
                if recording.problem is not None:
                    raise recording.problem
            recording.end()
    except OSError as error:
        upload.discard()
        raise ApiError(
            507, f"The recording cannot be stored: {error.strerror}.", type="server_error"
        ) from error
    except BaseException:
        upload.discard()
        raise
    return upload


def _refuse_what_holds_no_recording(request: Request) -> None:
    """Bodies that by their own account hold none; what the others hold, their content tells."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A urlencoded form would hold none either, but that is what `curl --data-binary` calls every body.
    if kind == "application/json":
        raise ApiError(
            415,
            f"A body of the type {kind} holds no recording.",
            "Send the recording itself, or multipart/form-data with it as 'file'.",
            code="unsupported_media_type",
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise ApiError(
            415,
            f"The body has the content-encoding {encoding[:40]!r}.",
            "Send it without one: recordings are compressed in themselves.",
            code="unsupported_content_encoding",
        )


async def _pieces(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """The body's pieces, each within its time."""
    late = ApiError(408, "The body did not arrive in time.")
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.seconds
    request.state.taken = 0
    stream = request.stream()
    try:
        async with contextlib.aclosing(stream):
            while True:
                left = min(limits.silence_s, end - loop.time())
                if left <= 0:
                    raise late
                try:
                    data = await asyncio.wait_for(stream.__anext__(), left)
                except StopAsyncIteration:
                    return
                except asyncio.TimeoutError as error:
                    raise late from error
                request.state.taken += len(data)
                if data:
                    yield data
    except ClientDisconnect as error:
        raise ApiError(499, "The client hung up.", code="client_closed_request") from error


class _Form:
    """The parts of a multipart body: files to disk, fields to memory."""

    def __init__(self, boundary: str, upload: Upload, directory: Path, limits: UploadLimits) -> None:
        self._boundary = boundary
        self._upload = upload
        self._directory = directory
        self._limits = limits
        self._header = b""
        self._value = b""
        self._headers: dict[str, str] = {}
        self._recording: Recording | None = None
        self._name = ""
        self._field = bytearray()
        self._is_complete = False

    async def read(self, request: Request) -> None:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser

        parser = MultipartParser(
            self._boundary.encode("latin-1", "replace"),
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )
        try:
            async for data in _pieces(request, self._limits):
                parser.write(data)
            parser.finalize()
        except FormParserError as error:
            raise bad_request(f"The body is no valid multipart/form-data: {error}.") from error
        if not self._is_complete:
            raise bad_request("The body ends in the middle of a part.", "Send it again.")

    def _on_part_begin(self) -> None:
        self._headers, self._recording, self._name = {}, None, ""
        self._field = bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        part = email.message.Message()
        part["content-disposition"] = self._headers.get("content-disposition", "")
        name = part.get_param("name", "", header="content-disposition")
        self._name = email.utils.collapse_rfc2231_value(name or "")
        # The file's name tells a file from a field, and nothing else.
        if part.get_filename() is None and self._name not in FILE_FIELDS:
            if len(self._upload.fields) >= MOST_FIELDS:
                raise bad_request("The form has too many fields.")
            return
        if len(self._upload.recordings) >= self._limits.files:
            raise ApiError(413, f"There are more than {self._limits.files} recordings in one request.")
        self._recording = Recording(self._directory / f"upload-{uuid.uuid4().hex}")
        self._upload.recordings.append(self._recording)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._recording is not None:
            self._recording.write(data[start:end], self._limits.file_bytes)
            return
        self._field += data[start:end]
        if len(self._field) > FIELD_BYTES:
            raise bad_request(f"The field {self._name[:40]!r} is too long.", param=self._name[:40])

    def _on_part_end(self) -> None:
        if self._recording is not None:
            self._recording.end()
            return
        values = self._upload.fields.setdefault(self._name, [])
        if len(values) >= MOST_FIELDS:
            raise bad_request("The form has too many fields.")
        values.append(self._field.decode("utf-8", "replace"))

    def _on_end(self) -> None:
        self._is_complete = True
