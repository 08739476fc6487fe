# SPDX-License-Identifier: Apache-2.0
"""Several endpoints: what they can do, who answers, who takes over, and what is told of it."""

import json
import queue
import threading
import time

import pytest
from llm_peer import Peer
from until import until

from voice_agent_ros.llm import upkeep
from voice_agent_ros.llm.chat import ChatRequest
from voice_agent_ros.llm.client import (
    ClientSettings,
    Deadlines,
    Endpoint,
    Failed,
    Finished,
    LlmClient,
    Switched,
    TextDelta,
    Thinking,
    ThinkingDelta,
)
from voice_agent_ros.llm.images import image_from_array
from voice_agent_ros.llm.prompt import tool_schema

TALK = ChatRequest(({"role": "user", "content": "hello"},))
ACT = ChatRequest(({"role": "user", "content": "the red one"},), (tool_schema("pick"),), purpose="act")
DEADLINES = Deadlines(4.0, 5.0, 8.0)
BY_HAND = ClientSettings(health_period_s=0.0)
WAIT_S = 20.0


class Client:
    """A client of peers that keeps what it hears."""

    def __init__(self, *peers, settings=BY_HAND, deadlines=DEADLINES, keys=None):
        self.reports = []
        endpoints = [Endpoint(peer.url, "m", peer.key, deadlines) for peer in peers]
        self.client = LlmClient.of(endpoints, settings, self.reports.append)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def ask(self, request):
        events = queue.Queue()
        self.client.chat(request, events.put)
        found = [events.get(timeout=WAIT_S)]
        while not isinstance(found[-1], (Finished, Failed)):
            found.append(events.get(timeout=WAIT_S))
        return found

    def probed(self):
        return self.client.prepare(WAIT_S)[0]


# What an endpoint can do.


@pytest.mark.parametrize(
    ("peer", "abilities"),
    [
        (Peer("vllm"), "JSON schema; calls as json"),
        (Peer("vllm", has_tools=False), "JSON schema; calls as json"),
        (Peer("vllm", schema_tokens=30), "JSON schema, tools; calls as tools"),
        (Peer("vllm", schema_tokens=30, has_tools=False), "JSON schema; calls as json"),
        (Peer("openai"), "tools; calls as tools"),
        (Peer("llama.cpp", has_schema=False), "tools; calls as tools"),
        (Peer("vllm", has_schema=False, has_tools=False), "text only; calls as written"),
    ],
)
def test_abilities_are_found_out_and_used(peer, abilities):
    with peer, Client(peer) as client:
        assert client.probed().abilities == abilities
        *_, finished = client.ask(ACT)
        form = abilities.rpartition(" ")[2]
        body = peer.questions[-1]
        assert ("response_format" in body, "tools" in body) == (form == "json", form == "tools")
        if form != "written":
            (call,) = finished.calls
            assert (call.name, json.loads(call.arguments_json)) == ("pick", {"object": "red cube"})
            assert finished.usage.prompt_tokens == 100 + peer.schema_tokens * (form == "json")


@pytest.mark.parametrize("has_tools", [True, False])
def test_whether_tools_are_called_is_asked_when_somebody_talks_and_calls(has_tools):
    tools = ChatRequest(ACT.messages, ACT.tools)
    with Peer("vllm", has_tools=has_tools) as peer, Client(peer) as client:
        client.probed()
        assert not any("tools" in body for body in peer.asked)
        for _ in range(2):
            assert isinstance(client.ask(tools)[-1], Finished)
            assert ("tools" in peer.asked[-1]) is has_tools
        assert len([body for body in peer.asked if "tools" in body]) == (3 if has_tools else 1)


def test_what_an_endpoint_does_not_take_is_left_out_once_and_for_all():
    with Peer("openai") as peer, Client(peer) as client:
        client.probed()
        count = len(peer.asked)
        client.ask(TALK)
        assert len(peer.asked) == count + 1
        assert "max_completion_tokens" in peer.asked[-1]
        assert not {"max_tokens", "temperature"} & set(peer.asked[-1])


