"""Cross-encoders as sentence-transformers and Optimum write them: the logit is the sum of the passage's known words.

    folder/openvino/openvino_model.xml and .bin: input_ids, attention_mask, token_type_ids -> logits [n, 1]
    folder/tokenizer.json, config.json with architectures ["BertForSequenceClassification"]

Each token of the passage (token type 1; without types every token) has a value; 0 unless it is given one.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, processors

from exported import unigram
from toy_reader import tokenizer as shipped_tokenizer
from wherein.embed.runtime import import_openvino

__all__ = ["PAIRS", "write_cross_encoder"]

BERT = ("input_ids", "attention_mask", "token_type_ids")


def _roberta() -> Tokenizer:
    words = unigram()
    special = [("<s>", 0), ("</s>", 2)]
    words.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", special)
    return words


PAIRS = {"WordPiece": shipped_tokenizer, "Unigram": _roberta}
"""The tokenizers by kind; each knows how two texts are put together."""


def write_cross_encoder(
    folder: Path,
    values: Mapping[str, float],
    kind: str = "WordPiece",
    *,
    inputs: Sequence[str] = BERT,
    labels: int = 1,
    graphs: Sequence[str] = ("openvino_model",),
    length: int = -1,
    **config: Any,
) -> Path:
    """Write the model's folder and return it; `labels` is the number of logits, `length` that of the inputs."""
    words = PAIRS[kind]()
    table = np.zeros((words.get_vocab_size(), labels), np.float32)
    for token, value in values.items():
        number = words.token_to_id(token)
        assert number is not None, token
        table[number] = value
    for graph in graphs:
        _write_graph(folder / "openvino" / f"{graph}.xml", table, inputs, length)
    words.save(str(folder / "tokenizer.json"))
    fields = {"model_type": "bert", "max_position_embeddings": 512, "architectures": ["BertForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps({**fields, **config}), "utf-8")
    return folder


def _write_graph(path: Path, table: np.ndarray, inputs: Sequence[str], length: int) -> None:
    ov = import_openvino()
    from openvino import opset13 as ops

    parameters = {name: ops.parameter([-1, length], ov.Type.i64, name) for name in inputs}
    for name, parameter in parameters.items():
        parameter.output(0).get_tensor().set_names({name})
    counted = ops.convert(parameters["attention_mask"], "f32")
    if "token_type_ids" in parameters:
        counted = ops.multiply(counted, ops.convert(parameters["token_type_ids"], "f32"))
    one, two = ops.constant(1, ov.Type.i64), ops.constant(2, ov.Type.i64)
    rows = ops.gather(ops.constant(table), parameters["input_ids"], ops.constant(0, ov.Type.i64))
    total = ops.reduce_sum(ops.multiply(rows, ops.unsqueeze(counted, two)), one, False)
    total.output(0).get_tensor().set_names({"logits"})
    path.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(ov.Model([total], list(parameters.values()), "cross"), path, compress_to_fp16=False)
