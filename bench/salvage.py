"""Two ways to read what is left of a damaged catalog.db: which of them saves how many rows?

    python bench/salvage.py [--trials 520] [--seed 11]

The trials of `bench/damage.py` that damage the catalog or its log are made again. Where SQLite's own check then finds
damaged pages, so that `repair` has to salvage, the rows are read in each way and counted when they equal, value for
value, those of the undamaged catalog:

- `ranges`: tables by SQLite, in ranges of row ids that are halved around each error;
- `leaves`: the same, and then each leaf page by itself, as the product does.

Rows of a leaf have no table; they are looked up among documents, chunks and vectors, which have checksums.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from damage import SHARES, damage, damaged_library, kill_a_writer, make_library, target
from toy import ToyEncoder
from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG, lenient_text, open_lenient, open_writer
from wherein.storage.repair.damaged_catalog import DamagedCatalog
from wherein.storage.repair.schema_check import only_indexes, schema_problems
from wherein.storage.repair.sqlite_wal import log_of

Values = tuple[object, ...]
Rows = Iterator[tuple[str, Values]]

CHECKED = ("documents", "chunks", "vectors")
PLAIN = ("settings", "models", "sources", "files", "generations", "exclusions", "backups", "nights", "golden")
TABLES = (*CHECKED, *PLAIN)
TEXT_KEY = ("settings", "exclusions")
KINDS = ("catalog", "log", "cli")
PAGE = 4096


@dataclass(frozen=True)
class Sound:
    """The undamaged catalog: its rows by table, and an empty catalog of the same schema."""

    rows: dict[str, set[Values]]
    columns: dict[str, list[str]]
    empty: bytes
    roots: dict[str, int]  # of the empty one's tables and indexes

    @property
    def highest(self) -> int:
        return max(int(str(row[0])) for rows in self.rows.values() for row in rows)


def sound_catalog(path: Path, empty: Path) -> Sound:
    """Read the rows of a catalog, each with its row id first; an integer key is not repeated."""
    with closing(sqlite3.connect(path)) as db:
        columns = {table: column_names(db, table) for table in TABLES}
        rows = {table: set(db.execute(f"SELECT {listed(names)} FROM {table}")) for table, names in columns.items()}
    with closing(sqlite3.connect(empty)) as db:
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_master").fetchall())
    return Sound(rows, columns, empty.read_bytes(), roots)


def column_names(db: sqlite3.Connection, table: str) -> list[str]:
    names = [str(name) for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    return ["rowid", *(names[1:] if names[0] == "id" else names)]


def listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# The ways.


def by_ranges(path: Path, sound: Sound) -> Rows:
    """Yield the rows that SQLite reads; where it cannot open the file, with the schema of an empty catalog."""
    try:
        yield from read_by_ranges(path, sound)
    except sqlite3.DatabaseError:
        give_schema(path, sound)
        with suppress(sqlite3.DatabaseError):
            yield from read_by_ranges(path, sound)


def read_by_ranges(path: Path, sound: Sound) -> Rows:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.text_factory = lenient_text
        db.execute("PRAGMA writable_schema=ON")  # forgives a file that is shorter than its header says
        db.execute("PRAGMA query_only=ON")
        known = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not known >= set(TABLES):
            raise sqlite3.DatabaseError("the schema is not whole")
        for table in TABLES:
            statement = f"SELECT {listed(sound.columns[table])} FROM {table} NOT INDEXED WHERE rowid "
            for values in table_by_ranges(db, statement, 0, sound.highest):
                yield table, values


def table_by_ranges(db: sqlite3.Connection, statement: str, low: int, high: int) -> Iterator[Values]:
    """Yield the rows from `low` to `high`: what comes before an error, and the rest in halves."""
    try:
        for row in db.execute(statement + (f"BETWEEN {low} AND {high} ORDER BY rowid" if low < high else f"= {low}")):
            yield row
            low = max(low, int(row[0]) + 1)
    except (sqlite3.DatabaseError, OverflowError):
        if low < high:
            middle = (low + high) // 2
            yield from table_by_ranges(db, statement, low, middle)
            yield from table_by_ranges(db, statement, middle + 1, high)


def give_schema(path: Path, sound: Sound) -> None:
    """Put an empty catalog's first page, and the others that hold its schema, over those of a damaged one."""
    data = bytearray(path.read_bytes())
    data.extend(bytes(-len(data) % PAGE))
    for page in set(range(1, len(sound.empty) // PAGE + 1)) - set(sound.roots.values()):
        data[(page - 1) * PAGE : page * PAGE] = sound.empty[(page - 1) * PAGE : page * PAGE]
    data[28:40] = (len(data) // PAGE).to_bytes(4, "big") + bytes(8)  # pages of the file; no free ones
    data[92:96] = data[24:28]  # or SQLite would not believe that number
    path.write_bytes(data)


def by_leaves(path: Path, sound: Sound) -> Rows:
    """Yield the rows as `storage/repair/salvage.py` reads them."""
    with DamagedCatalog(path, log_of(path), path.parent / "scratch.db") as old:
        roots = {**sound.roots, **old.roots}
        for table in (*PLAIN, *CHECKED):
            first = 0 if table in TEXT_KEY else 1
            for row in old.rows(roots[table]):
                yield table, (row.id, *row.values[first : len(sound.columns[table]) - 1 + first])
        for row in old.leaf_rows():
            for table in CHECKED if old.free is not None else ("vectors",):
                yield "", (row.id, *row.values[1 : len(sound.columns[table])])


# The trials.


@dataclass
class Saved:
    """What one way saved in all trials."""

    rows: Counter[str] = field(default_factory=Counter)
    nothing: int = 0
    seconds: float = 0.0


def must_salvage(folder: Path) -> bool:
    """Whether SQLite finds more in disorder than its indexes."""
    try:
        with closing(open_lenient(folder)) as db:
            found = schema_problems(db)
    except (sqlite3.DatabaseError, Damaged):
        return True
    return bool(found) and not only_indexes(found)


def count(rows: Rows, sound: Sound) -> Counter[str]:
    """Count the rows that are those of the undamaged catalog, each once."""
    saved: dict[str, set[Values]] = {table: set() for table in TABLES}
    for table, values in rows:
        for kind in (table, *CHECKED) if table in CHECKED else (table,) if table else CHECKED:
            if values in sound.rows[kind]:
                saved[kind].add(values)
                break
    return Counter({table: len(found) for table, found in saved.items()})


def damaged(kind: str, number: int, seed: int, scene: Path, folder: Path) -> str:
    """Return what was done to the library, "" where neither its catalog nor its log was touched."""
    if kind != "cli":
        return damaged_library(kind, number, seed, scene, folder)[0]
    chosen = random.Random(f"{seed} cli {number}")  # as `trial_by_cli` chooses
    if chosen.choice(("catalog", "catalog", "index", "model")) != "catalog":
        return ""
    damaged_library("catalog", number, seed, scene, folder)
    path = target("catalog", folder, chosen)
    path.write_bytes((scene / "library" / CATALOG).read_bytes())
    return damage(path, chosen)


def run(trials: int, seed: int, scene: Path) -> None:
    ways: dict[str, Callable[[Path, Sound], Rows]] = {"ranges": by_ranges, "leaves": by_leaves}
    make_library(scene, ToyEncoder(64))
    kill_a_writer(scene)
    (scene / "empty").mkdir()
    open_writer(scene / "empty").close()
    empty = scene / "empty" / CATALOG
    whole = {"catalog": sound_catalog(scene / "library" / CATALOG, empty)}
    whole["cli"] = whole["catalog"]
    copy = scene / "whole-log.db"
    copy.write_bytes((scene / "killed" / CATALOG).read_bytes())
    log_of(copy).write_bytes(log_of(scene / "killed" / CATALOG).read_bytes())
    whole["log"] = sound_catalog(copy, empty)
    saved = {name: Saved() for name in ways}
    undamaged: Counter[str] = Counter()
    made, salvaged = 0, 0
    for kind in KINDS:
        for number in range(trials * SHARES[kind] // sum(SHARES.values())):
            for name, way in ways.items():
                with tempfile.TemporaryDirectory(dir=scene) as root:
                    folder = Path(root)
                    if not damaged(kind, number, seed, scene, folder):
                        break
                    made += name == "ranges"
                    if not must_salvage(folder / "library"):
                        break
                    if name == "ranges":
                        salvaged += 1
                        undamaged.update({table: len(rows) for table, rows in whole[kind].rows.items()})
                    began = time.monotonic()
                    found = count(way(folder / "library" / CATALOG, whole[kind]), whole[kind])
                    saved[name].seconds += time.monotonic() - began
                    saved[name].rows.update(found)
                    saved[name].nothing += not (found["documents"] or found["sources"])
    print(f"{made} trials damage the catalog or its log; {salvaged} of them need salvage")
    show(saved, undamaged)


def show(saved: dict[str, Saved], undamaged: Counter[str]) -> None:
    print(f"{'':12}{'undamaged':>10}", *(f"{name:>16}" for name in saved))
    for table in (*(table for table in TABLES if undamaged[table]), "all"):
        wanted = undamaged[table] if table != "all" else undamaged.total()
        counts = [way.rows[table] if table != "all" else way.rows.total() for way in saved.values()]
        print(f"{table:12}{wanted:10,}", *(f"{n:9,} {n / wanted:6.1%}" for n in counts))
    print(f"{'saved nothing (trials)':22}", *(f"{way.nothing:16}" for way in saved.values()))
    print(f"{'seconds':22}", *(f"{way.seconds:16.1f}" for way in saved.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=520)
    parser.add_argument("--seed", type=int, default=11)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wherein-salvage-") as root:
        run(chosen.trials, chosen.seed, Path(root))


if __name__ == "__main__":
    main()
