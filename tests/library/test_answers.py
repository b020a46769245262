"""The exact answers of a library: where they stand in its documents."""

from pathlib import Path

import pytest

from toy import ToyEncoder
from toy_reader import write_reader
from treaty import ENDS, QUESTION, STARTS, write_docs
from wherein.library import Library


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_docs(tmp_path / "docs")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("WHEREIN_MODELS", str(folder))
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    made = Library(tmp_path / "library", encoder=ToyEncoder())
    made.ingest([str(docs)])
    return made


def test_each_hit_has_its_answer_in_characters_of_the_document(library: Library, models: Path) -> None:
    write_reader(models / "reader", STARTS, ENDS)
    found = library.query(QUESTION, 3)
    answers = library.answers(found)
    assert {hit.uri.rpartition("/")[2]: one and one.text for hit, one in zip(found.hits, answers, strict=True)} == {
        "a.md": "Málaga, a\nparish of LISBON",
        "b.txt": "Rome",
    }
    for hit, one in zip(found.hits, answers, strict=True):
        assert one is not None
        _, text, _ = library.document(hit.uri)
        assert text[one.start : one.end] == one.text
        assert 0 < one.score < 1


def test_the_shipped_model_answers_where_none_is_installed(library: Library, models: Path) -> None:
    found = library.query(QUESTION, 3)
    answers = library.answers(found)
    assert len(answers) == len(found.hits) == 2
    assert all(one and one.text in hit.text for one, hit in zip(answers, found.hits, strict=True))
    assert not models.exists()
