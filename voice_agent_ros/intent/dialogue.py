# SPDX-License-Identifier: Apache-2.0
"""The decisions of a conversation: grammar, facts, else a guarded question to the model, else an honest sentence.

Knows no ROS, no threads and no sockets: events come in by `on_…`, everything goes out through `Ports`. What it
proposes is only ever a proposal; the bridge judges it again and alone decides about motion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from voice_agent_ros.intent.amendments import amended, leans_on
from voice_agent_ros.intent.answers import answer
from voice_agent_ros.intent.confirmation import is_bare_answer, judge_answer
from voice_agent_ros.intent.dialogue_goals import Goals
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Grammars, Partial, Played, Ports, Settings
from voice_agent_ros.intent.dialogue_question import OpenQuestion
from voice_agent_ros.intent.dialogue_replies import Replies
from voice_agent_ros.intent.dialogue_thinking import Thinking, turn_of_chat
from voice_agent_ros.intent.dialogue_turns import TurnBook
from voice_agent_ros.intent.dialogue_voice import Voice
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.facts import Knowledge, RobotState, as_facts
from voice_agent_ros.intent.gaps import completed, could_answer, is_gap
from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.phrases import phrase, question_for
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, parse_call
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.turn import Heard, Mode, Outcome, Turn
from voice_agent_ros.intent.wordings import base_language, folded, script_of, without_leading_no
from voice_agent_ros.llm.client import ChatRequest, Event, Failed, Finished, Switched
from voice_agent_ros.llm.conversation import Conversation

CLARIFICATION_S = 20.0
SOON_S = 0.3
WORD_S = 0.2  # a voice that lasted for less may have been a cough


class Dialogue:
    """One robot's side of its conversations. Not thread-safe: one thread feeds it.

    Args:
        monotonic: for waits, s.
        ros_now: for the times in reports, s.
    """

    def __init__(
        self,
        grammars: Grammars,
        ports: Ports,
        conversation: Conversation,
        monotonic: Callable[[], float],
        ros_now: Callable[[], float],
        settings: Settings | None = None,
    ) -> None:
        self._grammars, self._ports, self._conversation = grammars, ports, conversation
        self._monotonic, self._ros_now, self._settings = monotonic, ros_now, settings or Settings()
        self._scene, self._robot = Scene(), RobotState()
        self._turns = TurnBook(ports.report, conversation, monotonic, ros_now, self._settings.report_grace_s)
        self._voice = Voice(ports.say, self._settings.spoken_characters, ros_now)
        self._thinking = Thinking(ports, self.on_chat, monotonic)
        self._question = OpenQuestion()
        self._goals = Goals(
            self._turns,
            self._voice,
            self._thinking,
            self._question,
            ports,
            self._settings,
            monotonic,
            ros_now,
        )
        self._replies = Replies(self._turns, self._voice, self._thinking, self._goals, self._ask_back)
        self._clarifying: tuple[GrammarResult, float, str] | None = None  # what, when, in which session
        self._hearing = Partial("", "", "")
        self._voice_began = ("", 0.0)  # in which turn, and when, ROS time
        self.expected_wait_s = 0.0  # for the model's first words; 0.0: not known
        self._thought_of = ("", self._robot)
        self._signed = ""  # the turn that got a sign last

    # What happens.

    def on_scene(self, scene: Scene) -> None:
        """What is seen now."""
        if scene.names != self._scene.names:
            self._grammars.prepare(scene)
        self._scene = scene

    def on_robot(self, robot: RobotState) -> None:
        """How the robot is now."""
        self._robot = robot

    def on_partial(self, partial: Partial) -> None:
        """Somebody is speaking: what the model was still working on is no longer wanted."""
        if not partial.text.strip() or not self._turns.is_new(partial.turn_id):
            return
        self._replies.interrupt(except_for=partial.turn_id)
        self._hearing = partial
        self._turns.marks_of(partial.turn_id).mark("partial", self._ros_now())
        if partial.is_speculative:
            self._speculate(partial)
        else:
            self._thinking.heard_more(partial.turn_id, partial.text)

    def on_speech_begin(self, turn_id: str, at: float) -> None:
        """A voice begins; at: ROS time, s."""
        self._voice_began = (turn_id, at)

    def on_speech_end(self, turn_id: str, at: float = 0.0) -> None:
        """The words have ended, most likely; the final transcript takes a moment yet, or was quicker than this."""
        if not self._turns.is_new(turn_id):
            return
        self._turns.marks_of(turn_id).mark("endpoint", self._ros_now())
        hearing, (voice, began) = self._hearing, self._voice_began
        if hearing.turn_id == turn_id or (voice == turn_id and at - began >= WORD_S):
            self._give_sign(hearing.session_id, turn_id, self._language(hearing))
        if hearing.turn_id == turn_id:
            self._speculate(hearing)

    def on_heard(self, heard: Heard) -> None:
        """A final transcript. One that came before is ignored."""
        if not self._turns.is_new(heard.turn_id) or not heard.text.strip():
            return
        self._replies.interrupt(except_for=heard.turn_id)
        turn = self._turns.take(heard, self._language(heard))
        if not self._is_answer(turn):
            self._understand(turn)
        self._thinking.forget()  # unless it was taken over

    def on_stop(self, at: float = 0.0) -> None:
        """Somebody asked to stop, at a ROS time, s: nothing that is still being thought about may move anything."""
        self._turns.on_stop(at or self._ros_now())
        self._replies.interrupt(rule="stopped", outcome="stopped")
        self._clarifying = None

    def on_chat(self, chat_id: str, event: Event) -> None:
        """News from the model. Of a request that was given up, nothing counts any more."""
        if isinstance(event, (Finished, Switched)):
            self._turns.on_thought(turn_of_chat(chat_id), event)
        turn = self._turns.of_chat(chat_id)
        if turn is None:
            self._thinking.keep(chat_id, event)
        else:
            self._replies.on_event(turn, event, self._scene)

    def on_goal(self, key: str, event: GoalEvent) -> None:
        """News from the bridge. What comes late, or twice, or of a goal that was given up, does nothing."""
        self._goals.on_event(key, event)

    def on_played(self, played: Played) -> None:
        """News from the loudspeaker."""
        self._question.on_played(played)
        self._turns.on_played(played)

    def on_spoken(
        self, reply_id: str, text: str, *, is_interrupted: bool, voices: Iterable[str] = ()
    ) -> None:
        """A reply is over, and this was heard of it, in these voices."""
        self._turns.on_spoken(reply_id, text, is_interrupted=is_interrupted, voices=voices)

    def tick(self) -> None:
        """Deadlines; call it some ten times a second."""
        now, patience = self._monotonic(), self._settings.one_moment_s
        is_slow = self.expected_wait_s > patience  # whoever will wait for long is told soon
        for turn in self._turns:
            is_late = patience > 0.0 and now - turn.started_at > (SOON_S if is_slow else patience)
            if turn.chat and is_late and not turn.was_noticed and not turn.replies:
                turn.was_noticed = True
                self._voice.say(turn, phrase("one_moment", turn.language), "notice")
            self._give_up_late(turn, now)
        self._thinking.tick()
        self._goals.tick()
        self._turns.tick((self._question.asking, self._question.answering))

    def close(self) -> None:
        """Give up what is under way."""
        self._replies.interrupt()
        self._thinking.forget()

    def _give_up_late(self, turn: Turn, now: float) -> None:
        """Whoever asks the model for us keeps the deadlines; an end that got lost is no reason to wait for ever."""
        if turn.asked[0] != turn.chat_id:
            turn.asked = (turn.chat_id, now)
        elif turn.chat is not None and now - turn.asked[1] > self._settings.answer_timeout_s:
            turn.chat.abort()
            self.on_chat(turn.chat_id, Failed("too_slow", "No end of the reply came."))

    # Understanding.

    def _language(self, heard: Heard | Partial) -> str:
        if self._settings.language != "auto":
            return self._settings.language
        return script_of(heard.text, base_language(heard.language))

    def _is_answer(self, turn: Turn) -> bool:
        """Whether this is about the open question; the bridge judges that itself, here it is only watched."""
        if find_stop_phrase(turn.heard.text, turn.language):
            return False
        kind = self._question.judge(turn)
        if kind == "answer":
            turn.mark("intent", self._ros_now())
            self._goals.answered(turn)
        elif kind == "nothing asked":
            if self._parse(turn.heard.text, turn.language).calls:
                return False  # "hold on", "go on": an order, where nothing is asked
            if self._goals.is_acting and judge_answer(turn.heard.text, turn.language) == "no":
                self._goals.send(turn, "grammar", (parse_call("pause", {}),))
            else:
                self._close_with(turn, "answered", "nothing_asked")
        elif self._is_correction(turn):
            return True
        elif kind == "too early":
            self._close_with(turn, "refused", "too_early", rule="answered_too_early")
        return kind in ("answer", "nothing asked", "too early")

    def _is_correction(self, turn: Turn) -> bool:
        """ "No, the blue one": the same as was asked about with another object; it is asked about again."""
        asking = self._question.correctable(self._monotonic())
        if asking is None or len(asking.calls) != 1 or asking.heard.session_id != turn.heard.session_id:
            return False
        text = turn.heard.text
        changed = amended(asking.calls[0], text, self._scene, turn.language)
        if changed is None:
            return self._is_unclear_correction(turn)
        whole = self._parse(text, turn.language).calls
        if whole and not leans_on(whole, changed, text):
            return False  # a sentence of its own
        if changed.call is None:
            chosen = GrammarResult(
                skill=asking.calls[0].skill, ambiguous=changed.ambiguous, slot=changed.slot
            )
            self._ask_which(turn, chosen, is_enough=False)
        else:
            self._goals.send(turn, "none", (changed.call,))
        return True

    def _is_unclear_correction(self, turn: Turn) -> bool:
        """ "No, the …" that names something and still is no sentence."""
        text = turn.heard.text
        if self._question.asking is None:
            return False
        rest = without_leading_no(text)
        names = resolve(rest, self._scene, turn.language)
        if rest == folded(text) or len(names) != 1 or self._parse(text, turn.language).calls:
            return False
        self._close_with(turn, "refused", "whole_sentence", rule="not_confirmed")
        return True

    def _parse(self, text: str, language: str) -> GrammarResult:
        return self._grammars.parse(text, language, self._scene, self._said)

    @property
    def _said(self) -> Discourse:
        return self._goals.said.at_time(self._monotonic())

    def _send(self, turn: Turn, calls: tuple[SkillCall, ...]) -> None:
        """ "Cancel" ends what is under way and takes back what was done; with nothing to end it moves nothing."""
        if [call.skill for call in calls] == ["undo"]:
            if self._goals.is_acting:
                calls = (parse_call("pause", {}),)
            elif is_bare_answer(turn.heard.text, turn.language):
                self._close_with(turn, "answered", "nothing_asked")
                return
        self._goals.send(turn, "grammar", calls)

    def _understand(self, turn: Turn) -> None:
        text, began = turn.heard.text, self._ros_now()
        result = self._parse(text, turn.language)
        turn.mark("grammar", self._ros_now(), began)
        clarifying = self._clarifying
        if clarifying is not None and clarifying[2] != turn.heard.session_id:
            clarifying = None  # somebody else was asked, and may still answer
        else:
            self._clarifying = None
        if self._clarified(turn, text, clarifying, result):
            return
        if result.calls:
            if any(call.skill == "stop" for call in result.calls):
                # What else was said is no news.
                self._ports.stop(turn.heard, find_stop_phrase(text) or "stop")
            self._send(turn, result.calls)
        elif result.ambiguous:
            self._ask_which(turn, result, is_enough=is_gap(result))
        elif result.problem:
            if self._answered(turn):  # "Why don't you move?" is a command with a gap, and a question
                return
            if is_gap(result):
                self._ask_for(turn, result)
                return
            key = "impossible" if "distance" in result.problem else "impossible_other"
            self._close_with(turn, "refused", key, rule="bad_arguments")
        elif not self._answered(turn):
            self._think(turn)

    def _ask_which(self, turn: Turn, result: GrammarResult, *, is_enough: bool) -> None:
        """Ask which of several; is_enough: the name alone settles it."""
        if is_enough:
            self._clarifying = (result, self._monotonic(), turn.heard.session_id)
        turn.mark("intent", self._ros_now())
        turn.engine = "llm" if turn.engine == "llm" else "grammar"
        text = phrase("which" if is_enough else "which_whole", turn.language, result.ambiguous)
        self._voice.say(turn, text, "question")
        self._turns.end(turn, "asked")

    def _ask_back(self, turn: Turn, result: GrammarResult) -> None:
        """Ask for the one argument that a model's call lacks; its answer is read back like any such call."""
        if result.ambiguous:
            self._ask_which(turn, result, is_enough=True)
        else:
            self._ask_for(turn, result)

    def _ask_for(self, turn: Turn, result: GrammarResult) -> None:
        """Ask for what was not said."""
        self._clarifying = (result, self._monotonic(), turn.heard.session_id)
        turn.mark("intent", self._ros_now())
        turn.engine = "llm" if turn.engine == "llm" else "grammar"
        self._voice.say(turn, question_for(result.slot, turn.language), "question")
        self._turns.end(turn, "asked")

    def _clarified(
        self, turn: Turn, text: str, clarifying: tuple[GrammarResult, float, str] | None, alone: GrammarResult
    ) -> bool:
        """Whether this answers what was asked; alone: what the words are by themselves."""
        if clarifying is None or self._monotonic() - clarifying[1] > CLARIFICATION_S:
            return False
        asked = clarifying[0]
        if alone.calls and (len(alone.calls) > 1 or alone.calls[0].skill not in could_answer(asked.skill)):
            return False  # something else instead
        result = completed(
            asked, text, turn.language, self._scene, lambda words: self._parse(words, turn.language)
        )
        if result is None or not (result.calls or is_gap(result)):
            return False
        if not result.calls:
            self._ask_for(turn, result)
        elif result.calls == alone.calls:
            return False  # a whole sentence
        else:
            # The bridge cannot find the whole of it in these words alone and will ask back.
            self._goals.send(turn, "none", result.calls)
        return True

    @property
    def _knowledge(self) -> Knowledge:
        return Knowledge(self._scene, self._robot, self._goals.deed)

    def _answered(self, turn: Turn) -> bool:
        """Whether this asks for something that is known for certain."""
        text = answer(turn.heard.text, turn.language, self._knowledge)
        if text is None:
            return False
        turn.engine = "grammar"
        turn.mark("intent", self._ros_now())
        self._voice.say(turn, text, "answer")
        self._turns.end(turn, "answered")
        return True

    # The model.

    def _request(self, said: Heard | Partial, language: str) -> tuple[Mode, ChatRequest]:
        history = self._conversation.history(said.session_id, self._monotonic())
        # What is known of the robot as it was when these words were first thought about: a head start shall last.
        turn_id, robot = self._thought_of
        if turn_id != said.turn_id:
            self._thought_of = (said.turn_id, self._robot)
            robot = self._robot
        facts = as_facts(replace(self._knowledge, robot=robot))
        return self._thinking.request(said.text, language, self._scene, history, facts)

    def _think(self, turn: Turn) -> None:
        """Ask the model; a wait begins, so who spoke gets a sign."""
        if not turn.heard.is_typed:
            self._give_sign(turn.heard.session_id, turn.heard.turn_id, turn.language)
        self._thinking.begin(turn, *self._request(turn.heard, turn.language))

    def _speculate(self, partial: Partial) -> None:
        """Ask the model already, if these words would be its business; nothing of it counts until they are final."""
        text, language = partial.text, self._language(partial)
        asked = self._clarifying
        is_awaited = self._question.asking or (asked is not None and asked[2] == partial.session_id)
        if not self._settings.speculate or is_awaited or find_stop_phrase(text, language):
            return
        result = self._parse(text, language)
        if result.calls or result.ambiguous or result.problem or answer(text, language, self._knowledge):
            return
        self._thinking.speculate(partial.turn_id, text, *self._request(partial, language))

    def _give_sign(self, session_id: str, turn_id: str, language: str) -> None:
        if self._settings.earcon and turn_id != self._signed:
            self._signed = turn_id
            self._voice.earcon(session_id, turn_id, language)

    def _close_with(self, turn: Turn, outcome: Outcome, key: str, rule: str = "") -> None:
        self._voice.say(turn, phrase(key, turn.language), "answer")
        self._turns.end(turn, outcome, rule)
