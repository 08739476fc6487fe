# SPDX-License-Identifier: Apache-2.0
"""Reads one streamed reply, chunk by chunk: what is thought, what is said, what is called. Bounded in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.llm.characters import WholeCharacters, plain
from voice_agent_ros.llm.chat import ChatRequest, Event, Finished, TextDelta, ThinkingDelta, ToolCall, Usage
from voice_agent_ros.llm.forms import Form, calls_in, is_complete
from voice_agent_ros.llm.thoughts import Thoughts, Told
from voice_agent_ros.llm.written_calls import WrittenCalls

MAX_REPLY_CHARACTERS = 20_000
MAX_CALLS = 16
MAX_QUEUE_MS = 3.6e6
MAX_TOKENS = 2**31  # that anybody can have counted
_LONGEST_REASON = 64
_ADVICE = "Look at the server's model and template."


class ThoughtTooLongError(EngineError):
    """The model thinks and thinks."""


@dataclass
class _PartialCall:
    index: int | None
    call_id: str
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
        self._calls: list[_PartialCall] = []
        self._said: list[str] = []
        self._content, self._thought = WholeCharacters(), WholeCharacters()
        self._characters = self._thought_pieces = 0
        self._is_talk, self._was_unopened = request.purpose == "talk", False
        self._written = self._new_written()
        self._usage: Usage | None = None
        self._reason = ""
        self._queue_s: float | None = None
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
    def is_complete(self) -> bool:
        """Whether the end has been told; only counts of tokens may follow."""
        return bool(self._reason)

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
        if self._queue_s is None and (timings := getattr(chunk, "timings", None)):
            self._queue_s = _queue_of(timings)
        # Nobody asks for several answers; who gives them all the same is heard for the first.
        choice = next((one for one in chunk.choices or () if not one.index), None)
        if choice is None:
            return True
        self._reason = plain(str(choice.finish_reason or self._reason))[:_LONGEST_REASON]
        delta = choice.delta
        content = getattr(delta, "content", None) or ""
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
        calls = getattr(delta, "tool_calls", None) or ()
        if not self.has_begun and (content or calls or thought):
            self.first_token_s = self._elapsed()
        self._count(len(content) + len(thought))
        for call in calls:
            self._feed_call(call)
        if isinstance(thought, str) and thought:
            self._think(self._thought.feed(thought))
        if (
            content.strip()
            and self._form == "json"
            and self._request.purpose == "act"
            and is_complete(self.said)
        ):
            return False  # it rambles on
        if content:
            self._take(self._thoughts.feed(self._content.feed(content)))
        return True

    def finished(self) -> Finished:
        """What has come of it.

        Raises:
            EngineError: it broke off.
        """
        if not self._reason and not (self._form == "json" and is_complete(self.said)):
            raise EngineError("The reply broke off without saying why.")
        self._take(self._thoughts.finish())
        calls = [
            ToolCall(plain(call.name), plain(call.arguments) or "{}")
            for call in sorted(self._calls, key=lambda call: call.index or 0)
        ]
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
            self._queue_s,
        )

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MAX_REPLY_CHARACTERS:
            raise EngineError("The reply is endless.", _ADVICE)

    def _feed_call(self, call: Any) -> None:
        name, arguments = call.function.name or "", call.function.arguments or ""
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments)
        self._count(len(name) + len(arguments))
        partial = self._call_of(call.index, call.id or "", name)
        if name != partial.name:  # some servers give it again with every piece
            partial.name += name
        partial.arguments += arguments

    def _call_of(self, index: int | None, call_id: str, name: str) -> _PartialCall:
        """The call that a piece goes on with. Some servers give no index, others all calls the same one."""
        latest = next((c for c in reversed(self._calls) if index is None or c.index == index), None)
        if latest is not None:
            is_another = call_id != latest.call_id if call_id and latest.call_id else index is None
            if not (name and is_another):
                return latest
        if len(self._calls) >= MAX_CALLS:
            raise EngineError("The reply has too many calls.", _ADVICE)
        self._calls.append(_PartialCall(index, call_id))
        return self._calls[-1]

    def _take(self, told: Told) -> None:
        self._think(told.thoughts)
        if self._thoughts.was_unopened and not self._was_unopened:
            # All of it was thoughts, and what stands in them is no call; what was passed on cannot be taken back.
            self._was_unopened = True
            self._said.clear()
            self._written = self._new_written()
        self._say(told.text)

    def _new_written(self) -> WrittenCalls | None:
        return WrittenCalls(self._request.tools) if self._request.tools and self._is_talk else None

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
        if self._is_talk:
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


def _queue_of(timings: Any) -> float | None:
    """The wait that xlm-server tells of, s."""
    told = timings.get("queue_ms") if isinstance(timings, dict) else None
    if isinstance(told, bool) or not isinstance(told, (int, float)) or not 0.0 <= told < MAX_QUEUE_MS:
        return None
    return told * 1e-3


def _usage_of(usage: Any) -> Usage | None:
    prompt = _count(getattr(usage, "prompt_tokens", None))
    completion = _count(getattr(usage, "completion_tokens", None))
    cached = _count(getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None) or 0)
    if prompt is None or completion is None or cached is None:
        return None
    return Usage(prompt, completion, cached)


def _count(number: object) -> int | None:
    return number if isinstance(number, int) and 0 <= number < MAX_TOKENS else None
