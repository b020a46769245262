"""The `models` table: which model's vectors the library holds. Vectors of two models never mix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from storage.catalog import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["StoredModel", "bind_model", "bound_model", "now"]


@dataclass(frozen=True)
class StoredModel:
    """A model as the library knows it; `fingerprint` covers weights, tokenizer, lengths, pooling and precision."""

    id: int
    fingerprint: str
    name: str
    version: str
    precision: str
    dimension: int


def now() -> str:
    """Return the time in UTC as the tables store it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def bound_model(db: Catalog) -> StoredModel | None:
    """Return the model that the library is bound to, None before the first ingest."""
    row = db.execute(
        "SELECT id, fingerprint, name, version, precision, dimension FROM models"
        " WHERE id = (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'model')"
    ).fetchone()
    return StoredModel(*row) if row else None


def bind_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Bind the library to a model, for good. Call inside `writing`."""
    cursor = db.execute(
        "INSERT INTO models (fingerprint, name, version, precision, dimension, added_at) VALUES (?, ?, ?, ?, ?, ?)",
        [fingerprint, name, version, precision, dimension, now()],
    )
    model_id = int(cursor.lastrowid or 0)
    db.execute("INSERT INTO settings (key, value) VALUES ('model', ?)", [str(model_id)])
    return StoredModel(model_id, fingerprint, name, version, precision, dimension)
