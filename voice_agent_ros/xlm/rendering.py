# SPDX-License-Identifier: Apache-2.0
"""A whole conversation as one line for the console.

Two ways: through the pass-through template the gateway writes the roles' special tokens itself; the vendor's
template knows a single question only, so that the conversation becomes a transcript inside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.profile import LINE_BREAK, ModelType, Profile, TemplateMode
from voice_agent_ros.xlm.protocol import Function, Message
from voice_agent_ros.xlm.tool_calls import signature, write_call

_SPECIAL_TOKEN = re.compile(r"<(?=[|｜])|(?<=[|｜])>")
_TAG = re.compile(r"<(?=/?(?:think|tool_call)>)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Turn:
    """A rendered conversation.

    Attributes:
        question: what the console is asked.
        prompt_tokens: an estimate of its length.
    """

    question: Question
    prompt_tokens: int


class Renderer:
    """Renders conversations for one console.

    Args:
        profile: its markers, commands and limits.
        model_type: how the model's roles are written.
        mode: whose template the console runs.
    """

    def __init__(self, profile: Profile, model_type: ModelType, mode: TemplateMode) -> None:
        self._profile = profile
        self._model_type = model_type
        self._mode = mode

    def render(
        self,
        messages: Sequence[Message],
        functions: Sequence[Function] = (),
        *,
        must_call: bool = False,
        thinking: bool = False,
    ) -> Turn:
        """One line for a conversation.

        Args:
            messages: as the client sent them.
            functions: what the reply may call.
            must_call: an answer in words is not wanted.
            thinking: let a thinking model think; otherwise its think block is closed at once, if the
                template is the pass-through one.

        Raises:
            ApiError: it is too long, or holds something that is not text.
        """
        spoken = [(role, text) for role, text in map(self._plain, messages) if text]
        if functions:
            offer = _offer(functions, must_call)
            first_role, first_text = spoken[0] if spoken else ("", "")
            if first_role == "system":
                spoken[0] = ("system", f"{first_text}\n\n{offer}")
            else:
                spoken.insert(0, ("system", offer))
        if not any(role != "system" for role, _ in spoken):
            raise bad_request("There is nothing to answer.", "Send a user message.", param="messages")
        line = self._line(spoken, thinking)
        can_think = self._model_type.thinking == "opened_by_template"
        begins_thinking = can_think and (thinking or self._mode == "vendor")
        question = Question(line, begins_thinking, tuple(spoken), self._follow_up(spoken, thinking))
        return Turn(question, self._checked_length(line))

    def question(self, text: str) -> Question:
        """One user message on its own."""
        return self.render([Message(role="user", content=text)]).question

    def _line(self, spoken: Sequence[tuple[str, str]], thinking: bool, *, is_new: bool = True) -> str:
        """What is typed; `is_new`: nothing comes before it."""
        if self._mode == "vendor":
            line = " ".join(_transcript(spoken).split())
            return f"{line}." if line in (self._profile.commands.exit, self._profile.commands.reset) else line
        text = _deepseek(spoken, is_new=is_new) if self._is_deepseek else _chatml(spoken)
        if self._model_type.thinking == "opened_by_template":
            text += _think_block(thinking)
        return text.replace("\n", LINE_BREAK)

    @property
    def _is_deepseek(self) -> bool:
        return self._model_type.chat_format == "deepseek"

    def _follow_up(self, spoken: Sequence[tuple[str, str]], thinking: bool) -> str:
        """What is typed into a console that remembers everything up to the last assistant message."""
        roles = [role for role, _ in spoken]
        if "assistant" not in roles:
            return ""
        fresh = spoken[len(roles) - roles[::-1].index("assistant") :]
        if not fresh:
            return ""
        line = self._line(fresh, thinking, is_new=False)
        if self._mode == "vendor" or self._profile.reply_end_in_history:
            return line
        end = "<｜end▁of▁sentence｜>" if self._is_deepseek else f"<|im_end|>{LINE_BREAK}"
        return end + line

    def _checked_length(self, line: str) -> int:
        """Estimated tokens of a line that is not too long."""
        limits = self._profile.limits
        size, tokens = len(line.encode()), estimated_tokens(line)
        if size > limits.line_bytes:
            raise _too_long(f"The prompt has {size} bytes; the console reads {limits.line_bytes} at most.")
        if tokens >= limits.context_tokens:
            raise _too_long(f"The prompt has about {tokens} tokens; the model reads {limits.context_tokens}.")
        return tokens

    def _plain(self, message: Message) -> tuple[str, str]:
        """Role and harmless text of a message."""
        text = self._neutral(_text_of(message))
        if message.role == "assistant" and message.tool_calls:
            calls = [write_call(call.function.name, call.function.arguments) for call in message.tool_calls]
            text = "\n".join([*([text] if text else []), *map(self._neutral, calls)])
        if message.role in ("tool", "function"):
            return "user", f"Result: {text}"
        return ("system" if message.role == "developer" else message.role), text

    def _neutral(self, text: str) -> str:
        """Text that cannot leave its role: no special token, marker or control character survives in it."""
        text = text.replace("\r\n", "\n").replace(LINE_BREAK, " ")
        text = _CONTROL.sub(" ", text)
        text = _SPECIAL_TOKEN.sub(lambda match: f" {match.group()} ", text)
        text = _TAG.sub("< ", text)
        for marker in (self._profile.markers.ready, self._profile.markers.assistant):
            text = text.replace(marker, marker.replace("[", "(").replace("]", ")"))
        for prefix in self._profile.markers.log_prefixes:
            text = text.replace(prefix, prefix.replace("[", "("))
        return text.strip()


def estimated_tokens(text: str) -> int:
    """Tokens of a text: four ASCII characters, or one other, to a token."""
    ascii_characters = sum(character.isascii() for character in text)
    return (ascii_characters + 3) // 4 + len(text) - ascii_characters


def _text_of(message: Message) -> str:
    content = message.content
    if content is None or isinstance(content, str):
        return content or ""
    for part in content:
        if part.type != "text":
            raise bad_request(
                f"Content parts of type {part.type!r} are not supported.",
                "The model reads text only.",
                param="messages",
            )
    return "".join(part.text or "" for part in content)


def _offer(functions: Sequence[Function], must_call: bool) -> str:
    """What tells a model which functions there are."""
    lines = "\n".join(signature(function) for function in functions)
    how = "Reply with a call and nothing else." if must_call else "Reply with calls only, or answer in words."
    return f"Functions:\n{lines}\n{how}"


def _chatml(spoken: Sequence[tuple[str, str]]) -> str:
    turns = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in spoken)
    return f"{turns}<|im_start|>assistant\n"


def _deepseek(spoken: Sequence[tuple[str, str]], *, is_new: bool) -> str:
    written = ["<｜begin▁of▁sentence｜>"] if is_new else []
    for role, text in spoken:
        if role == "user":
            written.append(f"<｜User｜>{text}")
        elif role == "assistant":
            written.append(f"<｜Assistant｜>{text}<｜end▁of▁sentence｜>")
        else:
            written.append(text)
    return "".join([*written, "<｜Assistant｜>"])


def _think_block(thinking: bool) -> str:
    return "<think>\n" if thinking else "<think>\n\n</think>\n\n"


def _transcript(spoken: Sequence[tuple[str, str]]) -> str:
    """The conversation inside one question; a lone question stays as it is."""
    if len(spoken) == 1:
        return spoken[0][1]
    names = {"user": "User: ", "assistant": "Assistant: ", "system": ""}
    lines = [f"{names[role]}{text}" for role, text in spoken]
    return "\n".join([*lines, "Assistant:"])


def _too_long(message: str) -> ApiError:
    return bad_request(
        message, "Send fewer or shorter messages.", param="messages", code="context_length_exceeded"
    )
