"""Rows read from a file's pages are the rows that SQLite reads."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherein.storage.repair.sqlite_pages import Pages

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.binary(max_size=40),
    st.integers(0, 30_000).map(lambda size: b"long" * (size // 4)),
)


def made(path: Path, rows: list[list[object]], page_size: int = 4096) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA page_size = {page_size}")
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c)")
        db.executemany("INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)", rows)
        db.commit()
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.tuples(VALUES, VALUES, VALUES), max_size=60),
    page_size=st.sampled_from([512, 4096, 65_536]),
)
def test_every_row_and_value(tmp_path: Path, rows: dict[int, tuple[object, ...]], page_size: int) -> None:
    path = made(tmp_path / "db", [[key, *values] for key, values in rows.items()], page_size)
    with Pages(path) as pages:
        found = {row.id: row.values[1:] for row in pages.rows(pages.tables()["t"])}
        assert pages.unread == set()
    assert found == rows
    assert {key: list(map(type, found[key])) for key in rows} == {key: list(map(type, rows[key])) for key in rows}


def test_rows_of_a_lost_page_are_strays_and_deleted_ones_are_free(tmp_path: Path) -> None:
    path = made(tmp_path / "db", [[n, "x" * 300, n, None] for n in range(1, 400)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM t WHERE id <= 100")
        db.commit()
        root = db.execute("SELECT rootpage FROM sqlite_master").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(bytes(4096))
    with Pages(path) as pages:
        assert list(pages.rows(root)) == []
        assert pages.unread == {root}
        free = pages.free_pages()
        assert free
        assert {row.id for row in pages.stray_rows(free)} == set(range(101, 400))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), min_size=1, max_size=30))
def test_damage_never_raises_and_never_hangs(tmp_path: Path, places: list[tuple[float, bytes]]) -> None:
    path = tmp_path / "db"
    if not path.exists():
        made(path, [[n, "x" * (n * 40), n, b"y" * n] for n in range(1, 200)])
    data = bytearray(path.read_bytes())
    for place, raw in places:
        at = int(place * len(data))
        data[at : at + len(raw)] = raw
    (tmp_path / "harmed").write_bytes(data)
    with Pages(tmp_path / "harmed") as pages:
        pages.tables()
        list(pages.rows(2))
        free = pages.free_pages()
        list(pages.stray_rows(free or set()))


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_a_page_that_is_not_there(tmp_path: Path, number: int) -> None:
    with Pages(made(tmp_path / "db", [])) as pages, pytest.raises(ValueError, match="page"):
        pages.page(number)
