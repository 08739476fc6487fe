# SPDX-License-Identifier: Apache-2.0
"""The queue's fairness."""

from __future__ import annotations

import asyncio

from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.fair_queue import FairQueue, Job


def job(client: str, text: str) -> Job:
    return Job(Question(text), client, deadline=0.0)


def test_clients_take_turns() -> None:
    async def order() -> list[str]:
        queue = FairQueue(8)
        for client, text in (("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2"), ("c", "c1")):
            assert queue.put(job(client, text))
        return [(await queue.get()).question.line for _ in range(6)]

    assert asyncio.run(order()) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_it_is_bounded_but_does_not_count_those_who_left() -> None:
    async def scenario() -> None:
        queue = FairQueue(2)
        gone = job("a", "gone")
        assert queue.put(gone)
        assert queue.put(job("b", "b1"))
        assert not queue.put(job("c", "c1"))
        gone.cancel()
        assert queue.put(job("c", "c2"))
        assert [(await queue.get()).question.line for _ in range(2)] == ["b1", "c2"]

    asyncio.run(scenario())


def test_get_waits_for_put() -> None:
    async def scenario() -> str:
        queue = FairQueue(2)
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        queue.put(job("a", "late"))
        return (await asyncio.wait_for(waiting, 1)).question.line

    assert asyncio.run(scenario()) == "late"
