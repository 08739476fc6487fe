# SPDX-License-Identifier: Apache-2.0
"""Requests to the model: one for a turn, one on speculation, and what of its replies may be proposed to the bridge."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voice_agent_ros.intent.dialogue_ports import Ports
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.settling import settled_proposals
from voice_agent_ros.intent.skills import SkillCall, SkillError
from voice_agent_ros.intent.stepwise import mood_of, ungrounded_steps
from voice_agent_ros.intent.turn import Abortable, Mode, Turn
from voice_agent_ros.intent.wordings import bare
from voice_agent_ros.llm.client import ChatRequest, Event, Finished, ToolCall
from voice_agent_ros.llm.prompt import action_request, talk_request
from voice_agent_ros.llm.tool_results import with_result

MAX_KEPT_EVENTS = 256  # of a request on speculation
HEAD_START_S = 10.0  # if the words are not final by then, they never will be


@dataclass
class _Speculation:
    """A request for words that may not have ended. Nothing of it counts until the same words are final."""

    chat_id: str
    turn_id: str
    words: str
    mode: Mode
    request: ChatRequest
    chat: Abortable
    heard_at: float  # the latest that these words were heard again, monotonic, s
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_KEPT_EVENTS))

    def asks(self, mode: Mode, request: ChatRequest) -> bool:
        """Whether this is asked in it, but for a full stop or a capital letter."""
        return (mode, _worded(request)) == (self.mode, _worded(self.request))


class Thinking:
    """The dialogue's side of the model.

    Args:
        replay: takes the events that a speculation has gathered, with the id of its request.
        monotonic: for waits, s.
    """

    def __init__(
        self, ports: Ports, replay: Callable[[str, Event], None], monotonic: Callable[[], float]
    ) -> None:
        self._ports, self._replay, self._monotonic = ports, replay, monotonic
        self._numbers = itertools.count(1)
        self._speculation: _Speculation | None = None

    def request(
        self, text: str, language: str, scene: Scene, history: list[tuple[str, str]], facts: str
    ) -> tuple[Mode, ChatRequest]:
        """For a call only if the mood allows it and the words name something that a skill needs; else for words."""
        if mood_of(text, language).is_command:
            request = action_request(text, scene, language)
            if request is not None:
                return "act", request
        return "talk", talk_request(text, scene, language, history, facts)

    def begin(self, turn: Turn, mode: Mode, request: ChatRequest) -> None:
        """Ask for a turn; what was asked on speculation in the very same words is taken over."""
        turn.mode, turn.engine = mode, "llm"
        if mode in ("act", "mend"):
            turn.request = request
        speculation, self._speculation = self._speculation, None
        is_same = (
            speculation is not None
            and speculation.turn_id == turn.heard.turn_id
            and speculation.asks(mode, request)
        )
        if speculation is not None and is_same:
            turn.chat_id, turn.chat = speculation.chat_id, speculation.chat
            for event in speculation.events:
                self._replay(speculation.chat_id, event)
            return
        if speculation is not None:
            speculation.chat.abort()
        turn.chat_id = self._chat_id(turn.heard.turn_id)
        turn.chat = self._ports.ask(turn.chat_id, request)

    def speculate(self, turn_id: str, words: str, mode: Mode, request: ChatRequest) -> None:
        """Ask before the words are final."""
        known = self._speculation
        if known is not None and known.turn_id == turn_id and known.asks(mode, request):
            known.heard_at = self._monotonic()
            return
        self.forget()
        chat_id = self._chat_id(turn_id)
        chat = self._ports.ask(chat_id, request)
        self._speculation = _Speculation(chat_id, turn_id, words, mode, request, chat, self._monotonic())

    def tick(self) -> None:
        """Give up what was asked on speculation for words that never became final."""
        speculation = self._speculation
        if speculation is not None and self._monotonic() - speculation.heard_at > HEAD_START_S:
            self.forget()

    def keep(self, chat_id: str, event: Event) -> bool:
        """Whether this is news of the speculation, which is kept for later."""
        speculation = self._speculation
        if speculation is None or speculation.chat_id != chat_id:
            return False
        if len(speculation.events) == MAX_KEPT_EVENTS:
            self.forget()  # it says more than anybody waits for: ask again when the words are final
        else:
            speculation.events.append(event)
        return True

    def heard_more(self, turn_id: str, text: str) -> None:
        """Somebody goes on speaking: what was asked on speculation in other words only keeps the model busy."""
        speculation = self._speculation
        if speculation is None or speculation.turn_id != turn_id:
            return
        if bare(speculation.words) != bare(text):
            self.forget()

    def forget(self, except_for: str = "") -> None:
        """Give up what was asked on speculation, silently."""
        speculation = self._speculation
        if speculation is not None and speculation.turn_id != except_for:
            speculation.chat.abort()
            self._speculation = None

    def give_back(self, turn: Turn, outcome: str, rule: str, message: str, mode: Mode) -> None:
        """Tell the model what became of its call."""
        assert turn.request is not None
        assert turn.proposed is not None
        call_id = f"call-{len(turn.keys)}"
        request = with_result(turn.request, turn.proposed, call_id, outcome, rule, message)
        if mode == "tell":
            request = replace(request, tools=(), purpose="talk", must_call=False)
        self.begin(turn, mode, request)

    def _chat_id(self, turn_id: str) -> str:
        return f"{turn_id}#{next(self._numbers)}"


def turn_of_chat(chat_id: str) -> str:
    """The id of the turn that a request to the model belongs to."""
    return chat_id.rpartition("#")[0]


def _worded(request: ChatRequest) -> ChatRequest:
    """The request with the bare words of its last message."""
    last = {**request.messages[-1], "content": bare(str(request.messages[-1].get("content") or ""))}
    return replace(request, messages=(*request.messages[:-1], last))


def proposed_call(
    reply: Finished, text: str, scene: Scene, language: str
) -> tuple[SkillCall, ToolCall] | None:
    """The one valid call in a reply that the sentence supports, as validated and as written; else None."""
    try:
        calls = settled_proposals(
            [(call.name, call.arguments_json) for call in reply.calls], text, scene, language
        )
    except SkillError:
        return None
    if len(calls) != 1 or not calls[0].arguments.offered_to_llm:
        return None
    if ungrounded_steps(calls[0], text, scene, language):
        return None
    return calls[0], reply.calls[0]
