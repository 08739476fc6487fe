# SPDX-License-Identifier: Apache-2.0
"""The queue's fairness."""

from __future__ import annotations

import asyncio

import pytest

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.events import EndOfTurn, Event, Reasoning, ReplyStarted, Text
from voice_agent_ros.xlm.fair_queue import UNREAD_EVENTS, UNREAD_MAX_CHARS, FairQueue, Job


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
