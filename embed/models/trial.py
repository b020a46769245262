"""A model is tried before it is taken in: what its graph asks for, and whether it gives vectors at both lengths."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from wherein.embed.graph import INPUTS, adapt
from wherein.embed.model import IR
from wherein.embed.runtime import openvino_core
from wherein.errors import Damaged, UsageError

__all__ = ["ANSWER_OUTPUTS", "EncoderTrial", "is_answer_graph", "try_answer_model", "try_encoder"]

ANSWER_OUTPUTS = ("output_s", "output_e")
"""What a reader of the zoo gives: the logits of the answer's first and last token (its model card)."""


@dataclass(frozen=True)
class EncoderTrial:
    """What a graph is. Lengths in tokens, as they were wished for or as the graph has them."""

    dimension: int
    context_tokens: int
    question_tokens: int
    inputs: tuple[str, ...]
    output: str


def try_encoder(
    folder: Path,
    tokenizer: Tokenizer,
    context_tokens: int | None,
    question_tokens: int | None,
    shown: Path,
    lengths: tuple[int, int] = (384, 32),
) -> EncoderTrial:
    """Run the graph in `folder` once for a context and once for a question; `shown` is what messages call it.

    A graph of one length says by that how long a context is. Raises UsageError when it is not such a model.
    """
    core, graph = _read(folder, shown)
    fixed = _check_ports(graph, shown)
    _check_vocabulary(graph, tokenizer, shown)
    context = context_tokens or fixed or lengths[0]
    question = question_tokens or lengths[1]
    try:
        output = graph.output(0).get_names()
        compiled = core.compile_model(adapt(graph, unit=False), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        vectors = [_run(compiled, tokenizer, length) for length in (context, question)]
    except RuntimeError as error:
        raise UsageError(f"{shown} cannot be run at {context} and {question} tokens: {_told(error)}") from error
    if any(vector.ndim != 2 or len(vector) != 1 or not np.isfinite(vector).all() for vector in vectors):
        shapes = " and ".join(str(list(vector.shape)) for vector in vectors)
        raise UsageError(f"{shown} gives no vector [1, dimension] of finite numbers for a text, but {shapes}")
    return EncoderTrial(vectors[0].shape[1], context, question, INPUTS, min(output, default=""))


def is_answer_graph(folder: Path, shown: Path) -> bool:
    """Whether the graph in `folder` is that of a reader, which marks answers, by the names of its outputs."""
    _, graph = _read(folder, shown)
    return set(ANSWER_OUTPUTS) <= {name for port in graph.outputs for name in port.get_names()}


def try_answer_model(folder: Path, tokenizer: Tokenizer, tokens: int | None, shown: Path) -> int:
    """Run a reader's graph once and return its length in tokens. Raises UsageError when it is not such a model."""
    core, graph = _read(folder, shown)
    length = _check_ports(graph, shown, outputs=len(ANSWER_OUTPUTS)) or tokens or 384
    _check_vocabulary(graph, tokenizer, shown)
    try:
        compiled = core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        results = compiled(_inputs(tokenizer, length))
    except RuntimeError as error:
        raise UsageError(f"{shown} cannot be run at {length} tokens: {_told(error)}") from error
    for name in ANSWER_OUTPUTS:
        if np.size(results[name]) != length or not np.isfinite(results[name]).all():
            raise UsageError(f"{shown} gives no {name} for each of {length} tokens")
    return length


def _read(folder: Path, shown: Path) -> tuple[Any, Any]:
    core = openvino_core()
    try:
        return core, core.read_model(str(folder / IR))
    except RuntimeError as error:
        raise Damaged(f"{shown} cannot be read as OpenVINO IR: {_told(error)}") from error


def _check_ports(graph: Any, shown: Path, outputs: int = 1) -> int | None:
    """Return the one length that the graph was made for, None when it takes any."""
    found = {name for port in graph.inputs for name in port.get_names()}
    missing = [name for name in INPUTS if name not in found]
    if missing:
        raise UsageError(f"{shown} has no input {', '.join(missing)}; a model has {', '.join(INPUTS)}")
    if len(graph.inputs) != len(INPUTS) or len(graph.outputs) != outputs:
        count = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise UsageError(f"{shown} has {count}; a model has {', '.join(INPUTS)} and one vector")
    shapes = [port.partial_shape for port in graph.inputs]
    if any(shape.rank.is_dynamic or len(shape) != 2 for shape in shapes):
        raise UsageError(f"{shown} has inputs that are not [1, length]")
    lengths = {shape[1].get_length() for shape in shapes if shape[1].is_static}
    return min(lengths, default=None)


def _check_vocabulary(graph: Any, tokenizer: Tokenizer, shown: Path) -> None:
    """Raise UsageError when the tokenizer has more tokens than the graph has rows for."""
    rows = _rows(graph)
    highest = max(tokenizer.get_vocab().values(), default=0)
    if rows and highest >= rows:
        raise UsageError(
            f"{shown} knows {rows:,} tokens, but its vocabulary has {highest + 1:,}: it is another model's"
        )


def _rows(graph: Any) -> int | None:
    """Return how many rows the table has in which the token ids are looked up, None when that cannot be told."""
    waiting = list(graph.input("input_ids").get_target_inputs())
    while waiting:
        node = waiting.pop().get_node()
        if node.get_type_name() == "Gather":
            shape = node.input_value(0).get_partial_shape()
            return int(shape[0].get_length()) if shape.rank.is_static and shape[0].is_static else None
        if node.get_type_name() == "Convert":
            waiting += node.output(0).get_target_inputs()
    return None


def _run(compiled: Any, tokenizer: Tokenizer, length: int) -> Any:
    return np.array(compiled(_inputs(tokenizer, length))[0])


def _inputs(tokenizer: Tokenizer, length: int) -> dict[str, Any]:
    ids = tokenizer.encode("where " * length).ids[: length - 1]
    tokens = np.array([[*ids, tokenizer.encode("").ids[-1]]], np.int64)
    return {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "token_type_ids": np.zeros_like(tokens),
        "position_ids": np.arange(tokens.shape[1], dtype=np.int64)[None, :],
    }


def _told(error: Exception) -> str:
    """Return the last line that OpenVINO says; the others are places in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else repr(error)
