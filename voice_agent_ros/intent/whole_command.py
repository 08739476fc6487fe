# SPDX-License-Identifier: Apache-2.0
"""Is a text a whole command or answer? For ears that need not wait whether more is said."""

from __future__ import annotations

from collections.abc import Callable

from voice_agent_ros.intent.confirmation import judge_answer
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.stop_phrases import find_stop_phrase


class WholeCommands:
    """The sentence grammar, asked for nothing but that.

    Args:
        scene: what can be named at the moment.
        language: the one that is expected.
    """

    def __init__(self, scene: Callable[[], Scene], language: str = "en") -> None:
        self._grammars = SentenceGrammars(language)
        self._scene = scene
        self._grammars.prepare(scene())

    def __call__(self, text: str, language: str) -> bool:
        """Whether the text is a command that can be carried out as it is, an answer or a stop."""
        if find_stop_phrase(text, language) or judge_answer(text, language) is not None:
            return True
        return bool(self._grammars.calls(text, language, self._scene()))
