"""Vectors that a store has already: a document that has changed in one sentence is not embedded again as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vectors import known_inputs, save_vectors
from wherein.storage.disk.batched import batched
from wherein.storage.store.filters import In
from wherein.storage.store.store import Store

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["recall"]

_AT_ONCE = 200


def recall(store: Store, db: Database, names: list[bytes]) -> None:
    """Save in a copied catalog those vectors of model inputs, by their names, that the store has."""
    model = bound_model(db)
    if model is None:
        return
    known = known_inputs(db, model.id, names)
    for unknown in batched((name.hex() for name in names if name not in known), _AT_ONCE):
        rows = store.scan(In("input_hash", tuple(unknown)), vectors=True)
        found = {row.input_hash: row.vector for row in rows if row.vector is not None}
        if found:
            with writing(db, "ingest.recall"):
                save_vectors(db, model.id, list(found), np.stack(list(found.values())))
