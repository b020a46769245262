"""Measuring models on a collection: its documents are ingested, and its questions are asked as a user asks them."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from small_collection import write_collection
from wherein.errors import UsageError, WhereinError
from wherein.installation import install_command
from wherein.library import Library
from wherein.library.evaluating import evaluate

TEXTS = {
    "c1": ("Sleep of cats", "A cat rests for most of the day and hunts at dusk."),
    "c2": ("Bread", "The dough rises for two hours and is baked in a hot oven."),
    "c3": ("The lease", ""),
    "c4": ("", "The moon goes round the earth once in a month."),
}
QUESTIONS = {"q1": 'when does a "cat" hunt -dog', "q2": "how long does dough rise?", "q3": "lease"}
RELEVANT = {"q1": "c1", "q2": "c2", "q3": "c3"}


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "beir", TEXTS, QUESTIONS, RELEVANT)


def test_figures_are_those_of_ingest_and_query(tmp_path: Path, beir: Path, compiled_cache: Path) -> None:
    """Also for a title without a text, and for a question with operators."""
    measured = evaluate("beir", beir, modes=("hybrid", "keyword"), precision="w8a32", cache=compiled_cache)
    rows = {row.mode: row.evaluation for row in measured}
    with Library(tmp_path / "library", precision="w8a32", cache=compiled_cache) as library:
        library.ingest([beir / "corpus.jsonl"])
        for mode, evaluation in rows.items():
            for number, (name, question) in enumerate(QUESTIONS.items()):
                found = [hit.uri.rpartition("#")[2] for hit in library.query(question, 21, mode=mode).hits]
                assert evaluation.values["mrr"][number] == 1 / (1 + found.index(RELEVANT[name]))
    assert rows["keyword"].percent()["top_1"] == 100


def test_a_kept_library_is_used_again_and_made_again_when_it_is_damaged(
    tmp_path: Path, beir: Path, compiled_cache: Path
) -> None:
    kept, progress = tmp_path / "kept", list[str]()

    def figures() -> dict[str, float]:
        progress.clear()
        (row,) = evaluate("beir", beir, precision="w8a32", cache=compiled_cache, libraries=kept, report=progress.append)
        return row.evaluation.percent()

    first = figures()
    assert progress[-2:] == ["ingesting document 4 of 4", "asking question 1 of 3"]
    (folder,) = kept.iterdir()
    (folder / "mark").touch()
    assert figures() == first
    assert (folder / "mark").exists()
    (folder / "library" / "catalog.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(WhereinError):
        figures()
    assert figures() == first
    assert not (folder / "mark").exists()


def test_no_more_than_four_libraries_are_kept_beside_those_of_the_last_hour(
    tmp_path: Path, beir: Path, compiled_cache: Path
) -> None:
    kept = tmp_path / "kept"
    for number in range(6):
        (beir / "corpus.jsonl").write_text(json.dumps({"_id": "c1", "text": f"Cats hunt {number}."}), "utf-8")
        list(evaluate("beir", beir, modes=("keyword",), precision="w8a32", cache=compiled_cache, libraries=kept))
    assert len(list(kept.iterdir())) == 6
    for number, folder in enumerate(kept.iterdir()):
        os.utime(folder, (number, number))
    list(evaluate("beir", beir, modes=("keyword",), precision="w8a32", cache=compiled_cache, libraries=kept))
    assert len(list(kept.iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path, beir: Path, compiled_cache: Path) -> None:
    (tmp_path / "file").write_text("")
    (row,) = evaluate("beir", beir, precision="w8a32", cache=compiled_cache, libraries=tmp_path / "file" / "kept")
    assert row.evaluation.contexts == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"modes": ("psychic",)}, "There is no mode psychic"),
        ({"models": ("nowhere",)}, "There is no model nowhere"),
        ({}, "nowhere.json cannot be read"),
    ],
)
def test_a_collection_is_not_measured_with_wrong_arguments(
    tmp_path: Path, arguments: dict[str, tuple[str, ...]], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        next(evaluate("squad", tmp_path / "nowhere.json", **arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "missing", "modes"),
    [("beir", "ir_measures", ("semantic",)), ("squad", "scipy.stats", ("semantic", "hybrid"))],
)
def test_a_missing_extra_is_an_error_before_the_collection_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, missing: str, modes: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(WhereinError, match=re.escape(install_command("evaluate"))):
        next(evaluate(kind, tmp_path / "nowhere", modes=modes))
