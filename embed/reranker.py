"""Rerankers: cross-encoders, which read question and passage together and return one logit, how well they match.

The interface is that of sentence-transformers' CrossEncoder with one label: both texts in one input, put together as
the model's own tokenizer does it, the passage cut where they are too long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tokenizers

from wherein.embed.graph import INPUTS
from wherein.embed.model import IR, TOKENIZER, WEIGHTS, unreadable_manifest
from wherein.embed.models.installed import RERANKER, installed_folders, model_kind, models_folder, read_manifest
from wherein.embed.pair_network import PairNetwork
from wherein.errors import Damaged

__all__ = ["MIN_TOKENS", "RerankModel", "Reranker", "installed_reranker", "load_reranker"]

MIN_TOKENS = 16
"""The shortest input that has room for both texts."""


@dataclass(frozen=True)
class RerankModel:
    """The manifest of a reranker: an input has at most `tokens` tokens; `outputs` has one name, that of the logit."""

    folder: Path
    name: str
    version: str
    tokens: int
    outputs: tuple[str, ...]
    sha256: Mapping[str, str]


def installed_reranker() -> RerankModel | None:
    """Return the installed reranker, the first by folder name if there are several, None if there is none.

    Raises Damaged when it is one by its manifest, and cannot be used.
    """
    rerankers = (folder for folder in installed_folders(models_folder()) if model_kind(folder) == RERANKER)
    folder = next(rerankers, None)
    return load_reranker(folder) if folder else None


def load_reranker(folder: Path) -> RerankModel:
    """Read a reranker's manifest. Raises Damaged when it is missing, invalid or that of another kind of model."""
    manifest = read_manifest(folder)
    try:
        model = RerankModel(
            folder=folder,
            name=str(manifest["name"]),
            version=str(manifest["version"]),
            tokens=int(manifest["tokens"]),
            outputs=(str(manifest["output"]),),
            sha256={name: str(manifest["files"][name]["sha256"]) for name in (IR, WEIGHTS, TOKENIZER)},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable_manifest(folder, error) from error
    if manifest.get("kind") != RERANKER or model.tokens < MIN_TOKENS:
        raise Damaged(f"{folder / 'model.json'} is not the manifest of a reranker; install the model again")
    return model


class Reranker:
    """A reranker at one precision. Cheap to construct: tokenizer and network are loaded on first use."""

    def __init__(self, model: RerankModel, precision: str, *, cache: Path | None = None, threads: int = 0) -> None:
        """`threads` 0 means one per core; `cache` is the folder for compiled models, None to compile each time."""
        self.model = model
        use = "a reranker that --rerank"
        self._network = PairNetwork(model, precision, cache, threads, needed=INPUTS[:2], use=use)

    def prepare(self) -> None:
        """Load tokenizer and network, if they are not loaded. Raises as `score` does."""
        self._network.prepare()

    def score(self, question: str, text: str) -> float:
        """Return the logit: the higher, the better the passage `text` matches the question.

        Raises Damaged when a file of the model is not the manifest's, ModelMismatch when it is not a reranker.
        """
        with self._network.as_mismatch(Exception):  # tokenizers raises Exception itself
            encoding = self._tokenizer.encode(question, text)
        (logits,) = self._network.run(encoding.ids, encoding.type_ids, self._pad)
        if logits.size != 1 or not np.isfinite(logits).all():
            raise self._network.mismatch(f"its {self.model.outputs[0]} is not one number")
        return float(logits.reshape(()))

    @cached_property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        tokenizer = self._network.tokenizer
        # As CrossEncoder does: the longer text, nearly always the passage, is cut.
        tokenizer.enable_truncation(self.model.tokens, strategy="longest_first")
        return tokenizer

    @cached_property
    def _pad(self) -> int:
        ids = (self._network.tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
        return next((number for number in ids if number is not None), 0)
