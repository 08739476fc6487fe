# SPDX-License-Identifier: Apache-2.0
"""Agent frameworks' own OpenAI providers: a tool loop and a typed answer, streamed and whole.

They are no dependencies: `pip install openai-agents 'pydantic-ai-slim[openai]'` runs these tests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from pydantic import BaseModel

SCRIPT = [
    {"match": '^Result: "?sunny', "reply": "It is sunny in Paris."},
    {"match": "weather in Paris", "reply": 'get_weather(city="Paris")'},
    {"match": "about Paris", "reply": '{"city": "Paris", "country": "France"}'},
]
QUESTION = "What is the weather in Paris?"
ANSWER = "It is sunny in Paris."


class City(BaseModel):
    city: str
    country: str


@pytest.fixture(scope="module")
def url(start_shared_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps(SCRIPT))
    return f"{start_shared_server(f'--script {script}').url}/v1"


def test_openai_agents(url: str) -> None:
    agents = pytest.importorskip("agents")
    agents.set_tracing_disabled(True)
    asked: list[str] = []

    @agents.function_tool
    def get_weather(city: str) -> str:
        """Weather of a city."""
        asked.append(city)
        return "sunny"

    async def scenario() -> None:
        client = openai.AsyncOpenAI(base_url=url, api_key="unused", max_retries=0)
        model = agents.OpenAIChatCompletionsModel(model="xlm", openai_client=client)
        agent = agents.Agent(name="robot", instructions="Be brief.", model=model, tools=[get_weather])
        assert (await agents.Runner.run(agent, QUESTION)).final_output == ANSWER
        streamed = agents.Runner.run_streamed(agent, QUESTION)
        async for _ in streamed.stream_events():
            pass
        assert streamed.final_output == ANSWER
        typed = agents.Agent(name="typed", model=model, output_type=City)
        told = (await agents.Runner.run(typed, "Tell me about Paris")).final_output
        assert told == City(city="Paris", country="France")

    asyncio.run(scenario())
    assert asked == ["Paris", "Paris"]


def test_pydantic_ai(url: str) -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    asked: list[str] = []

    def get_weather(city: str) -> str:
        """Weather of a city."""
        asked.append(city)
        return "sunny"

    async def scenario() -> None:
        model = OpenAIChatModel("xlm", provider=OpenAIProvider(base_url=url, api_key="unused"))
        agent = pydantic_ai.Agent(model, instructions="Be brief.", tools=[get_weather])
        assert (await agent.run(QUESTION)).output == ANSWER
        async with agent.run_stream(QUESTION) as streamed:
            assert await streamed.get_output() == ANSWER
        for output_type in (City, pydantic_ai.NativeOutput(City)):
            told = await pydantic_ai.Agent(model, output_type=output_type).run("Tell me about Paris")
            assert told.output == City(city="Paris", country="France")

    asyncio.run(scenario())
    assert asked == ["Paris", "Paris"]
