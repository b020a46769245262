"""Every passage gets a vector of the new model; until the switch a question sees nothing of it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from catalog_rows import add_source
from inline_pool import InlinePool
from toy import ToyEncoder
from wherein.errors import Refused
from wherein.ingest.progress.events import Progress
from wherein.ingest.reembed import Reembedding
from wherein.ingest.run import IngestRun
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import document_spans, document_text, find_document, model_input
from wherein.storage.catalog.files import REREAD, find_file
from wherein.storage.catalog.models import StoredModel, add_model, bind_model, bound_model, earlier_model, model_folder
from wherein.storage.catalog.vectors import count_vectors
from wherein.storage.index.generations import active_generation
from wherein.storage.repair.row_check import BadRow, check_rows

LONG = " ".join(f"Lot {number} has herring." for number in range(30))


@pytest.fixture
def new_encoder() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other")


@pytest.fixture
def old(db: Database, folder: Path, stored: StoredModel, encoder: ToyEncoder, tmp_path: Path) -> StoredModel:
    """The model of a library with a long text, a short one twice, and one with headings."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in {"long.txt": LONG, "a.txt": "Short.", "b.txt": "Short.", "c.md": "# Part\n\nText."}.items():
        (docs / name).write_text(text)
    pool: Any = InlinePool()
    run = IngestRun(db, folder, stored, encoder, lambda _: None, pool=pool)  # type: ignore[arg-type]
    run.ingest([add_source(db, str(docs))])
    return stored


@pytest.fixture
def new(db: Database, old: StoredModel, new_encoder: ToyEncoder) -> StoredModel:
    with writing(db, "test"):
        return add_model(
            db, fingerprint=new_encoder.fingerprint, name="other", version="1", precision="w8a32", dimension=24
        )


def spans(db: Database, name: str) -> list[tuple[int, int]]:
    (number,) = db.execute("SELECT id FROM documents WHERE uri LIKE ?", [f"%/{name}"]).fetchone()
    return [(row.start, row.end) for row in document_spans(db, number)]


@pytest.mark.parametrize("rechunk", [False, True])
def test_each_distinct_passage_is_embedded_once(
    db: Database, new: StoredModel, new_encoder: ToyEncoder, rechunk: bool
) -> None:
    events: list[Progress] = []
    move = Reembedding(db, new, new_encoder, rechunk, events.append)  # type: ignore[arg-type]
    move.look_ahead()
    move.embed()
    chunks = 3 + len(spans(db, "long.txt"))
    assert move.tally["chunks"] == chunks if not rechunk else move.tally["chunks"] > chunks
    assert move.tally["embedded"] == move.tally["chunks"] - 1 == count_vectors(db, new.id)
    assert move.tally["reused"] == 1
    characters = len(LONG) + 2 * len("Short.") + len("# Part\n\nText.")
    assert (events[-1].documents, events[-1].bytes_done, events[-1].bytes_total) == (4, characters, characters)
    again = Reembedding(db, new, new_encoder, rechunk, lambda _: None)  # type: ignore[arg-type]
    again.embed()
    assert again.tally["embedded"] == 0


def test_before_the_switch_the_old_model_is_bound(
    db: Database, old: StoredModel, new: StoredModel, new_encoder: ToyEncoder
) -> None:
    before = spans(db, "long.txt")
    Reembedding(db, new, new_encoder, True, lambda _: None).embed()  # type: ignore[arg-type]
    assert bound_model(db) == old
    assert spans(db, "long.txt") == before


def test_a_move_that_is_stopped_keeps_what_it_has(db: Database, new: StoredModel, new_encoder: ToyEncoder) -> None:
    move = Reembedding(db, new, new_encoder, True, lambda _: None, stop=lambda: True)  # type: ignore[arg-type]
    move.embed()
    assert move.stopped
    assert count_vectors(db, new.id) == 1
    rest = Reembedding(db, new, new_encoder, True, lambda _: None)  # type: ignore[arg-type]
    rest.embed()
    assert not rest.stopped
    assert rest.tally["embedded"] == count_vectors(db, new.id) - 1


def test_the_switch_rechunks_and_binds_the_model(
    db: Database, folder: Path, old: StoredModel, new: StoredModel, new_encoder: ToyEncoder
) -> None:
    short, long = spans(db, "a.txt"), spans(db, "long.txt")
    move = Reembedding(db, new, new_encoder, True, lambda _: None)  # type: ignore[arg-type]
    move.embed()
    move.switch(folder, "/models/other")
    assert bound_model(db) == new
    assert model_folder(db) == "/models/other"
    assert earlier_model(db) == (old, "")
    assert spans(db, "a.txt") == short
    assert len(spans(db, "long.txt")) > len(long)
    generation = active_generation(db)
    assert generation is not None
    assert generation.model_id == new.id


def test_a_file_with_headings_is_read_again(
    db: Database, folder: Path, new: StoredModel, new_encoder: ToyEncoder, tmp_path: Path
) -> None:
    move = Reembedding(db, new, new_encoder, True, lambda _: None)  # type: ignore[arg-type]
    move.embed()
    move.switch(folder, "")
    records = [find_file(db, f"file://{tmp_path}/docs/{name}") for name in ("c.md", "long.txt")]
    assert [record.version == REREAD for record in records if record] == [True, False]


