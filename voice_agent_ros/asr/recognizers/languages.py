# SPDX-License-Identifier: Apache-2.0
"""The languages that are told apart when the language is not fixed, and their names in engines' answers."""

from __future__ import annotations

AUTO = "auto"
DETECTED = ("en", "zh")
# Some servers answer with the name of the language.
_CODES = {"english": "en", "chinese": "zh", "mandarin": "zh", "cantonese": "yue", "japanese": "ja"}


def base_of(language: str) -> str:
    """ "zh" of "zh-CN"; "auto" stays."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].strip().lower()


def code_of(name: str, default: str) -> str:
    """The code of a language that an engine names by code or by its English name."""
    base = base_of(name)
    return _CODES.get(base, base if base and base != AUTO and len(base) <= 3 else default)