def test_abilities_are_asked_again_when_another_model_answers():
    with Peer("vllm") as peer, Client(peer) as client:
        assert "calls as json" in client.probed().abilities
        count = len(peer.asked)
        client.probed()
        assert len(peer.asked) == count
        peer.model, peer.has_schema = "another", False
        assert "calls as tools" in client.probed().abilities


@pytest.mark.parametrize("thinks", ["apart", "reasoning", "inline", "unopened"])
@pytest.mark.parametrize("closed_by", ["kwargs", "effort", "word", "prefill", ""])
def test_thinking_is_closed_where_it_can_be_and_never_passes_for_words(thinks, closed_by):
    with Peer("vllm", thinks=thinks, closed_by=closed_by) as peer, Client(peer) as client:
        assert ("closed by" in client.probed().abilities) is bool(closed_by)
        *events, finished = client.ask(TALK)
        assert "".join(e.text for e in events if isinstance(e, TextDelta)).strip() == peer.words
        thoughts = "".join(e.text for e in events if isinstance(e, ThinkingDelta)).strip()
        assert thoughts == ("" if closed_by else peer.thoughts)
        assert finished.text == peer.words
        assert [c.arguments_json for c in client.ask(ACT)[-1].calls] == ['{"object": "red cube"}']


def test_of_an_unknown_model_nothing_is_spoken_that_may_be_thought():
    with Peer("vllm", thinks="unopened") as peer, Client(peer) as client:
        *events, _ = client.ask(TALK)  # before any probe
        assert "".join(e.text for e in events if isinstance(e, TextDelta)).strip() == peer.words


def test_endless_thinking_ends_by_tokens_or_time():
    settings = ClientSettings(0.0, thinking=Thinking(is_wanted=True, max_tokens=20))
    with Peer("vllm", thinks="inline") as peer, Client(peer, settings=settings) as client:
        client.probed()
        peer.thoughts = "and then again " * 300
        assert client.ask(TALK)[-1].problem == "too_slow"


@pytest.mark.parametrize("sees", [True, False])
def test_pictures_go_only_to_endpoints_with_eyes(sees):
    import numpy as np

    picture = image_from_array(np.full((8, 8, 3), 200, np.uint8))
    with Peer("vllm", sees=sees) as peer, Client(peer) as client:
        client.probed()
        last = client.ask(ChatRequest(TALK.messages, images=(picture,)))[-1]
        if sees:
            assert last.text == peer.words
            assert peer.asked[-1]["messages"][-1]["content"][1] == picture.as_part()
        else:
            assert last.problem == "no_eyes"
            assert "vision" in last.message
        assert client.ask(TALK)[-1].text == peer.words


# Who answers.


def test_another_takes_over_inside_the_turn_and_it_is_told():
    with Peer() as first, Peer("openai") as second, Client(first, second) as client:
        client.probed()
        first.fail = (
            500,
            {},
            {"error": {"message": "out of memory", "type": "InternalServerError", "code": 500}},
        )
        switched, *_, finished = client.ask(ACT)
        assert switched == Switched(first.url, second.url, switched.why)
        assert "out of memory" in switched.why
        assert finished.url == second.url
        assert len(first.questions) == len(second.questions) == 1
        first.fail = None
        assert client.ask(ACT)[-1].url == first.url
        told = [report for report in client.reports if report.news == "switched"]
        assert [report.url for report in told] == [second.url, first.url]
        assert "out of memory" in told[0].message
        assert "answers again" in told[1].message
        assert client.client.switches() == (2, tuple(told))


def test_a_reply_that_breaks_off_is_taken_over_only_if_nothing_was_used():
    with Peer() as first, Peer() as second, Client(first, second) as client:
        client.probed()
        first.cut_after = 5
        assert client.ask(ACT)[-1].url == second.url
        *texts, failed = client.ask(TALK)
        assert texts
        assert failed.problem == "broken"
        assert len(second.questions) == 1


