# SPDX-License-Identifier: Apache-2.0
"""The robot in a browser (viser): arm, objects, planned path, conversation, times, buttons. Listens on localhost only."""

from __future__ import annotations

import html
import io
import itertools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.telemetry.chat_events import (
    Event,
    Link,
    Question,
    Reply,
    Said,
    Status,
    TurnEnded,
    waterfall,
)
from voice_agent_ros.telemetry.look import Line, Look

ADDRESS, PORT = "127.0.0.1", 8080
PERIOD_S = 0.05
COLOURS = {"red": (217, 26, 26), "green": (26, 166, 51), "blue": (26, 64, 217)}
OTHER_COLOUR = (237, 230, 214)
SHOWN_LINES = 12
BAR_CHARACTERS = 22
CAMERA, LOOK_AT = (1.1, -0.9, 0.8), (0.25, 0.0, 0.15)  # m
CONTAINER_OPACITY = 0.4  # what lies in it must be seen
NOBODY = (
    "Nobody hears it. Use the hardware stop; is the agent running, with this ROS_DOMAIN_ID and namespace?"
)
PLAIN = "padding:0.3em 1em;font-size:0.85em;white-space:pre-wrap;overflow-wrap:anywhere"
BARS = "padding:0.3em 1em;font:0.6em monospace;white-space:pre;overflow-x:auto"
RED = "background:#c92a2a;color:white;font-weight:bold;padding:0.3em 1em;margin:0.3em 0"


