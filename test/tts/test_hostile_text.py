# SPDX-License-Identifier: Apache-2.0
"""Whatever a model or a person writes is spoken, skipped or refused; nothing is lost, doubled, torn or carried out."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.segmentation import HARD_LENGTH, MIN_WIDTH, SPACE_WIDTH, Segmenter, text_width
from voice_agent_ros.tts.speakable import speakable

TEXTS = {
    "quotes": "She said \"it's `fine`\" — 'really'.",
    "shell": '$(touch {mark}); `touch {mark}` | tee {mark} && touch {mark} > /dev/null; "; touch {mark} #',
    "option": "--output {mark} -w {mark} -f /etc/passwd",
    "ssml": "<speak><audio src='file:///etc/passwd'/>Hi<break time='9s'/></speak> &lt;x&gt;",
    "espeak phonemes": "[[h@'loU]] [[{mark}]]",
    "format": "%s %n {0} {} \\x00 \\n %(name)s",
    "10 kB": "The arm moves on and on, and never rests. " * 240,
    "10 kB without a space": "a" * 10_000,
    "10 kB Chinese": "机械臂移动到左边" * 400,
    "emoji": "😀🎉👩‍👩‍👧‍👦🏳️‍🌈",
    "empty": "",
    "blank": "\u3000\u200b\ufeff \n\t",
    "mixed": "请把 red cube 放进 bowl 里, OK? 然后 move 3.5cm.",
    "address": "See https://user:pw@example.com:8080/a?b=$(id)#c and ftp://x or www.a.b, a@b.org.",
    "code": "Run this:\n```sh\nrm -rf /\n```\nDone.",
    "open code": "Run this:\n```sh\nrm -rf /",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "numbers": "3.5 cm, Dr. Smith paid $29. It is 1/2 or 3 3/4 at 10:30 on 2026-11-21, 192.168.1.1.",
    "math": "∀x∈ℝ: x² ≥ 0 ⇒ √x… ±1e-3",
    "controls": "\x00\x01\x1b[31mred\x1b[0m\x07\r\n\u202egnirts",
    "surrogate": "half \ud83d of it",
    "zalgo": "h̷̛e̸͝l̴̈́l̵o̶" * 20,
    "right to left": "שלום עולם مرحبا",
    "digits": "9" * 5000,
    "marks": "?!" * 2000,
    "nested": "((((((((" * 300 + "[[[[" * 300,
    "stars": "*" * 3000 + "a" + "_" * 3000,
    "arrows": "<" * 3000 + ">" * 3000,
}


@pytest.fixture(scope="module", params=["hibari", "espeak-ng"])
def voice(request):
    if request.param == "hibari":
        pytest.importorskip("hibari")
    elif shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    engine = load_synthesizer(request.param)
    yield engine
    engine.close()


def segments_of(text, sizes=()):
    segmenter, found, at = Segmenter(), [], 0
    for size in sizes:
        found += segmenter.feed(text[at : at + size])
        at += size
    return [*found, *segmenter.feed(text[at:]), *segmenter.finish()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_is_spoken_skipped_or_refused(voice, text, tmp_path):
    mark = tmp_path / "mark"
    text = text.replace("{mark}", str(mark))
    spoken = 0
    for segment in segments_of(text)[:6]:  # the rest is more of the same
        said = speakable(segment)
        assert not said or any(map(str.isalnum, said))
        try:
            blocks = list(voice.synthesize(said)) if said else []
        except EngineError:
            continue
        assert all(block.dtype == np.int16 for block in blocks)
        spoken += sum(map(len, blocks))
    assert not list(tmp_path.iterdir()), "it was carried out"
    if text.isascii() and text_width(text) > 3 and "```" not in text:
        assert spoken


WORDS = (
    "I put the_red cube 3.5_cm Dr. $29. e.g. 10:30 1/2 Yes. No! well, 好的 我来拿 红色的方块 3.5厘米 ， 。 ！ 、 “你好”"
    " -_item ```x``` <think>hm</think> https://a.b/c 😀 ... ？！ **bold** 十二 192.168.1.1"
)
PROSE = st.lists(
    st.sampled_from([*(word.replace("_", " ") for word in WORDS.split()), "\n", "a" * 50]), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(PROSE, st.sampled_from([" ", ""]), st.lists(st.integers(1, 30), max_size=12))
def test_nothing_is_lost_doubled_or_torn(words, glue, sizes):
    text = glue.join(words)
    segments = segments_of(text, sizes)
    assert segments == segments_of(text), "the cuts depend on how the text came"
    plain = text.replace("<think>hm</think>", "").replace("```x```", "")
    if "`" not in plain and "<" not in plain:
        assert "".join(segments) == plain
    for index, segment in enumerate(segments):
        assert len(segment) <= HARD_LENGTH
        assert text_width(segment) <= SPACE_WIDTH + 60, "longer than a listener bears"
        if index < len(segments) - 1:
            assert text_width(segment) >= MIN_WIDTH, f"{segment!r} is a scrap"
    for whole in ("3.5", "$29.", "10:30", "192.168.1.1"):
        assert sum(segment.count(whole) for segment in segments) == plain.count(whole)


@given(st.text(max_size=400), st.lists(st.integers(1, 40), max_size=8))
def test_any_text_is_cut_and_made_speakable(text, sizes):
    for segment in segments_of(text, sizes):
        said = speakable(segment)
        assert not said or any(map(str.isalnum, said))


@pytest.mark.parametrize(
    ("text", "starter", "needed"),
    [
        ("Sure, of course, I will put the red cube into the bowl for you.", "Sure, of course,", 17),
        ("好的，我现在把红色的方块放进碗里。", "好的，", 4),
        ("Yes. I will do that.", "Yes.", 5),
        ("没问题！马上就来。", "没问题！", 5),
        ("All right, I begin.", "All right,", 11),
    ],
)
def test_the_starter_is_said_as_soon_as_it_sounds_natural(text, starter, needed):
    segmenter = Segmenter()
    for index, character in enumerate(text):
        if found := segmenter.feed(character):
            assert (found[0], index + 1) == (starter, needed)
            return
    pytest.fail("there was none")
