"""Which model a library is used with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from wherein.embed.encoder import Encoder
from wherein.embed.metric import distances
from wherein.embed.model import DEFAULT_MODEL
from wherein.storage.catalog.models import model_folder
from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from wherein.storage.repair.deep import Proof

__all__ = ["described", "folder_to_keep", "home_of", "proof_of"]

# How far a component may be from that of another run, as a part of the vector's length: w8a8 depends a little on what
# else is calculated.
_TOLERANCES = {"w8a8": 1e-2, "w8a32": 1e-4}


def proof_of(encoder: Encoder) -> Proof:
    """Return how stored vectors are compared with those that `encoder` makes."""
    from wherein.storage.repair.deep import Proof

    return Proof(
        lambda texts, stored: distances(encoder.model.metric, encoder.encode_contexts(texts), stored),
        _TOLERANCES[encoder.precision],
    )


def home_of(db: Catalog) -> Path | None:
    """Return the folder from which the library's model was last taken, None where that was the shipped one's."""
    folder = model_folder(db)
    return Path(folder) if folder and (Path(folder) / "model.json").exists() else None


def folder_to_keep(encoder: Encoder) -> str:
    """Return the folder of the encoder's model as the library keeps it, "" for the shipped one."""
    folder = encoder.model.folder
    return "" if folder == DEFAULT_MODEL else str(folder.absolute())


class _Described(TypedDict):
    fingerprint: str
    name: str
    version: str
    precision: str
    dimension: int


def described(encoder: Encoder) -> _Described:
    """Return an encoder's model as the library keeps it."""
    model = encoder.model
    return _Described(
        fingerprint=encoder.fingerprint,
        name=model.name,
        version=model.version,
        precision=encoder.precision,
        dimension=model.width,
    )
