"""Documents in which one is about a lease, and a library of them with a generation and a delta."""

from pathlib import Path

from toy import ToyEncoder
from wherein.library import Library


def write_docs(folder: Path) -> Path:
    """Write 120 notes on boxes and one on a lease."""
    folder.mkdir()
    for n in range(120):
        (folder / f"{n}.txt").write_text(f"The red box {n} holds {n * n} marbles of glass.")
    (folder / "lease.txt").write_text("Tenant 7 may sign the lease of the house.")
    return folder


def ingest_twice(folder: Path, docs: Path) -> Library:
    """Return a library of the documents and, in its delta, of one that is written after the first run."""
    library = Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    (docs / "late.txt").write_text("A note that came later, on a red lease.")
    library.ingest([str(docs)])
    return library