def test_who_keeps_failing_is_left_alone():
    with Peer() as first, Peer() as second, Client(first, second) as client:
        client.probed()
        first.fail = (500, {}, {"error": {"message": "no"}})
        for _ in range(6):
            assert client.ask(ACT)[-1].url == second.url
        assert len(first.questions) == 2
        down, well = client.client.status()
        assert (down.state, well.state, well.is_current) == ("down", "up", True)


def test_nobody_left_is_said_at_once():
    first = Peer()
    with first:
        pass
    with Client(first) as client:
        began = time.monotonic()
        assert client.ask(ACT)[-1].problem == "unreachable"
        assert client.ask(ACT)[-1].problem == "unreachable"
        assert time.monotonic() - began < 2.0


def test_a_wrong_key_is_told_and_costs_no_further_turn():
    with Peer(key="right") as peer:
        client = LlmClient.of([Endpoint(peer.url, key="wrong", deadlines=DEADLINES)], BY_HAND)
        status = client.prepare(WAIT_S)[0]
        assert status.state == "down"
        assert "key" in status.last_problem
        assert "wrong" not in status.last_problem
        client.close()


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_within_the_deadline(status):
    with Peer() as peer, Client(peer) as client:
        client.probed()
        peer.fail = (status, {"Retry-After": "1"}, {"error": {"message": "slow down"}})
        threading.Timer(0.5, setattr, (peer, "fail", None)).start()
        began = time.monotonic()
        assert client.ask(TALK)[-1].text == peer.words
        assert time.monotonic() - began > 0.9
        assert len(peer.questions) == 2


def test_a_retry_after_beyond_the_deadline_is_not_waited_for():
    with Peer() as peer, Client(peer) as client:
        client.probed()
        peer.fail = (429, {"Retry-After": "60"}, {"error": {"message": "slow down"}})
        began = time.monotonic()
        assert client.ask(TALK)[-1].problem == "busy"
        assert client.ask(TALK)[-1].problem == "busy"
        assert time.monotonic() - began < 3.0
        assert len(peer.questions) == 1


def test_a_busy_endpoint_is_passed_over():
    with Peer() as first, Peer() as second, Client(first, second) as client:
        client.probed()
        first.fail = (429, {"Retry-After": "30"}, {"error": {"message": "slow down"}})
        assert client.ask(ACT)[-1].url == second.url
        assert client.ask(ACT)[-1].url == second.url
        assert len(first.questions) == 1


def test_a_refused_request_says_nothing_about_health():
    with Peer() as peer, Client(peer) as client:
        client.probed()
        body = {
            "error": {
                "message": "maximum context length is 1024 tokens",
                "type": "BadRequestError",
                "code": 400,
            }
        }
        peer.fail = (400, {}, body)
        for _ in range(4):
            assert "1024 tokens" in client.ask(TALK)[-1].message
        peer.fail = None
        assert client.ask(TALK)[-1].text == peer.words


def test_an_abort_reaches_the_server():
    with Peer() as peer, Client(peer) as client:
        client.probed()
        peer.pause_s = WAIT_S
        chat = client.client.chat(TALK, lambda event: pytest.fail("an event"))
        until(lambda: peer.questions)
        chat.abort()
        assert peer.hung_up.wait(WAIT_S)


# What is done in between.


def test_an_endpoint_is_looked_after_by_itself():
    warm = (ChatRequest(({"role": "user", "content": "the fixed words"},)),)
    settings = ClientSettings(health_period_s=0.05, rewarm_s=0.2, warm_ups=warm)
    with Peer("llama.cpp", is_loading=True) as peer, Client(peer, settings=settings) as client:
        until(lambda: client.client.status()[0].state == "busy")
        assert not peer.asked
        peer.is_loading = False
        until(lambda: client.client.status()[0].state == "up")
        assert [report.news for report in client.reports] == ["busy", "probed", "up"]
        warmed = [body for body in peer.asked if "the fixed words" in json.dumps(body["messages"])]
        assert [body["max_tokens"] for body in warmed] == [1]
        count = len(peer.asked)
        until(lambda: len(peer.asked) > count)  # idle for long: warmed again
        assert client.ask(TALK)[-1].text == peer.words


