"""The `models` table: which model's vectors the library holds. Vectors of two models never mix."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "MODEL_COPY",
    "StoredModel",
    "add_model",
    "bind_model",
    "bound_model",
    "drop_earlier_model",
    "earlier_model",
    "model_folder",
    "now",
    "remember_earlier_model",
    "remember_model",
    "remember_model_folder",
    "remembered_model",
    "switch_model",
]

MODEL_COPY = "model copy"
"""The key in `settings` of the model's second copy."""
_MODEL = "model"
_FOLDER = "model folder"
_EARLIER = "earlier model"
_SET = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


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


def add_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Make a model known, so that its vectors can be stored beside those of the library's. Call inside `writing`."""
    db.execute(
        "INSERT INTO models (fingerprint, name, version, precision, dimension, added_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (fingerprint) DO NOTHING",
        [fingerprint, name, version, precision, dimension, now()],
    )
    row = db.execute("SELECT id FROM models WHERE fingerprint = ?", [fingerprint]).fetchone()
    return StoredModel(int(row[0]), fingerprint, name, version, precision, dimension)


def bind_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Bind a new library to a model. Call inside `writing`."""
    model = add_model(db, fingerprint=fingerprint, name=name, version=version, precision=precision, dimension=dimension)
    db.execute("INSERT INTO settings (key, value) VALUES (?, ?)", [_MODEL, str(model.id)])
    remember_model(db, model)
    return model


def switch_model(db: Database, model: StoredModel) -> None:
    """Make a known model the library's, in place of its present one; that one's vectors stay. Call inside `writing`."""
    db.execute(_SET, [_MODEL, str(model.id)])
    remember_model(db, model)


def model_folder(db: Catalog) -> str:
    """Return the folder that the library's model was last taken from, "" where none was named."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", [_FOLDER]).fetchone()
    return str(row[0]) if row else ""


def remember_model_folder(db: Database, folder: str) -> None:
    """Keep the folder that the library's model is taken from. Call inside `writing`."""
    db.execute(_SET, [_FOLDER, folder])


def remember_earlier_model(db: Database, model: StoredModel, folder: str) -> None:
    """Keep which model the library is about to leave, and its folder. Call inside `writing`."""
    db.execute(_SET, [_EARLIER, json.dumps([model.id, folder])])


def earlier_model(db: Catalog) -> tuple[StoredModel, str] | None:
    """Return the model that the library had before its present one, whose vectors are kept, and its folder."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", [_EARLIER]).fetchone()
    if row is None:
        return None
    try:
        number, folder = json.loads(str(row[0]))
    except ValueError as error:
        raise Damaged("The catalogue does not say which model it had before; run: wherein verify") from error
    found = db.execute(
        "SELECT id, fingerprint, name, version, precision, dimension FROM models WHERE id = ?", [number]
    ).fetchone()
    return (StoredModel(*typed("models", found, int, str, str, str, str, int)), str(folder)) if found else None


def drop_earlier_model(db: Database, model: StoredModel) -> int:
    """Delete the vectors and generations of a model that the library left; return how many vectors.

    Call inside `writing`; the files of the generations are removed by `drop_old_generations`.
    """
    db.execute("DELETE FROM settings WHERE key = ?", [_EARLIER])
    db.execute("DELETE FROM generations WHERE model_id = ? AND active = 0", [model.id])
    return int(db.execute("DELETE FROM vectors WHERE model_id = ?", [model.id]).rowcount)


# Without the one row of `models` every vector would be worth nothing, so it is kept twice, in two places of the file.


def remember_model(db: Database, model: StoredModel) -> None:
    """Keep a second copy of the library's model, with a checksum. Call inside `writing`."""
    values = astuple(model)
    db.execute(_SET, [MODEL_COPY, json.dumps([*values, row_checksum(*values)])])


def remembered_model(copy: object) -> StoredModel | None:
    """Return the model from the value of its second copy, None when that is not what was stored."""
    try:
        *values, checksum = list(json.loads(str(copy)))
        typed("models", values, int, str, str, str, str, int)
    except (ValueError, TypeError, Damaged):
        return None
    return StoredModel(*values) if row_checksum(*values) == checksum else None
