# SPDX-License-Identifier: Apache-2.0
"""The terminal of `voice-agent chat`, driven key by key without a terminal, over a link that is faked."""

import asyncio
import threading
from dataclasses import replace

import pytest

pytest.importorskip("textual")

from textual.widgets import Input, Static

from voice_agent_ros.telemetry.chat_events import Reply, Said, Status, TurnEnded, waterfall
from voice_agent_ros.telemetry.chat_screen import ChatApp
from voice_agent_ros.telemetry.turns import Stage, Turn

STAGES = (Stage("final_transcript", 10.0, 10.5), Stage("done", 10.5, 12.0), Stage("never", 0.0, 0.0))
TURN = Turn(
    "s", "t", "go", "en", "grammar", ("move_by(distance=0.05)",), "refused", "reach", "No.", 10.0, STAGES
)


class FakeLink:
    """Notes what the person wants."""

    def __init__(self, *, is_heard=True):
        self.wanted = []
        self.is_heard = is_heard

    def say(self, text):
        self.wanted.append(text)
        return self.is_heard

    def stop(self):
        return self.say("STOP")

    def resume(self):
        return self.say("RESUME")


def drive(script, link=None):
    """Run the app, and a script of keys and events in it."""
    link = link or FakeLink()
    app = ChatApp(link)

    async def run():
        async with app.run_test(size=(100, 40)) as pilot:
            await script(app, pilot)

    asyncio.run(run())
    return app, link


def test_a_sentence_is_sent_and_the_line_emptied():
    async def script(app, pilot):
        await pilot.press(*"go up", "enter")
        assert app.query_one(Input).value == ""

    _, link = drive(script)
    assert link.wanted == ["go up"]


def test_escape_stops_in_the_middle_of_a_sentence():
    async def script(app, pilot):
        await pilot.press(*"pick", "escape", *" it")
        assert app.query_one(Input).value == "pick it"

    app, link = drive(script)
    assert link.wanted == ["STOP"]
    assert app.lines == ["! STOP"]


def test_resume_has_a_key():
    async def script(_, pilot):
        await pilot.press("ctrl+r")

    assert drive(script)[1].wanted == ["RESUME"]


def test_a_stop_that_nobody_hears_is_told():
    async def script(app, pilot):
        await pilot.press("escape", *"hello", "enter")
        assert app.query_one(Input).value == "hello"  # not lost

    app, _ = drive(script, FakeLink(is_heard=False))
    assert "hardware stop" in app.lines[0]
    assert "nobody listens" in app.lines[1]


def test_a_turn_is_shown_with_its_times():
    async def script(app, pilot):
        for event in (
            Said("t", "go", is_final=False),
            Said("t", "go [/] up", is_final=True),
            Reply("r", "I cannot ", "answer", is_last=False),
            Reply("r", "reach that.", "answer", is_last=True),
            TurnEnded(TURN),
        ):
            app.take(event)
        await pilot.pause()
        assert "final_transcript" in str(app.query_one("#times", Static).render())

    app, _ = drive(script)
    assert app.lines == [
        "you    go [/] up",
        "robot  I cannot reach that.",
        "       [refused (reach)] move_by(distance=0.05)",
    ]


def test_who_said_it_is_told_apart():
    async def script(app, pilot):
        app.take(Said("1", "go up", is_final=True))
        app.take(Said("2", "go down", is_final=True, by="voice"))
        app.take(Said("3", "go home", is_final=True, by="other"))
        await pilot.pause()

    assert drive(script)[0].lines == ["you    go up", "voice  go down", "other  go home"]


def test_the_latch_is_shown_until_it_is_released():
    async def script(app, pilot):
        status = app.query_one("#status", Static)
        app.take(Status("ready", "spoken stop"))
        await pilot.pause()
        assert status.has_class("latched")
        assert "spoken stop" in str(status.render())
        app.take(Status("ready", ""))
        await pilot.pause()
        assert not status.has_class("latched")

    drive(script)


def test_bars_share_an_axis_and_count_from_the_end_of_speech():
    first, last = waterfall(TURN, width=20)
    assert first.startswith("final_transcript █")
    assert first.endswith("0.50 s")
    assert last.endswith("2.00 s")
    assert last.index("█") >= first.rindex("█")


def test_a_turn_without_times_has_no_bars():
    assert waterfall(Turn("", "", "", "", "", (), "", "", "", 0.0, ())) == []


def test_of_many_stages_the_telling_ones_are_shown():
    names = (
        "speech",
        "partial",
        "endpoint",
        "final_transcript",
        "grammar",
        "intent",
        "gate",
        "plan",
        "goal_accepted",
        "first_motion",
    )
    stages = tuple(Stage(name, 10.0 + at, 11.0 + at) for at, name in enumerate(names))
    shown = [line.split()[0] for line in waterfall(replace(TURN, stages=stages))]
    assert shown == ["speech", "final_transcript", "intent", "first_motion"]


def test_events_may_come_before_and_after():
    app = ChatApp(FakeLink())
    app.take(Said("t", "early", is_final=True))

    async def run():
        async with app.run_test() as pilot:
            await pilot.pause()

    asyncio.run(run())
    app.take(Said("t", "late", is_final=True))
    assert app.lines == ["you    early"]


def test_events_come_from_another_thread():
    async def script(app, pilot):
        thread = threading.Thread(target=app.take, args=(Said("t", "hello", is_final=True),))
        thread.start()
        thread.join()
        for _ in range(100):
            await pilot.pause(0.02)
            if app.lines:
                break

    assert drive(script)[0].lines == ["you    hello"]
