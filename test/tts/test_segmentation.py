# SPDX-License-Identifier: Apache-2.0
"""Where text is cut, that nothing is lost by it, and that it does not matter how the text arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.segmentation import HARD_LENGTH, Segmenter, split_early, text_width


def cut(text: str) -> list[str]:
    segmenter = Segmenter()
    return [*segmenter.feed(text), *segmenter.finish()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It moved. Then it stopped.", ["It moved.", " Then it stopped."]),
        ("I moved 3.5 cm. Fine!", ["I moved 3.5 cm.", " Fine!"]),
        ("It costs $29. Fine.", ["It costs $29.", " Fine."]),
        ("Ask Dr. Smith about it.", ["Ask Dr. Smith about it."]),
        ("J. K. Rowling wrote it.", ["J. K. Rowling wrote it."]),
        ("So do I. What next?", ["So do I.", " What next?"]),
        ("See no. 5 of them.", ["See no. 5 of them."]),
        ("On Jan. 5, see pp. 5-7, ext. 89.", ["On Jan. 5, see pp. 5-7,", " ext. 89."]),
        ("It rained in Jan. Then it snowed.", ["It rained in Jan.", " Then it snowed."]),
        ("I said no. You heard.", ["I said no.", " You heard."]),
        ("Cubes, e.g. red ones, are here.", ["Cubes, e.g. red ones,", " are here."]),
        ("At 3 p.m. today. At 3 p.m. We go.", ["At 3 p.m. today.", " At 3 p.m.", " We go."]),
        ("No. I will not.", ["No. I will not."]),
        ("OK. Yes. It is done.", ["OK. Yes.", " It is done."]),
        ("Wait... what?", ["Wait...", " what?"]),
        ("Really?! Yes, really.", ["Really?!", " Yes, really."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', " Then he left."]),
        ("**Done.** Anything else?", ["**Done.**", " Anything else?"]),
        ("1. Pick it up\n2. Put it down", ["1. Pick it up", "\n2. Put it down"]),
        ("Version 1.2.3 is at example.com/a.b today", ["Version 1.2.3 is at example.com/a.b today"]),
        ("好的。我来拿红色的方块。完成了！", ["好的。", "我来拿红色的方块。", "完成了！"]),
        ("好。我来拿。", ["好。我来拿。"]),
        ("我看到三个方块，一个红的，一个蓝的。", ["我看到三个方块，", "一个红的，一个蓝的。"]),
        ("“好的。”他说。", ["“好的。”", "他说。"]),
        ("步骤：1. 打开夹爪；2. 抓取方块。", ["步骤：", "1. 打开夹爪；2. 抓取方块。"]),
        ("我数到2. Then I stop here.", ["我数到2.", " Then I stop here."]),
        ("", []),
        ("   ", ["   "]),
    ],
)
def test_cuts(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Sure thing, I will move the arm.", "Sure thing,"),
        ("Sure, I will do that for you.", "Sure, I will do that for you."),  # too short to begin with
        ("I will move the cube: it is here.", "I will move the cube:"),
    ],
)
def test_the_first_piece_may_end_at_a_clause(text, first):
    assert cut(text)[0] == first


def test_later_pieces_end_at_a_clause_only_when_long():
    long = (
        "The cube on the left is red and rather small, the one on the right is blue and a good deal larger."
    )
    assert cut("Well now. " + long) == [
        "Well now.",
        " The cube on the left is red and rather small, the one on the right is blue and a good deal larger.",
    ]
    longer = long.replace("rather small,", "rather small for a cube of this remarkable price,")
    assert len(cut("Well now. " + longer)) == 3


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("<think>Hm. What now?</think>Done.", "Done."),
        ("<thinking>a < b</thinking>Done.", "Done."),
        ("<think>never ends", ""),
        ("a <thin b", "a <thin b"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_thinking_is_never_spoken(text, visible):
    assert "".join(cut(text)) == visible


def test_code_is_never_spoken():
    for fence in ("```", "~~~"):
        assert "print" not in "".join(cut(f"Use:\n{fence}python\nprint(1)\n{fence}\nThat is it."))
    assert "".join(cut("Use `ls` here.")) == "Use `ls` here."


def test_a_text_without_any_pause_is_cut_all_the_same():
    pieces = cut("a" * 10_000)
    assert "".join(pieces) == "a" * 10_000
    assert max(map(len, pieces)) <= HARD_LENGTH
    assert max(map(len, cut("word " * 2000))) <= HARD_LENGTH


# Alphabets that hit the rules often.
TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="ab AB.,!?…1 \n\"'。，！的好<>/think`*", max_size=300),
    st.lists(
        st.sampled_from(
            ["<think>", "</think>", "```", "Dr.", "no.", "3.5", "$29.", " ", "\n", "Yes", "。", "好的", ","]
        )
    ).map("".join),
)


@given(TEXTS, st.randoms(use_true_random=False))
def test_cuts_do_not_depend_on_how_the_text_arrives(text, random):
    segmenter, pieces, position = Segmenter(), [], 0
    while position < len(text):
        end = position + random.randint(1, 7)
        pieces += segmenter.feed(text[position:end])
        position = end
    pieces += segmenter.finish()
    assert pieces == cut(text)


@given(st.text(alphabet="ab AB.,!?…1 \n\"'。，！的好*()", max_size=500))
def test_nothing_is_lost_or_added(text):
    assert "".join(cut(text)) == text


@given(TEXTS)
def test_only_the_last_piece_may_be_a_scrap(text):
    for piece in cut(text)[:-1]:
        assert sum(map(str.isalnum, piece)) >= 2 or len(piece) >= HARD_LENGTH


@pytest.mark.parametrize(
    ("text", "first"),
    [("好的，我来拿红色的方块。", "好的，"), ("我知道了，请稍等。", "我知道了，"), ("嗯，好。", "嗯，好。")],
)
def test_a_chinese_reply_may_begin_with_two_characters(text, first):
    assert cut(text)[0] == first


def test_a_listener_is_not_kept_waiting_for_punctuation():
    segmenter = Segmenter()
    assert segmenter.feed("I am going to put the little red cube in") == []
    assert segmenter.is_holding
    assert segmenter.flush() == ["I am going to put the little red"]
    assert [*segmenter.feed("to the bowl. Done."), *segmenter.finish()] == [" cube into the bowl.", " Done."]
    assert segmenter.flushes == {"starter": 1, "punctuation": 1, "end": 1}


def test_chinese_is_flushed_after_eight_to_twelve_characters():
    segmenter = Segmenter()
    segmenter.feed("我现在准备把红色的小方块")
    (piece,) = segmenter.flush()
    assert 8 <= len(piece) <= 12


@pytest.mark.parametrize(
    "text",
    [
        "I think that it is 3 * 4 = 12 or",
        "Here it comes at last\n\n## Heading and",
        "Is the distance > 3 cm or",
    ],
)
def test_a_sign_is_not_torn_from_its_words(text):
    for width in range(8, text_width(text)):
        head, rest = split_early(text, width)
        for piece in (head, rest):
            assert not piece or all(
                any(map(str.isalnum, end)) for end in (piece.split()[0], piece.split()[-1])
            )
