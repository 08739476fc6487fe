# SPDX-License-Identifier: Apache-2.0
"""Token counts: exact with a tokenizer's file, else estimates; a limit cuts at it, wherever the pieces end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.usage import (
    EstimatingCounter,
    FileCounter,
    ReplyMeter,
    Usage,
    derived_tokens,
    estimated_tokens,
)


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-pair tokenizer of the usual kind, trained on a few words."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|im_start|>", "<|im_end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the red cube is in the bowl and the blue cube is not"] * 20, trainer)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def test_estimate() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde", "好的", "a好")] == [
        0,
        1,
        1,
        2,
        2,
        2,
    ]


def test_counts_by_file(tokenizer_file: Path) -> None:
    counter = FileCounter(tokenizer_file)
    assert counter.is_exact
    assert counter.count("the cube") == 2
    assert counter.count("<|im_start|>the cube<|im_end|>") == 4
    assert FileCounter(tokenizer_file.parent).count("the cube") == 2
    assert counter.clip("the red cube", 2) == "the red"
    assert counter.clip("the red cube", 0) == ""
    assert counter.clip("the red cube", 9) == "the red cube"


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no tokenizer at"):
        FileCounter(tmp_path / "none.json")
    broken = tmp_path / "tokenizer.json"
    broken.write_text("{}")
    with pytest.raises(ConfigurationError, match="is no tokenizer file"):
        FileCounter(broken)


TEXT = "the red cube is in the bowl,\n\n and the blue cube is not 碗 😀 at all"


@given(cuts=st.lists(st.integers(1, len(TEXT)), max_size=20), limit=st.integers(1, 40))
def test_a_limit_cuts_at_the_same_place_however_the_text_comes(
    tokenizer_file: Path, cuts: list[int], limit: int
) -> None:
    counter = FileCounter(tokenizer_file)
    bounds = [0, *sorted(set(cuts)), len(TEXT)]
    meter, said = ReplyMeter(counter), ""
    for start, end in zip(bounds, bounds[1:]):  # noqa: B905, RUF007
        piece, is_full = meter.feed(TEXT[start:end], limit)
        said += piece
        if is_full:
            break
    whole = counter.clip(TEXT, limit)
    # A piece that ends inside a word may have been passed on before the word's tokens were known.
    assert whole.startswith(said[: len(whole)])
    assert len(said) - len(whole) <= 8
    assert meter.tokens <= limit + 2
    if counter.count(TEXT) < limit:
        assert said == TEXT


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=20), st.integers(1, 12))
def test_an_estimated_limit_is_never_passed(pieces: list[str], limit: int) -> None:
    meter, said, is_full = ReplyMeter(EstimatingCounter()), "", False
    for piece in pieces:
        kept, is_full = meter.feed(piece, limit)
        said += kept
        if is_full:
            break
    assert meter.tokens <= limit
    assert "".join(pieces).startswith(said)
    if not is_full:
        assert said == "".join(pieces)


def test_a_long_reply_is_not_counted_again_and_again(tokenizer_file: Path) -> None:
    counter = FileCounter(tokenizer_file)
    meter = ReplyMeter(counter)
    counted = 0
    count = counter.count

    def counting(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return count(text)

    counter.count = counting  # type: ignore[method-assign]
    text = "the red cube is in the bowl " * 200
    for word in text.split(" "):
        meter.feed(f"{word} ", 100_000)
    assert counted < 8 * len(text)


def test_derived_counts() -> None:
    assert derived_tokens(40, 17.0, 2.4) == 42
    assert derived_tokens(40, 17.0, 0.2) == 40  # too short to tell
    assert derived_tokens(40, 500.0, 10.0) == 40  # not plausible
    assert derived_tokens(40, 0.0, 10.0) == 40
    for speed in ("nan", "-nan", "inf", "-inf"):
        assert derived_tokens(40, float(speed), 10.0) == 40


def test_an_estimate_says_so() -> None:
    assert Usage(3, 4, 1, is_exact=False).body()["estimated"] is True
    assert "estimated" not in Usage(3, 4, 1, is_exact=True).body()
    assert Usage(3, 4, 1, is_exact=True).body()["total_tokens"] == 7
