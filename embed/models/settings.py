"""What the files of sentence-transformers and transformers say about a model: pooling, metric, prompts and lengths."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from wherein.embed.graph import POOLINGS
from wherein.embed.model import Prompts
from wherein.errors import Damaged, UsageError

__all__ = ["SETTINGS_FILES", "Settings", "is_classifier", "longest_text", "read_settings"]

MODULES, POOLING = "modules.json", "1_Pooling/config.json"
PROMPTS, LENGTH, CONFIG = "config_sentence_transformers.json", "sentence_bert_config.json", "config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SETTINGS_FILES = (MODULES, POOLING, PROMPTS, LENGTH, CONFIG, TOKENIZER_CONFIG)
"""The files that are read, relative to the model's folder; each may be missing."""

_SUPPORTED_MODULES = ("Transformer", "Pooling", "Normalize")
# Older versions write `pooling_mode_mean_tokens: true` beside the other modes, newer ones `pooling_mode: mean`.
_POOLING_MODES = {
    "mean_tokens": POOLINGS["mean"],
    "mean": POOLINGS["mean"],
    "cls_token": POOLINGS["cls"],
    "cls": POOLINGS["cls"],
    "lasttoken": POOLINGS["last"],
}
_NO_PROMPTS = Prompts()
_METRICS = {"cosine": "cosine", "dot": "dot", "dot_product": "dot", "euclidean": "l2"}
# The names by which sentence-transformers looks for a prompt (`encode_query`, `encode_document`), in its order.
_QUESTION_NAMES, _CONTEXT_NAMES = ("query",), ("document", "passage", "corpus")
# Their position ids begin after that of the padding token.
_OFFSET_KINDS = ("roberta", "camembert", "mpnet", "xmod", "longformer")


@dataclass(frozen=True)
class Settings:
    """What a model's files say; None or "" where they say nothing.

    `pooling` is one of `POOLINGS`. `normalizes` is whether vectors have unit length. `tokens` is the length of the
    longest text.
    """

    pooling: str | None = None
    normalizes: bool = False
    metric: str | None = None
    prompts: Prompts = _NO_PROMPTS
    tokens: int | None = None


def read_settings(root: Path) -> Settings:
    """Read the settings in a model's folder.

    Raises Damaged when a file is not JSON of the expected form, UsageError when the model does something that a graph
    of Wherein does not.
    """
    modules = _modules(root)
    for kind, path in modules:
        if kind not in _SUPPORTED_MODULES:
            raise UsageError(
                f"{root / MODULES} has the module {kind} ({path}), which Wherein cannot apply; choose a model of"
                f" {', '.join(_SUPPORTED_MODULES)} alone"
            )
    pooling = next((f"{path}/config.json" for kind, path in modules if kind == "Pooling" and path), POOLING)
    prompts = _read(root / PROMPTS)
    return Settings(
        pooling=_pooling(root / pooling),
        normalizes=any(kind == "Normalize" for kind, _ in modules),
        metric=_metric(root / PROMPTS, prompts.get("similarity_fn_name")),
        prompts=_prompts(root / PROMPTS, prompts),
        tokens=longest_text(root),
    )


def is_classifier(root: Path) -> bool:
    """Whether a model's files say that it returns the logits of classes, as a cross-encoder does. Raises Damaged."""
    architectures = _read(root / CONFIG).get("architectures")
    names = architectures if isinstance(architectures, list) else []
    return any(str(name).endswith("ForSequenceClassification") for name in names)


def longest_text(root: Path) -> int | None:
    """Return the length in tokens of the longest text that a model takes, None where no file says it."""
    return min(_lengths(root), default=None)


def _modules(root: Path) -> list[tuple[str, str]]:
    """Return the kind and the path of each module of sentence-transformers, none if its file is missing."""
    path = root / MODULES
    modules = _load(path) if path.exists() else []
    if not isinstance(modules, list) or not all(isinstance(module, Mapping) for module in modules):
        raise _unreadable(path, "it is not a list of modules")
    return [(str(one.get("type", "")).rpartition(".")[2], str(one.get("path", ""))) for one in modules]


def _pooling(path: Path) -> str | None:
    fields = _read(path)
    modes = [key.removeprefix("pooling_mode_") for key, on in fields.items() if on is True and "pooling_mode_" in key]
    if stated := fields.get("pooling_mode"):
        modes = list(map(str, stated if isinstance(stated, list) else [stated]))
    if not modes:
        return None
    if len(modes) > 1 or modes[0] not in _POOLING_MODES:
        raise UsageError(
            f"{path} pools by {' and '.join(modes)}; it must be one of {', '.join(POOLINGS)}; choose another model"
        )
    if fields.get("include_prompt") is False:
        raise UsageError(f"{path} leaves the prompt out of the pooling, which Wherein cannot do; choose another model")
    return _POOLING_MODES[modes[0]]


def _metric(path: Path, name: object) -> str | None:
    if name is None:
        return None
    if str(name) not in _METRICS:
        raise UsageError(f"{path} compares vectors by {name}, which is not one of {', '.join(_METRICS)}")
    return _METRICS[str(name)]


def _prompts(path: Path, fields: Mapping[str, Any]) -> Prompts:
    prompts = fields.get("prompts") or {}
    if not isinstance(prompts, Mapping) or not all(isinstance(prompt, str) for prompt in prompts.values()):
        raise _unreadable(path, "its prompts are not texts")
    default = prompts.get(str(fields.get("default_prompt_name")), "")
    question, context = (
        next((str(prompts[name]) for name in names if name in prompts), default)
        for names in (_QUESTION_NAMES, _CONTEXT_NAMES)
    )
    return Prompts(question, context)


def _lengths(root: Path) -> Iterable[int]:
    """Yield what limits the length of a text, in tokens."""
    for own in (_read(root / LENGTH).get("max_seq_length"), _read(root / TOKENIZER_CONFIG).get("model_max_length")):
        if _is_length(own):  # a tokenizer without a limit has one of 10^30
            yield own
    config = _read(root / CONFIG)
    positions, pad = config.get("max_position_embeddings"), config.get("pad_token_id")
    has_offset = any(kind in str(config.get("model_type", "")) for kind in _OFFSET_KINDS)
    offset = (pad if isinstance(pad, int) else 1) + 1 if has_offset else 0
    if _is_length(positions) and positions > offset:
        yield positions - offset


def _is_length(value: Any) -> TypeGuard[int]:
    return type(value) is int and value > 0  # true is an int, too


def _read(path: Path) -> Mapping[str, Any]:
    """Return the fields of a JSON file, none if it is missing."""
    fields = _load(path) if path.exists() else {}
    if not isinstance(fields, Mapping):
        raise _unreadable(path, "it is not a JSON object")
    return fields


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, reason: str) -> Damaged:
    return Damaged(f"{path} cannot be read ({reason}); copy or fetch the model again")
