# SPDX-License-Identifier: Apache-2.0
"""Who speaks while the robot speaks makes it pause; words make it stop, and without any it goes on where it paused."""

from __future__ import annotations

import difflib
import re
from typing import Literal

# Source of its stop requests; their turn is that of the words, which are to be answered.
BARGE_IN = "barge_in"
Action = Literal["", "hold", "resume", "stop"]
WORDLESS_S = 2.0  # after the person's voice has ended: it was a cough, or our own echo
LONGEST_S = 4.0  # below the time after which unplayed speech is given up
# After a false alarm a voice alone does not pause it for so long: an echo that slips through would make it stammer.
WARY_S = 15.0
SURE_WORDS = 2  # provisional ones
# Of these, one alone ends nothing before it is final: laughter begins like them, and they can wait.
_UNHURRIED = frozenset(["yes", "okay", "ok", "on", "please", "好", "行", "下"])
# Of coughs and laughter recognizers make words that they are not sure of ("Have fun!", 0.02); of words, rarely (0.4).
UNSURE, FEW_WORDS = 0.3, 6
ECHO_SHARE = 0.8  # of the words heard that are, in this order, what the robot is saying
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_]+(?:'[^\W_]+)?")
# Coughs, laughter, and what listeners say to show that they listen: no words follow, so speech goes on.
_SOUND = re.compile(
    r"(?:a?h+[ae]+m+|m+|h+m+|u+h+|u+m+|u+g+h+|a+h*|hu+m+|o+h+|e+h+|e+r+m?|(?:ha+h?)+|(?:he)+h?|hu+h|cough(?:s|ing)?|laugh(?:s|ter)|[嗯呃啊哦噢唔哈呵咳嘿])"
)
# Said by themselves, they are meant for the robot even if it is saying them too.
_CALLS = frozenset(
    [
        "stop",
        "wait",
        "no",
        "hey",
        "okay",
        "ok",
        "yes",
        "quiet",
        "enough",
        "pause",
        "hold",
        "on",
        "please",
        "robot",
        "停",
        "等",
        "不",
        "好",
        "行",
        "别",
        "住",
        "下",
    ]
)


class BargeIn:
    """Decides; whoever calls carries it out. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._held_at: float | None = None
        self._quiet_since: float | None = None
        self._wary_until = float("-inf")

    @property
    def is_holding(self) -> bool:
        """Speech is paused."""
        return self._held_at is not None

    def on_voice(self, now: float, *, is_speech: bool, robot_speaks: bool) -> Action:
        """The microphone's decision whether somebody speaks has changed."""
        self._quiet_since = None if is_speech else now
        if is_speech and robot_speaks and not self.is_holding and now >= self._wary_until:
            self._held_at = now
            return "hold"
        return ""

    def on_words(
        self,
        text: str,
        *,
        is_final: bool = True,
        confidence: float = 1.0,
        robot_speaks: bool = False,
        robot_says: str = "",
    ) -> Action:
        """Words, provisional or final, of whoever speaks now; those that the robot is saying itself are its echo.

        One provisional word alone is often what the beginning of a cough is taken for; the speech is paused anyway.
        """
        if not (self.is_holding or robot_speaks) or is_wordless(text):
            return ""
        words = _TOKEN.findall(text.lower())
        is_call, is_alone = _CALLS.issuperset(words), len(words) < SURE_WORDS
        is_early = is_alone and not is_final and (not is_call or _UNHURRIED.issuperset(words))
        if is_early or (not is_call and _is_guess(words, confidence)):
            return ""
        if is_echo(text, robot_says):
            return ""
        self._held_at = None
        return "stop"

    def on_time(self, now: float) -> Action:
        """To be called now and then while it holds."""
        if self._held_at is None:
            return ""
        is_wordless = self._quiet_since is not None and now - self._quiet_since >= WORDLESS_S
        if is_wordless or now - self._held_at >= LONGEST_S:
            self._held_at = None
            self._wary_until = now + WARY_S
            return "resume"
        return ""

    def forget(self) -> None:
        """Everything was stopped by other means."""
        self._held_at = None


def _is_guess(words: list[str], confidence: float) -> bool:
    return confidence < UNSURE and len(words) <= FEW_WORDS


def is_wordless(heard: str) -> bool:
    """Whether a text is nothing but sounds: "Ahem.", "Mm-hmm", "(coughs)", "嗯"."""
    return all(map(_SOUND.fullmatch, _TOKEN.findall(heard.lower())))


def is_echo(heard: str, robot_says: str) -> bool:
    """Whether words are what the robot is saying, as far as a recognizer gets them from an echo."""
    words, said = _TOKEN.findall(heard.lower()), _TOKEN.findall(robot_says.lower())
    if not words or not said or _CALLS.issuperset(words):
        return False
    best = difflib.SequenceMatcher(None, words, said, autojunk=False).find_longest_match()
    at = best.b - best.a
    around = said[max(0, at - 2) : max(0, at + len(words) + 2)]  # in one place, not here and there
    found = difflib.SequenceMatcher(None, words, around, autojunk=False).get_matching_blocks()
    return sum(block.size for block in found) >= ECHO_SHARE * len(words)
