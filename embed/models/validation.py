"""Try a model before it is imported: check its inputs and outputs, and run it once at each of its lengths."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from wherein.embed.graph import IN_GRAPH, INPUTS, POOLINGS, adapt
from wherein.embed.model import IR
from wherein.embed.models.installed import EMBEDDING, READER, RERANKER
from wherein.embed.runtime import openvino_core
from wherein.embed.tokenizer import Frame
from wherein.errors import Damaged, UsageError

__all__ = ["ANSWER_OUTPUTS", "EncoderTrial", "graph_kind", "try_answer_model", "try_encoder", "try_reranker"]

ANSWER_OUTPUTS = ("output_s", "output_e")
"""The outputs of the zoo's answer models: the logits of the answer's first and last token (from the model card)."""


_ANSWER_TOKENS = 384  # as on the card of the zoo's answer models
# What Optimum calls the vector of a text and those of its tokens, the first choice first.
_TEXT_OUTPUT, _TOKEN_OUTPUTS = "sentence_embedding", ("last_hidden_state", "token_embeddings")
_COMPILE_SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}  # a CPU with AMX would compute in bfloat16 by default


@dataclass(frozen=True)
class EncoderTrial:
    """What was learnt from running a graph; lengths in tokens, `pooling` as embed/graph.py has it."""

    dimension: int
    context_tokens: int
    question_tokens: int
    output: str
    pooling: str = IN_GRAPH


def try_encoder(
    folder: Path,
    tokenizer: Tokenizer,
    lengths: tuple[int, int] | Callable[[int | None], tuple[int, int]],
    shown: Path,
    pooling: str | None = None,
) -> EncoderTrial:
    """Run the graph in `folder` once for a context and once for a question; messages name it `shown`.

    `lengths` are those of contexts and questions, or a function that returns them when it gets the length that the
    graph was made for, None if it takes any. `pooling` is what is known of it. Raises Damaged when the graph cannot be
    read, UsageError when it is not that of an encoder.
    """
    core, graph = _read(folder, shown)
    fixed = _check_inputs(graph, shown, INPUTS[:2])
    output, pooling = _choose_output(graph, shown, pooling)
    _check_vocabulary(graph, tokenizer, shown)
    context, question = lengths if isinstance(lengths, tuple) else lengths(fixed)
    try:
        # Not normalized: only shape and finiteness matter here, and the metric is not known yet.
        adapted = adapt(graph, unit=False, pooling=pooling, output=output)
        compiled = core.compile_model(adapted, "CPU", _COMPILE_SETTINGS)
        vectors = [_run(compiled, tokenizer, length) for length in (context, question)]
    except RuntimeError as error:
        raise UsageError(f"{shown} cannot be run at {context} and {question} tokens: {_last_line(error)}") from error
    if any(vector.ndim != 2 or len(vector) != 1 or not np.isfinite(vector).all() for vector in vectors):
        shapes = " and ".join(str(list(vector.shape)) for vector in vectors)
        raise UsageError(f"{shown} does not return a vector [1, dimension] of finite numbers, but {shapes}")
    return EncoderTrial(vectors[0].shape[1], context, question, output, pooling)


def graph_kind(folder: Path, shown: Path, *, classifies: bool = False) -> str:
    """Return the kind of model that the graph in `folder` is, by its outputs: an answer model has two with their names.

    A reranker returns one number for each text. `classifies` is whether the model's own files say that it returns the
    logits of classes. Raises Damaged when it cannot be read, UsageError when there are several classes.
    """
    _, graph = _read(folder, shown)
    if set(ANSWER_OUTPUTS) <= {name for port in graph.outputs for name in port.get_names()}:
        return READER
    width = _width(graph)
    if classifies and width != 1:
        raise UsageError(
            f"{shown} sorts texts into {width or 'several'} classes; a reranker returns one logit, and an embedding"
            " model a vector"
        )
    return RERANKER if width == 1 else EMBEDDING


def _width(graph: Any) -> int | None:
    """Return how many numbers the only output has for each text, None when that is not known."""
    shape = graph.outputs[0].partial_shape
    if len(graph.outputs) > 1 or shape.rank.is_dynamic or not 1 <= len(shape) <= 2:
        return None
    if len(shape) == 1:
        return 1
    return int(shape[1].get_length()) if shape[1].is_static else None


def try_reranker(folder: Path, tokenizer: Tokenizer, tokens: int, shown: Path) -> tuple[int, str]:
    """Run a reranker's graph once; return its length in tokens and the name of its output.

    Raises Damaged when the graph cannot be read, UsageError when it is not that of a reranker.
    """
    core, graph = _read(folder, shown)
    length = _check_inputs(graph, shown, INPUTS[:2]) or tokens
    _check_vocabulary(graph, tokenizer, shown)
    names = {port.get_any_name() for port in graph.inputs}
    try:
        compiled = core.compile_model(graph, "CPU", _COMPILE_SETTINGS)
        inputs = {name: value for name, value in _inputs(tokenizer, length).items() if name in names}
        results = compiled(inputs)
    except RuntimeError as error:
        raise UsageError(f"{shown} cannot be run at {length} tokens: {_last_line(error)}") from error
    if len(compiled.outputs) != 1 or np.size(results[0]) != 1 or not np.isfinite(results[0]).all():
        raise UsageError(f"{shown} does not return one finite number for a question and a passage")
    if not graph.outputs[0].get_names():
        raise UsageError(f"{shown} has an output without a name")
    return length, min(graph.outputs[0].get_names())


def try_answer_model(folder: Path, tokenizer: Tokenizer, tokens: int | None, shown: Path) -> int:
    """Run an answer model's graph once and return its length in tokens.

    Raises Damaged when the graph cannot be read, UsageError when it is not that of an answer model.
    """
    core, graph = _read(folder, shown)
    if len(graph.outputs) != len(ANSWER_OUTPUTS):
        raise UsageError(f"{shown} has {len(graph.outputs)} outputs, not {' and '.join(ANSWER_OUTPUTS)}")
    length = _check_inputs(graph, shown, INPUTS) or tokens or _ANSWER_TOKENS
    _check_vocabulary(graph, tokenizer, shown)
    try:
        compiled = core.compile_model(graph, "CPU", _COMPILE_SETTINGS)
        results = compiled(_inputs(tokenizer, length))
    except RuntimeError as error:
        raise UsageError(f"{shown} cannot be run at {length} tokens: {_last_line(error)}") from error
    for name in ANSWER_OUTPUTS:
        if np.size(results[name]) != length or not np.isfinite(results[name]).all():
            raise UsageError(f"{shown} does not return a finite {name} for each of {length} tokens")
    return length


def _read(folder: Path, shown: Path) -> tuple[Any, Any]:
    """Return the `openvino.Core` and the graph in `folder`."""
    core = openvino_core()
    try:
        return core, core.read_model(str(folder / IR))
    except RuntimeError as error:
        raise Damaged(f"{shown} cannot be read as OpenVINO IR: {_last_line(error)}") from error


def _check_inputs(graph: Any, shown: Path, needed: tuple[str, ...]) -> int | None:
    """Return the length that the graph was made for, None if it takes any. Raises UsageError when inputs do not fit."""
    names = [port.get_any_name() for port in graph.inputs]
    missing = [name for name in needed if name not in names]
    if missing:
        raise UsageError(f"{shown} has no input {', '.join(missing)}; a model needs {', '.join(needed)}")
    unknown = [name for name in names if name not in INPUTS]
    if unknown:
        raise UsageError(f"{shown} has the input {', '.join(unknown)}; a model may have {', '.join(INPUTS)}")
    shapes = [port.partial_shape for port in graph.inputs]
    if any(shape.rank.is_dynamic or len(shape) != 2 for shape in shapes):
        raise UsageError(f"{shown} has inputs that are not [1, length]")
    lengths = {shape[1].get_length() for shape in shapes if shape[1].is_static}
    return min(lengths, default=None)


def _choose_output(graph: Any, shown: Path, pooling: str | None) -> tuple[str, str]:
    """Return the name of the output that is used, "" if it has none, and the pooling that turns it into a vector."""
    ranks = [(min(port.get_names(), default=""), port.partial_shape.rank) for port in graph.outputs]
    texts = [name for name, rank in ranks if rank.is_dynamic or rank.get_length() == 2]
    tokens = [name for name, rank in ranks if rank.is_static and rank.get_length() == 3]
    if tokens and pooling and pooling in POOLINGS.values():
        return next((name for name in _TOKEN_OUTPUTS if name in tokens), tokens[0]), pooling
    if _TEXT_OUTPUT in texts:
        return _TEXT_OUTPUT, IN_GRAPH
    if len(ranks) == len(texts) == 1:
        return texts[0], IN_GRAPH
    if tokens:
        raise UsageError(
            f"{shown} returns a vector for each token, and no 1_Pooling/config.json says how they become one; choose"
            f" with --pooling {', '.join(POOLINGS)}"
        )
    raise UsageError(f"{shown} has {len(ranks)} outputs; a model has one, or {_TEXT_OUTPUT}, or {_TOKEN_OUTPUTS[0]}")


def _check_vocabulary(graph: Any, tokenizer: Tokenizer, shown: Path) -> None:
    """Raise UsageError when the tokenizer has more tokens than the graph has rows for."""
    rows = _rows(graph)
    highest = max(tokenizer.get_vocab().values(), default=0)
    if rows and highest >= rows:
        raise UsageError(
            f"{shown} has {rows:,} token embeddings, but its vocabulary has {highest + 1:,} tokens: that is another"
            " model's vocabulary"
        )


def _rows(graph: Any) -> int | None:
    """Return the number of rows of the token embedding table, None when the graph does not show it."""
    pending = list(graph.input("input_ids").get_target_inputs())
    while pending:
        node = pending.pop().get_node()
        if node.get_type_name() == "Gather":
            shape = node.input_value(0).get_partial_shape()
            return int(shape[0].get_length()) if shape.rank.is_static and shape[0].is_static else None
        if node.get_type_name() == "Convert":
            pending += node.output(0).get_target_inputs()
    return None


def _run(compiled: Any, tokenizer: Tokenizer, length: int) -> npt.NDArray[np.float32]:
    """Return the first output for a text of `length` tokens."""
    return np.array(compiled(_inputs(tokenizer, length))[0])


def _inputs(tokenizer: Tokenizer, length: int) -> dict[str, npt.NDArray[np.int64]]:
    """Return the four inputs, each int64 `[1, length]`, for some text of that many tokens."""
    ids = tokenizer.encode("where " * length).ids
    tokens = np.array([Frame.of(tokenizer).truncate(ids, length)], np.int64)
    return {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "token_type_ids": np.zeros_like(tokens),
        "position_ids": np.arange(tokens.shape[1], dtype=np.int64)[None, :],
    }


def _last_line(error: Exception) -> str:
    """Return the last line of OpenVINO's message; the others are locations in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else repr(error)
