# SPDX-License-Identifier: Apache-2.0
"""A SenseVoice with random weights in sherpa-onnx's format: it recognizes nothing, but it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

BLANK = "<unk>"
LANGUAGES = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12}
ABOUT = (*(f"<|{language}|>" for language in LANGUAGES), "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>")
WORDS = ("打", "开", "夹", "爪", "▁open", "▁grip", "per")
TOKENS = (BLANK, *ABOUT, *WORDS)
STACKED, SHIFT, FEATURES = 7, 6, 80


def write(directory: Path, seed: int = 0) -> Path:
    """Model and tokens. Before the words it tells the language that it was asked for."""
    directory.mkdir()
    (directory / "tokens.txt").write_text(
        "".join(f"{token} {n}\n" for n, token in enumerate(TOKENS)), encoding="utf-8"
    )
    rng = np.random.default_rng(seed)
    width = STACKED * FEATURES
    weights = rng.normal(0, 1, (width, len(TOKENS))).astype(np.float32)
    last = np.zeros(len(TOKENS), np.float32)
    last[1 : 1 + len(ABOUT)] = -9.0  # these only come first
    told = np.zeros((max(LANGUAGES.values()) + 1, 4, len(TOKENS)), np.float32)
    for language, number in LANGUAGES.items():
        for place, token in enumerate((f"<|{language}|>", *ABOUT[-3:])):
            told[number, place, TOKENS.index(token)] = 9.0
    nodes = [
        helper.make_node("Gather", ["told", "language"], ["first"]),
        helper.make_node("MatMul", ["x", "weights"], ["sums"]),
        helper.make_node("Sin", ["sums"], ["any"]),  # no word is likelier than another
        helper.make_node("Add", ["any", "last"], ["words"]),
        helper.make_node("Concat", ["first", "words"], ["logits"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "T", width]),
        *(
            helper.make_tensor_value_info(name, TensorProto.INT32, ["N"])
            for name in ("x_length", "language", "text_norm")
        ),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "L", len(TOKENS)])]
    constants = [
        numpy_helper.from_array(array, name)
        for array, name in ((weights, "weights"), (told, "told"), (last, "last"))
    ]
    graph = helper.make_graph(nodes, "random", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(
        model,
        {
            "model_type": "sense_voice_ctc",
            "lfr_window_size": str(STACKED),
            "lfr_window_shift": str(SHIFT),
            "normalize_samples": "0",
            "with_itn": "14",
            "without_itn": "15",
            "vocab_size": str(len(TOKENS)),
            "neg_mean": ",".join(["0"] * width),
            "inv_stddev": ",".join(["1"] * width),
            **{f"lang_{language}": str(number) for language, number in LANGUAGES.items()},
        },
    )
    save(model, directory / "model.onnx")
    return directory
