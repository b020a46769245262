"""What a library holds, and what is left to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.ingest.changes.freshness import looks_stale
from wherein.storage.catalog.documents import count_chunks, count_documents
from wherein.storage.catalog.files import problem_files, read_files
from wherein.storage.catalog.golden import list_golden
from wherein.storage.catalog.models import bound_model, stored_device
from wherein.storage.catalog.reindex_runs import ReindexRun, last_run
from wherein.storage.catalog.sources import list_sources
from wherein.storage.catalog.vector_counts import VectorCounts, vector_counts
from wherein.storage.catalog.vectors import count_vectors
from wherein.storage.cleanup.disk_usage import disk_use
from wherein.storage.cleanup.purge import purge_is_unfinished
from wherein.storage.index.generations import active_generation

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["Status", "read_status"]


@dataclass(frozen=True)
class Status:
    """What a library holds, and what is left to do.

    `delta` counts vectors that are not in the generation yet, `orphans` those without a passage, `stale` files that are
    gone or look changed since they were read. `bytes` is the size of all files, `parts` of each part. `night` is the
    last reindex: `began_at`, `ended_at` (UTC), `outcome` and its report.
    `index` is how the generation is searched, `recall` the share of the ten nearest vectors that its tuning found.
    `watch` is what the process that watches the sources does (`WatchState`), None when there is none.
    """

    library: str
    documents: int
    chunks: int
    vectors: int
    delta: int
    generation: int | None
    model: str
    precision: str
    device: str
    fingerprint: str
    problems: int
    sources: int
    bytes: int
    sqlite: str
    purge_unfinished: bool
    orphans: int
    stale: int
    golden: int
    parts: Mapping[str, int]
    night: Mapping[str, object] | None
    index: str
    recall: float
    watch: Mapping[str, object] | None


def read_status(db: Catalog, folder: Path) -> Status:
    """Return the status of the library in `folder`. Call inside `snapshot`."""
    from wherein.library.watching.state import read_watch_state

    model, generation, parts = bound_model(db), active_generation(db), disk_use(folder)
    highest = generation.highest_id if generation else 0
    counts = vector_counts(db, model.id) if model else VectorCounts(0, 0)
    return Status(
        library=str(folder),
        documents=count_documents(db),
        chunks=count_chunks(db),
        vectors=counts.live,
        delta=count_vectors(db, model.id, highest) if model else 0,
        generation=generation.id if generation else None,
        model=model.name if model else "",
        precision=model.precision if model else "",
        device=stored_device(db, model) if model else "",
        fingerprint=model.fingerprint if model else "",
        problems=len(problem_files(db)),
        sources=len(list_sources(db)),
        bytes=sum(parts.values()),
        sqlite=str(db.execute("SELECT sqlite_version()").fetchone()[0]),
        purge_unfinished=purge_is_unfinished(db),
        orphans=counts.orphans,
        stale=sum(map(looks_stale, read_files(db))),
        golden=len(list_golden(db)),
        parts=parts,
        night=_decoded(last_run(db)),
        index=generation.method.name if generation else "",
        recall=round(generation.method.recall, 4) if generation else 1.0,
        watch=asdict(watch) if (watch := read_watch_state(folder)) else None,
    )


def _decoded(record: ReindexRun | None) -> Mapping[str, object] | None:
    if record is None:
        return None
    try:
        report = json.loads(record.report)
    except ValueError as error:
        raise Damaged("The report of the last reindex is damaged; run: wherein verify") from error
    return {"began_at": record.began_at, "ended_at": record.ended_at, "outcome": record.outcome, "report": report}
