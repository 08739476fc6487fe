# SPDX-License-Identifier: Apache-2.0
"""How well sentences are understood: exact calls, questions asked rightly, false actions, tokens and seconds.

By the grammar alone, by a language model alone, and by both, as the robot does it. What a model proposes is read back
before anything moves, so that a wrong proposal is counted apart from an action that nobody asked for.

Variables: MIND_SENTENCES, at most so many (every kind in proportion; 0: all); MIND_MODELS, e.g. "0.5b 1.5b"; MIND_THREADS;
MIND_ALONE=0 leaves out the model alone, which takes longest; MIND_URL, an endpoint to measure instead; MIND_SERVER, "llama" or "xlm"; MIND_WRONG=1 prints what went wrong.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.row import Row
from benchmarks.understanding import SCENE, read, same_calls
from voice_agent_ros.commands.own_llm_server import llama_server, own_llm_server
from voice_agent_ros.commands.sentence_reader import SentenceReader, Understood
from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.llm.client import (
    ChatRequest,
    ClientSettings,
    Deadlines,
    Endpoint,
    Event,
    Failed,
    Finished,
    LlmClient,
    Usage,
)
from voice_agent_ros.llm.prompt import listening_request, warm_up_requests
from voice_agent_ros.models.catalogue import models_directory, path_of
from voice_agent_ros.motion.sentences import intention

GROUP = "mind"
DATA = Path(__file__).parents[1] / "test" / "data"
SENTENCES = int(os.environ.get("MIND_SENTENCES", "220"))
MODELS = os.environ.get("MIND_MODELS", "0.5b").split()
THREADS = int(os.environ.get("MIND_THREADS", "2"))
ALONE = os.environ.get("MIND_ALONE") != "0"
PREPARE_S = 180.0
BOARD_PREFILL, BOARD_DECODE = 635.0, 17.0  # tokens/s, an RDK S100 with a model of 1.5 B
FALSE_ACTIONS = 0.005
REPLY_TOKENS = 30.0
PROMPT_TOKENS = 600.0


@dataclass(frozen=True)
class Judged:
    """What became of a sentence.

    Attributes:
        exact: what was wanted, and nothing else; of a question back: it is asked, or at least nothing would move.
        asked: a question back, where one is wanted.
        false_action: something would move unasked that nobody wanted.
        false_proposal: the same, but it is read back first.
        s: until it was understood.
        by_model: a model was asked.
    """

    row: Mapping[str, Any]
    got: str
    exact: bool
    asked: bool
    false_action: bool
    false_proposal: bool
    s: float
    call: SkillCall | None = None
    by_model: bool = False


class Recorder:
    """The client, remembering what it was asked: both ways of understanding put the same question.

    Attributes:
        usages: tokens of each request for a call that was made.
        first_s: its first token.
    """

    def __init__(self, client: LlmClient) -> None:
        self._client = client
        self._known: dict[str, list[tuple[float, Event]]] = {}
        self.usages: list[Usage] = []
        self.first_s: list[float] = []
        self.total_s: list[float] = []

    def chat(self, request: ChatRequest, listener: Callable[[Event], None]) -> Any:
        """Ask, or tell again what was answered. What is only talk cannot move anything, and is not asked."""
        if request.purpose != "act":
            listener(Finished())
            return _Over()
        key = repr(request.messages[-1])
        if key not in self._known:
            return self._client.chat(request, lambda event: self._keep(key, event, listener))
        for wait_s, event in self._known[key]:
            time.sleep(wait_s)
            listener(event)
        return _Over()

    def _keep(self, key: str, event: Event, listener: Callable[[Event], None]) -> None:
        if isinstance(event, Finished):
            self._known[key] = [(event.total_s, event)]
            self.first_s.append(event.first_token_s)
            self.total_s.append(event.total_s)
            if event.usage:
                self.usages.append(event.usage)
        listener(event)


class _Over:
    def abort(self) -> None:
        """Nothing is under way."""


def judge(row: Mapping[str, Any], understood: Understood) -> Judged:
    """Compare with the label."""
    wanted = row["expect"]["calls"]
    got = [call.as_dict() for call in understood.calls]
    moves = any(call.arguments.moves or call.skill == "resume" for call in understood.calls)
    asked = understood.outcome in ("asked", "refused")
    if row["expect"].get("ask"):
        unseen = bool(got) and any(_unseen(call) for call in got)
        exact = asked or unseen
    elif wanted:
        exact = same_calls(wanted, got, any_order=bool(row.get("any_order")))
    else:
        exact = not moves
    wrong = moves and not exact
    by_model = understood.engine == "llm"
    text = repr(got) if got else understood.reply or "nothing"
    return Judged(
        row,
        f"{text} [{understood.engine}]",
        exact,
        bool(row["expect"].get("ask")) and exact,
        wrong and not by_model,
        wrong and by_model,
        understood.elapsed_s,
        understood.calls[0] if len(understood.calls) == 1 else None,
        by_model,
    )


def _unseen(call: Mapping[str, Any]) -> bool:
    """Whether it names what nobody sees; the bridge says so, and moves nothing."""
    steps = [step["arguments"] for step in call["arguments"].get("steps", ())] or [call["arguments"]]
    return any(
        slot in step and SCENE.find(str(step[slot])) is None
        for step in steps
        for slot in ("object", "target")
    )


def sample(rows: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Evenly through the file, which goes kind by kind; all of them if there are not more."""
    if not count or len(rows) <= count:
        return list(rows)
    return [rows[index * len(rows) // count] for index in range(count)]


def sentences() -> list[dict[str, Any]]:
    """The labelled paraphrases, written apart from the grammar's templates."""
    path = next(path for name in ("paraphrases", "commands_dev") if (path := DATA / f"{name}.yaml").exists())
    return sample(read(path), SENTENCES)


def rows() -> list[Row]:
    """Measure everything."""
    labelled = sentences()
    grammars = SentenceGrammars()
    grammars.prepare(SCENE)
    found = _summary("grammar", measure(SentenceReader(SCENE, grammars, None), labelled))
    for name, open_endpoint in _endpoints():
        with ExitStack() as opened:
            url = open_endpoint(opened)
            found += _with_model(name, url, labelled, grammars, opened)
    return found


def measure(reader: SentenceReader, labelled: Sequence[Mapping[str, Any]]) -> list[Judged]:
    """Read every sentence."""
    judged = []
    for row in labelled:
        one = judge(row, reader.read(str(row["text"]), str(row["language"])))
        if os.environ.get("MIND_WRONG") and not one.exact:
            mark = "!!" if one.false_action or one.false_proposal else "  "
            print(f"{mark} {row['kind']:12} {row['text']!r} -> {one.got}", flush=True)
        judged.append(one)
    return judged


def _endpoints() -> Iterator[tuple[str, Callable[[ExitStack], str]]]:
    if url := os.environ.get("MIND_URL"):
        yield "endpoint", lambda _: url
        return
    for size in MODELS:
        model = f"qwen2.5-coder-{size}-instruct"
        weights = models_directory() / model / f"{model}-q4_k_m.gguf"
        if not weights.exists():
            try:
                weights = path_of(model)
            except ModelMissingError as error:
                print(f"{size}: {error}", flush=True)
                continue
        if os.environ.get("MIND_SERVER") == "xlm":
            yield f"{size} xlm-server", lambda opened, w=weights: opened.enter_context(own_llm_server(w))
        else:
            yield size, lambda opened, w=weights: opened.enter_context(llama_server(w, THREADS))


def _with_model(
    name: str, url: str, labelled: Sequence[dict[str, Any]], grammars: SentenceGrammars, opened: ExitStack
) -> list[Row]:
    """Model alone, then both."""
    settings = ClientSettings(0.0, listening=listening_request(), warm_ups=warm_up_requests())
    client = LlmClient.of([Endpoint(url, deadlines=Deadlines(2.0, 60.0, 90.0))], settings)
    opened.callback(client.close)
    status = client.prepare(PREPARE_S)[0]
    print(f"{name}: {status.abilities} {status.last_problem}", flush=True)
    recorder = Recorder(client)
    alone: list[Judged] = []
    if ALONE:
        alone = measure(SentenceReader(SCENE, None, lambda: recorder), labelled)  # type: ignore[arg-type, return-value]
    both = measure(SentenceReader(SCENE, grammars, lambda: recorder), labelled)  # type: ignore[arg-type, return-value]
    found = [*(_summary(f"LLM {name}", alone) if alone else []), *_summary(f"both {name}", both)]
    model_s = alone or [one for one in both if one.by_model]
    return [*found, *_costs(name, recorder), *_second_opinions(name, client, model_s)]


def _second_opinions(name: str, client: LlmClient, alone: Sequence[Judged]) -> list[Row]:
    """What it would be worth to ask the model again, in other words, whether its own proposal is meant."""
    proposed = [one for one in alone if one.call is not None and one.call.arguments.moves]
    doubted = {one.row["id"]: not _confirms(client, one) for one in proposed}
    found = []
    for what, part in (
        ("false proposals that a second opinion stops", [one for one in proposed if one.false_proposal]),
        ("right proposals that a second opinion stops", [one for one in proposed if one.exact]),
    ):
        if part:
            share = sum(doubted[one.row["id"]] for one in part) / len(part)
            found.append(Row(GROUP, f"LLM {name}: {what}", share, "1", None, len(part)))
    return found


def _confirms(client: LlmClient, one: Judged) -> bool:
    assert one.call is not None
    wish = intention([one.call], "en", SCENE)
    question = (
        f"A person said to a robot arm: {one.row['text']!r}. Shall the robot now {wish}, exactly that and nothing else?"
        " Answer yes or no."
    )
    events: queue.Queue[Event] = queue.Queue()
    client.chat(ChatRequest(({"role": "user", "content": question},), max_tokens=2), events.put)
    while not isinstance(event := events.get(timeout=PREPARE_S), (Finished, Failed)):
        pass
    return isinstance(event, Finished) and event.text.lower().startswith("yes")


def _summary(name: str, judged: Sequence[Judged]) -> list[Row]:
    found: list[Row] = []
    for kind in dict.fromkeys(one.row["kind"] for one in judged):
        for language in ("en", "zh"):
            part = [one for one in judged if (one.row["kind"], one.row["language"]) == (kind, language)]
            if part:
                found.append(_rate(f"{name}: {kind} {language} right", part, "exact"))
    wanting = [one for one in judged if one.row["expect"].get("ask")]
    if wanting:
        found.append(_rate(f"{name}: asked or refused where that is right", wanting, "asked"))
    found.append(_rate(f"{name}: all right", judged, "exact"))
    found.append(_rate(f"{name}: false actions", judged, "false_action", FALSE_ACTIONS))
    found.append(_rate(f"{name}: false proposals, read back first", judged, "false_proposal"))
    hostile = [one for one in judged if one.row["kind"] == "hostile"]
    if hostile:
        found.append(
            _rate(f"{name}: hostile, false actions or proposals", hostile, "false_action", None, also=True)
        )
    times = [one.s * 1e3 for one in judged if one.row["expect"]["calls"]]
    return [*found, Row.of_samples(GROUP, f"{name}: time per command", times, "ms")]


def _rate(
    name: str, part: Sequence[Judged], what: str, baseline: float | None = None, *, also: bool = False
) -> Row:
    count = sum(bool(getattr(one, what)) or (also and one.false_proposal) for one in part)
    return Row(GROUP, name, count / len(part), "1", baseline, len(part))


def _costs(name: str, recorder: Recorder) -> list[Row]:
    """Tokens of a request for a call, and what they would cost on a board that remembers no prompt."""
    usages = recorder.usages
    if not usages:
        return []
    board = [use.prompt_tokens / BOARD_PREFILL + use.completion_tokens / BOARD_DECODE for use in usages]
    kept = [
        max(use.prompt_tokens - use.cached_tokens, 1) / BOARD_PREFILL + use.completion_tokens / BOARD_DECODE
        for use in usages
    ]
    prompt = [float(use.prompt_tokens) for use in usages]
    reply = [float(use.completion_tokens) for use in usages]
    return [
        replace(Row.of_samples(GROUP, f"LLM {name}: prompt", prompt, "tokens"), baseline=PROMPT_TOKENS),
        replace(Row.of_samples(GROUP, f"LLM {name}: reply", reply, "tokens"), baseline=REPLY_TOKENS),
        Row.of_samples(GROUP, f"LLM {name}: first token", recorder.first_s, "s"),
        Row.of_samples(GROUP, f"LLM {name}: request for a call", recorder.total_s, "s"),
        Row.of_samples(GROUP, f"LLM {name}: at 635/17 tokens/s, computed, no cache", board, "s"),
        Row.of_samples(GROUP, f"LLM {name}: at 635/17 tokens/s, computed, prefix cached", kept, "s"),
    ]
