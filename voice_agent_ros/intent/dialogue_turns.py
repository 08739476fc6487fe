# SPDX-License-Identifier: Apache-2.0
"""The utterances that are being dealt with: each is taken once, reported once, remembered as far as it was heard."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterator

from voice_agent_ros.intent.dialogue_ports import Played
from voice_agent_ros.intent.turn import Heard, Outcome, Report, Turn
from voice_agent_ros.llm.conversation import CUT_OFF, Conversation, Exchange, heard_part

REMEMBERED_TURNS = 256
KEPT_S = 180.0  # a turn is kept for what may still be heard of its goal
NOT_REMEMBERED = ("notice", "text", "earcon")
CUT_SHORT = ("interrupted", "stopped")


class TurnBook:
    """Keeps the turns of a dialogue.

    Args:
        report: publishes what became of an utterance.
        conversation: gets what was said and heard.
        monotonic: for waits, s.
        ros_now: for the times in reports, s.
        grace_s: how long a report waits for the reply to be heard.
    """

    def __init__(
        self,
        report: Callable[[Report], None],
        conversation: Conversation,
        monotonic: Callable[[], float],
        ros_now: Callable[[], float],
        grace_s: float,
    ) -> None:
        self._publish, self._conversation = report, conversation
        self._monotonic, self._ros_now, self._grace_s = monotonic, ros_now, grace_s
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._spoken: deque[str] = deque(maxlen=REMEMBERED_TURNS)  # replies whose heard text is known

    def __iter__(self) -> Iterator[Turn]:
        return iter(list(self._turns.values()))

    def __len__(self) -> int:
        return len(self._turns)

    def is_new(self, turn_id: str) -> bool:
        """Whether no final transcript of this turn was taken."""
        return turn_id not in self._seen

    def take(self, heard: Heard, language: str) -> Turn:
        """A new turn."""
        self._seen[heard.turn_id] = None
        while len(self._seen) > REMEMBERED_TURNS:
            self._seen.popitem(last=False)
        turn = self._turns[heard.turn_id] = Turn(heard, language, self._monotonic())
        return turn

    def of_key(self, key: str) -> Turn | None:
        """The turn whose goal under way has this key."""
        return next((turn for turn in self._turns.values() if key and turn.key == key), None)

    def of_chat(self, chat_id: str) -> Turn | None:
        """The turn that waits for this request to the model."""
        return next((turn for turn in self._turns.values() if turn.chat and turn.chat_id == chat_id), None)

    def is_latest(self, turn: Turn) -> bool:
        """Whether nobody has said anything since."""
        return next(reversed(self._turns), "") == turn.heard.turn_id

    # Ends.

    def end(self, turn: Turn, outcome: Outcome, rule: str = "") -> None:
        """The outcome is known."""
        turn.outcome, turn.ended_at = outcome, self._monotonic()
        turn.rule = rule
        turn.mark("done", self._ros_now())
        self.report_if_complete(turn)

    def report_if_complete(self, turn: Turn, *, is_played: bool = False) -> None:
        """Report once the outcome is known and the reply has begun to be heard (a question: has been heard)."""
        if turn.outcome is None or turn.is_reported:
            return
        was_heard = is_played if turn.outcome == "asked" else "first_audio" in turn.ends or is_played
        if was_heard or not turn.reply:
            self.report(turn)

    def report(self, turn: Turn) -> None:
        """Report now, if there is an outcome and it was not reported."""
        if turn.is_reported or turn.outcome is None:
            return
        turn.is_reported = True
        self._publish(turn.report())

    def on_played(self, played: Played) -> None:
        """News from the loudspeaker."""
        for turn in self:
            if played.reply_id not in turn.replies:
                continue
            if played.seconds > 0.0:
                turn.mark("first_audio", played.at)
            if played.is_finished:
                self._remember_played(turn, played)
            self.report_if_complete(turn, is_played=played.is_finished)

    def on_spoken(self, reply_id: str, text: str, *, is_interrupted: bool) -> None:
        """Whoever speaks knows to the word what was heard; from the loudspeaker it could only be guessed."""
        turn = next((turn for turn in self if reply_id in turn.replies), None)
        if turn is None or not is_interrupted:
            return
        self._spoken.append(reply_id)
        self._remember_heard(turn, reply_id, f"{text} {CUT_OFF}" if text else "", is_interrupted=True)

    def tick(self, kept: Container[Turn | None]) -> None:
        """Reports that have waited long enough; turns that are over are forgotten, except for some."""
        now = self._monotonic()
        for turn in self:
            if turn.outcome and not turn.is_reported and now - turn.ended_at > self._grace_s:
                if "first_audio" not in turn.ends:  # nothing is played here: the reply was read
                    cut = turn.rule in CUT_SHORT
                    self._remember(turn, "" if cut else turn.reply, is_interrupted=cut)
                self.report(turn)
            if turn.is_reported and now - turn.started_at > KEPT_S and turn not in kept:
                del self._turns[turn.heard.turn_id]

    def _remember_played(self, turn: Turn, played: Played) -> None:
        if played.reply_id in self._spoken:
            return
        cut, text = played.is_interrupted, turn.replies[played.reply_id][1]
        heard = heard_part(text, played.seconds, turn.language) if cut else text
        self._remember_heard(turn, played.reply_id, heard, is_interrupted=cut)

    def _remember_heard(self, turn: Turn, reply_id: str, heard: str, *, is_interrupted: bool) -> None:
        """How much of a reply was heard; a question counts like an answer, for the next words refer to it."""
        if turn.replies[reply_id][0] in NOT_REMEMBERED:
            return
        turn.heard_of_it[reply_id] = heard.strip()
        whole = " ".join(filter(None, turn.heard_of_it.values()))
        self._remember(turn, whole, is_interrupted=is_interrupted)

    def _remember(self, turn: Turn, heard: str, *, is_interrupted: bool) -> None:
        exchange = Exchange(turn.heard.turn_id, turn.heard.text, heard.strip(), is_interrupted)
        self._conversation.add(turn.heard.session_id, exchange, self._monotonic())
