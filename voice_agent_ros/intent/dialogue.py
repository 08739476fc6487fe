# SPDX-License-Identifier: Apache-2.0
"""The decisions of a conversation: grammar, else a guarded question to the model, else an honest sentence.

Knows no ROS, no threads and no sockets: events come in by `on_…`, everything goes out through `Ports`. What it
proposes is only ever a proposal; the bridge judges it again and alone decides about motion.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from voice_agent_ros.intent.confirmation import is_bare_answer, judge_answer
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Grammars, Played, Ports, Settings
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.phrases import phrase
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.settling import settled
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.turn import Engine, Heard, Kind, Outcome, Piece, Turn
from voice_agent_ros.intent.wordings import base_language, folded, script_of, without_leading_no
from voice_agent_ros.llm.clauses import Clauses
from voice_agent_ros.llm.client import Event, Failed, Finished, TextDelta, ToolCall
from voice_agent_ros.llm.conversation import Conversation, heard_part
from voice_agent_ros.llm.prompt import action_request, talk_request

REMEMBERED_TURNS = 256
GOAL_TIMEOUT_S = 180.0
CLARIFICATION_S = 20.0


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
        self._scene = Scene()
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._clauses: dict[str, tuple[Clauses, int]] = {}
        self._asking: Turn | None = None  # its goal waits for a yes
        self._answering: Turn | None = None  # the yes or no to it
        self._question_id = ""
        self._said = Discourse()
        self._question_played_at: float | None = None
        self._clarifying: tuple[GrammarResult, float] | None = None

    # What happens.

    def on_scene(self, scene: Scene) -> None:
        """What is seen now."""
        if scene.names != self._scene.names:
            self._grammars.prepare(scene)
        self._scene = scene

    def on_partial(self, turn_id: str, text: str) -> None:
        """Somebody is speaking: what the model was still working on is no longer wanted."""
        if text.strip():
            self._interrupt(except_for=turn_id)

    def on_heard(self, heard: Heard) -> None:
        """A final transcript. One that came before is ignored."""
        if heard.turn_id in self._seen or not heard.text.strip():
            return
        self._seen[heard.turn_id] = None
        while len(self._seen) > REMEMBERED_TURNS:
            self._seen.popitem(last=False)
        self._interrupt(except_for=heard.turn_id)
        turn = Turn(heard, self._language(heard), self._monotonic())
        self._turns[heard.turn_id] = turn
        if not self._is_answer(turn):
            self._understand(turn, heard.text)

    def on_stop(self) -> None:
        """Somebody asked to stop: nothing that is still being thought about may move anything."""
        self._interrupt(rule="stopped", outcome="stopped")
        self._clarifying = None

    def on_chat(self, turn_id: str, event: Event) -> None:
        """News from the model. Of a request that was given up, nothing counts any more."""
        turn = self._turns.get(turn_id)
        if turn is None or turn.chat is None:
            return
        if isinstance(event, TextDelta):
            if turn.mode == "talk":
                self._stream(turn, event.text)
            return
        if not isinstance(event, (Finished, Failed)):
            return  # thoughts, and which endpoint answers
        turn.chat = None
        if isinstance(event, Failed):
            self._chat_failed(turn, event)
        elif turn.mode == "act":
            self._propose(turn, event)
        else:
            self._finish_stream(turn)
            self._end(turn, "answered")

    def on_goal(self, key: str, event: GoalEvent) -> None:
        """News from the bridge."""
        turn = next((turn for turn in self._turns.values() if turn.key == key), None)
        if turn is None:
            return
        acting = self._answering if turn is self._asking and self._answering else turn
        if event.phase in ("goal_accepted", "first_motion"):
            acting.mark(event.phase, event.at)
        elif event.phase == "planned":
            self._say(acting, event.message, "notice")
        elif event.phase == "awaiting_confirmation":
            self._asking, self._answering = turn, None
            self._question_id, self._question_played_at = event.nonce, None
            self._say(turn, event.message, "question", event.nonce)
            self._end(turn, "asked")
        elif event.phase in ("unavailable", "rejected", "lost"):
            texts = {"unavailable": "bridge_down", "rejected": "bridge_rejected", "lost": "bridge_lost"}
            self._finish_goal(
                turn, acting, "failed", texts[event.phase], phrase(texts[event.phase], turn.language)
            )
        elif event.phase == "result":
            self._finish_goal(turn, acting, _outcome(event.outcome, turn), event.rule, event.message)

    def on_played(self, played: Played) -> None:
        """News from the loudspeaker."""
        if played.reply_id == self._question_id and played.is_finished:
            self._question_played_at = self._question_played_at or played.at
        for turn in list(self._turns.values()):
            if played.reply_id not in turn.replies:
                continue
            if played.seconds > 0.0:
                turn.mark("first_audio", played.at)
            if played.is_finished:
                kind, text = turn.replies[played.reply_id]
                heard = heard_part(text, played.seconds, turn.language) if played.is_interrupted else text
                if kind == "answer":
                    said, session = turn.heard.text, turn.heard.session_id
                    self._conversation.add(session, said, heard, self._monotonic())
            self._report_if_complete(turn, is_played=played.is_finished)

    def tick(self) -> None:
        """Deadlines; call it some ten times a second."""
        now = self._monotonic()
        for turn in list(self._turns.values()):
            waited = now - turn.started_at
            if (
                turn.chat
                and not turn.was_noticed
                and 0.0 < self._settings.one_moment_s < waited
                and not turn.replies
            ):
                turn.was_noticed = True
                self._say(turn, phrase("one_moment", turn.language), "notice")
            if turn.key and turn.outcome is None and waited > GOAL_TIMEOUT_S:
                self.on_goal(turn.key, GoalEvent("lost", self._ros_now()))
            if turn.outcome and not turn.is_reported and now - turn.ended_at > self._settings.report_grace_s:
                if "first_audio" not in turn.ends and turn.rule not in ("interrupted", "stopped"):
                    # Nothing is played here: the reply was read.
                    self._conversation.add(turn.heard.session_id, turn.heard.text, turn.reply, now)
                self._report(turn)
            if turn.is_reported and waited > GOAL_TIMEOUT_S and turn not in (self._asking, self._answering):
                del self._turns[turn.heard.turn_id]

    def close(self) -> None:
        """Give up what is under way."""
        self._interrupt()

    # Understanding.

    def _language(self, heard: Heard) -> str:
        if self._settings.language != "auto":
            return self._settings.language
        return script_of(heard.text, base_language(heard.language))

    def _is_answer(self, turn: Turn) -> bool:
        """Whether this is the answer to the open question; the bridge judges it, here it is only watched."""
        answer = judge_answer(turn.heard.text, turn.language)
        if find_stop_phrase(turn.heard.text, turn.language):
            return False
        if self._asking is None or self._answering is not None:
            if is_bare_answer(turn.heard.text, turn.language):
                self._close_with(turn, "answered", "nothing_asked")
                return True
            return False
        if answer is None:
            return False
        played_at = self._question_played_at
        if played_at is None or turn.heard.speech_start < played_at:
            self._close_with(turn, "refused", "too_early", rule="answered_too_early")
            return True
        is_bare = is_bare_answer(turn.heard.text, turn.language)
        if answer == "no" and not is_bare and self._is_correction(turn):
            return True
        self._answering = turn
        turn.engine, turn.calls = self._asking.engine, self._asking.calls
        turn.mark("intent", self._ros_now())
        self._report(self._asking)
        return True

    def _is_correction(self, turn: Turn) -> bool:
        """ "No, the blue one": the same with another object, where the sentence says all that is needed."""
        assert self._asking is not None
        rest = without_leading_no(turn.heard.text)
        names = resolve(rest, self._scene, turn.language)
        if rest == folded(turn.heard.text) or judge_answer(rest, turn.language) is not None:
            return False
        if len(names) != 1:
            self._understand(turn, turn.heard.text)
            return True
        calls = self._asking.calls
        if len(calls) == 1 and calls[0].skill == "pick":
            self._execute(turn, "none", (parse_call("pick", {"object": names[0]}, "0"),))
        else:
            self._close_with(turn, "refused", "whole_sentence", rule="not_confirmed")
        return True

    def _understand(self, turn: Turn, text: str) -> None:
        said = self._said.at_time(self._monotonic())
        result = self._grammars.parse(text, turn.language, self._scene, said)
        clarifying, self._clarifying = self._clarifying, None
        if result.calls:
            if any(call.skill == "stop" for call in result.calls):
                self._ports.stop(turn.heard, text)
            self._execute(turn, "grammar", result.calls)
        elif result.ambiguous:
            self._ask_which(turn, result)
        elif result.problem:
            key = "impossible" if "distance" in result.problem else "impossible_other"
            self._close_with(turn, "refused", key, rule="bad_arguments")
        elif not self._clarified(turn, text, clarifying):
            self._think(turn, text)

    def _ask_which(self, turn: Turn, result: GrammarResult) -> None:
        is_enough = not result.arguments  # then the name alone settles it
        if is_enough:
            self._clarifying = (result, self._monotonic())
        turn.mark("intent", self._ros_now())
        turn.engine = "grammar"
        text = phrase("which" if is_enough else "which_whole", turn.language, result.ambiguous)
        self._say(turn, text, "question")
        self._end(turn, "asked")

    def _clarified(self, turn: Turn, text: str, clarifying: tuple[GrammarResult, float] | None) -> bool:
        """Whether this names one of those that were asked about."""
        if clarifying is None or self._monotonic() - clarifying[1] > CLARIFICATION_S:
            return False
        question = clarifying[0]
        names = resolve(text, self._scene, turn.language)
        if len(names) != 1 or names[0] not in question.ambiguous:
            return False
        # The bridge cannot find the whole of it in these words and will ask back.
        self._execute(turn, "none", (parse_call(question.skill, {question.slot: names[0]}, "0"),))
        return True

    def _think(self, turn: Turn, text: str) -> None:
        """Ask the model: for a call only if the mood allows it and the words name something that a skill needs."""
        request = None
        if judge_mood(text, turn.language).is_command:
            request = action_request(text, self._scene, turn.language)
        turn.mode = "act" if request else "talk"
        if request is None:
            history = self._conversation.history(turn.heard.session_id, self._monotonic())
            request = talk_request(text, self._scene, turn.language, history)
        turn.engine = "llm"
        turn.chat = self._ports.ask(turn.heard.turn_id, request)

    def _propose(self, turn: Turn, reply: Finished) -> None:
        """Pass on what the model wants if it is one valid call that the sentence supports; else say so."""
        calls = self._supported(turn, reply.calls)
        if calls:
            self._execute(turn, "llm", calls)
        else:
            self._close_with(turn, "refused", "not_understood", rule="not_understood")

    def _supported(self, turn: Turn, proposed: tuple[ToolCall, ...]) -> tuple[SkillCall, ...]:
        try:
            calls = settled(
                [parse_call(call.name, call.arguments_json) for call in proposed],
                turn.heard.text,
                self._scene,
                turn.language,
            )
        except SkillError:
            return ()
        offered = all(call.arguments.offered_to_llm for call in calls)
        if len(calls) != 1 or not offered:
            return ()
        return () if ungrounded(calls[0], turn.heard.text, self._scene, turn.language) else calls

    # Acting and speaking.

    def _execute(self, turn: Turn, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        turn.engine, turn.calls, turn.key = engine, calls, turn.heard.turn_id
        turn.mark("intent", self._ros_now())
        self._ports.execute(turn.key, turn.heard, engine, calls)

    def _finish_goal(self, turn: Turn, acting: Turn, outcome: Outcome, rule: str, message: str) -> None:
        was_asked = turn is self._asking
        if was_asked:
            self._asking = self._answering = None
            self._question_id = ""
        turn.key = ""
        if outcome == "done":
            for call in turn.calls:  # the bridge keeps the same of its own
                self._said = self._said.after(call, self._monotonic())
        if acting.outcome is None:
            if message:
                self._say(acting, message, "safety" if outcome == "stopped" else "answer")
            acting.rule = rule
            self._end(acting, outcome)
        elif was_asked and not self._is_busy_with_newer(turn) and message:
            self._say(turn, message, "notice")  # nobody answered, or it was stopped

    def _is_busy_with_newer(self, turn: Turn) -> bool:
        return next(reversed(self._turns)) != turn.heard.turn_id

    def _chat_failed(self, turn: Turn, failed: Failed) -> None:
        has_spoken = turn.heard.turn_id in self._clauses
        if has_spoken:
            self._finish_stream(turn, phrase("llm_broke_off", turn.language))
        else:
            key = "llm_slow" if failed.problem in ("no_first_token", "too_slow") else "llm_down"
            self._say(turn, phrase(key, turn.language), "answer")
        turn.rule = f"llm_{failed.problem}"
        self._end(turn, "failed")

    def _interrupt(
        self,
        except_for: str = "",
        rule: str = "interrupted",
        outcome: Literal["refused", "stopped"] = "refused",
    ) -> None:
        """End every request to the model; what it would still say cannot act any more."""
        for turn in list(self._turns.values()):
            if turn.chat is None or turn.heard.turn_id == except_for:
                continue
            turn.chat.abort()
            turn.chat = None
            has_spoken = turn.heard.turn_id in self._clauses
            self._finish_stream(turn, silent=True)
            turn.rule = rule
            self._end(turn, "answered" if has_spoken and outcome == "refused" else outcome)

    def _stream(self, turn: Turn, text: str) -> None:
        clauses, index = self._clauses.setdefault(turn.heard.turn_id, (Clauses(), 0))
        for clause in clauses.feed(text):
            self._piece(turn, f"{turn.heard.turn_id}-answer", index, clause, "answer", is_last=False)
            index += 1
        self._clauses[turn.heard.turn_id] = (clauses, index)

    def _finish_stream(self, turn: Turn, more: str = "", *, silent: bool = False) -> None:
        clauses, index = self._clauses.pop(turn.heard.turn_id, (Clauses(), 0))
        rest = "" if silent else f"{clauses.finish()} {more}".rstrip()
        if not index and not rest.strip():
            if silent:
                return
            rest = phrase("no_words", turn.language)
        self._piece(turn, f"{turn.heard.turn_id}-answer", index, rest, "answer", is_last=True)

    def _close_with(self, turn: Turn, outcome: Outcome, key: str, rule: str = "") -> None:
        self._say(turn, phrase(key, turn.language), "answer")
        turn.rule = rule
        self._end(turn, outcome)

    def _say(self, turn: Turn, text: str, kind: Kind, reply_id: str = "") -> None:
        reply_id = reply_id or f"{turn.heard.turn_id}-{kind}{len(turn.replies)}"
        self._piece(turn, reply_id, 0, text, kind, is_last=True)

    def _piece(self, turn: Turn, reply_id: str, index: int, text: str, kind: Kind, *, is_last: bool) -> None:
        turn.speaks(reply_id, kind, text)
        session_id, turn_id = turn.heard.session_id, turn.heard.turn_id
        self._ports.say(Piece(session_id, turn_id, reply_id, index, text, turn.language, kind, is_last))

    # Reporting.

    def _end(self, turn: Turn, outcome: Outcome) -> None:
        turn.outcome, turn.ended_at = outcome, self._monotonic()
        turn.mark("done", self._ros_now())
        self._report_if_complete(turn)

    def _report_if_complete(self, turn: Turn, *, is_played: bool = False) -> None:
        """Report once the outcome is known and the reply has begun to be heard (a question: has been heard)."""
        if turn.outcome is None or turn.is_reported:
            return
        was_heard = is_played if turn.outcome == "asked" else "first_audio" in turn.ends or is_played
        if was_heard or not turn.reply:
            self._report(turn)

    def _report(self, turn: Turn) -> None:
        if turn.is_reported or turn.outcome is None:
            return
        turn.is_reported = True
        self._ports.report(turn.report())


def _outcome(outcome: str, turn: Turn) -> Outcome:
    """Telling what is seen is an answer; a person's stop ends as stopped."""
    if outcome == "done" and turn.calls and all(call.skill == "describe_scene" for call in turn.calls):
        return "answered"
    known: dict[str, Outcome] = {
        "done": "done",
        "refused": "refused",
        "stopped": "stopped",
        "failed": "failed",
    }
    return known.get(outcome, "failed")
