"""Write model.json: what the model is, what it was built from, and the hash of each of its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wherein.embed.graph import INPUTS
from wherein.recipe import quantize, samples, weights
from wherein.recipe.convert import OUTPUT

FILES = ("model.xml", "model.bin", "tokenizer.json")
VERSION, DIMENSION = "1", 384
LONGEST_QUESTION_TOKENS = 128  # 384 find no more (docs/decisions/fusion.md)
BASE_TRAINING_DATA = (
    "Fine-tuned from nreimers/MiniLM-L6-H384-uncased with a contrastive objective on over 1 billion sentence "
    "pairs from public collections (Reddit comments, S2ORC, WikiAnswers, PAQ, Stack Exchange, MS MARCO and "
    "others; 87,599 pairs of SQuAD 2.0 are among them), cut at 128 tokens."
)


@dataclass(frozen=True)
class Origin:
    """Where the weights come from.

    `training_data` and `calibration` are descriptions in words, `calibrated_on` is the file of the calibration texts,
    and `tuning` is the record of the recipe's own training, empty if there was none.
    """

    name: str
    training_data: str
    calibrated_on: Path
    calibration: str
    tuning: Mapping[str, Any] = field(default_factory=dict)


def file_hashes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size in bytes and SHA-256 of each of the model's files."""
    paths = {name: folder / name for name in FILES}
    return {n: {"bytes": p.stat().st_size, "sha256": weights.sha256(p)} for n, p in paths.items()}


def source() -> dict[str, str]:
    """Return where the base weights come from."""
    return {
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "file": "model.safetensors",
        "sha256": weights.SHA256,
        "package": f"{weights.PACKAGE}=={version(weights.PACKAGE)}",
    }


def quantization(origin: Origin) -> dict[str, Any]:
    """Return how the model was quantized, and with which texts."""
    return {
        "method": quantize.METHOD,
        "preset": quantize.PRESET,
        "calibration": origin.calibration,
        "calibration_sha256": weights.sha256(origin.calibrated_on),
        "samples": samples.CONTEXTS + samples.QUESTIONS,
        "seed": samples.SEED,
        "nncf": version("nncf"),
        "openvino": version("openvino"),
    }


def contents(folder: Path, origin: Origin, accuracy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole manifest of the model files in `folder`."""
    return {
        "schema": 1,
        "name": origin.name,
        "version": VERSION,
        "dimension": DIMENSION,
        "metric": "cosine",
        "context_tokens": samples.CONTEXT_TOKENS,
        "question_tokens": samples.QUESTION_TOKENS,
        "longest_question_tokens": LONGEST_QUESTION_TOKENS,
        "inputs": list(INPUTS),
        "output": OUTPUT,
        "pooling": "mean",
        "lowercase": True,
        "licence": "Apache-2.0",
        "source": source(),
        "training_data": origin.training_data,
        **({"tuning": dict(origin.tuning)} if origin.tuning else {}),
        "quantization": quantization(origin),
        "files": file_hashes(folder),
        "accuracy": dict(accuracy),
    }


def write(folder: Path, origin: Origin, accuracy: Mapping[str, Any]) -> None:
    """Write `folder/model.json`."""
    text = json.dumps(contents(folder, origin, accuracy), indent=2, ensure_ascii=False)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")
