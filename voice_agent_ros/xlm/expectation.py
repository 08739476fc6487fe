# SPDX-License-Identifier: Apache-2.0
"""A reply that must have a form: held back until it is whole, then passed on, or refused with what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voice_agent_ros.xlm.api_errors import ApiError, unfit
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.reply import CallDelta, ContentDelta, Delta, call_delta
from voice_agent_ros.xlm.structured import JsonFormat, NotJson
from voice_agent_ros.xlm.tool_calls import CallReader


class Unfit(Exception):
    """The reply has not the form; the text says why, for the model to read."""


class Expectation(Protocol):
    """What a reply must be."""

    def is_complete(self, content: str) -> bool:
        """Whether nothing more is wanted."""
        ...

    def settle(self, content: str, calls: Sequence[CallDelta], problem: str) -> list[Delta]:
        """The reply as the client gets it.

        Raises:
            Unfit: it is not what was asked for.
        """
        ...

    def refusal(self, problem: str, generation: str) -> ApiError:
        """What the client is told if there is no such reply."""
        ...

    def correction(self, problem: str) -> str:
        """What the model is told about its failure."""
        ...


class ExpectJson:
    """JSON, or calls if they are offered too.

    Args:
        wanted: which JSON.
    """

    def __init__(self, wanted: JsonFormat) -> None:
        self._wanted = wanted

    def is_complete(self, content: str) -> bool:
        """The JSON has ended."""
        return self._wanted.is_complete(content)

    def settle(self, content: str, calls: Sequence[CallDelta], problem: str) -> list[Delta]:
        """The JSON alone."""
        if calls:
            return list(calls)
        try:
            return [ContentDelta(self._wanted.read(content))]
        except NotJson as error:
            raise Unfit(problem or str(error)) from error

    def refusal(self, problem: str, generation: str) -> ApiError:
        """As a well-known provider says it."""
        return unfit(f"The model did not produce the JSON: {problem}.", "json_validate_failed", generation)

    def correction(self, problem: str) -> str:
        """What is wrong, and the type again."""
        return f"Wrong: {problem}. {self._wanted.instruction()}"


class ExpectCall:
    """At least one valid call.

    Args:
        functions: that may be called.
    """

    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions = functions

    def is_complete(self, content: str) -> bool:
        """Another call may follow."""
        del content
        return False

    def settle(self, content: str, calls: Sequence[CallDelta], problem: str) -> list[Delta]:
        """The calls without words around them. Small models like to add what the call might return."""
        if calls:
            return list(calls)
        call = None if problem else CallReader(self._functions, must_call=True).first_in(content)
        if call is None:
            raise Unfit(problem or "there is no function call in it")
        return [call_delta(0, call)]

    def refusal(self, problem: str, generation: str) -> ApiError:
        """As a well-known provider says it."""
        return unfit(f"The model did not call a function: {problem}.", "tool_use_failed", generation)

    def correction(self, problem: str) -> str:
        """What is wrong."""
        return f"Wrong: {problem}. Reply with the function call only."
