"""Rows that are not what was stored: mended from what else tells their content, or taken out and kept aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.files import REREAD, reread_file
from wherein.storage.catalog.models import MODEL_COPY, StoredModel, now, remember_model, remembered_model
from wherein.storage.catalog.protocol import typed
from wherein.storage.catalog.term_counts import recount
from wherein.storage.catalog.vectors import Ids, is_stored_vector
from wherein.storage.index.generations import active_generation, load_generation
from wherein.storage.index.method import EXACT
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.rows import BadRow, Gap, check_rows, counters

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["RepairLog", "repair_counters", "repair_models", "repair_rows"]

Present = Callable[[str], bool]

# Where a counter is damaged, ids go on so far above the highest one that those of deleted rows are not given again.
_MARGIN = 1_000_000
_HIGHEST = 1 << 53
_AT_ONCE = 500
_REASON = "what was kept of it was damaged; the next reindex takes it in again"
_MODELS = "SELECT id, fingerprint, name, version, precision, dimension FROM models ORDER BY id"


@dataclass
class RepairLog:
    """What a repair has to tell: what was mended, and what is lost but for the copy that was put aside."""

    mended: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def repair_rows(db: Database, folder: Path, aside: Quarantine, present: Present, log: RepairLog) -> None:
    """Mend all that `check_rows` finds, in one transaction; `present` tells whether the file of a uri is there.

    Afterwards `check_rows` finds nothing but documents that the next reindex makes whole.
    """
    with snapshot(db):
        if not any(isinstance(row, BadRow) or not row.due for row in check_rows(db, Counter())):
            return
    with writing(db, "repair.rows"):
        log.mended += repair_models(db)  # before all else: vectors without a model would be taken out
        bad = [row for row in check_rows(db, Counter()) if isinstance(row, BadRow)]
        _mend_links(db, aside, [row for row in bad if row.link], log)
        _mend_lists(db, aside, [row for row in bad if not row.link], log)
        _mend_vectors(db, folder, aside, _ids(bad, "vectors"), log)
        _remove(db, aside, "chunks", _ids(bad, "chunks"))
        _mend_documents(db, aside, _ids(bad, "documents"), present, log)
        _mend_terms(db, aside, _ids(bad, "terms"), log)
        for gap in [row for row in check_rows(db, Counter()) if isinstance(row, Gap)]:
            if gap.file_id is not None and not gap.due:
                reread_file(db, gap.file_id, _REASON)
            log.mended.append(f"{gap.uri}: {gap.what}; the next reindex makes up for it")


def _ids(bad: Iterable[BadRow], table: str) -> list[int]:
    return sorted({row.id for row in bad if row.table == table and not row.link})


def _remove(db: Database, aside: Quarantine, table: str, ids: list[int]) -> None:
    """Take rows out of a table after their content was kept aside."""
    for first in range(0, len(ids), _AT_ONCE):
        part = ids[first : first + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        cursor = db.execute(f"SELECT * FROM {table} WHERE id IN ({marks})", part)
        names = [column[0] for column in cursor.description]
        aside.rows(table, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
        db.execute(f"DELETE FROM {table} WHERE id IN ({marks})", part)


def _mend_links(db: Database, aside: Quarantine, bad: list[BadRow], log: RepairLog) -> None:
    """A document without its file and a file without its source go on alone; anything else is nothing by itself."""
    for table, count in Counter(row.table for row in bad).items():
        log.mended.append(f"{count:,} rows of {table} belonged to something that is lost; the next reindex sees to it")
    if any(row.table == "chunks" for row in bad):
        # A document is lost, and nobody knows of which file.
        db.execute("UPDATE files SET version = ?", [REREAD])
    gone: dict[str, list[int]] = {}
    for row in bad:
        if row.table == "documents":
            db.execute("UPDATE documents SET file_id = NULL WHERE id = ?", [row.id])
        elif row.table == "files":
            db.execute("UPDATE files SET source_id = NULL, version = ? WHERE id = ?", [REREAD, row.id])
        else:
            gone.setdefault(row.table, []).append(row.id)
    for table, ids in gone.items():
        _remove(db, aside, table, ids)


def _mend_lists(db: Database, aside: Quarantine, bad: list[BadRow], log: RepairLog) -> None:
    for row in bad:
        if row.table == "sqlite_sequence":
            known = db.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
            repair_counters(db, {name: last for name, last in known if isinstance(last, int)})
            log.mended.append(f"the counter of the ids of {row.uri} was set above all that were given")
        elif row.table == "sources":
            _remove(db, aside, "sources", [row.id])
            log.lost.append(f"the source {row.uri!r} with its options: name it again with wherein ingest")
        elif row.table == "files":
            db.execute("UPDATE documents SET file_id = NULL WHERE file_id = ?", [row.id])
            _remove(db, aside, "files", [row.id])
            log.mended.append(f"{row.uri}: the record of its file was damaged; the next reindex makes it anew")
        elif row.table == "generations":
            _remove(db, aside, "generations", [row.id])
            log.mended.append("the record of an index was damaged; the index is made anew")


def _mend_documents(db: Database, aside: Quarantine, ids: list[int], present: Present, log: RepairLog) -> None:
    for document_id in ids:
        uri, file_id, file = db.execute(
            "SELECT d.uri, d.file_id, f.uri FROM documents d LEFT JOIN files f ON f.id = d.file_id WHERE d.id = ?",
            [document_id],
        ).fetchone()
        _remove(db, aside, "documents", [document_id])
        if file_id is not None:
            reread_file(db, file_id, _REASON)
        if file is not None and present(str(file)):
            log.mended.append(f"{uri}: it was damaged and is taken out; the next reindex takes it in again")
        else:
            origin = "its file is gone" if file is not None else "it has no file"
            log.lost.append(f"{uri}: {origin}, so that nothing is left of it but the damaged copy")


# Vectors: the index holds them too, and the checksum tells whether what it holds is what was stored.


def _mend_vectors(db: Database, folder: Path, aside: Quarantine, ids: list[int], log: RepairLog) -> None:
    if not ids:
        return
    spare = _from_index(db, folder, ids)
    restored, gone = 0, []
    for vector_id in ids:
        name, checksum, dimension = db.execute(
            "SELECT v.input_hash, v.checksum, m.dimension FROM vectors v JOIN models m ON m.id = v.model_id"
            " WHERE v.id = ?",
            [vector_id],
        ).fetchone()
        raw = spare.get(vector_id)
        if is_stored_vector(dimension, name, raw, checksum):
            db.execute("UPDATE vectors SET vector = ? WHERE id = ?", [raw, vector_id])
            restored += 1
        else:
            gone.append(vector_id)
    _remove(db, aside, "vectors", gone)
    log.mended.append(
        f"{len(ids)} damaged vectors: {restored} were restored from the index, {len(ids) - restored} removed"
    )


def _from_index(db: Database, folder: Path, ids: list[int]) -> Mapping[int, bytes]:
    """Return the bytes of vectors as the active index has them, as far as it can be read."""
    import faiss
    import numpy as np

    try:
        generation = active_generation(db)
        index = load_generation(folder, generation) if generation else None
    except Damaged:
        return {}
    if generation is None or generation.method.name != EXACT or index is None or not index.ntotal:
        return {}  # the codes of another one do not tell the vectors
    held: Ids = np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)
    inner = faiss.downcast_index(index.index)
    places = [np.flatnonzero(held == vector_id) for vector_id in ids]
    return {
        vector_id: inner.reconstruct(int(place[0])).astype("<f4").tobytes()
        for vector_id, place in zip(ids, places, strict=True)
        if len(place)
    }


def _mend_terms(db: Database, aside: Quarantine, ids: list[int], log: RepairLog) -> None:
    if ids:
        _remove(db, aside, "terms", ids)
        recount(db)
        log.mended.append(f"the word counts of {len(ids):,} passages were counted anew from their texts")


# The model, and the counters of ids.


def repair_models(db: Database) -> list[str]:
    """Bring the library's model, its second copy and the setting that names it into line. Call inside `writing`."""
    settings = dict(db.execute("SELECT key, value FROM settings WHERE key IN ('model', ?)", [MODEL_COPY]).fetchall())
    known = [model for model in map(_model, db.execute(_MODELS).fetchall()) if model]
    copy = remembered_model(settings.get(MODEL_COPY))
    model = copy or _named(known, settings.get("model"))
    if model is None and not known:
        db.execute("DELETE FROM settings WHERE key IN ('model', ?)", [MODEL_COPY])  # the next writer binds the library
    if model is None or (model in known and model == copy and settings.get("model") == str(model.id)):
        return []
    if model not in known:
        _put_model(db, model)
    db.execute(
        "INSERT INTO settings (key, value) VALUES ('model', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [str(model.id)],
    )
    remember_model(db, model)
    return ["the record of the library's model was restored"]


def _model(row: tuple[object, ...]) -> StoredModel | None:
    try:
        return StoredModel(*typed("models", row, int, str, str, str, str, int))
    except Damaged:
        return None


def _named(known: list[StoredModel], value: object) -> StoredModel | None:
    """Return the model that the setting names, or the only one."""
    return next((model for model in known if str(model.id) == value), known[0] if len(known) == 1 else None)


def _put_model(db: Database, model: StoredModel) -> None:
    values = astuple(model)
    changed = db.execute(
        "UPDATE models SET id = ?, fingerprint = ?, name = ?, version = ?, precision = ?, dimension = ?"
        " WHERE id = ? OR fingerprint = ?",
        [*values, model.id, model.fingerprint],
    ).rowcount
    if not changed:
        db.execute(
            "INSERT INTO models (id, fingerprint, name, version, precision, dimension, added_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [*values, now()],
        )


def repair_counters(db: Database, known: Mapping[str, int]) -> None:
    """Bring the counters of ids to where they were (`known`), or well above the highest id. Call inside `writing`."""
    for table, highest in counters(db).items():
        last = known.get(table, 0)
        if not highest <= last < _HIGHEST:
            last = highest + _MARGIN
        if not db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [last, table]).rowcount and last:
            db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, last])
