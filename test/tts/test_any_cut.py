# SPDX-License-Identifier: Apache-2.0
"""A reply as models write them is said word for word, in order, however its text comes, and nothing else of it is.

Words that must be said begin with q, those that must not with z; each occurs once."""

import itertools
import re
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.llm.clauses import Clauses
from voice_agent_ros.tts.pace import Pace
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.speakable import speakable

# Q is a word to be said, Z one that is not.
FORMS = (
    "Q",
    "Q Q, Q Q; Q Q.",
    "**Q Q. Q** Q!",
    "*Q Q* `Q Q`",
    "[Q Q: Q](https://a.b/Z?z=Z#Z)",
    '[Q. Q Q](docs/Z.md "Z, Z. Z")',
    "![Q](Z.png)",
    '<b class="Z Z">Q. Q Q</b>',
    "<think>Z. Z\nZ</think>Q",
    "~~Q Q~~ (Q Q Q)",
    '"Q Q Q." Q',
    "👍🏽 Q 👩‍👩‍👧",
    "\n```python\nZ(Z) # Z\n```\n",
    "\n| Q Q | Q |\n|---|:-:|\n| Q | Q Q |\n",
    "\n- Q Q\n  * Q Q\n    + Q Q: Q\n",
    "\n## Q Q\n",
    "\n> Q Q\n",
    "\n- [ ] Q Q\n",
    "see https://a.b/Z?z=Z#Z, Q",
    "<https://a.b/Z> Q",
    "So Q > Q < Q = Q, e.g. Q",
)
NUMBERS = (
    "Q 2 < 3 and 5 - 4 = 1, so 3 * 4 > 10 Q",
    "about $5 and $6, from 3-5.5 cm at 10:30 on Jan. 5, e.g. v1.2.3, Q",
)
# Figures are read as the language of their segment reads them, so there are none here.
CHINESE = (
    "红方块Q，蓝方块Q。",
    "好的，我现在把**红色的方块**放进[碗里](https://a.b/Z)，请看https://a.b/Z，Q。",
    "《书》：“你好！”",
)
REPLIES = st.one_of(
    st.lists(st.sampled_from([*FORMS, *NUMBERS]), min_size=1, max_size=8),
    st.lists(st.sampled_from([*FORMS, *CHINESE]), min_size=1, max_size=8),
).map(" ".join)


def written(form: str) -> str:
    """With each word made one of its own."""
    count = itertools.count()
    letters = (f"{chr(97 + number // 20 % 15)}{chr(97 + number % 20)}" for number in count)
    return re.sub("[QZ]", lambda match: f"{match[0].lower()}{next(letters)}{match[0].lower()}", form)


def said(segments: list[str]) -> list[str]:
    return re.findall(r"[a-z]+|\d|[<>=$\u4e00-\u9fff]", " ".join(map(speakable, segments)).lower())


class _Measured(Pace):
    """Of a slow engine, which therefore joins and tears segments."""

    def __init__(self) -> None:
        super().__init__()
        for width in (8, 60):
            self._width, self._audio_s = width, 0.07 * width
            self.end(0.04 * width)


@settings(max_examples=250, deadline=None)
@given(REPLIES, st.data())
def test_every_word_once_and_in_order(form, data):
    text = written(form)
    whole = Segmenter()
    expected = said([*whole.feed(text), *whole.finish()])
    assert [word for word in expected if re.fullmatch("q..q", word)] == re.findall(r"q[a-o][a-t]q", text)
    assert not [word for word in expected if word.startswith("z")]

    clauses, segmenter, pace = Clauses(), Segmenter(), _Measured()
    segments: deque[str] = deque()
    at = 0
    while at < len(text):
        length = data.draw(st.integers(1, 60))
        for clause in clauses.feed(text[at : at + length]):
            segments += segmenter.feed(clause)
            if segmenter.is_holding and data.draw(st.booleans()):
                segments += segmenter.flush()
        at += length
    segments += [*segmenter.feed(clauses.finish()), *segmenter.finish()]
    assert said(list(segments)) == expected

    paced, is_first = [], True
    while segments:
        paced.append(
            pace.next_segment(segments, data.draw(st.sampled_from([0.0, 0.5, 4.0])), is_first=is_first)
        )
        is_first = False
    assert said(paced) == expected
