"""Files derived from the catalogue: written beside the old one, flushed, renamed, then registered.

There are two kinds, each with its own generations. `VECTORS`: a FAISS index of *every* vector of its model up to
`highest_id`, also those that belong to no chunk at the moment: such a vector may get a chunk again (an interrupted run
goes on), and it must be found then; how it is searched, storage/index/method.py tells. `KEYWORDS`: the postings of
the terms of every chunk up to `highest_id`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged, Refused, WhereinError
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, now
from wherein.storage.catalog.protocol import Catalog, typed
from wherein.storage.catalog.term_counts import (
    count_rows,
    counted_version,
    highest_counted,
    read_terms,
    recount,
    usual_entries,
)
from wherein.storage.catalog.terms import terms_version
from wherein.storage.catalog.vectors import count_vectors, highest_vector_id
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync
from wherein.storage.index.approximate import check_approximate, open_approximate
from wherein.storage.index.flat_file import check_flat
from wherein.storage.index.method import EXACT, Earlier, Method, decode_method, encode_method, method_for
from wherein.storage.index.postings import Postings, check_postings, open_postings, write_postings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

__all__ = [
    "KEYWORDS",
    "KINDS",
    "SUFFIXES",
    "VECTORS",
    "Generation",
    "active_generation",
    "check_layout",
    "differs",
    "drop_old_generations",
    "fold_if_due",
    "generation_path",
    "generation_problem",
    "has_earlier_generation",
    "is_behind",
    "list_generations",
    "load_generation",
    "load_postings",
    "recount_if_due",
    "roll_back",
    "unreadable_generations",
    "write_first_generations",
    "write_generation",
]

VECTORS, KEYWORDS = "exact", "keywords"
KINDS = (VECTORS, KEYWORDS)

_FOLDER = "generations"
SUFFIXES = {VECTORS: ".faiss", KEYWORDS: ".keywords"}
_KEPT = 2
# What the failpoints of writing one are called by.
_POINTS = {VECTORS: "generation", KEYWORDS: "keywords"}
_COLUMNS = (
    "SELECT id, model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method FROM generations"
)
_FILE = re.compile(r"\d{6,}(\.[a-z]+)")


_PLAIN = Method()


@dataclass(frozen=True)
class Generation:
    """A registered file: `count` vectors or chunks, none with an id over `highest_id`; size in bytes.

    `model_id` is the model that the library was bound to; keywords do not depend on it.
    """

    id: int
    model_id: int
    file: str
    kind: str
    count: int
    highest_id: int
    bytes: int
    sha256: str
    created_at: str
    method: Method = _PLAIN


def active_generation(db: Catalog, kind: str = VECTORS) -> Generation | None:
    """Return the generation that questions are answered from, None when there is none yet."""
    row = db.execute(f"{_COLUMNS} WHERE active = 1 AND kind = ?", [kind]).fetchone()
    return _generation(row) if row else None


def list_generations(db: Catalog) -> list[Generation]:
    """Return all registered generations, the oldest first. Raises Damaged when a row is not readable."""
    return [_generation(row) for row in db.execute(f"{_COLUMNS} ORDER BY id").fetchall()]


def unreadable_generations(db: Catalog) -> list[int]:
    """Return the id of each row that `list_generations` stumbles over."""
    found = []
    for row in db.execute(f"{_COLUMNS} ORDER BY id").fetchall():
        try:
            _generation(row)
        except Damaged:
            found.append(int(row[0]))
    return found


@lru_cache(maxsize=32)  # each question reads the same few rows four times
def _generation(row: tuple[Any, ...]) -> Generation:
    *values, method = typed("generations", row, int, int, str, str, int, int, int, str, str, str)
    found = Generation(*values)
    named = _FILE.fullmatch(found.file)
    try:
        if not named or named[1] != SUFFIXES.get(found.kind):
            raise ValueError("a name that leads elsewhere, or is none")
        return replace(found, method=decode_method(method, *_registered(found)))
    except ValueError as error:
        raise Damaged(f"The record of index {found.id} is damaged; run: wherein repair") from error


def _registered(generation: Generation) -> tuple[object, ...]:
    """Return what else an approximate search relies on."""
    return generation.file, generation.count, generation.highest_id, generation.bytes, generation.sha256


def generation_path(folder: Path, file: str) -> Path:
    """Return where a generation's `file` lies in the library at `folder`."""
    return folder / _FOLDER / file


