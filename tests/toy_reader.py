"""An answer model with known logits: each token has its own start and end logit, whatever its position.

It is an OpenVINO graph with the inputs and outputs of the Open Model Zoo's SQuAD models, in a model folder like one
that `wherein model add` makes; the tokenizer is the shipped model's.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, WEIGHTS
from wherein.embed.runtime import import_openvino

__all__ = ["INPUTS", "OUTPUTS", "describe", "echo", "tables", "tokenizer", "write_graph", "write_reader"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
OUTPUTS = ("output_s", "output_e")
Body = Callable[[Any, dict[str, Any]], tuple[Any, ...]]


@cache
def tokenizer() -> tokenizers.Tokenizer:
    made = tokenizers.Tokenizer.from_file(str(DEFAULT_MODEL / TOKENIZER))
    made.no_truncation()
    made.no_padding()
    return made


def tables(starts: Mapping[str, float], ends: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the end logit of every token `[vocabulary]`, 0 for tokens that are not named."""
    words = tokenizer()
    made = np.zeros((2, words.get_vocab_size()), np.float32)
    for row, logits in zip(made, (starts, ends), strict=True):
        for token, logit in logits.items():
            number = words.token_to_id(token)
            assert number is not None, token
            row[number] = logit
    return made[0], made[1]


def write_reader(
    folder: Path, starts: Mapping[str, float], ends: Mapping[str, float], *, tokens: int = 384, fixed: bool = True
) -> Path:
    """Write an answer model with these logits by token; unless `fixed`, its inputs may have any number of tokens."""
    first, last = tables(starts, ends)

    def body(ops: Any, inputs: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(ops.gather(ops.constant(table), inputs["input_ids"], ops.constant(0)) for table in (first, last))

    return write_graph(folder, body, tokens=tokens, length=tokens if fixed else -1)


def echo(ops: Any, inputs: dict[str, Any]) -> tuple[Any, ...]:
    """Return the inputs as logits: 10 * attention_mask + token_type_ids, and 40,000 * position_ids + input_ids.

    Each is below 2**24, so a float32 holds it exactly.
    """
    as_float = {name: ops.convert(value, "f32") for name, value in inputs.items()}
    ten, many = ops.constant(np.float32(10)), ops.constant(np.float32(40_000))
    return (
        ops.add(ops.multiply(as_float["attention_mask"], ten), as_float["token_type_ids"]),
        ops.add(ops.multiply(as_float["position_ids"], many), as_float["input_ids"]),
    )


def write_graph(
    folder: Path,
    body: Body,
    *,
    tokens: int = 384,
    length: int = 384,
    inputs: tuple[str, ...] = INPUTS,
    outputs: tuple[str, ...] = OUTPUTS,
    kind: Any = np.int64,
) -> Path:
    openvino = import_openvino()
    from openvino import opset13 as ops

    parameters = [ops.parameter([1, length], kind, name) for name in inputs]
    for name, parameter in zip(inputs, parameters, strict=True):
        parameter.output(0).get_tensor().set_names({name})
    results = []
    for name, value in zip(outputs, body(ops, dict(zip(inputs, parameters, strict=True))), strict=False):
        value.output(0).get_tensor().set_names({name})
        results.append(ops.result(value))
    folder.mkdir(parents=True, exist_ok=True)
    openvino.save_model(openvino.Model(results, parameters, "toy"), str(folder / IR), compress_to_fp16=False)
    shutil.copy(DEFAULT_MODEL / TOKENIZER, folder / TOKENIZER)
    return describe(folder, tokens=tokens)


def describe(folder: Path, **changed: object) -> Path:
    """Write the manifest of the model in a folder."""
    files = {name: {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()} for name in
             (IR, WEIGHTS, TOKENIZER)}  # fmt: skip
    manifest = {
        "schema": 1, "kind": "reader", "name": folder.name, "version": "1", "tokens": 384, "question_tokens": 64,
        "inputs": INPUTS, "outputs": OUTPUTS, "files": files,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps({**manifest, **changed}))
    return folder
