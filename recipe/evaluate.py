"""Measure accuracy as the model card does: is the right context among the first k of all distinct contexts?

The protocol is that of `bert-small-uncased-whole-word-masking-squad-emb-int8-0001`: contexts of at most 384 tokens,
questions of at most 32, and every distinct context of SQuAD v1.1 dev a candidate for every question.
"""

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wherein.embed.precision import apply_precision
from wherein.embed.runtime import openvino_core
from wherein.recipe import samples

TOP_K = (1, 5, 10, 20)
BATCH = 8
# By default OpenVINO computes in bfloat16 where the CPU can, and rounds the activations of INT8 weights in groups;
# either would not be the precision that the figures are reported for (docs/decisions/precision.md).
COMPILE_SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}

Vectors = NDArray[np.float32]


def encode(compiled: ov.CompiledModel, rows: list[list[int]]) -> Vectors:
    """Return the vectors of rows of token ids, float32 [rows, 384], in their order."""
    # Texts of similar length share a batch, so that there is little padding.
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    vectors = np.empty((len(rows), compiled.output(0).partial_shape[1].get_length()), np.float32)
    request = compiled.create_infer_request()
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        vectors[part] = request.infer(samples.batch([rows[row] for row in part]))[compiled.output(0)]
    return vectors


def ranks(questions: Vectors, contexts: Vectors, right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each question the number of contexts that score above the right one; int64 [questions]."""
    scores = questions @ contexts.T
    return (scores > scores[np.arange(len(right)), right][:, None]).sum(axis=1)


def measure(model: ov.Model, tokenizer: Tokenizer, dev: Path) -> dict[str, float]:
    """Return the percentages of questions whose context is among the first 1, 5, 10 and 20."""
    compiled = openvino_core().compile_model(model, "CPU", COMPILE_SETTINGS)
    parts = samples.paragraphs(dev)
    contexts = list(dict.fromkeys(part["context"] for part in parts))
    number = {context: row for row, context in enumerate(contexts)}
    pairs = [(qa["question"], number[part["context"]]) for part in parts for qa in part["qas"]]
    tokens = [samples.token_ids(tokenizer, text, samples.CONTEXT_TOKENS) for text in contexts]
    questions = [samples.token_ids(tokenizer, text, samples.QUESTION_TOKENS) for text, _ in pairs]
    right = np.array([row for _, row in pairs])
    right_ranks = ranks(encode(compiled, questions), encode(compiled, tokens), right)
    return {f"top_{k}": round(100 * float((right_ranks < k).mean()), 2) for k in TOP_K}


def accuracy(plain: ov.Model, path: Path, tokenizer: Tokenizer, dev: Path) -> dict[str, Any]:
    """Return the accuracy of the FP32 graph, and of the INT8 file at `path` at both precisions."""
    figures = {"fp32": measure(plain, tokenizer, dev)}
    for precision in ("w8a8", "w8a32"):
        model = openvino_core().read_model(path)
        apply_precision(model, precision)
        figures[precision] = measure(model, tokenizer, dev)
    return {"squad-v1.1-dev": figures}
