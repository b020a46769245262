"""A model is a folder: `model.json` (the manifest), OpenVINO IR and `tokenizer.json`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wherein.embed.metric import METRICS, stored_width
from wherein.errors import Damaged

__all__ = [
    "DEFAULT_MODEL",
    "IR",
    "TOKENIZER",
    "WEIGHTS",
    "Model",
    "ModelFiles",
    "fingerprint",
    "load_model",
    "read_checked",
]

DEFAULT_MODEL = Path(__file__).parent / "default"
IR, WEIGHTS, TOKENIZER = "model.xml", "model.bin", "tokenizer.json"


class ModelFiles(Protocol):
    """The files of a model of any kind; `sha256` is by file name."""

    @property
    def folder(self) -> Path:
        """Where they lie."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """What each of them is."""


@dataclass(frozen=True)
class Model:
    """What the manifest says. Lengths are in tokens, special tokens included; `sha256` is by file name."""

    folder: Path
    name: str
    version: str
    dimension: int
    metric: str
    pooling: str
    context_tokens: int
    question_tokens: int
    output: str
    sha256: Mapping[str, str]

    @property
    def width(self) -> int:
        """Return the length of the model's stored vectors; see embed/metric.py."""
        return stored_width(self.metric, self.dimension)


def load_model(folder: Path = DEFAULT_MODEL) -> Model:
    """Read a model folder's manifest. Raises Damaged when it is missing or is no manifest."""
    path = folder / "model.json"
    try:
        manifest = json.loads(path.read_text("utf-8"))
        return _model(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} is not a readable model manifest ({error!r}); install the model again") from error


def fingerprint(model: Model, precision: str) -> str:
    """Return 16 hex digits that differ whenever the vectors of two models could.

    Covers weights, graph, tokenizer, lengths, pooling, metric and precision.
    """
    parts = {
        "files": {name: model.sha256[name] for name in (IR, WEIGHTS, TOKENIZER)},
        "lengths": [model.context_tokens, model.question_tokens],
        "pooling": model.pooling,
        "metric": model.metric,
        "dimension": model.dimension,
        "precision": precision,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def read_checked(model: ModelFiles, name: str) -> bytes:
    """Return the bytes of one of the model's files. Raises Damaged when they are not those of the manifest."""
    path = model.folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path} cannot be read ({error.strerror}); install the model again") from error
    if hashlib.sha256(data).hexdigest() != model.sha256[name]:
        raise Damaged(f"{path} is damaged: its SHA-256 is not the manifest's; install the model again")
    return data


def _model(folder: Path, manifest: Mapping[str, Any]) -> Model:
    return Model(
        folder=folder,
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        dimension=int(manifest["dimension"]),
        metric=_metric(manifest["metric"]),
        pooling=str(manifest["pooling"]),
        context_tokens=int(manifest["context_tokens"]),
        question_tokens=int(manifest["question_tokens"]),
        output=str(manifest["output"]),
        sha256={name: str(manifest["files"][name]["sha256"]) for name in (IR, WEIGHTS, TOKENIZER)},
    )


def _metric(name: object) -> str:
    if name not in METRICS:
        raise ValueError(f"metric {name!r} is none of {', '.join(METRICS)}")
    return str(name)
