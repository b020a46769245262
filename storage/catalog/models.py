"""The `models` table: which model's vectors the library holds. Vectors of two models never mix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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
    "remember_device",
    "remember_earlier_model",
    "remember_model",
    "remember_model_folder",
    "remembered_model",
    "stored_device",
    "switch_model",
]

MODEL_COPY = "model copy"
"""The key in `settings` of the second copy of the library's row in `models`."""
_MODEL = "model"
_FOLDER = "model folder"
_EARLIER = "earlier model"
_SELECT = "SELECT id, fingerprint, name, version, precision, dimension FROM models"
_SET = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True)
class StoredModel:
    """A model that the library has vectors of, or is about to; `dimension` is that of the stored vectors.

    `fingerprint` covers weights, tokenizer, lengths, pooling and precision.
    """

    id: int
    fingerprint: str
    name: str
    version: str
    precision: str
    dimension: int


def now() -> str:
    """Return the current time in UTC as the tables store it: ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def bound_model(db: Catalog) -> StoredModel | None:
    """Return the model that the library is bound to, None before the first ingest. Raises Damaged when it is lost."""
    row = db.execute(
        f"{_SELECT} WHERE id = (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'model')"
    ).fetchone()
    if row:
        return _model(row)
    # A model without the setting, or the setting without its model, is damage; a new library has neither.
    if db.execute("SELECT 1 FROM models UNION ALL SELECT 1 FROM settings WHERE key = 'model' LIMIT 1").fetchone():
        raise Damaged("The catalog does not say which model it belongs to; run: wherein verify")
    return None


def add_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Register a model, so that its vectors can be stored beside the bound model's. Call inside `writing`."""
    db.execute(
        "INSERT INTO models (fingerprint, name, version, precision, dimension, added_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (fingerprint) DO NOTHING",
        [fingerprint, name, version, precision, dimension, now()],
    )
    (number,) = db.execute("SELECT id FROM models WHERE fingerprint = ?", [fingerprint]).fetchone()
    return StoredModel(int(number), fingerprint, name, version, precision, dimension)


def bind_model(
    db: Database, *, fingerprint: str, name: str, version: str, precision: str, dimension: int
) -> StoredModel:
    """Bind a new library to a model. Call inside `writing`."""
    model = add_model(db, fingerprint=fingerprint, name=name, version=version, precision=precision, dimension=dimension)
    db.execute("INSERT INTO settings (key, value) VALUES (?, ?)", [_MODEL, str(model.id)])
    remember_model(db, model)
    return model


def switch_model(db: Database, model: StoredModel) -> None:
    """Bind the library to another registered model; the vectors of the present one stay. Call inside `writing`."""
    db.execute(_SET, [_MODEL, str(model.id)])
    remember_model(db, model)


def stored_device(db: Catalog, model: StoredModel) -> str:
    """Return the device that the vectors of a model were computed on, "CPU" unless another was chosen."""
    (device,) = db.execute("SELECT value FROM settings WHERE key = ?", [_device_key(model)]).fetchone() or ("CPU",)
    return str(device)


def remember_device(db: Database, model: StoredModel, device: str) -> None:
    """Store the device of a model, unless there are vectors of that model already. Call inside `writing`."""
    if not db.execute("SELECT 1 FROM vectors WHERE model_id = ? LIMIT 1", [model.id]).fetchone():
        db.execute(_SET, [_device_key(model), device])


def _device_key(model: StoredModel) -> str:
    return f"device of model {model.id}"


def model_folder(db: Catalog) -> str:
    """Return the folder that the library's model was last loaded from, "" when the user chose none."""
    (folder,) = db.execute("SELECT value FROM settings WHERE key = ?", [_FOLDER]).fetchone() or ("",)
    return str(folder)


def remember_model_folder(db: Database, folder: str) -> None:
    """Store the folder that the library's model is loaded from. Call inside `writing`."""
    db.execute(_SET, [_FOLDER, folder])


def remember_earlier_model(db: Database, model: StoredModel, folder: str) -> None:
    """Store which model the library is about to leave, and its folder. Call inside `writing`."""
    db.execute(_SET, [_EARLIER, json.dumps([model.id, folder])])


def earlier_model(db: Catalog) -> tuple[StoredModel, str] | None:
    """Return the library's previous model, whose vectors are kept, and its folder; None when there is none."""
    setting = db.execute("SELECT value FROM settings WHERE key = ?", [_EARLIER]).fetchone()
    if setting is None:
        return None
    (value,) = setting
    try:
        number, folder = json.loads(str(value))
    except ValueError as error:
        raise Damaged("The catalog does not say which model it had before; run: wherein verify") from error
    row = db.execute(f"{_SELECT} WHERE id = ?", [number]).fetchone()
    return (_model(row), str(folder)) if row else None


def _model(row: Sequence[Any]) -> StoredModel:
    return StoredModel(*typed("models", row, int, str, str, str, str, int))


def drop_earlier_model(db: Database, model: StoredModel) -> int:
    """Delete the vectors and generations of the library's previous model; return the number of vectors.

    Call inside `writing`; the files of the generations are removed by `drop_old_generations`.
    """
    db.execute("DELETE FROM settings WHERE key = ?", [_EARLIER])
    # The active keyword index may still bear this model's id; it does not depend on the model.
    db.execute("DELETE FROM generations WHERE model_id = ? AND active = 0", [model.id])
    return int(db.execute("DELETE FROM vectors WHERE model_id = ?", [model.id]).rowcount)


# Without its one row of `models` every vector of a library is worthless, so a second copy is kept in another table.


def remember_model(db: Database, model: StoredModel) -> None:
    """Store the second copy of the library's row in `models`, with a checksum. Call inside `writing`."""
    values = astuple(model)
    db.execute(_SET, [MODEL_COPY, json.dumps([*values, row_checksum(*values)])])


def remembered_model(copy: object) -> StoredModel | None:
    """Return the model from the value of its second copy, None when that is damaged."""
    try:
        *values, checksum = list(json.loads(str(copy)))
        model = _model(values)
    except (ValueError, TypeError, Damaged):
        return None
    return model if row_checksum(*values) == checksum else None
