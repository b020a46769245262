"""Libraries that are moved from one toy model to another."""

import os
import shutil
from contextlib import closing
from pathlib import Path

from invariants import Kept
from toy import ToyEncoder
from wherein.ingest import commit
from wherein.ingest.progress.events import Report
from wherein.library import Hit, Library
from wherein.storage.catalog.connection import open_reader

QUESTION = "which lot has herring on the quay?"


def old() -> ToyEncoder:
    return ToyEncoder(context_tokens=64)


def new() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


def write_scenes(scenes: Path) -> Path:
    """A library of the old model, the same after the move, and one that was begun with the new model."""
    write_files(scenes / "docs")
    Library(scenes / "before", encoder=old()).ingest([str(scenes / "docs")])
    Library(scenes / "fresh", encoder=new()).ingest([str(scenes / "docs")])
    shutil.copytree(scenes / "before", scenes / "after")
    move(scenes / "after")
    return scenes


def write_files(docs: Path) -> None:
    docs.mkdir()
    sections = "\n\n".join(f"# Section {n}\n\nLot {n} has {n * n} barrels of herring on the quay." for n in range(30))
    (docs / "market.md").write_text(sections)
    (docs / "same.md").write_text(sections)
    text = "\n\n".join(
        f"Paragraph {n} tells of lot {n * n}, of its barrels and of its price in town." for n in range(90)
    )
    (docs / "long.txt").write_text(text)
    (docs / "short.txt").write_text("The brooch is in the blue box.")
    (docs / "records.jsonl").write_text(
        "".join(f'{{"id": "r{n}", "text": "Record {n} of the quay."}}\n' for n in range(5))
    )
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))


def move(folder: Path, *_: object, report: Report = lambda _: None) -> None:
    commit._COMMIT_VECTORS = 16  # so that there are several commits without thousands of passages
    Library(folder, encoder=new()).reindex(model="other", report=report)


def texts(state: dict[str, Kept]) -> dict[str, object]:
    return {uri: (kept.text, kept.spans) for uri, kept in state.items()}


def count_vectors(folder: Path, fingerprint: str) -> int:
    with closing(open_reader(folder)) as db:
        row = db.execute(
            "SELECT count(*) FROM vectors v JOIN models m ON m.id = v.model_id WHERE m.fingerprint = ?", [fingerprint]
        )
        return int(row.fetchone()[0])


def hit_values(hits: list[Hit]) -> list[tuple[object, ...]]:
    return [(h.uri, h.start, h.end, h.page, h.heading, h.text, h.score, h.distance) for h in hits]
