"""Each kind of damage: named by verify, never answered from, repaired, and then no longer found."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from click.testing import CliRunner

from deaths import WAYS
from invariants import checked_state
from mortal import finish, start
from small_segments import flip_segment
from toy import ToyEncoder
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.errors import Damaged
from wherein.library import Library
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS

LEASE = "The lease may be signed by the owner of the house or by her attorney."
QUESTION = "who may sign the lease"


def opened(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 30 documents, with a generation and a delta; `docs` beside it."""
    place = tmp_path_factory.mktemp("sound")
    docs = place / "docs"
    docs.mkdir()
    for n in range(29):
        (docs / f"{n}.txt").write_text("\n\n".join(f"Lot {n}.{m} has {n * m} barrels of herring." for m in range(9)))
    opened(place / "library").ingest([str(docs)])
    (docs / "lease.txt").write_text(LEASE)
    opened(place / "library").ingest([str(docs)])
    return place


@pytest.fixture
def library(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound / "library", tmp_path / "library"))


def sql(statement: str) -> Callable[[Path], None]:
    """Change rows as flipped bits would: without the checksums."""

    def damage(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "catalog.db")) as db:
            assert db.execute(statement).rowcount > 0
            db.commit()

    return damage


def generation(folder: Path) -> Path:
    return folder / "generations" / "000001.faiss"


def keywords(folder: Path) -> Path:
    return folder / "generations" / "000002.keywords"


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x40
    path.write_bytes(data)


def zero_pages(folder: Path) -> None:
    data = bytearray((folder / "catalog.db").read_bytes())
    for page in (9, 14, 20):
        data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    (folder / "catalog.db").write_bytes(data)


LEASE_ROW = "(SELECT id FROM documents WHERE uri LIKE '%lease.txt')"
DAMAGES: dict[str, Callable[[Path], None]] = {
    "text": sql(f"UPDATE texts SET text = replace(text, 'owner', 'buyer') WHERE document_id = {LEASE_ROW}"),
    "title": sql("UPDATE documents SET title = 'other' WHERE uri LIKE '%lease.txt'"),
    "span": sql(f"UPDATE chunks SET start = 4 WHERE document_id = {LEASE_ROW}"),
    "type": sql("UPDATE documents SET metadata = 'no json' WHERE uri LIKE '%lease.txt'"),
    "vector": sql(
        f"UPDATE vectors SET vector = zeroblob(64) WHERE input_hash IN"
        f" (SELECT input_hash FROM chunks WHERE document_id = {LEASE_ROW})"
    ),
    "index flipped": lambda folder: flip(generation(folder), 300),
    "segment flipped": flip_segment,
    "index header": lambda folder: flip(generation(folder), 9),
    "index cut": lambda folder: os.truncate(generation(folder), 500),
    "index gone": lambda folder: generation(folder).unlink(),
    "terms": sql("UPDATE terms SET counts = zeroblob(28) WHERE id = (SELECT max(id) FROM terms)"),
    "terms gone": sql("DELETE FROM terms WHERE id = 3"),
    "schema": sql("UPDATE _sqlite_migrations SET migration_set = 'whereIn' WHERE id = 4"),
    "keywords flipped": lambda folder: flip(keywords(folder), 340),
    "keywords header": lambda folder: flip(keywords(folder), 25),
    "keywords cut": lambda folder: os.truncate(keywords(folder), 500),
    "keywords gone": lambda folder: keywords(folder).unlink(),
    "pages": zero_pages,
}


def answered_or_refused(library: Path) -> dict[str, float]:
    """Return the passages and scores of an answer, none when the damage is reported instead."""
    with suppress(Damaged):
        return {hit.text: hit.score for hit in opened(library).query(QUESTION, 300).hits}
    return {}


