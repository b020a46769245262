"""Measuring models on a public collection: it is ingested into a library of its own, and its questions are asked there.

Figures are therefore those of `ingest` and `query`. Nothing of the user's libraries is read or changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from wherein.embed.model import fingerprint
from wherein.embed.models.installed import find_model
from wherein.embed.precision import resolve_precision
from wherein.errors import Damaged, UsageError
from wherein.evaluation.run import Measured
from wherein.ingest.chunker import CHUNKER_VERSION
from wherein.ingest.progress.events import Progress
from wherein.ingest.title_vectors import TITLE_WEIGHT
from wherein.library import Library
from wherein.search.modes import MODES

if TYPE_CHECKING:
    from wherein.evaluation.collection import Collection

__all__ = ["evaluate"]

# Libraries of collections that are kept for the next time. The least recently used ones are dropped, but none of the
# last hour: another evaluation may be using it.
_MAX_KEPT = 4
_IN_USE_SECONDS = 3600


def evaluate(
    kind: str,
    path: Path,
    *,
    modes: Sequence[str] = ("hybrid",),
    models: Sequence[str] = ("default",),
    precision: str = "auto",
    threads: int = 0,
    cache: Path | None = None,
    libraries: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Measure each model in each mode on a public collection: `kind` is `squad` or `beir`.

    `models` are names of installed models, folders, or `default`. `libraries` is a folder that keeps the collection's
    library for the next time. `report` receives messages about progress. Raises UsageError for input that cannot be
    read, WhereinError when the extra `evaluate` is missing.
    """
    from wherein.evaluation.collection import read_beir, read_squad
    from wherein.evaluation.measures import require_measures, require_stats
    from wherein.evaluation.squad_beir import DEPTH, evaluate_beir, evaluate_squad

    # One more than what counts: the question's own document may be among them, and is left out.
    asked_for = DEPTH + 1
    if kind == "beir":
        require_measures()
    if len(modes) * len(models) > 1:  # report a missing extra now, not after the work
        require_stats()
    if unknown := [mode for mode in modes if mode not in MODES]:
        raise UsageError(f"There is no mode {unknown[0]}; there are: {', '.join(MODES)}")
    chosen = [find_model(name) for name in models]
    collection, measure = (read_squad(path), evaluate_squad) if kind == "squad" else (read_beir(path), evaluate_beir)
    precision = resolve_precision(precision)
    for model in chosen:
        name = f"{_digest(collection)}-{fingerprint(model, precision)}"
        with (
            _folder_for(libraries, name) as folder,
            Library(
                folder / "library", precision=precision, model=model.folder, cache=cache, threads=threads
            ) as library,
        ):
            _ingest(library, folder / "documents.jsonl", collection, report)
            for mode in modes:
                found = _ask(library, collection, mode, asked_for, report)
                yield Measured(measure(collection, found), model.name, str(model.folder), precision, mode)


def _ingest(library: Library, file: Path, collection: Collection, report: Callable[[str], None]) -> None:
    """Ingest the documents of a collection, each as a record whose id is its number."""

    def progress(event: object) -> None:
        if isinstance(event, Progress):
            report(f"ingesting document {event.documents:,} of {len(collection.ids):,}")

    if not file.exists():
        with file.open("w", encoding="utf-8") as records:
            for number, (title, text) in enumerate(zip(collection.titles, collection.texts, strict=True)):
                records.write(json.dumps({"id": str(number), "title": title, "text": text}) + "\n")
    library.ingest([file], report=progress, wait=True)


def _ask(
    library: Library, collection: Collection, mode: str, k: int, report: Callable[[str], None]
) -> Iterator[list[str]]:
    """Yield for each question the ids of the documents of its answer, in the order of their best passages."""
    answers = library.query_many(collection.questions, k, mode=mode)
    for number, answer in enumerate(answers, 1):
        if number % 100 == 1:
            report(f"asking question {number:,} of {len(collection.questions):,}")
        numbers = dict.fromkeys(int(hit.uri.rpartition("#")[2]) for hit in answer.hits)
        yield [collection.ids[number] for number in numbers]


def _digest(collection: Collection) -> str:
    """Return a hash of a collection's documents and of what cuts them into passages and adds their titles."""
    digest = hashlib.sha256(f"{CHUNKER_VERSION} {TITLE_WEIGHT}".encode())
    for title, text in zip(collection.titles, collection.texts, strict=True):
        digest.update(json.dumps([title, text]).encode())
    return digest.hexdigest()[:32]


@contextmanager
def _folder_for(libraries: Path | None, name: str) -> Iterator[Path]:
    """Yield the folder of a collection's library, which is kept where `libraries` is given and can be written."""
    kept = _kept_folder(libraries, name) if libraries else None
    if kept is None:
        with TemporaryDirectory() as folder:
            yield Path(folder)
        return
    try:
        yield kept
    except Damaged:
        shutil.rmtree(kept, ignore_errors=True)  # the next evaluation begins again
        raise


def _kept_folder(libraries: Path, name: str) -> Path | None:
    """Make a folder and drop the least recently used ones; None where it cannot be made."""
    folder = libraries / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.touch()
        used = sorted(libraries.iterdir(), key=lambda kept: kept.stat().st_mtime_ns, reverse=True)
    except OSError:
        return None
    for old in used[_MAX_KEPT:]:
        if time.time() - old.stat().st_mtime > _IN_USE_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return folder
