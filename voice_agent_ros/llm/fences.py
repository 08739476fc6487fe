# SPDX-License-Identifier: Apache-2.0
"""Makes foreign text harmless: names that a camera found, messages of other nodes. It is data, whatever it says.

A fence (`<seen>…</seen>`) only holds if nothing inside can end it or look as if it did: no brackets of any script, no
characters that cannot be seen, one line.
"""

from __future__ import annotations

import re
import unicodedata

# Letters, marks and digits of any script, and the punctuation that a name or a short message needs.
_ELSE = re.compile(r"[^\w\s'.,:;%°+-]")
# Words by which chat templates tell who speaks; in a name they are only words, and not at its beginning.
_SPEAKER = re.compile(r"(?i)\b(system|user|assistant|tool|developer|human)\s*:")
# What fences, tags and chat templates are made of; DeepSeek's has a wide bar.
_BRACKETS = re.compile(r"[<>|\[\]{}\uff1c\uff1e\uff5c]+")


def as_data(text: str, max_characters: int = 32) -> str:
    """A text without anything that could end a fence or pass for somebody else's turn; may come out empty."""
    plain = unicodedata.normalize("NFKC", text[: 8 * max_characters])
    plain = "".join(" " if _is_unseen(character) else character for character in plain)
    plain = _SPEAKER.sub(r"\1", _ELSE.sub(" ", plain)).replace("_", " ")
    return " ".join(plain.split())[:max_characters].strip()


def as_words(text: str) -> str:
    """What somebody said, as nothing but words: one line that no fence or template can be made of."""
    plain = "".join(" " if _is_unseen(character) else character for character in text)
    return " ".join(_SPEAKER.sub(r"\1", _BRACKETS.sub(" ", plain)).split())


def _is_unseen(character: str) -> bool:
    """Control and format characters: line ends, zero-width, direction marks, private use."""
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
