# SPDX-License-Identifier: Apache-2.0
"""The browser view: for those who have viser, in a real browser where there is one; others are told how to get it."""

import sys
from pathlib import Path

import chromium
import pytest
from until import until

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.share import shared_file
from voice_agent_ros.telemetry.browser_view import BrowserView
from voice_agent_ros.telemetry.chat_events import Question, Reply, Said, Status, TurnEnded
from voice_agent_ros.telemetry.look import Line, Look
from voice_agent_ros.telemetry.turns import Stage, Turn

PAGE_S = 60.0
LOOK = Look(
    {f"joint{number}": 0.3 for number in range(1, 7)},
    (
        SceneObject("red cube", (0.3, 0.1, 0.02)),
        SceneObject("bowl", (0.3, -0.2, 0.03), size=(0.18, 0.18, 0.06)),
    ),
    {"planned path/0": Line(((0.3, 0.0, 0.3), (0.3, 0.1, 0.1)), (0.2, 0.9, 0.3), 0.006)},
)


class FakeLink:
    """Nobody; remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_there = True

    def say(self, text: str) -> bool:
        self.asked.append(text)
        return self.is_there

    def stop(self) -> bool:
        return self.say("stop")

    def resume(self) -> bool:
        return self.say("resume")

    def answer(self, nonce: str, *, accept: bool) -> bool:
        return self.say(f"{nonce} {accept}")


@pytest.mark.parametrize("ending", ["import sys; sys.exit(1)", "raise ImportError('no', name='viser')"])
def test_without_viser_the_fix_is_named(monkeypatch, tmp_path: Path, ending: str) -> None:
    (tmp_path / "viser.py").write_text(ending)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "viser", raising=False)
    with pytest.raises(ConfigurationError, match=r"needs viser.*viser>=1\.0"):
        BrowserView(FakeLink(), Look, str)


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def view(link: FakeLink):
    pytest.importorskip("viser")
    urdf = shared_file("urdf/prim6.urdf").read_text()
    made = BrowserView(link, lambda: LOOK, lambda: urdf)
    yield made
    made.close()


@pytest.fixture
def page(view: BrowserView, tmp_path: Path):
    if chromium.PROGRAM is None:
        pytest.skip("there is no Chromium")
    with chromium.Page(view.url, tmp_path / "profile") as opened:
        until(lambda: "STOP" in opened.text(), PAGE_S)
        yield opened


def test_the_conversation_its_times_and_the_latch_are_shown_as_they_are(view, page, tmp_path) -> None:
    view.take(Status("ready", "spoken stop"))
    view.take(Said("t", "pick up the <b>red</b> cube", is_final=True, by="voice"))
    view.take(Reply("r", "I'll take ", "answer", is_last=False))
    view.take(Reply("r", "it. ![x](http://127.0.0.1:1/x.png)", "answer", is_last=True))
    stages = (Stage("final", 1.0, 1.5),)
    turn = Turn("s", "t", "", "en", "grammar", ("pick()",), "done", "", "", speech_end=1.0, stages=stages)
    view.take(TurnEnded(turn))
    until(lambda: "[done]" in page.text(), PAGE_S)
    shown = page.text()
    for words in (
        "STOPPED: spoken stop",
        "voice pick up the <b>red</b> cube",
        "I'll take it. ![x]",
        "final ",
        "0.50 s",
    ):
        assert words in shown
    assert not page.evaluate("[...document.images].some(one => one.src.endsWith('x.png'))")
    page.screenshot(tmp_path / "view.png")
    assert (tmp_path / "view.png").stat().st_size > 10_000


def test_its_buttons_reach_the_agent(view, page, link) -> None:
    assert page.click("STOP")
    until(lambda: link.asked == ["stop"], PAGE_S)
    assert page.click("Resume")
    until(lambda: link.asked == ["stop", "resume"], PAGE_S)
    link.is_there = False
    assert page.click("STOP")
    until(lambda: "Use the hardware stop" in page.text(), PAGE_S)


def test_a_question_is_answered_in_its_dialog(view, page, link) -> None:
    view.take(Question("confirm-1", "Shall I wave?"))
    until(lambda: "Shall I wave?" in page.text(), PAGE_S)
    view.take(Question("confirm-2", "Shall I go home?"))
    until(lambda: "Shall I go home?" in page.text() and "wave" not in page.text(), PAGE_S)
    assert page.evaluate("document.activeElement.innerText").strip() == "No"
    stops = "[...document.querySelectorAll('button')].filter(one => one.innerText.trim() === 'STOP')"
    assert page.evaluate(f"{stops}.length") == 2
    page.evaluate(f"{stops}[1].click()")
    assert page.click("No")
    until(lambda: sorted(link.asked) == ["confirm-2 False", "stop"], PAGE_S)
    view.take(Question())
    until(lambda: "Shall I" not in page.text(), PAGE_S)
