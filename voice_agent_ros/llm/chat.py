# SPDX-License-Identifier: Apache-2.0
"""A question to a language model and what comes back: the words that everybody who asks one shares.

Requests are neutral: messages and tools in OpenAI's format. Which form they take on the wire is the client's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from voice_agent_ros.llm.images import Image

Problem = Literal[
    "unreachable", "no_first_token", "too_slow", "refused", "busy", "broken", "no_eyes", "aborted"
]
Purpose = Literal["talk", "act"]


@dataclass(frozen=True)
class Deadlines:
    """How long to wait, s: for the connection, for the first token, for the whole turn."""

    connect: float = 2.0
    first_token: float = 15.0
    total: float = 30.0


DEFAULT_DEADLINES = Deadlines()


@dataclass(frozen=True)
class ChatRequest:
    """What the model is asked.

    Attributes:
        messages: in OpenAI's format, earlier calls and their results too.
        tools: in OpenAI's format; empty: it can only talk.
        max_tokens: of the answer; thoughts have a budget of their own.
        purpose: "act": only calls are wanted, and no text is passed on; "talk": text, and calls if tools are given.
        must_call: an answer without a call is not wanted.
        images: pictures that belong to the last message.
        thinking: let a thinking model think; None: as the endpoint is set up.
        deadline_s: for the whole turn, over all endpoints; None: the endpoint's.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    max_tokens: int = 80
    purpose: Purpose = "talk"
    must_call: bool = False
    images: tuple[Image, ...] = ()
    thinking: bool | None = None
    deadline_s: float | None = None

    @property
    def has_pictures(self) -> bool:
        """Whether it needs eyes."""
        contents = [message.get("content") for message in self.messages]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        return bool(self.images) or any(part.get("type") == "image_url" for part in parts)


@dataclass(frozen=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class ThinkingDelta:
    """A piece of what the model thinks: never spoken, never read for calls."""

    text: str


@dataclass(frozen=True)
class Switched:
    """Another endpoint takes over; nothing that the one before sent was used."""

    from_url: str
    to_url: str
    why: str


@dataclass(frozen=True)
class ToolCall:
    """A proposed call, unchecked."""

    name: str
    arguments_json: str


@dataclass(frozen=True)
class Usage:
    """Tokens, as the endpoint counts them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True)
class Finished:
    """The reply is complete; nothing else follows.

    Attributes:
        calls: what the model wants called.
        first_token_s: from the request to the first token.
        reason: why it ended, in OpenAI's words ("stop", "length", "tool_calls"), if the endpoint says so.
        text: all of the answer's text.
        url: the endpoint that gave it.
        queue_s: how long it waited for others' requests, if the endpoint says so.
    """

    calls: tuple[ToolCall, ...] = ()
    first_token_s: float = 0.0
    total_s: float = 0.0
    usage: Usage | None = None
    reason: str = ""
    text: str = ""
    url: str = ""
    queue_s: float | None = None


@dataclass(frozen=True)
class Failed:
    """There is no (complete) reply; nothing else follows."""

    problem: Problem
    message: str


Event = TextDelta | ThinkingDelta | Switched | Finished | Failed
Listener = Callable[[Event], None]


class Asking(Protocol):
    """A request under way."""

    def abort(self) -> None:
        """End it now; harmless when it is over."""
        ...
