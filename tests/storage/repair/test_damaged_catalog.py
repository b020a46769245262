"""Rows read from a damaged file are the rows that SQLite reads from a sound one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherein.storage.repair.damaged_catalog import DamagedCatalog

PAGE = 4096
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.binary(max_size=40),
    st.integers(0, 30_000).map(lambda size: b"long" * (size // 4)),
)


def made(path: Path, rows: list[list[object]]) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c)")
        db.executemany("INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)", rows)
        db.commit()
    return path


def opened(path: Path) -> DamagedCatalog:
    return DamagedCatalog(path, None, path.with_name("scratch"))


def zero(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.tuples(VALUES, VALUES, VALUES), max_size=60))
def test_every_row_and_value(tmp_path: Path, rows: dict[int, tuple[object, ...]]) -> None:
    path = made(tmp_path / "db", [[key, *values] for key, values in rows.items()])
    with opened(path) as damaged:
        found = {row.id: row.values[1:4] for row in damaged.rows(damaged.roots["t"])}
        by_leaf = {row.id: row.values[1:4] for row in damaged.leaf_rows()}
    assert found == by_leaf == rows
    assert {key: list(map(type, found[key])) for key in rows} == {key: list(map(type, rows[key])) for key in rows}


def test_rows_below_a_lost_page_are_found_and_deleted_ones_are_not(tmp_path: Path) -> None:
    path = made(tmp_path / "db", [[n, "x" * 300, n, None] for n in range(1, 400)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM t WHERE id <= 100")
        db.commit()
        root = db.execute("SELECT rootpage FROM sqlite_master").fetchone()[0]
    zero(path, root)
    with opened(path) as damaged:
        assert list(damaged.rows(root)) == []
        assert damaged.free
        assert {row.id for row in damaged.leaf_rows()} == set(range(101, 400))


def test_only_the_rows_of_damaged_leaves_are_lost(tmp_path: Path) -> None:
    path = made(tmp_path / "db", [[n, "x" * 1000, n, None] for n in range(1, 400)])
    with opened(path) as damaged:
        before = {row.id for row in damaged.rows(2)}
    for page in (10, 30, 31):
        zero(path, page)
    with opened(path) as damaged:
        found = {row.id for row in damaged.rows(2)}
        assert found == {row.id for row in damaged.leaf_rows()}
    assert before == set(range(1, 400))
    assert 0 < len(before - found) <= 3 * 4


def test_a_free_list_that_goes_round_is_none(tmp_path: Path) -> None:
    path = made(tmp_path / "db", [[n, "x" * 3000, n, None] for n in range(1, 400)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM t")
        db.commit()
    data = bytearray(path.read_bytes())
    trunk = int.from_bytes(data[32:36])
    data[36:40] = (10_000).to_bytes(4)
    data[(trunk - 1) * PAGE : (trunk - 1) * PAGE + 4] = trunk.to_bytes(4)
    path.write_bytes(data)
    with opened(path) as damaged:
        assert damaged.free is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harms=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), min_size=1, max_size=30))
def test_damage_never_raises_and_never_hangs(tmp_path: Path, harms: list[tuple[float, bytes]]) -> None:
    path = tmp_path / "db"
    if not path.exists():
        made(path, [[n, "x" * (n * 40), n, b"y" * n] for n in range(1, 200)])
    data = bytearray(path.read_bytes())
    for share, raw in harms:
        at = int(share * len(data))
        data[at : at + len(raw)] = raw
    (tmp_path / "harmed").write_bytes(data)
    with opened(tmp_path / "harmed") as damaged:
        list(damaged.rows(2))
        list(damaged.leaf_rows())


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_a_page_that_is_not_there_has_no_rows(tmp_path: Path, number: int) -> None:
    with opened(made(tmp_path / "db", [])) as damaged:
        assert list(damaged.rows(number)) == []
