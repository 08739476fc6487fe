# SPDX-License-Identifier: Apache-2.0
"""What the model says, and what is done about it: spoken, proposed to the bridge, or excused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from voice_agent_ros.intent.dialogue_goals import Goals
from voice_agent_ros.intent.dialogue_thinking import Thinking, proposed_call
from voice_agent_ros.intent.dialogue_turns import TurnBook
from voice_agent_ros.intent.dialogue_voice import Voice, WrongLanguage
from voice_agent_ros.intent.phrases import phrase
from voice_agent_ros.intent.proposal_gaps import proposal_gap, several_meant
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.turn import Turn
from voice_agent_ros.intent.utterance import GrammarResult
from voice_agent_ros.llm.client import Event, Failed, Finished, TextDelta


class Replies:
    """Handles the replies to requests that turns wait for.

    Args:
        ask: asks for the one argument that a call lacks.
    """

    def __init__(
        self,
        turns: TurnBook,
        voice: Voice,
        thinking: Thinking,
        goals: Goals,
        ask: Callable[[Turn, GrammarResult], None],
    ) -> None:
        self._turns, self._voice, self._thinking, self._goals = turns, voice, thinking, goals
        self._ask = ask

    def on_event(self, turn: Turn, event: Event, scene: Scene) -> None:
        """News of the request that this turn waits for. Thoughts, and which endpoint answers, are nobody's matter here."""
        if isinstance(event, TextDelta):
            self._on_words(turn, event.text)
        elif isinstance(event, (Finished, Failed)):
            turn.chat = None
            if turn.settled is not None:
                self._after_result(turn, event, scene)
            elif isinstance(event, Failed):
                self._failed(turn, event)
            elif turn.mode == "act":
                self._propose(turn, event, scene)
            else:
                self._voice.finish(turn)
                self._turns.end(turn, "answered")

    def interrupt(
        self,
        except_for: str = "",
        rule: str = "interrupted",
        outcome: Literal["refused", "stopped"] = "refused",
    ) -> None:
        """End every request to the model; what it would still say cannot act any more."""
        self._thinking.forget(except_for)
        for turn in self._turns:
            if turn.chat is None or turn.heard.turn_id == except_for:
                continue
            turn.chat.abort()
            turn.chat = None
            has_spoken = self._voice.has_begun(turn)
            self._voice.finish(turn, silent=True)
            if turn.settled is not None:
                self._turns.end(turn, *turn.settled)
            else:
                self._turns.end(turn, "answered" if has_spoken and outcome == "refused" else outcome, rule)

    def _on_words(self, turn: Turn, text: str) -> None:
        """Words of a model that should act are not spoken."""
        if turn.mode not in ("talk", "tell"):
            return
        try:
            self._voice.stream(turn, text)
        except WrongLanguage:
            assert turn.chat is not None
            turn.chat.abort()
            turn.chat = None
            self._voice.drop(turn)
            if turn.settled is not None:
                self._turns.end(turn, *turn.settled)
            else:
                self._voice.say(turn, phrase("no_words", turn.language), "answer")
                self._turns.end(turn, "failed", "wrong_language")

    def _propose(self, turn: Turn, reply: Finished, scene: Scene) -> None:
        """Pass on what the model wants if it is one valid call that the sentence supports; else ask, for the one
        argument that it lacks or for another sentence."""
        text = turn.heard.text
        found = proposed_call(reply, text, scene, turn.language)
        if found is not None:
            lack = several_meant(found[0], scene, turn.language)
        else:
            tools = turn.request.tools if turn.request is not None else ()
            offered = {str(tool["function"]["name"]) for tool in tools}
            lack = proposal_gap(reply, offered, text, scene, turn.language)
        if lack is not None:
            self._ask(turn, lack)
        elif found is not None:
            call, turn.proposed = found
            self._goals.send(turn, "llm", (call,))
        elif len(dict.fromkeys(reply.calls)) > 1:  # several count only as one sequence
            self._voice.say(turn, phrase("what_first", turn.language), "question")
            self._turns.end(turn, "asked", "several_calls")
        else:
            self._voice.say(turn, phrase("not_understood", turn.language), "answer")
            self._turns.end(turn, "refused", "not_understood")

    def _after_result(self, turn: Turn, event: Finished | Failed, scene: Scene) -> None:
        """The model was told how its call ended: another call may mend it, otherwise that was all."""
        assert turn.settled is not None
        found = None
        if turn.mode == "mend" and isinstance(event, Finished):
            found = proposed_call(event, turn.heard.text, scene, turn.language)
        if found is not None and found[0] not in turn.tried:
            call, turn.proposed = found
            turn.settled = None
            self._goals.send(turn, "llm", (call,))
            return
        if turn.mode == "tell" and self._voice.has_begun(turn):
            self._voice.finish(turn)
        self._turns.end(turn, *turn.settled)

    def _failed(self, turn: Turn, failed: Failed) -> None:
        if self._voice.has_begun(turn):
            self._voice.finish(turn, phrase("llm_broke_off", turn.language))
        else:
            key = "llm_slow" if failed.problem in ("no_first_token", "too_slow") else "llm_down"
            self._voice.say(turn, phrase(key, turn.language), "answer")
        self._turns.end(turn, "failed", f"llm_{failed.problem}")
