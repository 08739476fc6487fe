# SPDX-License-Identifier: Apache-2.0
"""Requests as OpenAI clients send them; what the console cannot do is accepted and reported as ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

STOPS_MAX = 16
TOOLS_MAX = 128
MESSAGES_MAX = 2048

StopText = Annotated[str, StringConstraints(max_length=256)]
ReasoningMode = Literal["separate", "inline", "drop"]
TrimMode = Literal["none", "oldest"]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="allow")


class ContentPart(_Lenient):
    """A piece of a message."""

    type: str
    text: str | None = None
    refusal: str | None = None


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
    function_call: Any = None


class Function(_Lenient):
    """A function that may be called."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
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


class AllowedTools(_Lenient):
    """Some of the tools, and whether one of them must be called."""

    mode: Literal["auto", "required"] = "auto"
    tools: list[NamedTool] = Field(min_length=1, max_length=TOOLS_MAX)


class SomeTools(_Lenient):
    """`tool_choice` that names several functions."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


class StreamOptions(_Lenient):
    """Options of a streamed reply."""

    include_usage: bool | None = None


class JsonSchema(_Lenient):
    """The schema of a structured answer."""

    name: str = ""
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")


class ResponseFormat(_Lenient):
    """What kind of answer is wanted. A schema beside `json_object` is how other local servers are asked for it."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None
    plain_schema: dict[str, Any] | None = Field(default=None, alias="schema")


class _Sampling(_Lenient):
    """Parameters that both kinds of request share. Those marked ignored are checked, and have no effect."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: StopText | list[StopText] | None = Field(default=None)
    max_tokens: int | None = Field(default=None, ge=1)
    n: int | None = None
    user: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, description="ignored")
    top_p: float | None = Field(default=None, ge=0, le=1, description="ignored")
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, description="ignored")
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2, description="ignored")
    seed: int | None = Field(default=None, description="ignored")
    logit_bias: dict[str, float] | None = Field(default=None, description="ignored")

    @field_validator("stop")
    @classmethod
    def _few(cls, value: str | list[str] | None) -> str | list[str] | None:
        if isinstance(value, list) and len(value) > STOPS_MAX:
            raise ValueError(f"at most {STOPS_MAX} stop texts")
        return value

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with the token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def stops(self) -> tuple[str, ...]:
        """Texts that end the reply."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in given if text)

    def ignored(self) -> list[str]:
        """Parameters that were given but have no effect."""
        # They ask for nothing that a client could miss.
        silent = {"metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier"}
        unknown = {name for name, value in (self.model_extra or {}).items() if value is not None} - silent
        known = {
            name
            for name, field in type(self).model_fields.items()
            if field.description == "ignored" and getattr(self, name) is not None
        }
        return sorted(unknown | known)


class ChatRequest(_Sampling):
    """Body of /v1/chat/completions. `repair`, `trim` and a text as `reasoning` are our own additions."""

    messages: list[Message] = Field(min_length=1, max_length=MESSAGES_MAX)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool | None = Field(default=None, description="ignored")
    top_logprobs: int | None = Field(default=None, ge=0, le=20, description="ignored")
    tools: list[Tool] | None = Field(default=None, max_length=TOOLS_MAX)
    tool_choice: Literal["none", "auto", "required", "any"] | NamedTool | SomeTools | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    functions: Any = None
    function_call: Any = None
    modalities: list[str] | None = None
    reasoning: ReasoningMode | dict[str, Any] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    trim: TrimMode | None = None
    repair: bool | None = None

    @property
    def has_schemas(self) -> bool:
        """Whether checking it may take long."""
        return bool(self.tools or self.response_format)

    def limit(self) -> int | None:
        """Most tokens of the reply, whichever name it came under."""
        return self.max_completion_tokens or self.max_tokens

    def offered_tools(self) -> list[Function]:
        """The functions the reply may call."""
        tools = [tool.function for tool in self.tools or []]
        if self.tool_choice == "none":
            return []
        wanted = self.chosen_tools()
        return [tool for tool in tools if tool.name in wanted] if wanted else tools

    def chosen_tools(self) -> list[str]:
        """The names in `tool_choice`; none: it names none."""
        choice = self.tool_choice
        if isinstance(choice, SomeTools):
            return [tool.function.name for tool in choice.allowed_tools.tools]
        return [choice.function.name] if isinstance(choice, NamedTool) else []

    def must_call(self) -> bool:
        """Whether an answer in words is not wanted."""
        choice = self.tool_choice
        if isinstance(choice, SomeTools):
            return choice.allowed_tools.mode == "required"
        return choice in ("required", "any") or isinstance(choice, NamedTool)

    def reasoning_mode(self) -> ReasoningMode | None:
        """What becomes of the reasoning, if the request says so."""
        if isinstance(self.reasoning, Mapping):
            return "drop" if self.reasoning.get("exclude") is True else None
        return self.reasoning

    def wants_thinking(self) -> bool | None:
        """Whether the model shall think, if the request says so: in any of the ways clients have for that."""
        effort = self.reasoning_effort
        if effort is None and isinstance(self.reasoning, Mapping):
            effort = self.reasoning.get("effort")
        if effort is not None:
            return effort not in ("none", "minimal")
        wish = (self.chat_template_kwargs or {}).get("enable_thinking")
        return wish if isinstance(wish, bool) else None


class TextRequest(_Sampling):
    """Body of /v1/completions."""

    prompt: str | list[Any]
    max_tokens: int | None = Field(default=16, ge=1)
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None
    logprobs: int | None = Field(default=None, ge=0, le=5, description="ignored")
