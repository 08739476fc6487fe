# SPDX-License-Identifier: Apache-2.0
"""A chat completion from request to reply: rendered, asked, assembled, and asked once more if it is unfit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.events import Performance, ReplyStarted
from voice_agent_ros.xlm.expectation import Expectation, ExpectCall, ExpectJson, Unfit
from voice_agent_ros.xlm.protocol import ChatRequest, Function, Message, ReasoningMode, TextRequest
from voice_agent_ros.xlm.rendering import Renderer, Task, Turn
from voice_agent_ros.xlm.reply import CallDelta, ContentDelta, Delta, ReasoningDelta, ReplyAssembler
from voice_agent_ros.xlm.request_checks import check_chat, json_format, text_prompt
from voice_agent_ros.xlm.scheduler import Engine, Job
from voice_agent_ros.xlm.tool_calls import call_opening
from voice_agent_ros.xlm.usage import EstimatingCounter, TokenCounter, Usage, derived_tokens

# A client may leave the model's name out of its configuration.
DEFAULT_MODEL = "default"
# On average over a whole reply; it bounds what a console that never ends can make of one.
CHARACTERS_PER_TOKEN_MAX = 16

MakeAssembler = Callable[[Turn], ReplyAssembler]


@dataclass
class Timing:
    """When what happened, in seconds of the monotonic clock; 0: not yet."""

    submitted: float = field(default_factory=time.monotonic)
    begun: float = 0.0
    first: float = 0.0
    last: float = 0.0


@dataclass
class Reply:
    """One reply on its way to one client; read it with `deltas()`.

    Attributes:
        job: where its events come from.
        turn: what was asked.
        make_assembler: what makes deltas of them.
        expectation: which form it must have, if it must.
        correct: asks again, given what was said, what is wrong with it and by when; None: that is not wanted.
        is_exact: tokens are counted exactly.
    """

    job: Job
    turn: Turn
    make_assembler: MakeAssembler
    expectation: Expectation | None = None
    correct: Callable[[str, str, float], tuple[Job, Turn]] | None = None
    is_exact: bool = False
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        self._assembler = self.make_assembler(self.turn)
        self._spent = Usage(0, 0, 0, self.is_exact)
        self._decode_tps = 0.0
        self._decode_s = 0.0
        self._has_called = False

    @property
    def finish_reason(self) -> str:
        """Why the reply ended, once it has."""
        return "tool_calls" if self._has_called else self._assembler.finish_reason

    @property
    def queue_s(self) -> float:
        """How long it waited for others' questions, as far as it has."""
        return (self.timing.begun or time.monotonic()) - self.timing.submitted

    def cancel(self) -> None:
        """Nobody reads it any more."""
        self.job.cancel()

    async def deltas(self) -> AsyncGenerator[list[Delta], None]:
        """What is new, piece by piece.

        Raises:
            ApiError: there will be no (further) reply.
        """
        while True:
            said: list[Delta] = []
            async with contextlib.aclosing(self._round(said)) as pieces:
                async for piece in pieces:
                    yield piece
            content = _text_in(said)
            calls = [delta for delta in said if isinstance(delta, CallDelta)]
            try:
                final = self._settled(content, calls)
            except Unfit as unfit:
                failed = content + "".join(
                    d.text for d in self._assembler.failed_words() if isinstance(d, ContentDelta)
                )
                if not self._ask_again(failed, str(unfit)):
                    final = self._given_up(failed, str(unfit))
                else:
                    continue
            if final:
                yield final
            return

    def usage(self) -> Usage:
        """Token counts so far."""
        completion, reasoning = self._assembler.tokens, self._assembler.reasoning_tokens
        if not self.is_exact:
            derived = derived_tokens(completion, self._decode_tps, self._decode_s)
            reasoning = round(reasoning * derived / completion) if completion else 0
            completion = derived
        return Usage(
            self._spent.prompt + self.turn.prompt_tokens,
            self._spent.completion + completion,
            self._spent.reasoning + reasoning,
            self.is_exact,
            self._spent.cached + (self.turn.known_tokens if self.job.reused_history else 0),
        )

    async def _round(self, said: list[Delta]) -> AsyncGenerator[list[Delta], None]:
        """One question and its answer; what must have a form goes into `said` and is not passed on."""
        assembler, expectation, timing = self._assembler, self.expectation, self.timing
        content = ""
        async with contextlib.aclosing(self.job.events()) as events:
            async for event in events:
                deltas = assembler.feed(event)
                if not deltas:
                    if isinstance(event, ReplyStarted) and not timing.begun:
                        timing.begun = time.monotonic()
                    elif isinstance(event, Performance):
                        self._decode_tps = event.decode_tps
                else:
                    timing.last = time.monotonic()
                    timing.first = timing.first or timing.last
                    if expectation is None:
                        yield deltas
                    else:
                        content += "".join(d.text for d in deltas if isinstance(d, ContentDelta))
                        said += (d for d in deltas if not isinstance(d, ReasoningDelta))
                        reasoning: list[Delta] = [d for d in deltas if isinstance(d, ReasoningDelta)]
                        if reasoning:
                            yield reasoning
                        if expectation.is_complete(content):
                            break
                if assembler.is_done:
                    break
        self._decode_s = timing.last - timing.first
        rest = assembler.finish()
        if expectation is not None:
            said += rest
        elif rest:
            yield rest

    def _settled(self, content: str, calls: Sequence[CallDelta]) -> list[Delta]:
        """What remains to be said when all has been read.

        Raises:
            Unfit: it is not what was asked for.
        """
        problem = self._assembler.problem
        was_cut = self._assembler.finish_reason == "length"
        if self.expectation is None:
            if problem and not was_cut and self.correct is not None:
                raise Unfit(problem)
            return self._assembler.failed_words()
        if was_cut:
            return [*self._assembler.failed_words(), *_said(content), *calls]
        return self._first_that_fits(self.expectation, [*_said(content), *calls], problem)

    def _first_that_fits(self, expectation: Expectation, said: list[Delta], problem: str) -> list[Delta]:
        """The reply with its opening, or without: a model may begin anew although the beginning was given.

        Raises:
            Unfit: neither is what was asked for.
        """
        readings = [said]
        if retold := self._assembler.retold():
            readings.insert(0 if self._assembler.began_anew else 1, retold)
        unfit: Unfit | None = None
        for reading in readings:
            calls = [delta for delta in reading if isinstance(delta, CallDelta)]
            try:
                final = expectation.settle(_text_in(reading), calls, problem)
            except Unfit as error:
                unfit = unfit or error
            else:
                self._has_called = any(isinstance(delta, CallDelta) for delta in final)
                return final
        raise unfit or Unfit("it is empty")

    def _ask_again(self, failed: str, problem: str) -> bool:
        """Begin the repair round; False if there is none."""
        correct, self.correct = self.correct, None
        if correct is None:
            return False
        try:
            job, turn = correct(failed, problem, self.job.deadline)
        except ApiError:  # no room in the queue or in the line: the first answer is all there is
            return False
        self._spent = self.usage()
        self.job, self.turn = job, turn
        self._assembler = self.make_assembler(turn)
        self._decode_tps = 0.0
        return True

    def _given_up(self, failed: str, problem: str) -> list[Delta]:
        if self.expectation is not None:
            raise self.expectation.refusal(problem, failed)
        return [ContentDelta(failed)] if failed else []


