# SPDX-License-Identifier: Apache-2.0
"""What becomes of a model's thoughts, as the official client sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest


@pytest.fixture(scope="module")
def thinker(start_shared_server: Callable[..., Any]) -> Any:
    return start_shared_server("--echo --model_type 3", "--thinking")


def says(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("mode", "content", "reasoning"),
    [
        ("separate", "hi", "Let me think.\n"),
        ("inline", "<think>\nLet me think.\n\n</think>\n\nhi", None),
        ("drop", "hi", None),
    ],
)
def test_reasoning(
    thinker: Any, mode: Literal["separate", "inline", "drop"], content: str, reasoning: Any
) -> None:
    options = {"model": "xlm", "messages": says("hi"), "extra_body": {"reasoning": mode}}
    message = thinker.client.chat.completions.create(**options).choices[0].message
    assert (message.content, getattr(message, "reasoning_content", None)) == (content, reasoning)
    said, thought = "", ""
    for chunk in thinker.client.chat.completions.create(**options, stream=True):
        said += chunk.choices[0].delta.content or ""
        thought += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
    assert (said, thought or None) == (content, reasoning)


@pytest.mark.parametrize(
    "wish", [{"reasoning_effort": "none"}, {"chat_template_kwargs": {"enable_thinking": False}}]
)
def test_thinking_can_be_switched_off(thinker: Any, wish: dict[str, Any]) -> None:
    message = thinker.client.chat.completions.create(model="xlm", messages=says("hi"), extra_body=wish)
    assert message.choices[0].message.content == "hi"
    assert not hasattr(message.choices[0].message, "reasoning_content")
    assert message.usage.completion_tokens_details.reasoning_tokens == 0
