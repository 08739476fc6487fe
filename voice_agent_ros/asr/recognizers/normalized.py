# SPDX-License-Identifier: Apache-2.0
"""A recognizer whose transcripts are in the spelling that is wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from voice_agent_ros.asr.recognizer import AdjustableRecognizer, Audio, Recognition
from voice_agent_ros.asr.recognizers.spelling import Spelling


class NormalizedRecognizer:
    """A recognizer whose transcripts are respelled; the times of words stay with the words as heard."""

    def __init__(self, recognizer: AdjustableRecognizer, spelling: Spelling) -> None:
        self._recognizer = recognizer
        self._spelling = spelling

    def adjust(self, *, language: str, word_times: bool) -> None:
        """See `AdjustableRecognizer`."""
        self._recognizer.adjust(language=language, word_times=word_times)

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance."""
        heard = self._recognizer.recognize(audio, hints, is_draft=is_draft)
        return dataclasses.replace(heard, text=self._spelling.of(heard.text, heard.language))

    def close(self) -> None:
        """Close the recognizer."""
        self._recognizer.close()
