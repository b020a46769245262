"""Check that the library is what was written to it. Nothing is changed.

All of the catalog is read in one snapshot, so that another process can write meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG, catalog_is_lost, open_lenient, snapshot
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import CATALOG_ERRORS, translate_error
from wherein.storage.disk.counted import counted
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation, generation_path, list_generations
from wherein.storage.index.segments import Segment, list_segments
from wherein.storage.repair.deep_check import Proof, check_index, check_keywords, check_sample, check_vectors
from wherein.storage.repair.findings import Finding, Verification, printable
from wherein.storage.repair.quarantine import QUARANTINE
from wherein.storage.repair.row_check import BadRow, Gap, check_rows
from wherein.storage.repair.salvage import STAGING
from wherein.storage.repair.schema_check import schema_problems
from wherein.storage.repair.sqlite_wal import log_of, read_log

__all__ = ["verify"]

_REPAIR = "run: wherein repair"
_REINDEX = "run: wherein reindex"
_MAX_SCHEMA_PROBLEMS = 10
_MAX_ROWS = 100


def verify(folder: Path, *, deep: bool = False, proof: Proof | None = None) -> Verification:
    """Check every part of the library at `folder`; damage is returned, not raised.

    With `deep` the index is compared with every stored vector, and with a `proof` a sample of these with the vectors
    that the model computes for their texts.
    """
    tally: Counter[str] = Counter()
    findings = dict.fromkeys(_check(folder, tally, deep, proof))  # several checks may report one damaged page
    printed = (replace(finding, place=printable(finding.place), what=printable(finding.what)) for finding in findings)
    return Verification(tuple(printed), tally)


def _check(folder: Path, tally: Counter[str], deep: bool, proof: Proof | None) -> Iterator[Finding]:
    if catalog_is_lost(folder) or not (folder / CATALOG).exists():
        yield Finding("catalog", str(folder / CATALOG), "it is missing", "restore a backup with: wherein restore")
        return
    yield from _check_log(folder)
    yield from _check_leftovers(folder)
    try:
        db = open_lenient(folder)
    except Damaged as error:
        yield Finding("catalog", str(folder / CATALOG), _reason(error), _REPAIR)
        return
    with closing(db), snapshot(db):
        for check in (_check_structure, _check_rows, _check_generations):
            yield from _tolerant(check(db, folder, tally))
        if deep:
            yield from _tolerant(_check_deeply(db, folder, tally, proof))


def _tolerant(check: Iterator[Finding]) -> Iterator[Finding]:
    """Yield a check's findings, and as one more the error of SQLite or the catalog that ends it."""
    try:
        yield from check
    except CATALOG_ERRORS as error:
        meaning = translate_error(error)
        if not isinstance(meaning, Damaged):
            raise meaning from error
        yield Finding("catalog", CATALOG, f"SQLite cannot read all of it: {error}", _REPAIR)
    except Damaged as error:
        yield Finding("catalog", CATALOG, _reason(error), _REPAIR)


def _reason(error: Damaged) -> str:
    """Return an error's first sentence, without its advice."""
    return str(error).partition("; ")[0]


def _check_structure(db: Catalog, folder: Path, tally: Counter[str]) -> Iterator[Finding]:
    problems = schema_problems(db)
    for what in problems[:_MAX_SCHEMA_PROBLEMS]:
        yield Finding("catalog", CATALOG, what, _REPAIR)
    if (more := len(problems) - _MAX_SCHEMA_PROBLEMS) > 0:
        yield Finding("catalog", CATALOG, f"{more} more problems like these", _REPAIR)


def _check_rows(db: Catalog, folder: Path, tally: Counter[str]) -> Iterator[Finding]:
    counts: Counter[tuple[str, bool]] = Counter()
    for bad in check_rows(db, tally):
        finding = _of_gap(bad) if isinstance(bad, Gap) else _of_row(bad)
        kind = finding.part, finding.harmless
        counts[kind] += 1
        if counts[kind] <= _MAX_ROWS:
            yield finding
    for (part, harmless), count in counts.items():
        if count > _MAX_ROWS:  # a library that is damaged throughout still gets a readable list
            yield Finding(part, CATALOG, f"{count - _MAX_ROWS:,} more like these", _REPAIR, harmless)


