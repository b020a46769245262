"""Titles in the vectors, from a source to an answer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from small_library import damage, rows, zero_root_page
from toy import ToyEncoder
from wherein.library import Library

CLUBS = {
    "rowing": "Rowing club of Bremen",
    "chess": "Chess society of Leipzig",
    "bees": "Bee keepers of Ulm",
    "choir": "Men's choir of Kassel",
}
TEXT = "It was founded in 1887, has about four hundred members, and meets on the first Monday of each month."
QUESTIONS = {
    "How many people play board games there?": "chess",
    "When do the boat owners meet?": "rowing",
    "Since when are there friends of singing?": "choir",
    "association for honey production": "bees",
}


def write_jsonl(folder: Path) -> Path:
    records = [json.dumps({"id": name, "title": title, "text": TEXT}) for name, title in CLUBS.items()]
    (folder / "clubs.jsonl").write_text("\n".join(records))
    return folder / "clubs.jsonl"


def write_json(folder: Path) -> Path:
    (folder / "clubs.json").write_text(json.dumps([{"id": n, "title": t, "text": TEXT} for n, t in CLUBS.items()]))
    return folder / "clubs.json"


def write_csv(folder: Path) -> Path:
    rows = [f'{name},"{title}","{TEXT}"' for name, title in CLUBS.items()]
    (folder / "clubs.csv").write_text("\n".join(["id,title,text", *rows]))
    return folder / "clubs.csv"


def write_html(folder: Path) -> Path:
    (folder / "html").mkdir()
    for name, title in CLUBS.items():
        (folder / "html" / name).with_suffix(".html").write_text(f"<html><title>{title}</title><body><p>{TEXT}</p>")
    return folder / "html"


@pytest.mark.parametrize("write", [write_jsonl, write_json, write_csv, write_html])
def test_where_the_texts_are_the_same_the_title_decides_by_meaning(
    tmp_path: Path, open_library: Callable[[], Library], write: Callable[[Path], Path]
) -> None:
    library = open_library()
    summary = library.ingest([write(tmp_path)])
    assert (summary.new, summary.chunks, summary.embedded, summary.reused) == (4, 4, 4, 0)
    for question, name in QUESTIONS.items():
        assert library.query(question, mode="semantic").hits[0].title == CLUBS[name]
    assert library.verify(deep=True).findings == ()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lease.md").write_text("# The lease\n\nThe mill is let until May.")
    (docs / "notes.txt").write_text("Herring is sold by the barrel.")
    records = [
        {"id": 1, "title": "Barn", "text": "It is let."},
        {"id": 2, "text": "It is let."},
        {"id": 3, "title": "Quay"},
    ]
    (docs / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    return docs


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    summary = library.ingest([docs])
    assert (summary.new, summary.embedded, summary.reused) == (5, 5, 0)
    return library


def test_nothing_is_embedded_of_what_is_unchanged(library: Library, docs: Path) -> None:
    assert library.ingest([docs]).embedded == 0
    assert library.reindex().embedded == 0


@pytest.mark.parametrize(
    ("old", "new"), [("lease.md", "contract.md"), ("notes.txt", "herring.txt"), ("records.jsonl", "buildings.jsonl")]
)
def test_a_renamed_file_embeds_nothing(library: Library, docs: Path, old: str, new: str) -> None:
    (docs / old).rename(docs / new)
    summary = library.ingest([docs])
    assert (summary.moved, summary.embedded) == (3 if old == "records.jsonl" else 1, 0)
    assert library.verify().findings == ()


def test_another_title_is_embedded_with_the_same_text(library: Library, docs: Path) -> None:
    path = docs / "records.jsonl"
    path.write_text(path.read_text().replace("Barn", "Granary"))
    summary = library.ingest([docs])
    assert (summary.changed, summary.unchanged, summary.embedded) == (1, 4, 1)


def test_lost_vectors_are_computed_again_with_their_titles(library: Library, tmp_path: Path) -> None:
    vectors = "SELECT input_hash, vector FROM vectors ORDER BY input_hash"
    before = rows(tmp_path / "library", vectors)
    damage(tmp_path / "library", "DELETE FROM vectors")
    assert library.verify().damaged
    library.repair()
    assert library.reindex().embedded == 5
    assert rows(tmp_path / "library", vectors) == before
    assert library.verify(deep=True).findings == ()


def test_a_salvaged_library_embeds_nothing_again(library: Library, tmp_path: Path) -> None:
    chunks = "SELECT d.uri, c.input_hash FROM chunks c JOIN documents d ON d.id = c.document_id ORDER BY c.id"
    before = rows(tmp_path / "library", chunks)
    zero_root_page(tmp_path / "library", "files")
    library.repair()
    assert library.reindex().embedded == 0
    assert rows(tmp_path / "library", chunks) == before
    assert not library.verify(deep=True).damaged


def test_a_plan_counts_the_tokens_of_titles(tmp_path: Path) -> None:
    lines = [json.dumps({"id": n, "title": "The mill", "text": f"Lot {n}."}) for n in range(3)]
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    plan = Library(tmp_path / "library", encoder=ToyEncoder()).plan([tmp_path / "r.jsonl"])
    assert (plan.embedded, plan.tokens) == (3, 3 * 5 + 4)  # the title once
