"""The `models` table: which model's vectors the library holds. Vectors of two models never mix."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from errors import Damaged
from storage.catalog import Catalog, typed
from storage.checksum import row_checksum

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["MODEL_COPY", "StoredModel", "bind_model", "bound_model", "now", "remember_model", "remembered_model"]

MODEL_COPY = "model copy"
"""The key in `settings` of the model's second copy."""


@dataclass(frozen=True)
class StoredModel:
    """A model as the library knows it; `fingerprint` covers weights, tokenizer, lengths, pooling and precision.

    `dimension` is that of the vectors as they are stored.
    """

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
    """Return the model that the library is bound to, None before the first ingest. Raises Damaged when it is lost."""
    row = db.execute(
        "SELECT id, fingerprint, name, version, precision, dimension FROM models"
        " WHERE id = (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'model')"
    ).fetchone()
    if row:
        return StoredModel(*typed("models", row, int, str, str, str, str, int))
    if db.execute("SELECT 1 FROM models UNION ALL SELECT 1 FROM settings WHERE key = 'model' LIMIT 1").fetchone():
        raise Damaged("The catalogue does not say which model it belongs to; run: wherein verify")
    return None


def bind_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Bind the library to a model, for good. Call inside `writing`."""
    cursor = db.execute(
        "INSERT INTO models (fingerprint, name, version, precision, dimension, added_at) VALUES (?, ?, ?, ?, ?, ?)",
        [fingerprint, name, version, precision, dimension, now()],
    )
    model = StoredModel(int(cursor.lastrowid or 0), fingerprint, name, version, precision, dimension)
    db.execute("INSERT INTO settings (key, value) VALUES ('model', ?)", [str(model.id)])
    remember_model(db, model)
    return model


# Without the one row of `models` every vector would be worth nothing, so it is kept twice, in two places of the file.


def remember_model(db: Database, model: StoredModel) -> None:
    """Keep a second copy of the library's model, with a checksum. Call inside `writing`."""
    values = astuple(model)
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [MODEL_COPY, json.dumps([*values, row_checksum(*values)])],
    )


def remembered_model(copy: object) -> StoredModel | None:
    """Return the model from the value of its second copy, None when that is not what was stored."""
    try:
        *values, checksum = list(json.loads(str(copy)))
        typed("models", values, int, str, str, str, str, int)
    except (ValueError, TypeError, Damaged):
        return None
    return StoredModel(*values) if row_checksum(*values) == checksum else None