def _of_gap(gap: Gap) -> Finding:
    return Finding("documents", gap.uri, gap.what, _REINDEX if gap.due else _REPAIR, gap.due)


def _of_row(bad: BadRow) -> Finding:
    place = f"{bad.table} {bad.id}" if bad.id else bad.table
    return Finding(bad.table, f"{bad.uri} ({place})" if bad.uri else place, bad.what, _REPAIR)


def _check_log(folder: Path) -> Iterator[Finding]:
    path = log_of(folder / CATALOG)
    log = read_log(path)
    if log.lost:
        yield Finding("log", path.name, f"the last {log.lost} commits in it cannot be read; questions are answered"
                      " from what was committed before", _REPAIR)  # fmt: skip
    elif log.commits:
        yield Finding(
            "log",
            path.name,
            f"{counted(log.commits, 'commit')} in it, which the next writer moves into the catalog",
            "nothing to do",
            True,
        )


def _check_leftovers(folder: Path) -> Iterator[Finding]:
    for path in sorted((folder / QUARANTINE).glob("*")):
        yield Finding(
            "aside", str(path), "quarantined by an earlier repair", "delete it when you no longer need it", True
        )
    if (folder / STAGING).exists():
        yield Finding("aside", str(folder / STAGING), "left by a repair that was interrupted", _REPAIR, True)


# The index.


def _check_generations(db: Catalog, folder: Path, tally: Counter[str]) -> Iterator[Finding]:
    registered = list_generations(db)
    for generation in registered:
        what = generation_problem(db, folder, generation)
        if what and _is_registered(folder, generation):
            yield Finding("index", str(generation_path(folder, generation.file)), what, _REPAIR)
        tally["indexes"] += 1
    segments = list_segments(db)
    for segment in segments:
        file = generation_path(folder, segment.content.file)
        what = generation_problem(db, folder, segment.content, segment.above)
        if what and _is_segment(folder, segment):
            yield Finding("index", str(file), what, _REPAIR)
        tally["indexes"] += 1
    for kind in {generation.kind for generation in registered}:
        if active_generation(db, kind) is None:
            yield Finding("index", CATALOG, "none of the indexes is active", _REPAIR)
    names = {one.file for one in (*registered, *(segment.content for segment in segments))}
    for path in sorted((folder / "generations").glob("*")):
        if path.name not in names:
            yield Finding("index", str(path), "left by a run that was interrupted, or being written now",
                          "nothing to do: the next reindex removes it", True)  # fmt: skip


def _is_registered(folder: Path, generation: Generation) -> bool:
    """Whether a damaged index is still registered: a writer may have replaced it since the snapshot."""
    try:
        with closing(open_lenient(folder)) as db:
            return generation in list_generations(db)
    except (*CATALOG_ERRORS, Damaged):
        return True


def _is_segment(folder: Path, segment: Segment) -> bool:
    """Whether a segment is still registered."""
    try:
        with closing(open_lenient(folder)) as db:
            return segment in list_segments(db)
    except (*CATALOG_ERRORS, Damaged):
        return True


def _check_deeply(db: Catalog, folder: Path, tally: Counter[str], proof: Proof | None) -> Iterator[Finding]:
    model = bound_model(db)
    if model is None:
        return
    for segment in list_segments(db):
        check = check_keywords if segment.content.kind == KEYWORDS else partial(check_vectors, model=model)
        for what in check(db, folder, generation=segment.content, tally=tally, above=segment.above):
            yield Finding("index", segment.content.file, what, _REPAIR)
    generation = active_generation(db)
    for what in check_index(db, folder, model, generation, tally):
        yield Finding("index", generation.file if generation else CATALOG, what, _REPAIR)
    keywords = active_generation(db, KEYWORDS)
    if keywords:
        for what in check_keywords(db, folder, keywords, tally):
            yield Finding("index", keywords.file, what, _REPAIR)
    if proof:
        for vector_id, what in check_sample(db, model, proof, tally):
            yield Finding("vectors", f"vectors {vector_id}", what, "ingest its document again, with the same model")
