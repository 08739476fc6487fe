# SPDX-License-Identifier: Apache-2.0
"""The utterances that are being dealt with: each is taken once, reported once, remembered as far as it was heard."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterable, Iterator

from voice_agent_ros.intent.dialogue_ports import Played
from voice_agent_ros.intent.turn import Heard, Marks, Outcome, Report, Turn
from voice_agent_ros.llm.chat import Finished, Switched
from voice_agent_ros.llm.conversation import Conversation, Exchange, as_heard, heard_part

REMEMBERED_TURNS = 256
EARLY_TURNS = 8  # of which something is known before their words are final
VOICE_S = 1.0  # after a reply was played, whoever spoke it tells in which voice
REPLY_S = 60.0  # a report waits no longer for a reply, even while it is being played
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
        grace_s: how long a report waits for a reply of which nothing is heard.
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
        self._early: OrderedDict[str, Marks] = OrderedDict()
        self._played_at = float("-inf")  # monotonic: the latest news from the loudspeaker
        self._spoken: deque[str] = deque(maxlen=REMEMBERED_TURNS)  # replies whose heard text is known

    def __iter__(self) -> Iterator[Turn]:
        return iter(list(self._turns.values()))

    def __len__(self) -> int:
        return len(self._turns)

    def is_new(self, turn_id: str) -> bool:
        """Whether no final transcript of this turn was taken. Words of no turn speak for no goal: nobody takes them."""
        return bool(turn_id) and turn_id not in self._seen

    def take(self, heard: Heard, language: str) -> Turn:
        """A new turn."""
        self._seen[heard.turn_id] = None
        while len(self._seen) > REMEMBERED_TURNS:
            self._seen.popitem(last=False)
        marks = self._early.pop(heard.turn_id, None) or Marks()
        turn = self._turns[heard.turn_id] = Turn(heard, language, self._monotonic(), marks=marks)
        marks.begin("partial", heard.speech_start)
        marks.begin("endpoint", heard.speech_end)
        marks.mark("final_transcript", heard.received_at, heard.speech_end)
        if heard.recognizer:
            turn.marks.engines.insert(0, f"ears: {heard.recognizer}")
        return turn

    def on_thought(self, turn_id: str, news: Finished | Switched) -> None:
        """The model has ended a reply for a turn, the last of which counts; or another one has taken over."""
        marks = self.marks_of(turn_id)
        if isinstance(news, Switched):
            marks.engines.append(f"mind: {news.to_url} instead of {news.from_url} ({news.why})")
            return
        now, reply = self._ros_now(), news
        marks.engines.append(f"mind: {reply.url}")
        asked = now - reply.total_s
        if reply.queue_s is not None:
            marks.mark_again("llm_queue", asked + reply.queue_s, asked)
        first = asked + reply.first_token_s
        marks.mark_again("llm_first_token", first, asked + (reply.queue_s or 0.0))
        marks.mark_again("llm_last_token", now, first)

    def marks_of(self, turn_id: str) -> Marks:
        """Of a turn, also of one whose words are not final yet."""
        if (turn := self._turns.get(turn_id)) is not None:
            return turn.marks
        marks = self._early.setdefault(turn_id, Marks())
        while len(self._early) > EARLY_TURNS:
            self._early.popitem(last=False)
        return marks

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

    def report_if_complete(self, turn: Turn) -> None:
        """Report once the outcome is known and the replies are over."""
        if not turn.unheard and not turn.unnamed:
            self.report(turn)

    def report(self, turn: Turn) -> None:
        """Report now, if there is an outcome and it was not reported."""
        if turn.is_reported or turn.outcome is None:
            return
        turn.is_reported = True
        self._publish(turn.report())

    def on_stop(self, at: float) -> None:
        """A stop, ROS time, s: of every utterance that has not come to its end."""
        for turn in self:
            if turn.outcome is None or turn.key:
                turn.mark("stop", at)

    def on_played(self, played: Played) -> None:
        """News from the loudspeaker."""
        for turn in self:
            if played.reply_id not in turn.replies:
                continue
            self._played_at = self._monotonic()
            if played.seconds > 0.0 and played.reply_id in turn.unheard:
                turn.mark("first_audio", played.at)
                turn.marks.mark_again("last_audio", played.at)
                turn.marks.begin("last_audio", turn.marks.ends["first_audio"])
            if played.is_finished:
                if played.words_follow and played.seconds > 0.0 and played.reply_id not in turn.spoken:
                    turn.unnamed[played.reply_id] = self._monotonic() + VOICE_S
                turn.is_over(played.reply_id)
                self._remember_played(turn, played)
            self.report_if_complete(turn)

    def on_spoken(self, reply_id: str, text: str, *, is_interrupted: bool, voices: Iterable[str]) -> None:
        """Whoever speaks knows to the word what was heard; from the loudspeaker it could only be guessed."""
        turn = next((turn for turn in self if reply_id in turn.replies), None)
        if turn is None:
            return
        turn.marks.engines += [f"mouth: {voice}" for voice in voices]
        turn.spoken.add(reply_id)
        turn.unnamed.pop(reply_id, None)
        if is_interrupted:
            self._spoken.append(reply_id)
            self._remember_heard(turn, reply_id, text, is_interrupted=True)
        self.report_if_complete(turn)

    def tick(self, kept: Container[Turn | None]) -> None:
        """Reports that have waited long enough; turns that are over are forgotten, except for some."""
        now = self._monotonic()
        for turn in self:
            if turn.unnamed and now > max(turn.unnamed.values()):
                turn.unnamed.clear()
                self.report_if_complete(turn)
            quiet_s = now - max(turn.ended_at, self._played_at)
            has_waited = quiet_s > self._grace_s or now - turn.ended_at > REPLY_S
            if turn.outcome and not turn.is_reported and has_waited:
                if not turn.has("first_audio"):  # nothing is played here: the reply was read
                    cut = turn.rule in CUT_SHORT
                    heard = "" if cut else as_heard(turn.reply, is_interrupted=False)
                    self._remember(turn, heard, is_interrupted=cut)
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
        turn.heard_of_it[reply_id] = as_heard(heard, is_interrupted=is_interrupted)
        whole = " ".join(filter(None, turn.heard_of_it.values()))
        self._remember(turn, whole, is_interrupted=is_interrupted)

    def _remember(self, turn: Turn, heard: str, *, is_interrupted: bool) -> None:
        exchange = Exchange(turn.heard.turn_id, turn.heard.text, heard.strip(), is_interrupted)
        self._conversation.add(turn.heard.session_id, exchange, self._monotonic())