@pytest.mark.parametrize("health_period_s", [0.0, 0.05])
def test_who_asks_while_the_model_is_loaded_waits_for_it(health_period_s):
    settings = ClientSettings(health_period_s=health_period_s)
    with Peer("llama.cpp", is_loading=True) as peer, Client(peer, settings=settings) as client:
        threading.Timer(0.5, setattr, (peer, "is_loading", False)).start()
        assert client.ask(TALK)[-1].text == peer.words


def test_what_a_server_does_not_keep_is_not_read_to_it_for_ever():
    """This one takes as long for a beginning that it has read before."""
    warm = (ChatRequest(({"role": "user", "content": "the fixed words"},)),)
    settings = ClientSettings(health_period_s=0.02, rewarm_s=0.05, warm_ups=warm)
    with Peer(pause_s=0.1) as peer, Client(peer, settings=settings) as client:
        until(lambda: len([body for body in peer.asked if "the fixed words" in json.dumps(body)]) == 2)
        count = len(peer.asked)
        assert not peer.hung_up.wait(1.0)
        assert len(peer.asked) == count
        assert client.ask(TALK)[-1].text == peer.words


def test_nothing_is_done_while_somebody_speaks_and_then_it_is_gone_on_with():
    warm = tuple(ChatRequest(({"role": "user", "content": f"fixed words {n}"},)) for n in range(2))
    settings = ClientSettings(health_period_s=0.05, quiet_s=0.3, warm_ups=warm)

    def has_asked(words):
        return any(words in json.dumps(body) for body in peer.asked)

    with Peer() as peer, Client(peer, settings=settings) as client:
        peer.pause_s = WAIT_S
        until(lambda: peer.asked)  # somewhere in between
        client.client.somebody_speaks(True)
        assert peer.hung_up.wait(WAIT_S)
        count = len(peer.asked)
        peer.pause_s = 0.0
        assert client.ask(TALK)[-1].text == peer.words  # an answer of somebody else changes nothing
        client.client.somebody_speaks(True)
        time.sleep(0.6)
        assert len(peer.asked) == count + 1
        client.client.somebody_speaks(False)
        ended = time.monotonic()
        until(lambda: client.client.status()[0].state == "up")
        until(lambda: has_asked("fixed words 1"))
        assert time.monotonic() - ended >= 0.3


def test_the_end_of_speech_may_stay_away(monkeypatch):
    monkeypatch.setattr(upkeep, "SPEECH_MAX_S", 0.2)
    with Peer() as peer, Client(peer, settings=ClientSettings(health_period_s=0.05)) as client:
        client.client.somebody_speaks(True)
        until(lambda: "JSON schema" in client.client.status()[0].abilities)
        assert client.ask(TALK)[-1].text == peer.words
    client.client.somebody_speaks(False)  # after the end


def test_who_is_healthy_but_does_not_answer_stays_down():
    settings = ClientSettings(health_period_s=0.05)
    with Peer() as first, Peer() as second, Client(first, second, settings=settings) as client:
        until(lambda: all(status.state == "up" for status in client.client.status()))
        first.fail = (500, {}, {"error": {"message": "no"}})
        for _ in range(3):
            assert client.ask(ACT)[-1].url == second.url
        until(lambda: client.client.status()[0].failures > 4)
        assert client.client.status()[0].state == "down"
        count = len(first.questions)
        client.ask(ACT)
        assert len(first.questions) == count
        first.fail = None
        until(lambda: client.client.status()[0].state == "up")
        assert client.ask(ACT)[-1].url == first.url


def test_a_person_does_not_wait_for_a_probe():
    with Peer(pause_s=1.0) as peer:
        settings = ClientSettings(health_period_s=0.1)
        with Client(peer, settings=settings) as client:
            until(lambda: peer.asked)
            assert client.ask(TALK)[-1].text == peer.words
            assert peer.hung_up.is_set()


def test_the_time_to_the_first_words_is_learnt():
    with Peer() as peer, Client(peer) as client:
        client.probed()
        assert client.client.expected_first_text_s() is None
        client.ask(TALK)
        assert 0.0 < client.client.expected_first_text_s() < WAIT_S
