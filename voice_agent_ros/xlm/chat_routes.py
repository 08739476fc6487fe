# SPDX-License-Identifier: Apache-2.0
"""The routes that ask the language model, from a request's body to its answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from voice_agent_ros import __version__
from voice_agent_ros.xlm.api_errors import ApiError, bad_request, deadline_exceeded, hung_up
from voice_agent_ros.xlm.chat import ChatService, Reply
from voice_agent_ros.xlm.event_stream import LATER_THAN_THE_ENGINE_S, EventStream, until_gone
from voice_agent_ros.xlm.metrics import Metrics
from voice_agent_ros.xlm.protocol import ChatRequest, ReasoningMode, TextRequest
from voice_agent_ros.xlm.reasoning import in_reasoning_mode
from voice_agent_ros.xlm.request_checks import check_schemas
from voice_agent_ros.xlm.security import client_of
from voice_agent_ros.xlm.wire import ChatWire, TextWire

_FINGERPRINT = f"fp_{__version__}"
# Names that clients make up go back to them in a header: only what may stand there, and only so many.
_PARAMETER_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
PARAMETER_NAMES_MAX = 32
_Body = TypeVar("_Body", bound=BaseModel)
_Result = TypeVar("_Result")


class ChatRoutes:
    """Chat and text completions.

    Args:
        service: what answers.
        metrics: told of every reply.
        keep_alive_s: longest silence in a stream.
        deadline_s: longest time for one request.
    """

    def __init__(
        self, service: ChatService, metrics: Metrics, *, keep_alive_s: float, deadline_s: float
    ) -> None:
        self._service = service
        self._metrics = metrics
        self._keep_alive_s = keep_alive_s
        self._deadline_s = deadline_s

    async def chat(self, request: Request) -> Response:
        """A chat completion."""
        body = await _read(request, ChatRequest)
        if body.has_schemas:
            # What it finds is remembered; found on the event loop, a large one would hold up every stream.
            await asyncio.to_thread(check_schemas, body)
        reply = self._service.begin(body, client_of(request.scope))
        mode = self._service.reasoning_mode(body)
        return await self._answer(
            request, body, reply, ChatWire(self._service.name_for(body.model), _FINGERPRINT), mode
        )

    async def text(self, request: Request) -> Response:
        """A text completion."""
        body = await _read(request, TextRequest)
        reply = self._service.begin_text(body, client_of(request.scope))
        wire = TextWire(self._service.name_for(body.model), _FINGERPRINT)
        return await self._answer(request, body, reply, wire, "separate")

    async def _answer(
        self,
        request: Request,
        body: ChatRequest | TextRequest,
        reply: Reply,
        wire: ChatWire,
        mode: ReasoningMode,
    ) -> Response:
        ignored = self._service.ignored(body)
        headers = {"x-ignored-parameters": _as_header(ignored)} if ignored else {}
        if reply.turn.trimmed:
            headers["x-trimmed-messages"] = str(reply.turn.trimmed)
        deltas = in_reasoning_mode(reply.deltas(), mode)
        if body.stream:
            return EventStream(
                wire.events(deltas, reply, include_usage=body.includes_usage),
                reply.cancel,
                headers,
                keep_alive_s=self._keep_alive_s,
                deadline_s=self._deadline_s,
                ended=lambda status: self._metrics.observe(
                    reply, broken_by=status if status != 200 else None
                ),
            )
        try:
            whole = await self._unless_gone(request, reply.cancel, wire.whole(deltas, reply))
        finally:
            self._metrics.observe(reply)
        return JSONResponse(whole, headers=headers)

    async def _unless_gone(
        self, request: Request, cancel: Callable[[], None], work: Coroutine[Any, Any, _Result]
    ) -> _Result:
        """The work's result; the engine is told at once if nobody waits for it any more."""
        working = asyncio.create_task(work)
        gone = asyncio.create_task(until_gone(request.receive))
        tasks: set[asyncio.Task[Any]] = {working, gone}
        try:
            limit_s = self._deadline_s + LATER_THAN_THE_ENGINE_S
            await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise hung_up() if gone.done() else deadline_exceeded(self._deadline_s)
        finally:
            cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _read(request: Request, kind: type[_Body]) -> _Body:
    """The request's body.

    Raises:
        ApiError: it is too large, too slow, or not what it should be.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        # Strict on purpose: a web page can send anything else here without asking.
        raise ApiError(
            415, f"The body is {media_type or 'of no type'!r}.", "Send 'Content-Type: application/json'."
        )
    try:
        data = await request.body()
    except ClientDisconnect as error:
        raise hung_up() from error
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise _invalid(error, data) from error


def _invalid(error: ValidationError, data: bytes) -> ApiError:
    """The first mistake, with the parameter it is in."""
    mistakes = error.errors(include_url=False, include_input=False)
    if mistakes[0]["type"] == "json_invalid":
        return bad_request(f"{mistakes[0]['msg']}.")
    said = [
        (_path(item["loc"], data, is_missing=item["type"] == "missing"), item["msg"]) for item in mistakes
    ]
    where, message = said[0]
    # Of a list where a text might stand, too, the mistake in the list is meant.
    where, message = next((inside for inside in said if inside[0].startswith(f"{where}[")), (where, message))
    message = message.removeprefix("Value error, ")
    return bad_request(f"{where}: {message}." if where else f"{message}.", param=where or None)


def _path(location: tuple[int | str, ...], data: bytes, *, is_missing: bool) -> str:
    """Where in the body; pydantic's location names the kinds of value it has tried, too."""
    value, path = json.loads(data), ""
    for part in location:
        if isinstance(part, int) and isinstance(value, list):
            value, path = value[part], f"{path}[{part}]"
        elif isinstance(value, dict) and (part in value or (is_missing and part == location[-1])):
            value, path = value.get(part), f"{path}.{part}"
    return path.lstrip(".")


def _as_header(names: Sequence[str]) -> str:
    """Names as a header's value; dots stand for those that do not fit."""
    fitting = [name for name in names if _PARAMETER_NAME.fullmatch(name)][:PARAMETER_NAMES_MAX]
    return ",".join(fitting if len(fitting) == len(names) else [*fitting, "..."])
