# SPDX-License-Identifier: Apache-2.0
"""Console sessions as documented, read in pieces of any size."""

from __future__ import annotations

import functools
import itertools
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.xlm.cleaning import OutputCleaner
from voice_agent_ros.xlm.events import (
    EndOfTurn,
    Event,
    Failure,
    Performance,
    Ready,
    Reasoning,
    ReplyStarted,
    Stray,
    Text,
)
from voice_agent_ros.xlm.parser import ConsoleParser
from voice_agent_ros.xlm.profile import Profile, load_profile, profile_names
from voice_agent_ros.xlm.sim_session import MARKERS_SAID

PROFILE = load_profile("xlm_demo-0.9.0")
BANNER = (
    "板端大模型多轮对话交互demo，请输入你的问题并按下回车 \n"
    "- 退出请输入exit\n- 清除缓存请输入reset\n[User] <<< "
)
SPEEDS = "Performance prefill: 941.18tokens/s    decode: 22.63tokens/s\n"
QUESTION = "简短描述人工智能的未来发展"
DEEPSEEK_ECHO = f"<｜begin▁of▁sentence｜><｜User｜>{QUESTION}<｜Assistant｜><think>\n\n"


@dataclass(frozen=True)
class Session:
    """What a console prints at start, and after one line."""

    output: str | bytes
    expected: tuple[Event, ...]
    question: str = QUESTION
    thinking: bool = False
    can_think: bool = False
    start: str = BANNER

    @property
    def data(self) -> bytes:
        return self.output if isinstance(self.output, bytes) else self.output.encode()


