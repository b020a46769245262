"""A folder of similar documents, and a library that can be reindexed with either of two models."""

import os
from pathlib import Path
from typing import Any

from toy import ToyEncoder
from wherein.errors import ModelMismatch
from wherein.ingest.progress.reindex_report import ReindexReport, Stage
from wherein.library import Library
from wherein.library.models import LibraryModel, ModelChoice

__all__ = ["BothModels", "answers", "open_with_both_models", "other_encoder", "reindex_report", "write_lots"]


def write_lots(folder: Path, count: int = 30) -> Path:
    """Write one short text for each lot, last modified so long ago that it counts as settled."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"lot-{number:04}.txt"
        path.write_text(
            f"Lot {number} has {number * 7} barrels of herring, and {number * 11} of eel, on quay {number}."
        )
        os.utime(path, ns=(10**18, 10**18))
    return folder


def reindex_report(library: Library, **options: Any) -> ReindexReport:
    """Reindex, and return the report, which is also what the library keeps of it."""
    events: list[object] = []
    library.reindex(report=events.append, **options)
    report = events[-1]
    assert isinstance(report, ReindexReport)
    assert [event for event in events if isinstance(event, Stage)] == list(report.stages)
    kept = library.status().night
    assert kept is not None
    assert (kept["outcome"], kept["report"]["reason"]) == (report.outcome, report.reason)  # type: ignore[index]
    return report


def answers(library: Library, mode: str = "hybrid") -> list[tuple[str, float]]:
    """Return the URI and the score of each hit for one question."""
    return [(hit.uri, hit.score) for hit in library.query("eel on quay 7", 5, mode=mode).hits]


def other_encoder() -> ToyEncoder:
    """Return a second model; it differs from the first in dimension, chunk length and metric."""
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


class BothModels(ModelChoice):
    """A choice of one model where both are installed."""

    def stored_encoder(self, library: LibraryModel) -> Any:
        wanted = library.stored.fingerprint
        encoder = next((one for one in (ToyEncoder(), other_encoder()) if one.fingerprint == wanted), None)
        if encoder is None:
            raise ModelMismatch("no such model")
        return encoder


def open_with_both_models(folder: Path) -> Library:
    """Open a library where both models are installed and the other one is chosen."""
    library = Library(folder, encoder=other_encoder())  # type: ignore[arg-type]
    library._models = BothModels(encoder=other_encoder())  # type: ignore[arg-type]
    return library
