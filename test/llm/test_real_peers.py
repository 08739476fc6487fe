# SPDX-License-Identifier: Apache-2.0
"""The same tests against real servers with real weights: llama.cpp's own, and xlm-server over the console stand-in.

LLM_PEERS="llama xlm" and LLM_WEIGHTS="0.5b 1.5b" choose; LLM_SENTENCES=1 asks many sentences.
"""

import json
import os
import queue
import time
import urllib.request

import pytest

from voice_agent_ros.commands.own_llm_server import llama_server, own_llm_server
from voice_agent_ros.intent.dialogue_thinking import proposed_call
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.llm.chat import ChatRequest
from voice_agent_ros.llm.client import (
    ClientSettings,
    Deadlines,
    Endpoint,
    Failed,
    Finished,
    LlmClient,
    TextDelta,
)
from voice_agent_ros.llm.forms import wire
from voice_agent_ros.llm.images import image_from_array
from voice_agent_ros.llm.prompt import action_request, talk_request
from voice_agent_ros.models.catalogue import models_directory

pytestmark = pytest.mark.weights

PEERS = os.environ.get("LLM_PEERS", "llama xlm").split()
WEIGHTS = os.environ.get("LLM_WEIGHTS", "0.5b").split()
THREADS = int(os.environ.get("LLM_THREADS", "2"))
WAIT_S = 90.0
SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)
COMMAND = "snatch the green block"
COMMANDS = {
    COMMAND: ("pick", {"object": "green cube"}),
    "park at home": ("move_to", {"pose": "home"}),
    "relax your fingers": ("open_gripper", {}),
    "Squeeze your fingers together": ("close_gripper", {}),
    "Could you get a grip on the blue cube": ("pick", {"object": "blue cube"}),
}
STEPS = "have the hand let loose, then budge two centimetres leftwards"
SIX_STEPS = (
    "snag the red one, then budge left 2 cm, then have the hand let loose, then the blue one should be in the bowl,"
    " then park at home, then wave at my son"
)
# As many things as are told, with names as long as they may be.
FULL = Scene(
    tuple(SceneObject(f"extraordinarily long red thing {n}", (0.3, 0.0, 0.02)) for n in range(20)),
    ("home", "ready"),
)

# Letters that cost three tokens each.
ODD = Scene(
    tuple(SceneObject("\uab70\uab7f\U00010400" * 10 + str(n), (0.3, 0.0, 0.02)) for n in range(20)),
    ("home", "ready"),
)


@pytest.fixture(scope="module", params=[(peer, size) for size in WEIGHTS for peer in PEERS], ids="-".join)
def url(request):
    peer, size = request.param
    model = f"qwen2.5-coder-{size}-instruct"
    weights = models_directory() / model / f"{model}-q4_k_m.gguf"
    if not weights.exists():
        pytest.skip(f"{weights} is missing: voice-agent models fetch {model}")
    server = llama_server(weights, THREADS) if peer == "llama" else own_llm_server(weights)
    with server as address:
        yield address


@pytest.fixture(scope="module")
def client(url):
    deadlines = Deadlines(5.0, 60.0, WAIT_S)
    client = LlmClient.of([Endpoint(url, deadlines=deadlines)], ClientSettings(health_period_s=0.0))
    deadline = time.monotonic() + WAIT_S
    # As llm_node does: what did not answer is looked at again.
    while (status := client.prepare(WAIT_S)[0]).state != "up":
        assert time.monotonic() < deadline, status
        time.sleep(1.0)
    yield client
    client.close()


def ask(client, request):
    events = queue.Queue()
    client.chat(request, events.put)
    found = [events.get(timeout=WAIT_S)]
    while not isinstance(found[-1], (Finished, Failed)):
        found.append(events.get(timeout=WAIT_S))
    return found


def test_what_it_can_do_is_found_out(client):
    assert "calls as" in client.status()[0].abilities
    assert "thinks" not in client.status()[0].abilities
    assert "sees" not in client.status()[0].abilities


def test_a_command_is_one_short_valid_call(client):
    *events, finished = ask(client, action_request(COMMAND, SCENE, "en"))
    assert not events
    (call,) = finished.calls
    assert parse_call(call.name, call.arguments_json).as_dict()["arguments"] == {"object": "green cube"}
    assert finished.usage.prompt_tokens <= 600
    assert finished.usage.completion_tokens <= 30


def test_several_steps_are_one_declared_sequence(client):
    """In some thirty tokens, whatever the form in which the endpoint takes calls."""
    *events, finished = ask(client, action_request(STEPS, SCENE, "en"))
    assert not events
    assert [call.name for call in finished.calls] == ["sequence"]
    assert finished.usage.prompt_tokens <= 600
    assert finished.usage.completion_tokens <= 45
    call, _ = proposed_call(finished, STEPS, SCENE, "en")
    assert call.as_dict()["arguments"]["steps"] == [
        {"skill": "open_gripper", "arguments": {}},
        {"skill": "move_by", "arguments": {"direction": "left", "distance": 0.02}},
    ]