class BrowserView:
    """Redraws until it is closed.

    Args:
        link: to the agent.
        look: gives the latest look at the robot.
        urdf: gives its description, empty until somebody has told it.

    Raises:
        ConfigurationError: viser is not installed.
    """

    def __init__(self, link: Link, look: Callable[[], Look], urdf: Callable[[], str]) -> None:
        try:
            import viser
            import yourdfpy  # noqa: F401  needed as soon as the robot is described
        except (ImportError, SystemExit) as error:
            # viser before 1.0 ends the process where an extra of its own is missing.
            missing = getattr(error, "name", None) or "viser 1.0 or newer"
            fix = (
                'Install it: pip install "voice_agent_ros[view]" '
                '(here: .ros/venv/bin/uv pip install --python .ros/venv/bin/python "viser>=1.0" yourdfpy).'
            )
            raise ConfigurationError(f"The browser view needs {missing}.", fix) from error
        self._link, self._look, self._urdf = link, look, urdf
        self._server: Any = viser.ViserServer(host=ADDRESS, port=PORT, verbose=False)
        self._server.initial_camera.position, self._server.initial_camera.look_at = CAMERA, LOOK_AT
        self._server.scene.add_grid("/table", width=1.6, height=1.6)
        self._events: deque[Event] = deque(maxlen=1000)
        self._lines: deque[str] = deque(maxlen=SHOWN_LINES)
        self._writing = threading.Lock()  # buttons are pressed in threads of the server
        self._open: dict[str, str] = {}  # replies that are still coming
        self._arm: Any = None
        self._is_described = False
        self._posture: list[float | None] = []
        self._things: tuple[SceneObject, ...] = ()
        self._boxes: dict[str, Any] = {}
        self._numbers = itertools.count()
        self._ways: dict[str, tuple[Line, Any]] = {}
        self._dialog: Any = None
        self._lay_out()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="browser view", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to look."""
        return f"http://{ADDRESS}:{self._server.get_port()}"

    def take(self, event: Event) -> None:
        """Show an event; from any thread."""
        self._events.append(event)

    def close(self) -> None:
        """End the server."""
        self._closing.set()
        self._thread.join(timeout=2.0)
        self._server.stop()

    def _lay_out(self) -> None:
        gui = self._server.gui
        self._status = gui.add_html("")
        stop = gui.add_button(
            "STOP", color="red", hint="a convenience: the robot still needs its hardware stop"
        )
        resume = gui.add_button("Resume", hint="motion is allowed again; nothing is restarted")
        stop.on_click(lambda _: self._press("STOP", self._link.stop()))
        resume.on_click(lambda _: self._press("resume", self._link.resume()))
        words = gui.add_text("Say", "", hint="a sentence, as if it had been heard")
        say = gui.add_button("Send")
        self._conversation = gui.add_html("")
        self._times = gui.add_html("")

        def send(_: Any) -> None:
            if text := words.value.strip():
                words.value = ""
                if not self._link.say(text):
                    self._write("!", NOBODY)

        say.on_click(send)

    def _press(self, name: str, is_heard: bool) -> None:
        self._write("!", name if is_heard else f"{name}: {NOBODY}")

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            while self._events:
                self._show(self._events.popleft())
            self._draw(self._look())

    # What is said.

    def _show(self, event: Event) -> None:
        if isinstance(event, Said):
            if event.is_final:
                self._write(event.by, event.text)
        elif isinstance(event, Reply):
            text = self._open.pop(event.reply_id, "") + event.text
            if not event.is_last:
                self._open = {**dict(list(self._open.items())[-SHOWN_LINES:]), event.reply_id: text}
            elif text.strip():
                self._write("robot", text)
        elif isinstance(event, TurnEnded):
            why = f" ({event.turn.rule})" if event.turn.rule else ""
            self._write(f"[{event.turn.outcome}{why}]", "; ".join(event.turn.calls))
            self._times.content = _element("\n".join(waterfall(event.turn, BAR_CHARACTERS)), BARS)
        elif isinstance(event, Status):
            stopped = _element(f"STOPPED: {event.latch}", RED) if event.latch else ""
            self._status.content = _element(event.agent, PLAIN) + stopped
        else:
            self._ask(event)

    def _write(self, who: str, text: str) -> None:
        with self._writing:
            self._lines.append(f"<b>{html.escape(who)}</b> {html.escape(text)}")
            self._conversation.content = f'<div style="{PLAIN}">' + "<br>".join(self._lines) + "</div>"

    def _ask(self, question: Question) -> None:
        if self._dialog is not None:
            self._dialog.close()
            self._dialog = None
        if not question.nonce:
            return
        self._dialog = self._server.gui.add_modal("May I?")
        with self._dialog:
            self._server.gui.add_html(_element(question.text or "…", PLAIN))
            # What comes first has the keyboard's focus; the dialog covers the other button for stop.
            for label, colour, accept in (("No", "gray", False), ("Yes", "green", True)):
                button = self._server.gui.add_button(label, color=colour)
                button.on_click(lambda _, accept=accept: self._answer(question, accept=accept))
            stop = self._server.gui.add_button("STOP", color="red")
            stop.on_click(lambda _: self._press("STOP", self._link.stop()))

    def _answer(self, question: Question, *, accept: bool) -> None:
        self._press("yes" if accept else "no", self._link.answer(question.nonce, accept=accept))

    # What is seen.

    def _draw(self, look: Look) -> None:
        if not self._is_described and (urdf := self._urdf()):
            self._is_described = True
            self._describe(urdf)
        if self._arm is not None:
            names = self._arm.get_actuated_joint_limits()
            posture = [look.joints.get(name) for name in names]
            if None not in posture and posture != self._posture:
                self._posture = posture
                self._arm.update_cfg(np.array(posture))
        if look.things != self._things:
            self._things = look.things
            self._draw_things(look)
        for name, line in look.lines.items():
            self._draw_line(name, line)

    def _describe(self, urdf: str) -> None:
        import yourdfpy
        from viser.extras import ViserUrdf

        try:
            model = yourdfpy.URDF.load(io.BytesIO(urdf.encode()))
        except (OSError, ValueError, KeyError, AttributeError, SyntaxError) as error:
            self._write("!", f"The arm cannot be shown: {error}")
            return
        self._arm = ViserUrdf(self._server, model, root_node_name="/arm")

    def _draw_things(self, look: Look) -> None:
        for gone in self._boxes.keys() - {thing.name for thing in look.things}:
            self._boxes.pop(gone).remove()
        for thing in look.things:
            if thing.name not in self._boxes:
                colour = COLOURS.get(thing.name.split()[0])
                self._boxes[thing.name] = self._server.scene.add_box(
                    f"/objects/{next(self._numbers)}",
                    color=colour or OTHER_COLOUR,
                    opacity=None if colour else CONTAINER_OPACITY,
                    dimensions=thing.size,
                )
            x, y, z, w = thing.orientation
            self._boxes[thing.name].position, self._boxes[thing.name].wxyz = thing.position, (w, x, y, z)

    def _draw_line(self, name: str, line: Line) -> None:
        before, node = self._ways.get(name, (None, None))
        if before == line:
            return
        if node is not None:
            node.remove()
            node = None
        if line.points:
            node = self._server.scene.add_line_segments(
                f"/lines/{name.replace(' ', '_')}",
                points=np.array(line.points).reshape(-1, 2, 3),
                colors=tuple(round(255 * one) for one in line.colour),
                thickness=line.width,
            )
        self._ways[name] = (line, node)


def _element(text: str, style: str) -> str:
    """Text as it is: what a model has written must not become elements or addresses to be fetched."""
    return f'<div style="{style}">{html.escape(text)}</div>'
