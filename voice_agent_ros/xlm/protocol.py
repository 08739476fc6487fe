# SPDX-License-Identifier: Apache-2.0
"""Requests as OpenAI clients send them; what the console cannot do is accepted and reported as ignored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="allow")


class ContentPart(_Lenient):
    """A piece of a message."""

    type: str
    text: str | None = None


class FunctionCall(_Lenient):
    """Which function the assistant has called, with what."""

    name: str
    arguments: str = "{}"


class ToolCall(_Lenient):
    """A call in an assistant message."""

    id: str = ""
    type: Literal["function"] = "function"
    function: FunctionCall


class Message(_Lenient):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class Function(_Lenient):
    """A function that may be called."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(_Lenient):
    """A tool; functions are the only kind."""

    type: Literal["function"]
    function: Function


class NamedFunction(_Lenient):
    """A function's name."""

    name: str


class NamedTool(_Lenient):
    """`tool_choice` that names one function."""

    type: Literal["function"] = "function"
    function: NamedFunction


class StreamOptions(_Lenient):
    """Options of a streamed reply."""

    include_usage: bool = False


class ChatRequest(_Lenient):
    """Body of /v1/chat/completions."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    user: str | None = None

    def limit(self) -> int | None:
        """Most tokens of the reply, whichever name it came under."""
        return self.max_completion_tokens or self.max_tokens

    def stops(self) -> tuple[str, ...]:
        """Texts that end the reply."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in given if text)

    def offered_tools(self) -> list[Function]:
        """The functions the reply may call."""
        tools = [tool.function for tool in self.tools or []]
        if self.tool_choice == "none":
            return []
        if isinstance(self.tool_choice, NamedTool):
            wanted = self.tool_choice.function.name
            return [tool for tool in tools if tool.name == wanted]
        return tools

    def must_call(self) -> bool:
        """Whether an answer in words is not wanted."""
        return self.tool_choice == "required" or isinstance(self.tool_choice, NamedTool)

    def ignored(self) -> list[str]:
        """Parameters that were given but have no effect."""
        known = {"metadata", "store", "service_tier"}
        return sorted(set(self.model_extra or {}) - known)
