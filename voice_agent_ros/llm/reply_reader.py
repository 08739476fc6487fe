# SPDX-License-Identifier: Apache-2.0
"""Reads one streamed reply, chunk by chunk: what is thought, what is said, what is called. Bounded in every way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.llm.chat import ChatRequest, Event, Finished, TextDelta, ThinkingDelta, ToolCall, Usage
from voice_agent_ros.llm.forms import Form, calls_in, is_complete
from voice_agent_ros.llm.thoughts import Thoughts
from voice_agent_ros.llm.written_calls import WrittenCalls

MAX_REPLY_CHARACTERS = 20_000
MAX_CALLS = 16
_ADVICE = "Look at the server's model and template."


class ThoughtTooLongError(EngineError):
    """The model thinks and thinks."""


@dataclass
class _PartialCall:
    name: str = ""
    arguments: str = ""


class ReplyReader:
    """Gathers the chunks of one reply.

    Args:
        is_trusted: the endpoint's model is known not to think unmarked; see `Thoughts`.
        thought_tokens: more pieces of thought than this are not waited for.

    Attributes:
        used: something was passed on that cannot be taken back.
        thought: thinking was seen.
    """

    def __init__(
        self,
        request: ChatRequest,
        form: Form,
        listener: Callable[[Event], None],
        *,
        is_trusted: bool = True,
        thought_tokens: int = 256,
        url: str = "",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._request, self._form, self._listener, self._clock, self._url = (
            request,
            form,
            listener,
            clock,
            url,
        )
        self._thoughts = Thoughts(is_trusted=is_trusted)
        self._thought_tokens = thought_tokens
        self._began = clock()
        self._calls: dict[int, _PartialCall] = {}
        self._said: list[str] = []
        self._characters = self._thought_pieces = 0
        self._written = WrittenCalls(request.tools) if request.tools and request.purpose == "talk" else None
        self._usage: Usage | None = None
        self._reason = ""
        self.first_token_s = 0.0
        self.first_text_s = 0.0
        self.used = self.thought = False

    @property
    def has_begun(self) -> bool:
        """Whether a token has come, a thought too."""
        return self.first_token_s > 0.0

    @property
    def has_said(self) -> bool:
        """Whether something other than a thought has come."""
        return bool(self._said or self._calls)

    @property
    def said(self) -> str:
        """The answer's text so far."""
        return "".join(self._said)

    @property
    def was_unopened(self) -> bool:
        """Whether thoughts came that no tag had opened."""
        return self._thoughts.was_unopened

    def feed(self, chunk: Any) -> bool:
        """Take a chunk; False: nothing more is wanted.

        Raises:
            EngineError: there is no end to it.
        """
        if usage := getattr(chunk, "usage", None):
            self._usage = _usage_of(usage)
        if not chunk.choices:
            return True
        choice = chunk.choices[0]
        self._reason = choice.finish_reason or self._reason
        delta = choice.delta
        content = getattr(delta, "content", None) or ""
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
        calls = getattr(delta, "tool_calls", None) or ()
        if not self.has_begun and (content or calls or thought):
            self.first_token_s = self._elapsed()
        self._count(content, thought, calls)
        for call in calls:
            self._feed_call(call)
        if isinstance(thought, str) and thought:
            self._think(thought)
        if (
            content.strip()
            and self._form == "json"
            and self._request.purpose == "act"
            and is_complete(self.said)
        ):
            return False  # it rambles on
        if content:
            told = self._thoughts.feed(content)
            self._think(told.thoughts)
            self._say(told.text)
        return True

    def finished(self) -> Finished:
        """What has come of it.

        Raises:
            EngineError: it broke off.
        """
        if not self._reason and not (self._form == "json" and is_complete(self.said)):
            raise EngineError("The reply broke off without saying why.")
        told = self._thoughts.finish()
        self._think(told.thoughts)
        self._say(told.text)
        calls = [ToolCall(call.name, call.arguments or "{}") for _, call in sorted(self._calls.items())]
        text = self.said
        if self._written:
            found, rest = self._written.finish()
            calls += [ToolCall(name, arguments) for name, arguments in found]
            self._pass_on(rest)
        elif self._request.tools and not calls:
            calls, text = calls_in(text, self._request.tools)
        return Finished(
            tuple(calls),
            self.first_token_s,
            self._elapsed(),
            self._usage,
            self._reason,
            text.strip(),
            self._url,
        )

    def _count(self, content: str, thought: str, calls: Any) -> None:
        self._characters += (
            len(content) + len(thought) + sum(len(call.function.arguments or "") for call in calls)
        )
        if self._characters > MAX_REPLY_CHARACTERS:
            raise EngineError("The reply is endless.", _ADVICE)

    def _feed_call(self, call: Any) -> None:
        index = call.index if call.index is not None else len(self._calls)
        if index not in self._calls and len(self._calls) >= MAX_CALLS:
            raise EngineError("The reply has too many calls.", _ADVICE)
        partial = self._calls.setdefault(index, _PartialCall())
        partial.name += call.function.name or ""
        partial.arguments += call.function.arguments or ""

    def _think(self, thoughts: str) -> None:
        if not thoughts:
            return
        self.thought = True
        self._thought_pieces += 1
        if self._thought_pieces > self._thought_tokens:
            raise ThoughtTooLongError(
                f"The model was still thinking after {self._thought_tokens} tokens.", _ADVICE
            )
        self._listener(ThinkingDelta(thoughts))

    def _say(self, text: str) -> None:
        if not text:
            return
        self._said.append(text)
        if self._request.purpose == "talk":
            self._pass_on(self._written.feed(text) if self._written else text)

    def _pass_on(self, text: str) -> None:
        if not text:
            return
        if not self.used and not text.strip():
            return  # blank lines between thoughts and words
        self.used = True
        self.first_text_s = self.first_text_s or self._elapsed()
        self._listener(TextDelta(text))

    def _elapsed(self) -> float:
        return self._clock() - self._began


def _usage_of(usage: Any) -> Usage | None:
    details = getattr(usage, "prompt_tokens_details", None)
    numbers = (usage.prompt_tokens, usage.completion_tokens, getattr(details, "cached_tokens", None) or 0)
    return Usage(*numbers) if all(isinstance(number, int) for number in numbers) else None
