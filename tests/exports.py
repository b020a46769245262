"""A small library with something of every kind that an export holds, and what its export has to hold."""

import json
import os
from pathlib import Path
from typing import Any

from toy import ToyEncoder
from wherein.library import Library

__all__ = ["KINDS_OF_RECORDS", "SECRET", "every_kind", "opened", "table"]

SECRET = "The brooch is buried beneath the seventh poplar."
KINDS_OF_RECORDS = ["alias", "exclusion", "file", "golden", "setting", "source"]


def opened(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]


def every_kind(folder: Path, docs: Path) -> Library:
    """Return a library of texts, records with metadata, a linked file, and a text without a file.

    One document is removed, one purged; there is a golden question, and a chosen index.
    """
    docs.mkdir()
    long = "\n\n".join(f"Paragraph {n}: lot {n * n} has {n} barrels of herring." for n in range(30))
    for name, text in {
        "long.md": f"# Herring\n\n{long}", "twice.txt": long, "other.txt": "Ναύπλιο, Straße, 東京 and ¾ of a ton.",
        "removed.txt": "The removed one.", "purged.txt": SECRET,
    }.items():  # fmt: skip
        (docs / name).write_text(text)
    lines = (
        {
            "id": f"r{n}",
            "title": f"Record {n}",
            "text": f"The quay counts {n} boats.",
            "year": 2000 + n,
            "tags": ["a", n],
        }
        for n in range(5)
    )
    (docs / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (docs / "link.txt").symlink_to(docs / "other.txt")
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    library = opened(folder)
    library.ingest([str(docs)])
    library.ingest([str(docs / "long.md")])
    library.ingest_stream("note", b"A note on the ferry.")
    library.add_golden("how many boats has the quay?", str(docs / "records.jsonl") + "#r3")
    library.remove_documents([str(docs / "removed.txt")])
    library.remove_documents([str(docs / "purged.txt")], purge=True)
    library.reindex(index="exact")
    return library


def table(export: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a file of an export, as another program reads them."""
    from pyarrow.parquet import read_table

    rows: list[dict[str, Any]] = read_table(export / f"{name}.parquet").to_pylist()
    return rows
