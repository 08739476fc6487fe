# SPDX-License-Identifier: Apache-2.0
"""A word with its times; apart from the recognizers, for programs that only pass words on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A word and when it was said, s from the beginning of the audio."""

    text: str
    start: float
    end: float
    probability: float = 1.0
