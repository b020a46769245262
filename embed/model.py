"""A model is a folder: a manifest (`model.json`), OpenVINO IR (`model.xml`, `model.bin`) and `tokenizer.json`."""

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
    "DEFAULT_READER",
    "IR",
    "SHARED",
    "SHIPPED",
    "TOKENIZER",
    "WEIGHTS",
    "Model",
    "ModelFiles",
    "Prompts",
    "file_digests",
    "fingerprint",
    "load_model",
    "read_checked",
    "shared_weights",
    "unreadable_manifest",
]

DEFAULT_MODEL = Path(__file__).parent / "default"
DEFAULT_READER = Path(__file__).parent / "reader"
"""Where the recipe builds the shipped answer model (recipe/reader)."""
SHIPPED = (DEFAULT_MODEL, DEFAULT_READER)
SHARED = "../default/"
"""How the names of files begin, in a manifest's record, that the shipped answer model shares with the shipped encoder:
the tokenizer, and the weights, which its own follow."""
IR, WEIGHTS, TOKENIZER = "model.xml", "model.bin", "tokenizer.json"


class ModelFiles(Protocol):
    """The files of a model of either kind, an encoder's or an answer model's."""

    @property
    def folder(self) -> Path:
        """The folder that holds the files."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """The SHA-256 of each file in hex, by file name."""


@dataclass(frozen=True)
class Prompts:
    """What a model expects in front of each question and each context, for instance `query: ` and `passage: `."""

    question: str = ""
    context: str = ""


@dataclass(frozen=True)
class Model:
    """The manifest of an encoder's model.

    `dimension` is the number of components of the network's output, `pooling` is one of embed/graph.py and `output` is
    the name of the graph's output. Lengths are in tokens, special tokens and prompt included. `question_tokens` is
    the length of a usual question, with which the model's figures were measured; a longer one is read up to
    `longest_question_tokens`, if that is more. `sha256` maps file names to digests in hex.
    """

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
    prompts: Prompts = Prompts()
    longest_question_tokens: int = 0

    @property
    def question_limit(self) -> int:
        """How many tokens of a question are read at most."""
        return max(self.question_tokens, self.longest_question_tokens)

    @property
    def width(self) -> int:
        """The number of components of a stored vector; see embed/metric.py."""
        return stored_width(self.metric, self.dimension)


def load_model(folder: Path = DEFAULT_MODEL) -> Model:
    """Read a model folder's manifest. Raises Damaged when it is missing or invalid."""
    try:
        manifest = json.loads((folder / "model.json").read_text("utf-8"))
        return _model(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable_manifest(folder, error) from error


def unreadable_manifest(folder: Path, error: Exception) -> Damaged:
    """Return the error that the manifest of the model in a folder cannot be read."""
    return Damaged(f"{folder / 'model.json'} is not a readable model manifest ({error!r}); install the model again")


def fingerprint(model: Model, precision: str) -> str:
    """Return 16 hex digits: two models whose vectors could differ have different fingerprints.

    Covers weights, graph, tokenizer, lengths, prompts, pooling, metric, dimension and precision.
    """
    # Neither name nor version: they change no vector, and a renamed model is still the library's.
    parts: dict[str, Any] = {
        "files": {name: model.sha256[name] for name in (IR, WEIGHTS, TOKENIZER)},
        "lengths": [model.context_tokens, model.question_tokens],
        "pooling": model.pooling,
        "metric": model.metric,
        "dimension": model.dimension,
        "precision": precision,
    }
    # Models without prompts keep the fingerprints that libraries have stored.
    if model.prompts != Prompts():
        parts["prompts"] = [model.prompts.question, model.prompts.context]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def read_checked(model: ModelFiles, name: str) -> bytes:
    """Return the bytes of one of the model's files, or of the shipped encoder's that it shares instead.

    Raises Damaged when the file cannot be read or its SHA-256 differs from the manifest's.
    """
    if name not in model.sha256:
        name = SHARED + name
    path = model.folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path} cannot be read ({error.strerror}); install the model again") from error
    if hashlib.sha256(data).hexdigest() != model.sha256[name]:
        raise Damaged(f"{path} is damaged: its SHA-256 differs from the manifest's; install the model again")
    return data


def shared_weights(model: ModelFiles) -> bytes | None:
    """Return the weights to which a model's graph refers, where its own follow the shipped encoder's, else None.

    Raises Damaged as `read_checked` does.
    """
    if SHARED + WEIGHTS not in model.sha256:
        return None
    return read_checked(model, SHARED + WEIGHTS) + read_checked(model, WEIGHTS)


def file_digests(files: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the files in a manifest's record, those that are shared among them.

    Raises KeyError when one of graph, weights and tokenizer is not there, TypeError when it is not such a record.
    """
    names = [IR, WEIGHTS, TOKENIZER if TOKENIZER in files else SHARED + TOKENIZER]
    names += [SHARED + WEIGHTS] if SHARED + WEIGHTS in files else []
    return {name: str(files[name]["sha256"]) for name in names}


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
        prompts=_prompts(manifest.get("prompts", {})),
        longest_question_tokens=int(manifest.get("longest_question_tokens", 0)),
    )


def _prompts(fields: Mapping[str, Any]) -> Prompts:
    return Prompts(question=str(fields.get("question", "")), context=str(fields.get("context", "")))


def _metric(name: object) -> str:
    if name not in METRICS:
        raise ValueError(f"metric {name!r} is not one of {', '.join(METRICS)}")
    return str(name)
