# SPDX-License-Identifier: Apache-2.0
"""A conversation on a virtual clock: scripted events stand for model, bridge and loudspeaker."""

from dataclasses import dataclass, field

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Partial, Played, Settings
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.turn import Heard
from voice_agent_ros.llm.client import ToolCall
from voice_agent_ros.llm.conversation import Conversation

SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "blue cube", "bowl")),
    ("home", "ready"),
)
PARAPHRASE = "I'd love to see the blue one end up with the others"
BLUE = ToolCall("pick_and_place", '{"object": "blue cube", "target": "bowl"}')
EPOCH = 1_800_000_000.0


@dataclass
class FakeChat:
    chat_id: str
    request: object
    is_aborted: bool = False

    def abort(self):
        self.is_aborted = True


@dataclass
class FakePorts:
    """Takes down what the dialogue does."""

    chats: list = field(default_factory=list)
    goals: list = field(default_factory=list)
    pieces: list = field(default_factory=list)
    signs: list = field(default_factory=list)
    stops: list = field(default_factory=list)
    reports: list = field(default_factory=list)

    def ask(self, chat_id, request):
        self.chats.append(FakeChat(chat_id, request))
        return self.chats[-1]

    def execute(self, key, heard, engine, calls):
        self.goals.append((key, engine, [call.as_dict() for call in calls]))

    def say(self, piece):
        (self.signs if piece.kind == "earcon" else self.pieces).append(piece)

    def stop(self, heard, words):
        self.stops.append(words)

    def report(self, report):
        self.reports.append(report)


class Talk:
    """A robot and a person on a virtual clock; scripted events stand for model, bridge and loudspeaker."""

    def __init__(self, grammars, **settings):
        self.now = 100.0
        self.ports = FakePorts()
        self.conversation = Conversation()
        self.dialogue = Dialogue(
            grammars,
            self.ports,
            self.conversation,
            lambda: self.now,
            lambda: EPOCH + self.now,
            Settings(**settings),
        )
        self.dialogue.on_scene(SCENE)
        self.turns = 0
        self._began: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    def hears(self, text, session="s", language="en", recognizer=""):
        self.turns += 1
        turn_id = f"t{self.turns}"
        start = self._began.pop(turn_id, EPOCH + self.now)
        self.wait(1.0)
        now = EPOCH + self.now
        end = self._ended.pop(turn_id, now - 0.5)
        heard = Heard(session, turn_id, text, language, start, end, now, recognizer=recognizer)
        self.dialogue.on_heard(heard)
        return turn_id

    def wait(self, seconds):
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.dialogue.tick()

    def model(self, *events, chat=-1):
        """What the model sends to its latest request, or to another."""
        for event in events:
            self.dialogue.on_chat(self.ports.chats[chat].chat_id, event)

    def begins(self, text, turn_id="next", session="s", **more):
        """Somebody is speaking."""
        turn_id = f"t{self.turns + 1}" if turn_id == "next" else turn_id
        self._began.setdefault(turn_id, EPOCH + self.now)
        self.dialogue.on_partial(Partial(session, turn_id, text, **more))
        return turn_id

    def falls_silent(self, turn_id):
        """Half a second ago, as it turns out."""
        self._ended[turn_id] = EPOCH + self.now - 0.5
        self.dialogue.on_speech_end(turn_id, EPOCH + self.now)

    def bridge(self, phase, message="", key=None, **more):
        key = key or self.ports.goals[-1][0]
        self.dialogue.on_goal(key, GoalEvent(phase, EPOCH + self.now, message, **more))

    def asks(self, question="Shall I put the blue cube into the bowl?", nonce="nonce-1"):
        self.bridge("awaiting_confirmation", question, nonce=nonce)

    def plays(self, reply_id=None, seconds=1.0, interrupted=False, words_follow=False):
        """Play a reply to its end; the last one that has words."""
        spoken = [piece for piece in self.ports.pieces if piece.kind != "text"]
        reply_id = reply_id or spoken[-1].reply_id
        self.dialogue.on_played(Played(reply_id, 0.02, EPOCH + self.now, False, False))
        self.wait(seconds)
        end = Played(reply_id, seconds, EPOCH + self.now, True, interrupted, words_follow)
        self.dialogue.on_played(end)

    @property
    def said(self):
        return [piece.text for piece in self.ports.pieces if piece.text and piece.kind != "text"]

    def kinds(self, kind):
        return [piece for piece in self.ports.pieces if piece.kind == kind]

    @property
    def report(self):
        return self.ports.reports[-1]
