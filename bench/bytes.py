"""Bytes a passage, part by part: after an ingest, after a reindex, and with the second generation that is kept.

    python bench/bytes.py SQUAD.json [--passages 3695] [--library FOLDER]

The passages are contexts of a file of SQuAD, each a document of its own; they are embedded by the shipped model, or by
the toy encoder with --toy, whose vectors have as many components. A table's bytes are those of its pages and of its
indexes' pages (SQLite's virtual table `dbstat`, or an estimate from its rows where SQLite was built without it); `free`
is what is empty in them.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.index.generations import KINDS, active_generation, generation_path

_PAGES = "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name"
_OWNERS = "SELECT name, tbl_name FROM sqlite_master"
_LISTED = ("vectors", "terms", "texts", "documents", "chunks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("--passages", type=int, default=3_695)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--toy", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = chosen.library or Path(work) / "library"
        source = Path(work) / "contexts.jsonl"
        write_contexts(chosen.squad, source, chosen.passages)
        library = Library(folder, encoder=ToyEncoder(384) if chosen.toy else None)
        library.ingest([str(source)])
        show(folder, "after the ingest")
        library.reindex()
        show(folder, "after a reindex of nothing")
        one_more = {"id": "new", "text": "One more passage, so that there is another generation."}
        source.write_text(source.read_text() + json.dumps(one_more) + "\n")
        library.reindex()
        show(folder, "after a reindex with another generation")


def write_contexts(squad: Path, path: Path, count: int) -> None:
    articles = json.loads(squad.read_text())["data"]
    contexts = list(dict.fromkeys(part["context"] for article in articles for part in article["paragraphs"]))
    lines = [json.dumps({"id": str(number), "text": text}) for number, text in enumerate(contexts[:count])]
    path.write_text("\n".join(lines) + "\n")


def show(folder: Path, title: str) -> None:
    with closing(sqlite3.connect(f"file:{folder / CATALOG}?mode=ro", uri=True)) as db:
        (passages,) = db.execute("SELECT count(*) FROM chunks").fetchone()
        parts = tables(db)
        active = {generation.file for kind in KINDS if (generation := active_generation(db, kind))}
        for kind in KINDS:
            if generation := active_generation(db, kind):
                parts[f"index: {kind}"] = generation_path(folder, generation.file).stat().st_size, 0
    kept = [path for path in (folder / "generations").iterdir() if path.name not in active]
    parts["second generation"] = sum(path.stat().st_size for path in kept), 0
    print(f"\n{title}: {passages:,} passages")
    for name, (size, free) in parts.items():
        print(f"    {name:<18} {size / passages:8.0f} bytes a passage" + (f", {free / size:.0%} free" if free else ""))
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"    {'all files':<18} {whole / passages:8.0f}", flush=True)


def tables(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return the bytes, and those of them that are free, of each listed table with its indexes, and of all others."""
    try:
        pages = db.execute(_PAGES).fetchall()
    except sqlite3.OperationalError:  # without dbstat only the bytes of the rows are known
        return {f"{name}: rows": (row_bytes(db, name), 0) for name in _LISTED}
    owners = dict(db.execute(_OWNERS).fetchall())
    sums = dict.fromkeys((*_LISTED, "other tables"), (0, 0))
    for name, size, free in pages:
        owner = owners.get(name, name)
        owner = owner if owner in _LISTED else "other tables"
        sums[owner] = sums[owner][0] + size, sums[owner][1] + free
    return sums


def row_bytes(db: sqlite3.Connection, table: str) -> int:
    names = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})").fetchall()]
    summed = " + ".join(f'coalesce(length(CAST("{name}" AS BLOB)), 0)' for name in names)
    return int(db.execute(f"SELECT coalesce(sum({summed}), 0) FROM {table}").fetchone()[0])


if __name__ == "__main__":
    main()