class ChatService:
    """Answers requests with one engine.

    Args:
        engine: who is asked.
        renderer: how it is asked.
        model_ids: the model's public names, the proper one first.
        thinking: let a thinking model think, unless a request says otherwise.
        reasoning: what becomes of its reasoning, unless a request says otherwise.
        trim: leave out the oldest turns of a conversation that is too long, unless a request says otherwise.
        repair: ask once more if a reply has not the form that was asked for, unless a request says otherwise.
        counter: counts tokens.
    """

    def __init__(
        self,
        engine: Engine,
        renderer: Renderer,
        model_ids: Sequence[str],
        *,
        thinking: bool = False,
        reasoning: ReasoningMode = "separate",
        trim: bool = False,
        repair: bool = True,
        counter: TokenCounter | None = None,
    ) -> None:
        self._engine = engine
        self._renderer = renderer
        self.model_ids = tuple(model_ids)
        self._thinking = thinking
        self._reasoning: ReasoningMode = reasoning
        self._trims = trim
        self._repairs = repair
        self._counter = counter or EstimatingCounter()

    @property
    def model_id(self) -> str:
        """The model's proper name."""
        return self.model_ids[0]

    @property
    def context_tokens(self) -> int:
        """The model's context window."""
        return self._renderer.context_tokens

    def begin(self, request: ChatRequest, client: str) -> Reply:
        """Queue a chat request.

        Raises:
            ApiError: it cannot be answered.
        """
        self.check_model(request.model)
        check_chat(request)
        wanted = json_format(request)
        functions = request.offered_tools()
        wish = request.wants_thinking()
        task = Task(
            functions=functions,
            must_call=request.must_call(),
            thinking=self._thinking if wish is None else wish,
            instruction=wanted.instruction() if wanted else "",
            opening=_opening(request, functions, wanted.opening() if wanted else ""),
        )
        trims = self._trims if request.trim is None else request.trim == "oldest"
        expectation: Expectation | None = None
        if request.must_call():
            expectation = ExpectCall(functions)
        elif wanted is not None:
            expectation = ExpectJson(wanted)

        def correct(failed: str, problem: str, deadline: float) -> tuple[Job, Turn]:
            told = expectation or ExpectCall(functions)
            messages = [
                *request.messages,
                Message(role="assistant", content=failed),
                Message(role="user", content=told.correction(problem)),
            ]
            turn = self._renderer.render(messages, task, trim=trims)
            return self._engine.submit(turn.question, client, deadline), turn

        repairs = self._repairs if request.repair is None else request.repair
        turn = self._renderer.render(request.messages, task, trim=trims)
        return Reply(
            self._engine.submit(turn.question, client),
            turn,
            self._assembler_for(request, functions, repairs=repairs),
            expectation,
            correct if repairs and (functions or wanted) else None,
            self._counter.is_exact,
        )

    def begin_text(self, request: TextRequest, client: str) -> Reply:
        """Queue a text completion.

        Raises:
            ApiError: it cannot be answered.
        """
        self.check_model(request.model)
        turn = self._renderer.render_text(text_prompt(request))

        def assembler(_: Turn) -> ReplyAssembler:
            return ReplyAssembler(
                stops=request.stops(),
                max_tokens=request.max_tokens,
                counter=self._counter,
                verbatim=True,
                max_chars=self._reply_max_chars,
            )

        job = self._engine.submit(turn.question, client)
        return Reply(job, turn, assembler, is_exact=self._counter.is_exact)

    def reasoning_mode(self, request: ChatRequest) -> ReasoningMode:
        """What becomes of the reasoning of this request's reply."""
        return request.reasoning_mode() or self._reasoning

    def ignored(self, request: ChatRequest | TextRequest) -> list[str]:
        """Parameters that were given but have no effect."""
        names = request.ignored()
        if isinstance(request, ChatRequest) and not self._renderer.chooses_thinking:
            names += [name for name in ("reasoning_effort", "chat_template_kwargs") if getattr(request, name)]
        return sorted(names)

    def name_for(self, name: str) -> str:
        """What the model is called in the answer to a request that called it so."""
        return name if name in self.model_ids else self.model_id

    def check_model(self, name: str) -> None:
        """Refuse a model that is not served.

        Raises:
            ApiError: 404.
        """
        if name not in (*self.model_ids, DEFAULT_MODEL):
            raise ApiError(
                404,
                f"The model {name!r} does not exist.",
                f"This server serves {self.model_id!r}.",
                param="model",
                code="model_not_found",
            )

    @property
    def _reply_max_chars(self) -> int:
        return CHARACTERS_PER_TOKEN_MAX * self.context_tokens

    def _assembler_for(
        self, request: ChatRequest, functions: Sequence[Function], *, repairs: bool
    ) -> MakeAssembler:
        def assembler(turn: Turn) -> ReplyAssembler:
            return ReplyAssembler(
                functions,
                request.stops(),
                request.limit(),
                parallel_calls=request.parallel_tool_calls is not False,
                must_call=request.must_call(),
                counter=self._counter,
                opening=turn.opening,
                holds_failures=repairs or request.must_call(),
                max_chars=self._reply_max_chars,
            )

        return assembler


def _said(text: str) -> list[Delta]:
    return [ContentDelta(text)] if text else []


def _text_in(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, ContentDelta))


def _opening(request: ChatRequest, functions: Sequence[Function], json_opening: str) -> str:
    """How the reply can begin in any case."""
    if request.must_call():
        return call_opening(functions[0]) if len(functions) == 1 else ""
    return "" if functions else json_opening