def write_generation(
    db: Database,
    folder: Path,
    model: StoredModel,
    kind: str = VECTORS,
    *,
    step: str = "",
    beside: Callable[[], object] = lambda: None,
    check: Callable[[Generation], object] = lambda _: None,
    afresh: bool = False,
    append: bool = False,
) -> Generation:
    """Write all vectors of `model`, or all terms, to a new file and make it the active generation of its kind.

    With `afresh` nothing is taken over from the earlier one, with `append` all of it where that is quicker. `beside`
    writes what must change together with that, in the same transaction, which is called `step`. Before it is committed
    `check` may look at what the library would be then through `db`; if it raises, all stays as it was.
    The order (write, flush file, rename, flush folder, register) leaves the old generation in force until the new
    one is wholly on disk; a crash in between leaves at most an unregistered file.
    """
    target_folder = folder / _FOLDER
    target_folder.mkdir(mode=0o700, exist_ok=True)
    highest, count = _highest(db, model, kind), _count(db, model, kind)
    number = _next_number(db)
    target = target_folder / f"{number:06d}{SUFFIXES[kind]}"
    temporary = target.with_suffix(".tmp")
    method = _PLAIN
    from wherein.storage.index.build import write_index  # a question has no use for it

    try:
        if kind == KEYWORDS:
            digest = write_postings(temporary, count, highest, count * usual_entries(db), read_terms(db))
        else:
            earlier = None if afresh else _earlier(db, folder, model)
            method, digest = write_index(db, temporary, model, count, earlier, append=append)
    except ValueError as error:  # the count is taken from one of SQLite's indexes, the vectors from their table
        raise Damaged(f"The catalogue is damaged ({error}); run: wherein verify") from error
    point = _POINTS[kind]
    fsync(temporary)
    failpoint(f"{point}.flushed")
    temporary.rename(target)
    failpoint(f"{point}.renamed")
    fsync(target_folder)
    failpoint(f"{point}.folder-flushed")
    try:
        with writing(db, step or f"{point}.register"):
            beside()
            generation = _register(db, model, target, kind, count, highest, digest, method)
            check(generation)
    except Refused:
        target.unlink()
        raise
    return generation


def roll_back(db: Database, model: StoredModel) -> Generation:
    """Answer from the generation of vectors before the active one again; documents and keywords are left alone.

    What came since is in the delta then, which is told by ids. Raises WhereinError when there is none of this model.
    """
    earlier = _before(db, model)
    if not earlier:
        raise WhereinError("There is no earlier generation of the index to return to")
    with writing(db, "generation.rollback"):
        db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [VECTORS])
        db.execute("UPDATE generations SET active = 1 WHERE id = ?", [earlier[-1].id])
    return earlier[-1]


def has_earlier_generation(db: Catalog, model: StoredModel) -> bool:
    """Whether there is one for `roll_back`."""
    return bool(_before(db, model))


def _before(db: Catalog, model: StoredModel) -> list[Generation]:
    active = active_generation(db)
    return [
        generation
        for generation in list_generations(db)
        if active and generation.kind == VECTORS and generation.model_id == model.id and generation.id < active.id
    ]


def _earlier(db: Catalog, folder: Path, model: StoredModel) -> Earlier | None:
    """Return the active generation of vectors, if it is one of this model and may be opened."""
    try:
        generation = active_generation(db)
        if generation is None or generation.model_id != model.id:
            return None
        check_layout(folder, generation)
    except (Damaged, OSError, ValueError):  # which is told elsewhere
        return None
    path = generation_path(folder, generation.file)
    return Earlier(path, generation.method, generation.count, generation.highest_id, generation.sha256)


def _highest(db: Catalog, model: StoredModel, kind: str) -> int:
    return highest_counted(db) if kind == KEYWORDS else highest_vector_id(db, model.id)


def _count(db: Catalog, model: StoredModel, kind: str, above: int = 0, upto: int | None = None) -> int:
    return count_rows(db, above, upto) if kind == KEYWORDS else count_vectors(db, model.id, above, upto)


def _next_number(db: Catalog) -> int:
    """Return the id that the next row will have; it is never one that another file was called by."""
    row = db.execute(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'generations'), 0),"
        " coalesce((SELECT max(id) FROM generations), 0))"
    ).fetchone()
    return 1 + int(row[0])


def fold_if_due(db: Database, folder: Path, model: StoredModel, at_least: int = 5_000) -> bool:
    """Fold a delta into a new generation when it exceeds `at_least` and a tenth of the present one, of either kind."""
    due = [kind for kind in KINDS if _is_due(db, model, kind, at_least)]
    for kind in due:
        write_generation(db, folder, model, kind, append=True)
    if due:
        drop_old_generations(db, folder)
    return bool(due)