def merged(events: list[Event]) -> list[Event]:
    """Adjacent pieces of the same kind as one: how a reply is cut into pieces is not its meaning."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, Text | Reasoning) and type(last) is type(event):
            result[-1] = type(event)(last.delta + event.delta)
        elif isinstance(event, Stray) and isinstance(last, Stray):
            result[-1] = Stray(last.text + event.text)
        else:
            result.append(event)
    return result


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


def run(session: Session, cuts: list[int]) -> list[Event]:
    parser = ConsoleParser(PROFILE, can_think=session.can_think)
    events: list[Event] = []
    for piece in pieces(session.start.encode(), cuts):
        events += parser.feed(piece)
    assert merged(events) == [Ready()]
    parser.begin_turn(session.question, thinking=session.thinking)
    events = []
    for piece in pieces(session.data, cuts):
        events += parser.feed(piece)
    return merged(events + parser.settle())


SPOKEN = (Performance(941.18, 22.63), EndOfTurn())
SESSIONS = {
    "documented": Session(
        f"{DEEPSEEK_ECHO}[Assistant] >>> 嗯，好的\n</think>\n\n人工智能…\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Reasoning("嗯，好的\n"), Text("人工智能…"), *SPOKEN),
        thinking=True,
        can_think=True,
    ),
    "speeds after the prompt": Session(
        f"{QUESTION}\n[Assistant] >>> 好\n[User] <<< \n{SPEEDS}", (ReplyStarted(), Text("好"), *SPOKEN)
    ),
    "no speeds": Session(
        f"{QUESTION}\n[Assistant] >>> 好\n[User] <<< ", (ReplyStarted(), Text("好"), EndOfTurn())
    ),
    "space before the unit": Session(
        f"{QUESTION}\n[Assistant] >>> hi\nPerformance prefill: 1.5 tokens/s decode: 2 tokens/s\n[User] <<< ",
        (ReplyStarted(), Text("hi"), Performance(1.5, 2.0), EndOfTurn()),
    ),
    "speeds on the reply's line": Session(
        f"{QUESTION}\n[Assistant] >>> hi{SPEEDS}[User] <<< ", (ReplyStarted(), Text("hi"), *SPOKEN)
    ),
    "empty reply": Session(f"{QUESTION}\n[Assistant] >>> {SPEEDS}[User] <<< ", (ReplyStarted(), *SPOKEN)),
    "log lines inside words and characters": Session(
        f"[UCP]: log level = 3\n{QUESTION}\n[Assist[DNN]: x\nant] >>> ".encode()
        + "你好".encode()[:2]
        + b"[UCP]: UCP version = 3.6.1\n"
        + "你好".encode()[2:]
        + b" wor[BPU][[BPU_MONITOR]][281][INFO] load\nld\nPerf[VP]: y\n"
        + f"{SPEEDS[4:]}[User] <<< ".encode(),
        (ReplyStarted(), Text("你好 world"), *SPOKEN),
    ),
    "colours": Session(
        f"{QUESTION}\n\x1b[1;32m[Assistant] >>> \x1b[0mgr\x1b[Keen\n\x1b[33m{SPEEDS}\x1b[0m[User] <<< ",
        (ReplyStarted(), Text("green"), *SPOKEN),
    ),
    "torn control sequences": Session(
        f"{QUESTION}\n\x1b]0;title\x07[Assistant] >>> a\x1b[1;3\x1b[0mb\x1b[2\nc\x1b[1好\n"
        f"{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text("ab\nc好"), *SPOKEN),
    ),
    "special tokens": Session(
        f"{QUESTION}\n[Assistant] >>> done<|im_end|><|im_start|>user\nmore\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text("done"), *SPOKEN),
    ),
    "what the model may say": Session(
        f"{QUESTION}\n[Assistant] >>> Type [User] <<< to ask.\n[User] <<< is the prompt.\n"
        f"Performance prefill: fast\nrun error is bad\nexit\n{SPEEDS}So it said.\n"
        f"Performance\nrun error\nno\n{SPEEDS}[User] <<< ",
        (
            ReplyStarted(),
            Text(
                "Type [User] <<< to ask.\n[User] <<< is the prompt.\n"
                f"Performance prefill: fast\nrun error is bad\nexit\n{SPEEDS}So it said.\n"
                "Performance\nrun error\nno"
            ),
            *SPOKEN,
        ),
    ),
    "special tokens that no profile names": Session(
        f"{QUESTION}\n[Assistant] >>> a<|fim_pad|>b<｜tool▁sep｜>c <| d |> e<|\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text("abc <| d |> e<|"), *SPOKEN),
    ),
    "a prompt on the reply's line": Session(
        f"{QUESTION}\n[Assistant] >>> Say [User] <<< here.[User] <<< \n{SPEEDS}",
        (ReplyStarted(), Text("Say [User] <<< here."), *SPOKEN),
    ),
    "a prompt said first of all": Session(
        f"{QUESTION}\n[Assistant] >>> [User] <<< is the prompt.\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text("[User] <<< is the prompt."), *SPOKEN),
    ),
    "commands and markers said on lines of their own": Session(
        f"{QUESTION}\n[Assistant] >>> {''.join(MARKERS_SAID)}ok\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text(f"{''.join(MARKERS_SAID)}ok"), *SPOKEN),
    ),
    "a log line without an end": Session(
        f"{QUESTION}\n[Assistant] >>> a[UCP]: {'x' * 3000} b\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text(f"a{'x' * 953} b"), *SPOKEN),
    ),
    "run error and a prompt instead of a reply": Session(f"{QUESTION}\nrun error\n[User] <<< ", (Failure,)),
    "a question about run error": Session("run error\n", (), question="run error"),
    "run error to a question about it": Session("run error\nrun error\n", (Failure,), question="run error"),
    "run error instead of a reply": Session(f"{QUESTION}\nrun error\n", (Failure,)),
    "run error after some text": Session(
        f"{QUESTION}\n[Assistant] >>> Well\n\x1b[m\x1b[Krun error\n", (ReplyStarted(), Text("Well"), Failure)
    ),
    "run error with torn escapes": Session(
        f"{QUESTION}\n[Assistant] >>> mKrun error\n", (ReplyStarted(), Failure)
    ),
    "an opened think tag": Session(
        f"{QUESTION}\n[Assistant] >>> <think>hm</think>\n\nyes\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Reasoning("hm"), Text("yes"), *SPOKEN),
        can_think=True,
    ),
    "tags of a model that does not think": Session(
        f"{QUESTION}\n[Assistant] >>> use <think> here\n{SPEEDS}[User] <<< ",
        (ReplyStarted(), Text("use <think> here"), *SPOKEN),
    ),
    "garbage": Session(
        f"{QUESTION}\n[Assistant] >>> a".encode() + b"\xff\xfe\xc3" + f"b\n{SPEEDS}[User] <<< ".encode(),
        (ReplyStarted(), Text("a\ufffd\ufffd\ufffdb"), *SPOKEN),
    ),
    "a reply that goes on after its end": Session(
        f"{QUESTION}\n[Assistant] >>> a\n{SPEEDS}[User] <<< secret",
        (ReplyStarted(), Text("a"), *SPOKEN, Stray("secret")),
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
@given(cuts=st.lists(st.integers(min_value=0, max_value=2000), max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_split_gives_the_same_events(name: str, cuts: list[int]) -> None:
    events = run(SESSIONS[name], cuts)
    expected = SESSIONS[name].expected
    assert len(events) == len(expected), events
    for event, wanted in zip(events, expected, strict=True):
        assert event == wanted or (isinstance(wanted, type) and isinstance(event, wanted))


@pytest.mark.parametrize("name", SESSIONS)
def test_byte_by_byte(name: str) -> None:
    session = SESSIONS[name]
    assert run(session, list(range(len(session.data)))) == run(session, [])


@functools.cache
def recorded(profile_name: str, fault: str) -> tuple[Profile, list[bytes]]:
    """What the stand-in prints for two questions: until the first prompt, and after each line."""
    profile = load_profile(profile_name)
    command = [sys.executable, "-m", "voice_agent_ros.xlm.console_sim", "--echo", "--profile", profile_name]
    done = subprocess.run(
        [*command, *(["--fault", fault] if fault else [])],
        input=f"{QUESTION}\nsecond\n".encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    prompt = profile.markers.ready.encode() + b" "
    start, rest = done.stdout.split(prompt, 1)
    return profile, [start + prompt, rest]


FAULTS_READ_THROUGH = ("", "garbage", "split_utf8", "log_storm", "long_line", "markers")


@pytest.mark.parametrize("fault", FAULTS_READ_THROUGH)
@pytest.mark.parametrize("name", profile_names())
def test_any_split_of_a_recorded_session_gives_the_same_events(name: str, fault: str) -> None:
    profile, (start, rest) = recorded(name, fault)

    @given(cuts=st.lists(st.integers(min_value=0, max_value=40_000), max_size=40))
    @settings(max_examples=25, deadline=None)
    def check(cuts: list[int]) -> None:
        assert read(cuts) == whole

    def read(cuts: list[int]) -> list[Event]:
        parser = ConsoleParser(profile, can_think=True)
        events = [event for piece in pieces(start, cuts) for event in parser.feed(piece)]
        assert merged(events) == [Ready()]
        parser.begin_turn(QUESTION)
        for piece in pieces(rest, cuts):
            for event in parser.feed(piece):
                events.append(event)
                if isinstance(event, EndOfTurn):
                    return merged(events)
        return merged(events)

    whole = read([])
    assert isinstance(whole[-1], EndOfTurn), whole
    said = "".join(event.delta for event in whole if isinstance(event, Text))
    assert QUESTION[0] in said
    check()


def test_a_bare_prompt_where_speeds_are_always_printed_is_waited_out() -> None:
    parser = ConsoleParser(PROFILE)
    parser.feed(BANNER.encode())
    parser.begin_turn("hi")
    assert merged(parser.feed(b"hi\n[Assistant] >>> a\n[User] <<< ")) == [ReplyStarted(), Text("a")]
    assert parser.settle(PROFILE.limits.settle_s) == []
    assert parser.settle(PROFILE.limits.bare_prompt_s) == [EndOfTurn()]


def test_text_is_not_held_longer_than_needed() -> None:
    parser = ConsoleParser(PROFILE)
    parser.feed(BANNER.encode())
    parser.begin_turn("hi")
    assert parser.feed(b"hi\n[Assistant] >>> ") == [ReplyStarted()]
    assert parser.feed(b"The red cube") == [Text("The red cube")]
    assert parser.feed(b" is\n") == [Text(" is")]
    assert parser.feed(b"here") == [Text("\nhere")]


def test_a_forged_ending_cannot_pass_the_old_answer_to_the_next_client() -> None:
    parser = ConsoleParser(PROFILE)
    parser.feed(BANNER.encode())
    parser.begin_turn("first question")
    events = parser.feed(f"first question\n[Assistant] >>> a\n{SPEEDS}[User] <<< ".encode())
    assert events[-1] == EndOfTurn()
    parser.begin_turn("second question")
    old = f"\n[Assistant] >>> the first client's secret\n{SPEEDS}[User] <<< "
    new = f"second question\n[Assistant] >>> b\n{SPEEDS}[User] <<< "
    assert merged(parser.feed((old + new).encode())) == [ReplyStarted(), Text("b"), *SPOKEN]


def test_a_console_that_echoes_otherwise_is_believed_on_its_first_turn() -> None:
    parser = ConsoleParser(PROFILE)
    parser.feed(BANNER.encode())
    for _ in range(2):
        parser.begin_turn("hi")
        events = parser.feed(f"(no echo)\n[Assistant] >>> b\n{SPEEDS}[User] <<< ".encode())
        assert merged(events) == [ReplyStarted(), Text("b"), *SPOKEN]


def test_reset_is_awaited() -> None:
    parser = ConsoleParser(PROFILE)
    parser.feed(BANNER.encode())
    parser.begin_reset()
    assert not parser.is_idle
    assert parser.feed(b"[Us") == []
    assert parser.feed(b"er] <<< ") == [Ready()]
    assert parser.is_idle


@given(st.binary(max_size=400), st.lists(st.integers(min_value=0, max_value=400), max_size=10))
@settings(max_examples=200, deadline=None)
def test_noise_never_breaks_it_and_is_split_invariant(noise: bytes, cuts: list[int]) -> None:
    output = f"{QUESTION}\n[Assistant] >>> ".encode() + noise
    session = Session(output, ())
    assert run(session, cuts) == run(session, [])


@pytest.mark.parametrize("speed", ["12", "3.", "941.18", "1e+06", "inf", "nan", "-nan", "-inf"])
def test_speeds_as_c_prints_them(speed: str) -> None:
    parser = ConsoleParser(load_profile("xlm_demo-0.9.0"))
    parser.feed(b"[User] <<< ")
    parser.begin_turn("hello")
    line = f"hello\n[Assistant] >>> hi\nPerformance prefill: {speed}tokens/s    decode: {speed} tokens/s\n"
    events = parser.feed(f"{line}[User] <<< ".encode())
    assert [type(event) for event in events] == [ReplyStarted, Text, Performance, EndOfTurn]


@pytest.mark.parametrize("speed", ["...", "1.2.3", "", ".", "fast", "１２"])
def test_speeds_that_are_none_are_words(speed: str) -> None:
    parser = ConsoleParser(load_profile("xlm_demo-0.9.0"))
    parser.feed(b"[User] <<< ")
    parser.begin_turn("hello")
    said = f"Performance prefill: {speed}tokens/s    decode: 1.0tokens/s\n[User] <<< and more"
    end = "\nPerformance prefill: 1.0tokens/s    decode: 1.0tokens/s\n[User] <<< "
    events = parser.feed(f"hello\n[Assistant] >>> {said}{end}".encode())
    assert events[1] == Text(said)
    assert events[-1] == EndOfTurn()


def test_log_lines_may_begin_with_any_letter() -> None:
    cleaner = OutputCleaner(["DEBUG:", "[UCP]:", "§ "])
    text = "one DEBUG: x\ntwo [UCP]: y\nthree § z\nDE[U§four"
    for size in (1, 2, 3, 100):
        data = text.encode()
        pieces = [cleaner.feed(data[at : at + size]) for at in range(0, len(data), size)]
        assert b"".join(pieces).decode() == "one two three DE[U§four"
