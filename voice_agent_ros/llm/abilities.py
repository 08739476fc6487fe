# SPDX-License-Identifier: Apache-2.0
"""What an endpoint can do, found out by asking it: names of servers and models tell nothing.

A few small questions: does it think, and can that be closed; does it keep to a JSON schema; does it call tools; does
it see. Each costs the reading of a prompt on a small computer, so what nobody needs to know yet is not asked. What was
found out is kept as long as the endpoint stays the same.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voice_agent_ros.llm.chat import ChatRequest, Finished, Purpose
from voice_agent_ros.llm.connection import WAYS, Connection, Manner, Way
from voice_agent_ros.llm.forms import Form, is_complete
from voice_agent_ros.llm.images import Image
from voice_agent_ros.llm.problems import EndpointProblem
from voice_agent_ros.llm.reply_reader import ReplyReader

PROBE_DEADLINE_S = 60.0
PROBE_THOUGHT_TOKENS = 512
WORD = "ready"
LISTENING_WORDS = f"Answer with the one word {WORD} and nothing else."
LISTENING_TOKENS = 8
CALL_TOKENS = 40  # at most; the call is half of it
MAX_TOOLS_BYTES = 700  # as JSON, which many a template spells out: a sequence is told in a line instead
_NOTE = {
    "type": "function",
    "function": {
        "name": "note_colour",
        "description": "Write down a colour.",
        "parameters": {
            "type": "object",
            "properties": {"colour": {"type": "string", "enum": ["violet", "orange"]}},
            "required": ["colour"],
        },
    },
}
_LISTENING = Manner(is_trusted=False, may_think=True, thought_tokens=PROBE_THOUGHT_TOKENS)
# 64 x 64 pixels of one colour each, PNG.
SIGHTS = {
    "red": (
        "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAS0lEQVR42u3PQQkAAAgAsetfWiP4FgYrsKZeS0BAQE"
        "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEDgsqnc8OJg6Ln3AAAAAElFTkSuQmCC"
    ),
    "blue": (
        "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAS0lEQVR42u3PQQkAAAgAsetfWiP4FgYrsGqeExAQEB"
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA4LMf88OL0EKXAAAAAAElFTkSuQmCC"
    ),
}


@dataclass(frozen=True)
class Abilities:
    """What was found out of an endpoint; None: not yet.

    Attributes:
        thinks: its model thinks before it answers, unless that is closed.
        closes_thinking: how it is closed; empty: it cannot be.
        is_unopened: thoughts come without an opening tag.
        json: replies keep to a schema.
        json_costs: prompt tokens that a schema costs: more than a few, and the server only tells the model of it.
        tools: it calls tools.
        sees: it understands pictures.
    """

    thinks: bool | None = None
    closes_thinking: Way = ""
    is_unopened: bool = False
    json: bool | None = None
    json_costs: int = 0
    tools: bool | None = None
    sees: bool | None = None

    @property
    def is_known(self) -> bool:
        """Whether all that is asked at the start is known."""
        return None not in (self.thinks, self.json) and not self.needs_tools_known

    @property
    def needs_tools_known(self) -> bool:
        """Whether the form of a call hangs on that; a schema that is enforced and costs nothing is best anyway."""
        return self.tools is None and (not self.json or self.json_costs > 0)

    def form(self, purpose: Purpose) -> Form:
        """In which form calls are asked for: what is enforced first, then what costs least."""
        if purpose == "act" and self.json and not (self.tools and self.json_costs):
            return "json"
        if self.tools is not False:
            return "tools"
        return "json" if purpose == "act" and self.json else "written"

    def manner(
        self, request: ChatRequest, *, may_think: bool, thought_tokens: int, thought_s: float
    ) -> Manner:
        """How a request is put."""
        wants = may_think if request.thinking is None else request.thinking
        closes = "" if wants or not self.thinks else self.closes_thinking
        is_thinking = bool(self.thinks) and not closes
        form = self.form(request.purpose)
        if form == "tools" and request.purpose == "act" and not self.json_costs:
            form = "written" if len(json.dumps(request.tools)) > MAX_TOOLS_BYTES else form
        return Manner(
            form=form,
            closes_thinking=closes,
            # Of a model that nobody has listened to yet the first words may be thoughts.
            is_trusted=self.thinks is not None and not (is_thinking and self.is_unopened),
            thought_tokens=thought_tokens,
            thought_s=thought_s if is_thinking else 0.0,
            may_think=is_thinking,
        )

    def __str__(self) -> str:
        """For people."""
        if not self.is_known:
            return "not known yet"
        thinking = "thinks" + (f" (closed by {self.closes_thinking})" if self.closes_thinking else "")
        parts = [
            "JSON schema" if self.json else "",
            "tools" if self.tools else "",
            thinking if self.thinks else "",
            "sees" if self.sees else "",
        ]
        return f"{', '.join(part for part in parts if part) or 'text only'}; calls as {self.form('act')}"


# Of an endpoint that nobody has probed: it calls tools, its model does not think, and has no eyes.
PLAIN = Abilities(thinks=False, json=False, tools=True)


class Prober:
    """Finds out about one endpoint, a question at a time; may be interrupted and taken up again.

    Args:
        assumed: what need not be asked.
        listening: asks for one word with a beginning that is worth having in the server's cache.

    Attributes:
        found: what is known so far.
    """

    def __init__(
        self,
        connection: Connection,
        assumed: Abilities | None = None,
        listening: ChatRequest | None = None,
    ) -> None:
        self._connection = connection
        self._listening = replace(listening or _question(LISTENING_WORDS, 0), max_tokens=LISTENING_TOKENS)
        self.found = assumed or Abilities()

    async def explore(self) -> Abilities:
        """Ask what is not known yet, except for sight, and for tools if nothing hangs on them so far.

        Raises:
            EndpointProblem: it does not answer at all.
        """
        if self.found.thinks is None:
            await self._listen()
        if self.found.json is None:
            self.found = await self._with_json()
        if self.found.needs_tools_known:
            await self.try_tools()
        return self.found

    async def try_tools(self) -> bool:
        """Whether it calls tools of its own; asked once, at the latest when it shall talk and call."""
        if self.found.tools is None:
            self.found = replace(self.found, tools=await self._calls_tools())
        return bool(self.found.tools)

    async def look(self) -> bool:
        """Whether it tells two pictures apart; asked once, when the first picture is to be sent."""
        if self.found.sees is None:
            self.found = replace(self.found, sees=await self._sees())
        return bool(self.found.sees)

    async def _listen(self) -> None:
        request = self._listening
        _, reader = await self._ask(request, _LISTENING)
        self.found = replace(self.found, is_unopened=reader.was_unopened)
        way: Way = ""
        if reader.thought:
            for one in WAYS:
                if await self._closes(request, one):
                    way = one
                    break
        self.found = replace(self.found, thinks=reader.thought, closes_thinking=way)

    async def _closes(self, request: ChatRequest, way: Way) -> bool:
        """Whether thinking ends this way, and an answer still comes."""
        try:
            finished, reader = await self._ask(request, replace(_LISTENING, closes_thinking=way))
        except EndpointProblem as problem:
            if problem.problem in ("refused", "too_slow", "broken"):
                return False
            raise
        return not reader.thought and WORD in finished.text.lower()

    async def _with_json(self) -> Abilities:
        """Whether a reply keeps to a schema, and whether the server only tells the model of it."""
        request = _question("The colour is violet.", CALL_TOKENS, tools=(_NOTE,), purpose="act")
        tried = await self._tried(request, "json")
        if tried is None or not is_complete(tried[1].said) or not _has_noted(tried[0]):
            return replace(self.found, json=False)
        # The same messages without the schema.
        plain = await self._tried(replace(request, max_tokens=1), "written")
        with_it = tried[0].usage.prompt_tokens if tried[0].usage else 0
        without = plain[0].usage.prompt_tokens if plain and plain[0].usage else 0
        return replace(self.found, json=True, json_costs=max(with_it - without, 0) if without else 0)

    async def _calls_tools(self) -> bool:
        text = "Write down the colour violet with the function note_colour."
        tried = await self._tried(_question(text, CALL_TOKENS, tools=(_NOTE,), purpose="act"), "tools")
        return tried is not None and _has_noted(tried[0])

    async def _sees(self) -> bool:
        for colour, encoded in SIGHTS.items():
            image = Image(base64.b64decode(encoded), "image/png")
            others = " or ".join(SIGHTS)
            request = replace(
                _question(f"Is this picture {others}? Answer with one word.", 8), images=(image,)
            )
            tried = await self._tried(request, "tools")
            words = tried[0].text.lower() if tried else ""
            if colour not in words or any(other in words for other in SIGHTS if other != colour):
                return False
        return True

    async def _tried(self, request: ChatRequest, form: Form) -> tuple[Finished, ReplyReader] | None:
        """The reply; None if the endpoint will not answer such a request."""
        closes = self.found.closes_thinking
        manner = Manner(
            form, closes, not self.found.is_unopened, PROBE_THOUGHT_TOKENS, may_think=bool(self.found.thinks)
        )
        try:
            return await self._ask(request, manner)
        except EndpointProblem as problem:
            # Some servers break down over what they do not know instead of refusing it.
            if problem.problem in ("refused", "broken", "too_slow"):
                return None
            raise

    async def _ask(self, request: ChatRequest, manner: Manner) -> tuple[Finished, ReplyReader]:
        readers: list[ReplyReader] = []
        deadline = asyncio.get_running_loop().time() + PROBE_DEADLINE_S
        finished = await self._connection.ask(request, manner, deadline, lambda _: None, readers.append)
        return finished, readers[-1]


def _question(
    text: str, max_tokens: int, *, tools: Sequence[Mapping[str, Any]] = (), purpose: Purpose = "talk"
) -> ChatRequest:
    return ChatRequest(({"role": "user", "content": text},), tools, max_tokens, purpose)


def _has_noted(finished: Finished) -> bool:
    return any(
        call.name == "note_colour" and ("violet" in call.arguments_json or "orange" in call.arguments_json)
        for call in finished.calls
    )
