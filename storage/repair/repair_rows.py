"""Corrupt rows: restored from redundant copies, or removed and quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.files import REREAD, reread_file
from wherein.storage.catalog.models import MODEL_COPY, StoredModel, now, remember_model, remembered_model
from wherein.storage.catalog.protocol import typed
from wherein.storage.catalog.sketches import fill_sketches
from wherein.storage.catalog.term_counts import recount
from wherein.storage.catalog.texts import read_text, save_text
from wherein.storage.catalog.vectors import Ids, is_stored_vector, pack_vectors
from wherein.storage.disk.batched import batched
from wherein.storage.disk.counted import counted
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generations import active_generation
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.row_check import BadRow, Gap, check_rows, counters

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["RepairLog", "repair_counters", "repair_models", "repair_rows"]

Present = Callable[[str], bool]

# Where a counter is damaged, ids continue this far above the highest, so that those of deleted rows are not reused.
_ID_MARGIN = 1_000_000
_MAX_ID = 1 << 53
_BATCH_SIZE = 500  # parameters of one statement; SQLite allows 999 in every build
_REASON = "its stored copy was damaged; the next reindex ingests it again"
_MODELS = "SELECT id, fingerprint, name, version, precision, dimension FROM models ORDER BY id"


@dataclass
class RepairLog:
    """Sentences for the report: what was repaired, and what is lost except for its copy in quarantine."""

    repaired: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def repair_rows(db: Database, folder: Path, quarantine: Quarantine, present: Present, log: RepairLog) -> None:
    """Repair everything that `check_rows` finds, in one transaction; `present(uri)` is whether a file exists.

    Afterwards `check_rows` finds nothing but documents whose gaps the next reindex fills.
    """
    with snapshot(db):
        if not any(isinstance(row, BadRow) or not row.due for row in check_rows(db, Counter())):
            return
    with writing(db, "repair.rows"):
        log.repaired += repair_models(db)  # first, because vectors without a model would be removed
        bad = [row for row in check_rows(db, Counter()) if isinstance(row, BadRow)]
        _repair_links(db, quarantine, [row for row in bad if row.link], log)
        _repair_lists(db, quarantine, [row for row in bad if not row.link], log)
        _repair_vectors(db, folder, quarantine, _ids(bad, "vectors"), log)
        _remove(db, quarantine, "chunks", _ids(bad, "chunks"))
        _repair_texts(db, quarantine, [row for row in bad if row.table == "texts" and not row.link], log)
        _repair_documents(db, quarantine, _ids(bad, "documents"), present, log)
        _repair_terms(db, quarantine, _ids(bad, "terms"), log)  # last: it counts what is left of the chunks
        _repair_sketches(db, quarantine, _ids(bad, "sketches"), log)
        # Checked again, because what was removed has left gaps.
        for gap in [row for row in check_rows(db, Counter()) if isinstance(row, Gap)]:
            if gap.file_id is not None and not gap.due:
                reread_file(db, gap.file_id, _REASON)
            log.repaired.append(f"{gap.uri}: {gap.what}; the next reindex fills the gap")


def _ids(bad: Iterable[BadRow], table: str) -> list[int]:
    return sorted({row.id for row in bad if row.table == table and not row.link})


def _remove(db: Database, quarantine: Quarantine, table: str, ids: list[int]) -> None:
    """Delete rows, once they are in quarantine."""
    for batch in batched(ids, _BATCH_SIZE):
        marks = ", ".join("?" * len(batch))
        cursor = db.execute(f"SELECT * FROM {table} WHERE id IN ({marks})", batch)
        names = [name for name, *_ in cursor.description]
        quarantine.rows(table, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
        db.execute(f"DELETE FROM {table} WHERE id IN ({marks})", batch)


def _repair_links(db: Database, quarantine: Quarantine, bad: list[BadRow], log: RepairLog) -> None:
    """Detach documents from lost files; remove other rows whose parent is lost."""
    for table, count in Counter(row.table for row in bad).items():
        log.repaired.append(
            f"{counted(count, 'row')} of {table} referred to a row that is lost; the next reindex restores it"
        )
    if any(row.table in ("chunks", "texts") for row in bad):
        # A document is lost, and its file is not known: all are read again.
        db.execute("UPDATE files SET version = ?", [REREAD])
    orphans: dict[str, list[int]] = {}
    for row in bad:
        if row.table == "documents":
            db.execute("UPDATE documents SET file_id = NULL WHERE id = ?", [row.id])
        else:
            orphans.setdefault(row.table, []).append(row.id)
    for table, ids in orphans.items():
        _remove(db, quarantine, table, sorted(set(ids)))


def _repair_lists(db: Database, quarantine: Quarantine, bad: list[BadRow], log: RepairLog) -> None:
    for row in bad:
        if row.table == "sqlite_sequence":
            known = db.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
            repair_counters(db, {name: last for name, last in known if isinstance(last, int)})
            log.repaired.append(f"the id counter of {row.uri} was set above all ids in use")
        elif row.table == "sources":
            _remove(db, quarantine, "sources", [row.id])
            log.lost.append(f"the source {row.uri!r} with its options: name it again with wherein ingest")
        elif row.table == "exclusions":
            _remove(db, quarantine, "exclusions", [row.id])
            log.lost.append(f"that {row.uri!r} was removed or purged: if it comes back, remove it again")
        elif row.table == "files":
            # Before the record is deleted, and its documents with it (ON DELETE CASCADE).
            db.execute("UPDATE documents SET file_id = NULL WHERE file_id = ?", [row.id])
            _remove(db, quarantine, "files", [row.id])
            log.repaired.append(f"{row.uri}: the record of its file was damaged; the next reindex restores it")
        elif row.table == "segments":
            _remove(db, quarantine, "segments", [row.id])
            log.repaired.append("the record of an index was damaged; what it held is read from the catalog")
        elif row.table == "generations":
            _remove(db, quarantine, "generations", [row.id])
            log.repaired.append("the record of an index was damaged; the index is rebuilt")


def _repair_texts(db: Database, quarantine: Quarantine, bad: list[BadRow], log: RepairLog) -> None:
    """Write texts again that are still what was stored, but not their blocks."""
    for row in bad:
        text = read_text(db, row.id).text
        _remove_text(db, quarantine, row.id)
        save_text(db, row.id, text)
        log.repaired.append(f"{row.uri}: {row.what}; they were written again")


def _remove_text(db: Database, quarantine: Quarantine, document_id: int) -> None:
    blocks = db.execute("SELECT id FROM texts WHERE document_id = ? ORDER BY number", [document_id]).fetchall()
    _remove(db, quarantine, "texts", [block for (block,) in blocks])


def _repair_documents(db: Database, quarantine: Quarantine, ids: list[int], present: Present, log: RepairLog) -> None:
    for document_id in ids:
        uri, file_id, file = db.execute(
            "SELECT d.uri, d.file_id, f.uri FROM documents d LEFT JOIN files f ON f.id = d.file_id WHERE d.id = ?",
            [document_id],
        ).fetchone()
        _remove_text(db, quarantine, document_id)
        _remove(db, quarantine, "documents", [document_id])
        if file_id is not None:
            reread_file(db, file_id, _REASON)
        if file is not None and present(str(file)):
            log.repaired.append(f"{uri}: it was damaged and is removed; the next reindex ingests it again")
        else:
            origin = "its file is gone" if file is not None else "it has no file"
            log.lost.append(f"{uri}: {origin}; only the damaged copy is left")


# Vectors: an exact index holds a copy, and the checksum of the row says whether it is the one that was stored.


def _repair_vectors(db: Database, folder: Path, quarantine: Quarantine, ids: list[int], log: RepairLog) -> None:
    if not ids:
        return
    copies = _from_index(db, folder, ids)
    restored, lost = 0, []
    for vector_id in ids:
        input_hash, checksum, dimension = db.execute(
            "SELECT v.input_hash, v.checksum, m.dimension FROM vectors v JOIN models m ON m.id = v.model_id"
            " WHERE v.id = ?",
            [vector_id],
        ).fetchone()
        raw = copies.get(vector_id)
        if is_stored_vector(dimension, input_hash, raw, checksum):
            db.execute("UPDATE vectors SET vector = ? WHERE id = ?", [raw, vector_id])
            restored += 1
        else:
            lost.append(vector_id)
    _remove(db, quarantine, "vectors", lost)
    log.repaired.append(f"{len(ids)} damaged vectors: {restored} were restored from the index, {len(lost)} removed")


def _from_index(db: Database, folder: Path, ids: list[int]) -> Mapping[int, bytes]:
    """Return vectors by id as they are stored, from the active index, as far as it can be read."""
    import faiss
    import numpy as np

    try:
        generation = active_generation(db)
        index = load_generation(folder, generation) if generation else None
    except Damaged:
        return {}
    if generation is None or generation.method.is_coded or index is None or not index.ntotal:
        return {}  # from a code a vector cannot be restored
    stored_ids: Ids = np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)
    inner: Any = faiss.downcast_index(index.index)  # with PyTorch installed, its stubs know tensors as well
    positions = {vector_id: np.flatnonzero(stored_ids == vector_id) for vector_id in ids}
    return {
        vector_id: pack_vectors(inner.reconstruct(int(found[0]))[None, :])[0]
        for vector_id, found in positions.items()
        if len(found)
    }


def _repair_terms(db: Database, quarantine: Quarantine, ids: list[int], log: RepairLog) -> None:
    if ids:
        _remove(db, quarantine, "terms", ids)
        recount(db)
        log.repaired.append(f"the word counts of {counted(len(ids), 'passage')} were counted again from their texts")


def _repair_sketches(db: Database, quarantine: Quarantine, ids: list[int], log: RepairLog) -> None:
    if ids:
        _remove(db, quarantine, "sketches", ids)
        fill_sketches(db)
        log.repaired.append(f"the sketches of {counted(len(ids), 'passage')} were made again from their texts")


# The model, and the counters of ids.


def repair_models(db: Database) -> list[str]:
    """Make the library's model, its second copy and the setting that names it agree; return what was done.

    Call inside `writing`.
    """
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
    """Set each id counter to its `known` value, or well above the highest id when that cannot be right.

    Call inside `writing`.
    """
    for table, highest in counters(db).items():
        last = known.get(table, 0)
        if not highest <= last < _MAX_ID:
            last = highest + _ID_MARGIN
        # SQLite's table has no unique column, so ON CONFLICT cannot be used.
        if not db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [last, table]).rowcount and last:
            db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, last])
