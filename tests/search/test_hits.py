"""Hits made from stored rows: their columns, and that no row that was changed is shown."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wherein.errors import Damaged
from wherein.search.hits import Hit, StoredPassage, checked_hit
from wherein.search.stored_passages import read_passages
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document

TEXT = "First line.\n\nThe owner of the house may sign the lease, as you see.\nThe end."
START, END = TEXT.index("The owner"), TEXT.index("The end")


@pytest.fixture
def passage(tmp_path: Path) -> StoredPassage:
    chunk = ChunkRow(START, END, content_hash(TEXT[START:END].strip()), 7, ("Houses", "Signing"))
    row = DocumentRow("file:///a.pdf", None, "Leases", "application/pdf", TEXT, {"year": 2024}, ("a note",), [chunk])
    with closing(open_writer(tmp_path)) as db:
        with writing(db, "test"):  # of two chunks, so that the ids of document and chunk differ
            save_document(db, DocumentRow("file:///other", None, "", "text/plain", TEXT, {}, (), [chunk, chunk]))
            save_document(db, row)
        (chunk_id,) = db.execute("SELECT max(id) FROM chunks").fetchone()
        (stored,) = read_passages(db, [chunk_id])
    return stored


def test_a_hit_has_the_columns_of_its_passage(passage: StoredPassage) -> None:
    hit = checked_hit(passage).changed(rank=2, score=0.5, distance=3.0)
    assert (hit.rank, hit.score, hit.distance) == (2, 0.5, 3.0)
    assert (hit.uri, hit.title, hit.media_type) == ("file:///a.pdf", "Leases", "application/pdf")
    assert (hit.start, hit.end, hit.text) == (START, END, TEXT[START:END])
    assert (hit.line, hit.page, hit.heading) == (3, 7, ("Houses", "Signing"))
    assert (hit.document, hit.chunk) == (passage.document, passage.chunk)
    assert (hit.freshness, hit.also_in, hit.before, hit.after, hit.sentence) == ("unknown", (), "", "", None)


def test_a_changed_hit_is_another_one_with_the_other_fields_as_they_were(passage: StoredPassage) -> None:
    hit = checked_hit(passage)
    other = hit.changed(score=0.5, freshness="fresh")
    assert other == replace(hit, score=0.5, freshness="fresh")
    assert (hit.score, hit.freshness) == (0.0, "unknown")
    assert isinstance(other, Hit)


@pytest.mark.parametrize(
    "changed",
    [
        {"uri": "file:///b.pdf"}, {"title": "leases"}, {"media_type": "text/plain"}, {"metadata": "{}"},
        {"notes": "[]"}, {"text_hash": bytes(16)}, {"document_checksum": 0}, {"document": 99}, {"ordinal": 1},
        {"start": 0}, {"end": START}, {"page": None}, {"heading": "[]"}, {"input_hash": bytes(16)},
        {"chunk_checksum": 0},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_changed_column_is_damage(passage: StoredPassage, changed: dict[str, Any]) -> None:
    with pytest.raises(Damaged, match=r"The stored record of .* is damaged; run: wherein verify"):
        checked_hit(passage._replace(**changed))


@pytest.mark.parametrize("text", ["The owner may sign.", TEXT[START:END].encode(), None, "\ud800"])
def test_a_changed_text_is_damage(passage: StoredPassage, text: object) -> None:
    with pytest.raises(Damaged, match=r"A stored passage of file:///a\.pdf is damaged; run: wherein verify"):
        checked_hit(passage._replace(text=text))
