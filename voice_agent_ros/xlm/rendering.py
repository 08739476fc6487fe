# SPDX-License-Identifier: Apache-2.0
"""A whole conversation as one line for the console.

Two ways: through the pass-through template the gateway writes the roles' special tokens itself; the vendor's
template knows a single question only, so that the conversation becomes a transcript inside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.profile import LINE_BREAK, ModelType, Profile, TemplateMode
from voice_agent_ros.xlm.protocol import Function, Message
from voice_agent_ros.xlm.tool_calls import signature, write_call
from voice_agent_ros.xlm.usage import EstimatingCounter, TokenCounter, estimated_tokens

__all__ = ["Renderer", "Task", "Turn", "estimated_tokens"]

_SPECIAL_TOKEN = re.compile(r"<(?=[|｜])|(?<=[|｜])>")
_TAG = re.compile(r"<(?=/?(?:think|tool_call)>)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Task:
    """What is wanted besides an answer.

    Attributes:
        functions: what the reply may call.
        must_call: an answer in words is not wanted.
        thinking: let a thinking model think; otherwise its think block is closed at once, if the template
            is the pass-through one.
        instruction: what the model is told about the form of its answer.
        opening: how every answer in that form begins; written for the model where the template allows it.
    """

    functions: Sequence[Function] = ()
    must_call: bool = False
    thinking: bool = False
    instruction: str = ""
    opening: str = ""

    def told(self) -> str:
        """What the system message says about it."""
        offer = _offer(self.functions, self.must_call) if self.functions else ""
        return "\n\n".join(part for part in (offer, self.instruction) if part)


@dataclass(frozen=True)
class Turn:
    """A rendered conversation.

    Attributes:
        question: what the console is asked.
        prompt_tokens: its length; an estimate unless the tokenizer is known.
        known_tokens: how much of it a console that remembers the conversation has read before.
        opening: the beginning of the answer, as far as the prompt holds it already.
        trimmed: messages left out because there was no room for them.
    """

    question: Question
    prompt_tokens: int
    known_tokens: int = 0
    opening: str = ""
    trimmed: int = 0


@dataclass(frozen=True)
class _Spoken:
    """A message as the model gets it; `turn` counts the user messages up to it."""

    role: str
    text: str
    turn: int


class Renderer:
    """Renders conversations for one console.

    Args:
        profile: its markers, commands and limits.
        model_type: how the model's roles are written.
        mode: whose template the console runs.
        counter: what counts tokens.
    """

    def __init__(
        self,
        profile: Profile,
        model_type: ModelType,
        mode: TemplateMode,
        counter: TokenCounter | None = None,
    ) -> None:
        self._profile = profile
        self._model_type = model_type
        self._mode = mode
        self._counter = counter or EstimatingCounter()

    @property
    def context_tokens(self) -> int:
        """The context window."""
        return self._profile.limits.context_tokens

    @property
    def chooses_thinking(self) -> bool:
        """Whether a request can say that the model shall think, or shall not."""
        return self._mode == "passthrough" and self._model_type.thinking != "none"

    def render(self, messages: Sequence[Message], task: Task | None = None, *, trim: bool = False) -> Turn:
        """One line for a conversation.

        Args:
            messages: as the client sent them.
            task: what is wanted.
            trim: leave out the oldest turns if there is no room for them.

        Raises:
            ApiError: it is too long, or holds something that is not text.
        """
        task = task or Task()
        spoken = self._spoken(messages)
        if not any(part.role != "system" for part in spoken):
            raise bad_request("There is nothing to answer.", "Send a user message.", param="messages")
        turns = max(part.turn for part in spoken)
        turn = self._turn(spoken, task)
        problem = self._excess(turn)
        if not problem:
            return turn
        if not trim or turns <= 1:
            raise problem
        # The more turns are left out, the shorter it gets: look for the first number that is enough.
        low, high = 1, turns - 1
        while low < high:
            middle = (low + high) // 2
            if self._excess(self._turn(_without_oldest(spoken, middle), task)):
                low = middle + 1
            else:
                high = middle
        kept = _without_oldest(spoken, low)
        turn = self._turn(kept, task)
        if problem := self._excess(turn):
            raise problem
        return replace(turn, trimmed=len(spoken) - len(kept))

    def render_text(self, prompt: str) -> Turn:
        """One line for a text that is to be continued. Through the vendor's template it is a question.

        Raises:
            ApiError: it is too long, or empty.
        """
        if self._mode == "vendor":
            return self.render([Message(role="user", content=prompt)])
        # Special tokens may stay: the whole prompt is the client's own.
        line = self._harmless(prompt).replace("\n", LINE_BREAK)
        if not line.strip(f" {LINE_BREAK}"):
            raise bad_request("There is nothing to continue.", "Send a prompt.", param="prompt")
        if line.strip() in (self._profile.commands.exit, self._profile.commands.reset):
            line += LINE_BREAK
        turn = Turn(Question(line), self._tokens(line))
        if problem := self._excess(turn):
            raise problem
        return turn

    def _spoken(self, messages: Sequence[Message]) -> list[_Spoken]:
        spoken, turn = [], 0
        called: dict[str, str] = {}
        for index, message in enumerate(messages):
            turn += message.role == "user"
            calls = message.tool_calls or ()
            if message.role == "assistant" and calls:
                # A name is needed only where it is not clear which call a result belongs to.
                called = {call.id: call.function.name for call in calls} if len(calls) > 1 else {}
            role, text = self._plain(message, index, called)
            if text:
                spoken.append(_Spoken(role, text, turn))
        return spoken

    def _turn(self, spoken: Sequence[_Spoken], task: Task) -> Turn:
        parts = [(part.role, part.text) for part in spoken]
        if told := task.told():
            first_role, first_text = parts[0]
            if first_role == "system":
                parts[0] = ("system", f"{first_text}\n\n{told}")
            else:
                parts.insert(0, ("system", told))
        begins_thinking = self._model_type.thinking == "opened_by_template" and (
            task.thinking or self._mode == "vendor"
        )
        thinks = task.thinking and self._model_type.thinking != "none"
        opening = task.opening if self._mode == "passthrough" and not thinks else ""
        line = self._line(parts, task, opening)
        follow_up = self._follow_up(parts, task, opening)
        question = Question(line, begins_thinking, tuple(parts), follow_up)
        tokens = self._tokens(line)
        return Turn(question, tokens, max(0, tokens - self._tokens(follow_up)) if follow_up else 0, opening)

    def question(self, text: str) -> Question:
        """One user message on its own."""
        return self.render([Message(role="user", content=text)]).question

    def _line(
        self, parts: Sequence[tuple[str, str]], task: Task, opening: str, *, is_new: bool = True
    ) -> str:
        """What is typed; `is_new`: nothing comes before it."""
        if self._mode == "vendor":
            line = " ".join(_transcript(parts).split())
            return f"{line}." if line in (self._profile.commands.exit, self._profile.commands.reset) else line
        text = _deepseek(parts, is_new=is_new) if self._is_deepseek else _chatml(parts)
        return (text + self._think_block(task.thinking) + opening).replace("\n", LINE_BREAK)

    @property
    def _is_deepseek(self) -> bool:
        return self._model_type.chat_format == "deepseek"

    def _follow_up(self, parts: Sequence[tuple[str, str]], task: Task, opening: str) -> str:
        """What is typed into a console that remembers everything up to the last assistant message."""
        roles = [role for role, _ in parts]
        if "assistant" not in roles:
            return ""
        fresh = parts[len(roles) - roles[::-1].index("assistant") :]
        if not fresh:
            return ""
        line = self._line(fresh, task, opening, is_new=False)
        if self._mode == "vendor" or self._profile.reply_end_in_history:
            return line
        end = "<｜end▁of▁sentence｜>" if self._is_deepseek else f"<|im_end|>{LINE_BREAK}"
        return end + line

    def _think_block(self, thinking: bool) -> str:
        """Opened for a model whose template opens it; closed for one that shall not think."""
        kind = self._model_type.thinking
        if kind == "none":
            return ""
        if thinking:
            return "<think>\n" if kind == "opened_by_template" else ""
        return "<think>\n\n</think>\n\n"

    def _tokens(self, line: str) -> int:
        """Tokens of a line; not counted exactly if it is too long anyway."""
        if len(line) > self._profile.limits.line_bytes:
            return estimated_tokens(line)
        return self._counter.count(line.replace(LINE_BREAK, "\n"))

    def _excess(self, turn: Turn) -> ApiError | None:
        """Why a turn is too long, if it is."""
        limits = self._profile.limits
        size = len(turn.question.line.encode())
        about = "" if self._counter.is_exact else "about "
        if size > limits.line_bytes:
            # Agent frameworks look for these words to shorten a conversation by themselves.
            return _too_long(
                f"This model's maximum context length is {limits.line_bytes} bytes, the longest line that its "
                f"console reads, but the prompt has {size}."
            )
        if turn.prompt_tokens >= limits.context_tokens:
            return _too_long(
                f"This model's maximum context length is {limits.context_tokens} tokens, "
                f"but the prompt has {about}{turn.prompt_tokens}."
            )
        return None

    def _plain(self, message: Message, index: int, called: Mapping[str, str]) -> tuple[str, str]:
        """Role and harmless text of a message."""
        text = self._neutral(_text_of(message, index))
        if message.role == "assistant" and message.tool_calls:
            calls = [write_call(call.function.name, call.function.arguments) for call in message.tool_calls]
            text = "\n".join([*([text] if text else []), *map(self._neutral, calls)])
        if message.role in ("tool", "function"):
            name = called.get(message.tool_call_id or "", "")
            return "user", f"Result of {name}: {text}" if name else f"Result: {text}"
        return ("system" if message.role == "developer" else message.role), text

    def _neutral(self, text: str) -> str:
        """Text that cannot leave its role: no special token, marker or control character survives in it."""
        text = _SPECIAL_TOKEN.sub(lambda match: f" {match.group()} ", self._harmless(text))
        return _TAG.sub("< ", text).strip()

    def _harmless(self, text: str) -> str:
        """Text that the console's protocol cannot mistake for something else."""
        text = text.replace("\r\n", "\n").replace(LINE_BREAK, " ")
        text = _CONTROL.sub(" ", text)
        for marker in (self._profile.markers.ready, self._profile.markers.assistant):
            text = text.replace(marker, marker.replace("[", "(").replace("]", ")"))
        for prefix in self._profile.markers.log_prefixes:
            text = text.replace(prefix, prefix.replace("[", "("))
        return text


def _without_oldest(spoken: Sequence[_Spoken], turns: int) -> list[_Spoken]:
    """All but the oldest turns; what the system says stays."""
    return [part for part in spoken if part.role == "system" or part.turn > turns]


def _text_of(message: Message, index: int) -> str:
    content = message.content
    if content is None or isinstance(content, str):
        return content or ""
    texts = []
    for number, part in enumerate(content):
        if part.type not in ("text", "refusal"):
            raise bad_request(
                # OpenAI's words, which clients look for.
                f"Invalid content type. {part.type} is only supported by certain models.",
                "This model reads text only.",
                param=f"messages[{index}].content[{number}].type",
            )
        text = part.text if part.type == "text" else part.refusal
        if text is None:
            where = f"messages[{index}].content[{number}].{part.type}"
            raise bad_request(f"The part has no {part.type!r}.", "Send a text in it.", param=where)
        texts.append(text)
    return "".join(texts)


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