def test_talk_comes_in_pieces(client):
    *events, finished = ask(client, talk_request("Say in one sentence what a robot arm is.", SCENE, "en"))
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(texts) > 2
    assert "".join(texts).strip() == finished.text
    assert finished.reason in ("stop", "length")
    assert finished.first_token_s < finished.total_s


def test_an_abort_frees_the_server(client, url):
    """A console cannot be told to stop: it is waited for as long as it takes to load, then replaced, and reads anew."""
    strange = ChatRequest(({"role": "user", "content": " ".join(map(str, range(100)))},), max_tokens=1)
    reading_s = ask(client, strange)[-1].first_token_s
    ask(client, action_request(COMMAND, SCENE, "en"))
    began = time.monotonic()
    ask(client, action_request(COMMAND, SCENE, "en"))
    usual_s = time.monotonic() - began
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/health") as answer:
        loading_s = json.load(answer).get("load_s", 0.0)  # of llama.cpp, which stops at once, none
    events = queue.Queue()
    long = ChatRequest(
        ({"role": "user", "content": "Count from one to five hundred in words."},), max_tokens=2000
    )
    chat = client.chat(long, events.put)
    assert isinstance(events.get(timeout=WAIT_S), TextDelta)
    chat.abort()
    began = time.monotonic()
    assert ask(client, action_request(COMMAND, SCENE, "en"))[-1].calls
    # The long reply would take a minute where a command takes a second or two.
    assert time.monotonic() - began < 2.0 * loading_s + reading_s + 3.0 * usual_s + 1.0


def test_what_is_too_long_is_refused_and_nothing_breaks(client):
    failed = ask(client, ChatRequest(({"role": "user", "content": "word " * 20_000},)))[-1]
    assert isinstance(failed, Failed)
    assert failed.problem == "refused"
    assert client.status()[0].state == "up"


def test_pictures_are_refused_without_eyes(client):
    import numpy as np

    picture = image_from_array(np.zeros((64, 64, 3), np.uint8))
    failed = ask(client, ChatRequest(({"role": "user", "content": "What is this?"},), images=(picture,)))[-1]
    assert failed.problem == "no_eyes"


def test_results_of_calls_are_understood(client):
    request = action_request(COMMAND, SCENE, "en")
    function = {"name": "pick", "arguments": '{"object": "green cube"}'}
    call = {"id": "c1", "type": "function", "function": function}
    messages = [
        *request.messages,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "refused: the green cube is too far away"},
        {"role": "user", "content": "Then take the blue cube."},
    ]
    finished = ask(client, ChatRequest(messages, request.tools, 40, purpose="act"))[-1]
    assert [json.loads(one.arguments_json) for one in finished.calls] == [{"object": "blue cube"}]


@pytest.mark.parametrize(
    "text",
    [*COMMANDS, STEPS, SIX_STEPS, "I'd love to see the blue one end up with the others", "手再抬高三厘米"],
)
@pytest.mark.parametrize("things", [FULL, ODD], ids=["long", "odd"])
def test_the_fixed_prompt_is_small_by_the_models_own_tokenizer(url, client, text, things):
    """Rendered by the model's template and counted by its tokenizer, with a scene of the longest and oddest names."""
    scene = Scene((*SCENE.objects, *things.objects), SCENE.poses)
    request = action_request(text, scene, "en" if text.isascii() else "zh")
    for form in ("json", "written"):
        messages = wire(request, form)["messages"]
        assert len(json.dumps(messages, ensure_ascii=False).encode()) <= 4096
        if "llama" in PEERS and _has_tokenizer(url):
            prompt = _post(url, "apply-template", {"messages": messages})["prompt"]
            assert len(_post(url, "tokenize", {"content": prompt, "parse_special": True})["tokens"]) <= 600


def test_the_beginning_of_a_prompt_is_kept(url, client):
    ask(client, action_request(COMMAND, SCENE, "en"))
    usage = ask(client, action_request("snatch the blue block", SCENE, "en"))[-1].usage
    if _has_tokenizer(url):
        assert usage.cached_tokens > 0.7 * usage.prompt_tokens


@pytest.mark.skipif("LLM_SENTENCES" not in os.environ, reason="LLM_SENTENCES=1: takes a minute")
@pytest.mark.parametrize("text", COMMANDS)
def test_commands_become_calls(client, text):
    skill, arguments = COMMANDS[text]
    finished = ask(client, action_request(text, SCENE, "en"))[-1]
    assert [(call.name, json.loads(call.arguments_json)) for call in finished.calls] == [(skill, arguments)]
    assert finished.usage.completion_tokens <= 30


def _has_tokenizer(url):
    """Whether the server is llama.cpp's, which tells how it counts."""
    try:
        _post(url, "tokenize", {"content": ""})
    except OSError:
        return False
    return True


def _post(url, path, body):
    request = urllib.request.Request(
        f"{url.removesuffix('/v1')}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=WAIT_S) as response:
        return json.load(response)