def test_a_switch_that_is_refused_leaves_everything_as_it_was(
    db: Database, folder: Path, old: StoredModel, new: StoredModel, new_encoder: ToyEncoder
) -> None:
    before = spans(db, "long.txt")
    move = Reembedding(db, new, new_encoder, True, lambda _: None)  # type: ignore[arg-type]
    move.embed()

    def refuse(_: object) -> None:
        assert bound_model(db) == new  # what is checked is the library as it would be
        raise Refused("no")

    with pytest.raises(Refused):
        move.switch(folder, "", refuse)
    assert bound_model(db) == old
    assert spans(db, "long.txt") == before


def test_the_new_passages_are_those_of_the_text(
    db: Database, folder: Path, new: StoredModel, new_encoder: ToyEncoder, tmp_path: Path
) -> None:
    move = Reembedding(db, new, new_encoder, True, lambda _: None)  # type: ignore[arg-type]
    move.embed()
    move.switch(folder, "")
    document = find_document(db, f"file://{tmp_path}/docs/long.txt")
    assert document is not None
    text = document_text(db, document.id)
    for row in document_spans(db, document.id):
        passage = model_input(text, row.start, row.end)
        assert row.input_hash == content_hash(passage)
        assert len(new_encoder.tokenizer.contexts([passage])[0]) <= 40


def described(encoder: ToyEncoder) -> Any:
    """Return the arguments of `add_model`."""
    dimension, name = encoder.model.width, encoder.model.name
    return {
        "fingerprint": encoder.fingerprint, "name": name, "version": "1", "precision": "w8a32", "dimension": dimension,
    }  # fmt: skip


def ingest_titled(db: Database, folder: Path, model: StoredModel, encoder: ToyEncoder, path: Path) -> None:
    """Ingest a file with a title, a record with one and a record without, and a file without."""
    path.mkdir()
    (path / "lease.md").write_text("# Lease\n\nThe mill is let.")
    (path / "notes.txt").write_text("Herring is sold.")
    (path / "r.jsonl").write_text('{"id": 1, "title": "Barn", "text": "It is let."}\n{"id": 2, "text": "It is let."}\n')
    pool: Any = InlinePool()
    run = IngestRun(db, folder, model, encoder, lambda _: None, pool=pool)  # type: ignore[arg-type]
    run.ingest([add_source(db, str(path))])


def names_of(db: Database) -> dict[str, bytes]:
    """Return the name of each document's model input."""
    rows = db.execute("SELECT d.uri, c.input_hash FROM documents d JOIN chunks c ON c.document_id = d.id").fetchall()
    return {uri.rpartition("/")[2]: name for uri, name in rows}


ALONE = {
    "lease.md": content_hash("# Lease\n\nThe mill is let."),
    "notes.txt": content_hash("Herring is sold."),
    "r.jsonl#1": content_hash("It is let."),
    "r.jsonl#2": content_hash("It is let."),
}
TITLED = {
    **ALONE,
    "lease.md": content_hash("Lease\0# Lease\n\nThe mill is let."),
    "r.jsonl#1": content_hash("Barn\0It is let."),
}


@pytest.mark.parametrize("rechunk", [False, True])
@pytest.mark.parametrize("metrics", [("cosine", "cosine"), ("cosine", "l2"), ("dot", "cosine"), ("dot", "dot")])
def test_titles_are_embedded_by_models_whose_metric_is_cosine(
    db: Database, folder: Path, tmp_path: Path, metrics: tuple[str, str], rechunk: bool
) -> None:
    one, other = (ToyEncoder(name=f"toy-{n}", metric=metric) for n, metric in enumerate(metrics))
    with writing(db, "test"):
        model = bind_model(db, **described(one))
    ingest_titled(db, folder, model, one, tmp_path / "docs")
    with writing(db, "test"):
        new = add_model(db, **described(other))
    move = Reembedding(db, new, other, rechunk, lambda _: None)  # type: ignore[arg-type]
    move.embed()
    assert names_of(db) == (TITLED if metrics[0] == "cosine" else ALONE)
    move.switch(folder, "")
    expected = TITLED if metrics[1] == "cosine" else ALONE
    assert names_of(db) == expected
    embedded = {name for (name,) in db.execute("SELECT input_hash FROM vectors WHERE model_id = ?", [new.id])}
    assert embedded == set(expected.values())
    assert move.tally == {"chunks": 4, "embedded": len(embedded), "reused": 4 - len(embedded)}
    again = Reembedding(db, new, other, rechunk, lambda _: None)  # type: ignore[arg-type]
    again.embed()
    assert again.tally["embedded"] == 0
    assert [row for row in check_rows(db, Counter()) if isinstance(row, BadRow)] == []


def test_a_move_embeds_titles_as_an_ingest_does(db: Database, folder: Path, tmp_path: Path) -> None:
    one, other = ToyEncoder(name="one"), ToyEncoder(name="other")
    with writing(db, "test"):
        model = bind_model(db, **described(one))
    ingest_titled(db, folder, model, one, tmp_path / "docs")
    with writing(db, "test"):
        new = add_model(db, **described(other))
    Reembedding(db, new, other, False, lambda _: None).embed()  # type: ignore[arg-type]
    stored: dict[int, dict[bytes, bytes]] = {model.id: {}, new.id: {}}
    for model_id, name, vector in db.execute("SELECT model_id, input_hash, vector FROM vectors").fetchall():
        stored[model_id][name] = vector
    assert stored[new.id] == stored[model.id]
