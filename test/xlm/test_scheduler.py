# SPDX-License-Identifier: Apache-2.0
"""The queue's fairness, and what its owner's mistakes cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import MappingProxyType

import pytest

from voice_agent_ros.xlm.api_errors import ApiError, hung_up, shutting_down
from voice_agent_ros.xlm.bell import Bell
from voice_agent_ros.xlm.chat import ChatService
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.events import EndOfTurn, Event, Reasoning, ReplyStarted, Text
from voice_agent_ros.xlm.fair_queue import UNREAD_EVENTS, UNREAD_MAX_CHARS, FairQueue, Job
from voice_agent_ros.xlm.profile import load_profile
from voice_agent_ros.xlm.protocol import ChatRequest
from voice_agent_ros.xlm.rendering import Renderer
from voice_agent_ros.xlm.scheduler import Engine


def job(client: str, text: str) -> Job:
    return Job(Question(text), client, deadline=0.0)


def lines(jobs: list[Job]) -> list[str]:
    return [job.question.line for job in jobs]


def test_clients_take_turns() -> None:
    queue = FairQueue(8)
    for client, text in (("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2"), ("c", "c1")):
        assert queue.put(job(client, text))
    order = ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert lines(queue.in_order()) == order
    assert lines([queue.get() for _ in range(6)]) == order
    assert queue.get() is None


def test_it_is_bounded_but_does_not_count_those_who_left() -> None:
    queue = FairQueue(2)
    gone = job("a", "gone")
    assert queue.put(gone)
    assert queue.put(job("b", "b1"))
    assert not queue.put(job("c", "c1"))
    gone.cancel()
    assert len(queue) == 1
    assert queue.put(job("c", "c2"))
    assert lines([queue.get(), queue.get()]) == ["b1", "c2"]


def test_a_job_can_be_taken_out() -> None:
    queue = FairQueue(4)
    late, other = job("a", "late"), job("a", "other")
    assert queue.put(late)
    assert queue.put(other)
    assert queue.remove(late)
    assert not queue.remove(late)
    assert lines(queue.in_order()) == ["other"]


def test_a_slow_reader_gets_fewer_and_longer_pieces_and_a_very_slow_one_an_error() -> None:
    async def scenario() -> None:
        slow = job("a", "x")
        for event in (ReplyStarted(), Reasoning("a"), Reasoning("b"), Text("c"), Text("d"), EndOfTurn()):
            slow.put(event)
        heard = [event async for event in slow.events()]
        assert heard == [ReplyStarted(), Reasoning("ab"), Text("cd"), EndOfTurn()]
        far_behind = job("a", "y")
        for number in range(20 * UNREAD_EVENTS):
            far_behind.put(Text(f"{number} "))
        assert not far_behind.is_cancelled
        assert len(far_behind._unread) == UNREAD_EVENTS
        far_behind.put(EndOfTurn())
        texts = [event.delta async for event in far_behind.events() if isinstance(event, Text)]
        assert "".join(texts).split() == [str(number) for number in range(20 * UNREAD_EVENTS)]
        stuck = job("a", "z")
        for _ in range(3):
            stuck.put(Text("x" * UNREAD_MAX_CHARS))
        assert stuck.is_cancelled
        assert stuck.problem is not None
        with pytest.raises(ApiError, match="too slowly"):
            async for _ in stuck.events():
                pass
        assert not stuck._unread

    asyncio.run(scenario())


def test_an_event_that_comes_late_is_waited_for() -> None:
    async def scenario() -> list[Event]:
        late = job("a", "x")
        asyncio.get_running_loop().call_later(0.01, late.put, Text("a"))
        asyncio.get_running_loop().call_later(0.02, late.put, EndOfTurn())
        return [event async for event in late.events()]

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == [Text("a"), EndOfTurn()]


def test_an_error_is_not_raised_twice() -> None:
    """Each time would add a traceback to it, and all that its frames hold."""

    async def given_up() -> ApiError:
        stuck = job("a", "z")
        for _ in range(3):
            stuck.put(Text("x" * UNREAD_MAX_CHARS))
        with pytest.raises(ApiError) as caught:
            async for _ in stuck.events():
                pass
        return caught.value

    assert asyncio.run(given_up()) is not asyncio.run(given_up())
    assert hung_up() is not hung_up()
    assert shutting_down() is not shutting_down()


class FaultyConsole:
    """A console whose owner makes a mistake at the first question; what is not asked for here is missing."""

    profile = load_profile("oellm_run-1.0.0")
    pid, load_s, stop_s, is_clean = 1, 0.0, 0.0, True
    lost_memory = MappingProxyType({})

    def __init__(self) -> None:
        self.attention = Bell()
        self.is_ready = False
        self.starts = self.questions = 0

    async def start(self) -> None:
        self.starts += 1
        self.is_ready = True

    async def stop(self) -> None:
        self.is_ready = False

    async def clean(self, how: str) -> None:
        assert how == "nothing"

    async def drain(self, timeout_s: float) -> bool:
        return timeout_s > 0

    async def ask(self, question: Question) -> AsyncGenerator[Event, None]:
        self.questions += 1
        if self.questions == 1:
            raise KeyError("a mistake")
        yield Text(question.line)
        yield EndOfTurn()


def test_a_mistake_of_ours_costs_one_reply() -> None:
    async def scenario() -> None:
        console = FaultyConsole()
        engine = Engine(console)  # type: ignore[arg-type]
        engine.start()
        unlucky, waiting = engine.submit(Question("one"), "a"), engine.submit(Question("two"), "b")
        for told, code in ((unlucky, "internal_error"), (waiting, "engine_internal")):
            with pytest.raises(ApiError, match="Internal error: KeyError") as caught:
                async for _ in told.events():
                    pass
            assert caught.value.code == code
        assert not engine.status().is_healthy
        while not engine.status().is_healthy:
            await asyncio.sleep(0.01)
        later = engine.submit(Question("three"), "a")
        assert [event async for event in later.events()] == [Text("three"), EndOfTurn()]
        assert (console.starts, engine.status().restarts) == (2, 1)
        await engine.stop()

    asyncio.run(asyncio.wait_for(scenario(), 20))


class StubbornEngine:
    """Never says JSON; remembers by when it was to have answered."""

    def __init__(self) -> None:
        self.deadlines: list[float | None] = []

    def submit(self, question: Question, client: str, deadline: float | None = None) -> Job:
        self.deadlines.append(deadline)
        asked = Job(question, client, deadline=100.0 if deadline is None else deadline)
        asked.put(Text("no"))
        asked.put(EndOfTurn())
        return asked


def test_asking_again_has_no_deadline_of_its_own() -> None:
    engine, profile = StubbornEngine(), load_profile("oellm_run-1.0.0")
    renderer = Renderer(profile, profile.model_type(), "passthrough")
    chat = ChatService(engine, renderer, ("xlm",))  # type: ignore[arg-type]
    messages = [{"role": "user", "content": "hello"}]
    wanted = {"model": "xlm", "messages": messages, "response_format": {"type": "json_object"}}

    async def scenario() -> None:
        with pytest.raises(ApiError, match="did not produce the JSON"):
            async for _ in chat.begin(ChatRequest.model_validate(wanted), "a").deltas():
                pass

    asyncio.run(scenario())
    assert engine.deadlines == [None, 100.0]
