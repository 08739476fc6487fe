# SPDX-License-Identifier: Apache-2.0
"""A streaming transducer with random weights in sherpa-onnx's format: it recognizes nothing, but it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

TOKENS = ("<blk>", "▁OPEN", "▁THE", "▁GRIP", "PER", "<unk>")
FEATURES = 80
WIDTH = 16
CHUNK = 9  # frames that the encoder is given, of which it steps over CHUNK - 5
STEP = 4


def write(directory: Path, seed: int = 0) -> Path:
    """Encoder, decoder, joiner and tokens."""
    directory.mkdir()
    rng = np.random.default_rng(seed)
    (directory / "tokens.txt").write_text(
        "".join(f"{token} {n}\n" for n, token in enumerate(TOKENS)), encoding="utf-8"
    )
    _encoder(rng, directory / "encoder.onnx")
    _decoder(rng, directory / "decoder.onnx")
    _joiner(rng, directory / "joiner.onnx")
    return directory


def _encoder(rng: np.random.Generator, path: Path) -> None:
    """Every fourth frame through one layer; the states pass through."""
    weights = numpy_helper.from_array(rng.normal(0, 0.3, (FEATURES, WIDTH)).astype(np.float32), "w")
    constants = [
        numpy_helper.from_array(np.array(values, np.int64), name)
        for name, values in (("from", [0]), ("to", [STEP]), ("axis", [1]), ("step", [STEP]))
    ]
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axis", "step"], ["some"]),
        helper.make_node("MatMul", ["some", "w"], ["flat"]),
        helper.make_node("Tanh", ["flat"], ["encoder_out"]),
        helper.make_node("Identity", ["h"], ["next_h"]),
        helper.make_node("Identity", ["c"], ["next_c"]),
    ]
    inputs = [
        _tensor("x", ["N", CHUNK, FEATURES]),
        _tensor("h", [1, "N", WIDTH]),
        _tensor("c", [1, "N", WIDTH]),
    ]
    outputs = [
        _tensor("encoder_out", ["N", 1, WIDTH]),
        _tensor("next_h", [1, "N", WIDTH]),
        _tensor("next_c", [1, "N", WIDTH]),
    ]
    model = _model(nodes, inputs, outputs, [weights, *constants])
    helper.set_model_props(
        model,
        {
            "model_type": "lstm",
            "num_encoder_layers": "1",
            "T": str(CHUNK),
            "decode_chunk_len": str(STEP),
            "rnn_hidden_size": str(WIDTH),
            "d_model": str(WIDTH),
        },
    )
    save(model, path)


def _decoder(rng: np.random.Generator, path: Path) -> None:
    table = numpy_helper.from_array(rng.normal(0, 1, (len(TOKENS), WIDTH)).astype(np.float32), "table")
    last = [
        numpy_helper.from_array(np.array(values, np.int64), name)
        for name, values in (("from", [1]), ("to", [2]), ("axis", [1]))
    ]
    nodes = [
        helper.make_node("Slice", ["y", "from", "to", "axis"], ["last"]),
        helper.make_node("Squeeze", ["last", "axis"], ["token"]),
        helper.make_node("Gather", ["table", "token"], ["decoder_out"]),
    ]
    inputs = [helper.make_tensor_value_info("y", TensorProto.INT64, ["N", 2])]
    model = _model(nodes, inputs, [_tensor("decoder_out", ["N", WIDTH])], [table, *last])
    helper.set_model_props(model, {"vocab_size": str(len(TOKENS)), "context_size": "2"})
    save(model, path)


def _joiner(rng: np.random.Generator, path: Path) -> None:
    weights = numpy_helper.from_array(rng.normal(0, 1, (WIDTH, len(TOKENS))).astype(np.float32), "w")
    nodes = [
        helper.make_node("Add", ["encoder_out", "decoder_out"], ["sum"]),
        helper.make_node("MatMul", ["sum", "w"], ["logit"]),
    ]
    inputs = [_tensor("encoder_out", ["N", WIDTH]), _tensor("decoder_out", ["N", WIDTH])]
    model = _model(nodes, inputs, [_tensor("logit", ["N", len(TOKENS)])], [weights])
    helper.set_model_props(model, {"joiner_dim": str(WIDTH)})
    save(model, path)


def _tensor(name: str, shape: list[int | str]) -> object:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _model(nodes: list, inputs: list, outputs: list, constants: list) -> ModelProto:
    graph = helper.make_graph(nodes, "random", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
