# SPDX-License-Identifier: Apache-2.0
"""A terminal to talk to the agent: conversation, times of the last turn, keys for stop and resume."""

from __future__ import annotations

import threading
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Input, RichLog, Static

from voice_agent_ros.telemetry.chat_events import (
    THOUGHT,
    Event,
    Link,
    Reply,
    Said,
    Status,
    TurnEnded,
    waterfall,
)

MAX_LINES = 2000


class ChatApp(App[None]):
    """Escape stops, from wherever the cursor is.

    Args:
        link: to the agent.
    """

    TITLE = "voice agent"
    CSS = """
    #conversation { height: 1fr; }
    #times { height: auto; max-height: 14; padding: 0 1; color: $text-muted; }
    #status { height: 1; padding: 0 1; background: $panel; }
    #status.latched { background: $error; color: $text; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "STOP", priority=True),
        Binding("ctrl+r", "resume", "resume", priority=True),
        Binding("ctrl+q", "quit", "quit", priority=True),
    ]

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._lock = threading.Lock()
        self._early: list[Event] | None = []
        self._is_closed = False
        self._open: dict[str, str] = {}  # replies that are still coming
        self.lines: list[str] = []  # of the conversation, as shown

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom."""
        yield RichLog(id="conversation", wrap=True, max_lines=MAX_LINES)
        yield Static(id="times", markup=False)
        yield Static("waiting for the agent; if none comes: voice-agent doctor", id="status", markup=False)
        yield Input(placeholder="Say something; Escape stops the robot", id="words")
        yield Footer()

    def on_mount(self) -> None:
        """Type at once; show what came while the screen was being set up."""
        self.query_one("#words", Input).focus()
        with self._lock:
            early, self._early = self._early, None
        for event in early or ():
            self._show(event)

    def on_unmount(self) -> None:
        """From now on there is nowhere to show anything."""
        with self._lock:
            self._is_closed = True

    def take(self, event: Event) -> None:
        """Show an event; from any thread, also before and after the app runs."""
        with self._lock:
            if self._early is not None:
                self._early.append(event)
            elif not self._is_closed:
                self.call_later(self._show, event)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Send the sentence."""
        text = message.value.strip()
        if not text:
            return
        if self._link.say(text):
            message.input.value = ""
        else:
            self._write(
                "! nobody listens: is the agent running, with this ROS_DOMAIN_ID and namespace?", "red"
            )

    def action_stop(self) -> None:
        """Stop everything, now."""
        self._write(
            "! STOP" if self._link.stop() else "! STOP, but nobody listens: use the hardware stop", "bold red"
        )

    def action_resume(self) -> None:
        """Allow motion again."""
        self._write("! resume" if self._link.resume() else "! there is no bridge to resume", "yellow")

    def _show(self, event: Event) -> None:
        if isinstance(event, Said):
            if event.is_final:
                self._write(f"{event.by:<6} {event.text}", "bold")
        elif isinstance(event, Reply):
            self._show_reply(event)
        elif isinstance(event, TurnEnded):
            turn = event.turn
            why = f" ({turn.rule})" if turn.rule else ""
            self._write(f"       [{turn.outcome}{why}] {'; '.join(turn.calls)}".rstrip(), "dim")
            self.query_one("#times", Static).update("\n".join(waterfall(turn)))
        elif isinstance(event, Status):
            status = self.query_one("#status", Static)
            latched = f"STOPPED: {event.latch}. Ctrl-R resumes." if event.latch else ""
            status.update(" · ".join(part for part in (event.agent, latched) if part))
            status.set_class(bool(event.latch), "latched")

    def _show_reply(self, event: Reply) -> None:
        text = self._open.pop(event.reply_id, "") + event.text
        if not event.is_last:
            self._open[event.reply_id] = text
        elif text.strip():
            is_thought = event.kind == THOUGHT
            self._write(
                f"{'thinks' if is_thought else 'robot '} {text.strip()}",
                "dim italic" if is_thought else "green",
            )

    def _write(self, line: str, style: str) -> None:
        self.lines.append(line)
        del self.lines[:-MAX_LINES]
        # Text, not markup: what people and models say may hold brackets.
        self.query_one("#conversation", RichLog).write(Text(line, style=style))