def _is_due(db: Catalog, model: StoredModel, kind: str, at_least: int) -> bool:
    generation = active_generation(db, kind)
    highest, count = (generation.highest_id, generation.count) if generation else (0, 0)
    limit = max(at_least, count // 10)
    # Ids only rise, so that no more vectors than ids can have come: most commits need not count them.
    return _highest(db, model, kind) - highest > limit and _count(db, model, kind, highest) > limit


def write_first_generations(db: Database, folder: Path, model: StoredModel) -> bool:
    """Write a generation of each kind of which there is none, unless it would be empty; return whether one was."""
    due = [kind for kind in KINDS if active_generation(db, kind) is None and _highest(db, model, kind)]
    for kind in due:
        write_generation(db, folder, model, kind)
    return bool(due)


def recount_if_due(db: Database) -> bool:
    """Count all terms anew when another version of the program counted them; return whether that was so.

    There is no generation of keywords then, until one is written.
    """
    if counted_version(db) == terms_version():
        return False
    with writing(db, "keywords.recount"):
        db.execute("DELETE FROM terms")
        db.execute("DELETE FROM generations WHERE kind = ?", [KEYWORDS])
        recount(db)
    return True


def is_behind(db: Catalog, model: StoredModel, kind: str) -> bool:
    """Whether a new generation would hold something else than the active one, as far as questions can tell.

    Vectors that went are no reason: they may come back.
    """
    generation = active_generation(db, kind)
    if generation is None:
        return _highest(db, model, kind) > 0
    if _highest(db, model, kind) > generation.highest_id:
        return True
    if kind == KEYWORDS:
        return differs(db, model, generation)
    return generation.method.asked != method_for(db, generation.count, model.dimension)


def differs(db: Catalog, model: StoredModel, generation: Generation) -> bool:
    """Whether a generation holds what is no longer stored, or lacks what is."""
    return _count(db, model, generation.kind, upto=generation.highest_id) != generation.count


def load_generation(folder: Path, generation: Generation) -> Any:
    """Return the FAISS index of a generation, memory-mapped, after a look at its size and layout.

    Raises Damaged when the file is missing, is not laid out as it was written, or cannot be read.
    """
    import faiss  # a question waits for the model meanwhile

    # One question is searched by one thread in any case. With more, FAISS still waits for them all: 100,000 vectors
    # took 48 ms instead of 18, and a small index 8 ms instead of 0.01 on a busy machine.
    faiss.omp_set_num_threads(1)
    path = generation_path(folder, generation.file)
    with _index_faults(path):
        check_layout(folder, generation)
        if generation.method.name != EXACT:
            return open_approximate(path, generation.method)
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def load_postings(folder: Path, generation: Generation) -> Postings:
    """Return the postings of a generation of keywords, memory-mapped, after a look at their size and layout.

    Raises Damaged when the file is missing, is not laid out as it was written, or cannot be read.
    """
    path = generation_path(folder, generation.file)
    with _index_faults(path):
        check_layout(folder, generation)
        return open_postings(path, generation.count, generation.highest_id)


@contextmanager
def _index_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Damaged(f"The index {path} is damaged: {reason}; run: wherein repair") from error


def check_layout(folder: Path, generation: Generation) -> int:
    """Return the dimension of a generation's vectors, or the number of its postings.

    Raises ValueError or OSError when its file is another one.
    """
    path = generation_path(folder, generation.file)
    size = path.stat().st_size
    if size != generation.bytes:
        raise ValueError(f"it has {size:,} bytes instead of {generation.bytes:,}")
    if generation.method.name != EXACT:
        return check_approximate(path, generation.count, generation.method)
    check = check_postings if generation.kind == KEYWORDS else check_flat
    return check(path, generation.count, generation.highest_id)


def generation_problem(db: Catalog, folder: Path, generation: Generation) -> str:
    """Read all of a generation's file; return what is wrong with it, "" if nothing."""
    try:
        with generation_path(folder, generation.file).open("rb") as file:
            dimension = check_layout(folder, generation)
            if hashlib.file_digest(file, "sha256").hexdigest() != generation.sha256:
                return "its SHA-256 is not the one that was registered"
    except (OSError, ValueError) as error:
        return str(error.strerror if isinstance(error, OSError) else error)
    if generation.kind == KEYWORDS:
        more = count_rows(db, upto=generation.highest_id) > generation.count
        return "it lacks passages that are stored" if more else ""
    row = db.execute("SELECT dimension FROM models WHERE id = ?", [generation.model_id]).fetchone()
    if row is None or row[0] != dimension:
        return "it is not an index of the library's model"
    if count_vectors(db, generation.model_id, upto=generation.highest_id) > generation.count:
        return "it lacks vectors that are stored"
    return ""


def drop_old_generations(db: Database, folder: Path, kept: int = _KEPT) -> None:
    """Keep the newest generations of each kind and delete the other files; unregistered ones a crash has left."""
    files, old = set(), []
    for kind in KINDS:
        rows = db.execute(
            "SELECT id, file FROM generations WHERE kind = ? ORDER BY active DESC, id DESC", [kind]
        ).fetchall()
        files |= {file for _, file in rows[:kept]}
        old += [number for number, _ in rows[kept:]]
    with writing(db, "generation.forget"):
        for number in old:
            db.execute("DELETE FROM generations WHERE id = ?", [number])
    for path in (folder / _FOLDER).glob("*"):
        if path.name not in files:
            path.unlink(missing_ok=True)


def _register(
    db: Database, model: StoredModel, target: Path, kind: str, count: int, highest: int, digest: str, method: Method
) -> Generation:
    size, stamp = target.stat().st_size, now()
    made = Generation(0, model.id, target.name, kind, count, highest, size, digest, stamp, method)
    db.execute("UPDATE generations SET active = 0 WHERE active = 1 AND kind = ?", [kind])
    cursor = db.execute(
        "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, method,"
        " active) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        [model.id, target.name, kind, count, highest, size, digest, stamp, encode_method(method, *_registered(made))],
    )
    return replace(made, id=int(cursor.lastrowid or 0))
