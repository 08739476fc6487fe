# SPDX-License-Identifier: Apache-2.0
"""What grows with the scene and with the number of people who talk: understanding, prompts, planning, conversations.

Group "scaling"; half a minute, without ROS. Each number is compared with that of the smallest case in the same run.
"""

from __future__ import annotations

import gc
import math
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.motion import CUBE, Lab
from benchmarks.row import Row
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.llm.budget import usual_tokens
from voice_agent_ros.llm.client import ChatRequest, Finished, TextDelta
from voice_agent_ros.llm.prompt import action_request, talk_request
from voice_agent_ros.motion.plan import Situation

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "support"))
from talk import Talk

GROUP = "scaling"
SIZES = (1, 5, 10, 20, 50)
REPEATS = 15
COLOURS = ("red", "green", "blue", "yellow", "white", "black", "orange", "purple", "pink", "brown")
KINDS = ("cube", "cup", "ball", "box", "block")
TOLD = "I would love to see the red cube end up with the others"
KB = 1e3


def rows() -> list[Row]:
    """Measure everything."""
    return [*_understanding(), *_prompts(), *_planning(), *_sessions()]


def scene_of(count: int, poses: tuple[str, ...] = ("home", "ready")) -> Scene:
    """A bowl, a red cube, and others beside them on three arcs, where they do not stand in its way."""
    names = [f"{colour} {kind}" for kind in KINDS for colour in COLOURS][:count]
    things = [
        SceneObject("bowl", (0.30, -0.28, 0.0275), size=(0.18, 0.18, 0.055)),
        SceneObject(names[0], (0.39, -0.06, 0.02), size=CUBE),
    ]
    for index, name in enumerate(names[1:]):
        radius, angle = 0.50 + 0.08 * (index % 3), math.radians(15 + 8 * (index // 3))
        things.append(
            SceneObject(name, (radius * math.cos(angle), radius * math.sin(angle), 0.02), size=CUBE)
        )
    return Scene(tuple(things), poses)


def _growing(name: str, unit: str, samples_of: Callable[[int], list[float]]) -> list[Row]:
    found: list[Row] = []
    for size in SIZES:
        samples = samples_of(size)
        base = found[0].value if found else None
        found.append(Row.of_samples(GROUP, name.format(size), samples, unit, base))
    return found


def _times_ms(act: Callable[[], Any], repeats: int = REPEATS) -> list[float]:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _understanding() -> list[Row]:
    def of_known(size: int) -> list[float]:
        grammars, scene = SentenceGrammars(), scene_of(size)
        grammars.prepare(scene)
        sentence = "Please put the red cube in the bowl."
        if not grammars.parse(sentence, "en", scene).calls:
            raise RuntimeError(f"It is not understood with {size} things.")
        return _times_ms(lambda: grammars.parse(sentence, "en", scene))

    def of_new(size: int) -> list[float]:
        scene = scene_of(size)
        return _times_ms(lambda: SentenceGrammars().prepare(scene), 3)

    return [
        *_growing("a sentence by grammar, things: {}", "ms", of_known),
        *_growing("sentences of a new scene, things: {}", "ms", of_new),
    ]


def _prompts() -> list[Row]:
    def request(size: int, kind: str) -> ChatRequest:
        scene = scene_of(size)
        made = action_request(TOLD, scene, "en") if kind == "call" else talk_request(TOLD, scene, "en")
        if made is None:
            raise RuntimeError("No tool fits the sentence.")
        return made

    def text(made: ChatRequest) -> str:
        return str([*made.messages]) + str([*made.tools])

    found = []
    for kind in ("call", "talk"):
        name = f"prompt for a {kind}"
        found += _growing(f"{name}, things: {{}}", "kB", lambda n, k=kind: [len(text(request(n, k))) / KB])
        found += _growing(
            f"{name}, things: {{}}, estimated",
            "tokens",
            lambda n, k=kind: [float(usual_tokens(text(request(n, k))))],
        )
    return found


def _planning() -> list[Row]:
    lab = Lab()
    call = parse_call("pick_and_place", {"object": "red cube", "target": "bowl"})

    def samples(size: int) -> list[float]:
        situation = Situation(scene_of(size, tuple(lab.arm.poses)), lab.home, lab.arm.gripper.open)
        return _times_ms(lambda: lab.planner.plan([call], situation))

    return _growing("plan: pick and place, things: {}", "ms", samples)


def _sessions() -> list[Row]:
    """People who talk to the dialogue in turn, with a model that answers at once; their words are kept."""
    times: dict[int, list[float]] = {}
    memory: dict[int, float] = {}
    for count in SIZES:
        talk = Talk(SentenceGrammars())
        _round(talk, 1)  # what is made once
        gc.collect()
        tracemalloc.start()
        for _ in range(6):  # a conversation keeps four exchanges
            _round(talk, count)
        gc.collect()
        memory[count] = tracemalloc.get_traced_memory()[0] / KB
        tracemalloc.stop()
        times[count] = [value / count for value in _times_ms(lambda: _round(talk, count), 3)]  # noqa: B023
    return [
        *_growing("a turn, sessions: {}", "ms", lambda count: times[count]),
        *_growing("memory of the conversations, sessions: {}", "kB", lambda count: [memory[count]]),
    ]


def _round(talk: Any, count: int) -> None:
    for number in range(count):
        talk.hears("What is the capital of France?", session=f"person-{number}")
        talk.model(TextDelta("The capital of France is Paris, on the Seine."), Finished())
        talk.plays()
    talk.ports.__init__()  # what the stand-in has taken down is not the dialogue's