@pytest.fixture(scope="module")
def before(sound: Path) -> dict[str, float]:
    """The passages and scores of the answer while nothing is damaged."""
    assert not opened(sound / "library").verify(deep=True).damaged
    return {hit.text: hit.score for hit in opened(sound / "library").query(QUESTION, 300).hits}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_named_mended_and_gone(library: Path, before: dict[str, float], kind: str) -> None:
    DAMAGES[kind](library)
    found = opened(library).verify()
    assert found.damaged
    assert all(finding.what and finding.remedy for finding in found.findings)
    assert answered_or_refused(library).items() <= before.items()
    done = opened(library).repair()
    assert (done.left, done.lost) == ((), ())
    assert not opened(library).verify(deep=True).damaged
    opened(library).reindex()
    after = {hit.text: hit.score for hit in opened(library).query(QUESTION, 300).hits}
    assert after == pytest.approx(before)
    assert len(checked_state(library, ToyEncoder())) == 30


def test_what_cannot_come_back_is_named_and_kept_aside(library: Path, sound: Path) -> None:
    opened(library).ingest_stream("memo", b"The memo is about lanterns.")
    memo = "(SELECT id FROM documents WHERE uri = 'stdin:memo')"
    sql(f"UPDATE texts SET text = 'something else' WHERE document_id = {memo}")(library)
    done = opened(library).repair()
    assert any("stdin:memo" in sentence for sentence in done.lost)
    kept = "".join(path.read_text() for path in Path(done.aside).rglob("*.jsonl"))
    assert "something else" in kept
    assert not opened(library).verify().damaged
    assert not any("lanterns" in hit.text for hit in opened(library).query("lanterns", 5).hits)


def test_exit_codes_and_json(library: Path, sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GlobalOptions, "open_library", lambda _: opened(library))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.main, arguments)
        return done.exit_code, done.output

    assert run("verify")[0] == 0
    DAMAGES["index flipped"](library)
    code, said = run("verify")
    assert (code, "damaged: index" in said, "wherein repair" in said) == (5, True, True)
    code, said = run("verify", "--json")
    assert (code, json.loads(said)["damaged"]) == (5, True)
    code, said = run("repair")
    assert (code, "0 left" in said, "quarantined: " in said) == (0, True, True)
    code, said = run("verify", "--deep", "--json")
    assert (code, json.loads(said)["damaged"]) == (0, False)


def mend(library: Path, docs: Path, acknowledge: Connection) -> None:
    opened(library).repair()
    acknowledge.send("repair")


def prepared(library: Path, failpoint: str) -> None:
    """Damage the library so that the failpoint is reached."""
    if failpoint.startswith(("repair.salvage", "repair.swapped", "repair.log-gone")):
        zero_pages(library)
    elif failpoint.startswith("repair.indexes"):
        damage_an_index(library)
    elif failpoint.startswith("repair.generations"):
        DAMAGES["index flipped"](library)
    elif failpoint.startswith("repair.segments"):
        DAMAGES["segment flipped"](library)
    else:
        DAMAGES["title"](library)


def damage_an_index(library: Path) -> None:
    """Take rows out of an index behind SQLite's back, by telling it that the index covers only some of them."""
    with closing(sqlite3.connect(library / "catalog.db")) as db:
        db.execute("PRAGMA writable_schema=ON")
        whole = db.execute("SELECT sql FROM sqlite_master WHERE name = 'chunks_by_input'").fetchone()[0]
        db.execute("UPDATE sqlite_master SET sql = sql || ' WHERE id > 20' WHERE name = 'chunks_by_input'")
        db.commit()
    with closing(sqlite3.connect(library / "catalog.db")) as db:
        db.execute("REINDEX chunks_by_input")
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'chunks_by_input'", [whole])
        db.commit()


REPAIRS = [
    name
    for name in [f"{step}.{moment}" for step in STEPS for moment in ("begun", "written", "committed")] + list(POINTS)
    if name.startswith("repair.")
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failpoint", REPAIRS)
def test_death_while_it_is_repaired(library: Path, sound: Path, failpoint: str, way: str) -> None:
    prepared(library, failpoint)
    process, receiver = start(mend, library, sound / "docs", f"{failpoint}:{way}")
    finish(process, receiver)
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    done = opened(library).repair()
    assert (done.left, done.lost) == ((), ())
    opened(library).reindex()
    assert not opened(library).verify(deep=True).damaged
    assert len(checked_state(library, ToyEncoder())) == 30
