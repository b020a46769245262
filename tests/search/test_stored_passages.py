"""Passages with their texts: each block is read once, lines are counted, and what is damaged is not guessed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.search.stored_passages import read_passages
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.texts import BLOCK_CHARACTERS

TEXT = "One ä\nTwo\r\nThree 🎉\n\nFour"


def save(db: Any, uri: str, text: str, spans: list[tuple[int, int]]) -> None:
    chunks = [ChunkRow(start, end, content_hash(text[start:end].strip()), None, ()) for start, end in spans]
    with writing(db, "test"):
        save_document(db, DocumentRow(uri, None, "", "text/plain", text, {}, (), chunks))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with closing(open_writer(tmp_path_factory.mktemp("library"))) as db:
        yield db


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)).map(lambda pair: tuple(sorted(pair))), min_size=1))
def test_each_passage_has_its_text_and_line_in_whatever_order_they_lie(db: Any, spans: list[tuple[int, int]]) -> None:
    save(db, "a", TEXT, spans)
    ids = [chunk for (chunk,) in db.execute("SELECT id FROM chunks ORDER BY ordinal DESC").fetchall()]
    found = {passage.ordinal: passage for passage in read_passages(db, ids)}
    assert [found[at].text for at in range(len(spans))] == [TEXT[start:end] for start, end in spans]
    assert [found[at].line for at in range(len(spans))] == [TEXT[:start].count("\n") + 1 for start, _ in spans]


def test_a_text_is_read_once_however_many_of_its_passages_are_wanted(tmp_path: Path) -> None:
    text = "word " * 4_000
    with closing(open_writer(tmp_path)) as db:
        save(db, "long", text, [(start, start + 40) for start in range(0, 20_000, 40)])
        save(db, "short", "a word", [(0, 6)])
        statements: list[str] = []
        db.conn.set_trace_callback(statements.append)
        found = list(read_passages(db, list(range(1, 503))))
    assert len(found) == 501
    assert sum("JOIN texts" in statement for statement in statements) == 1
    assert len(statements) == 2 + 1 + 1  # the passages in two batches, the documents, and the blocks of all


def test_the_passages_before_damaged_bytes_are_sound_and_those_of_a_lost_document_are_missing(tmp_path: Path) -> None:
    text = f"{TEXT}{' ' * BLOCK_CHARACTERS}{TEXT}"
    with closing(open_writer(tmp_path)) as db:
        save(db, "a", text, [(0, 3), (len(text) - 4, len(text))])
        with writing(db, "test"):
            db.execute(
                "UPDATE texts SET text = CAST(replace(CAST(text AS BLOB), x'0A46', x'FFC3') AS TEXT) WHERE number = 1"
            )
        first, second = sorted(read_passages(db, [1, 2]), key=lambda passage: passage.ordinal)
        assert (first.text, second.text) == ("One", None)
        with writing(db, "test"):
            db.execute("DELETE FROM documents")
        assert list(read_passages(db, [1, 2])) == []
