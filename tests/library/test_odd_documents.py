"""A question reads little of a document that repeats itself without end, and finds what else there is."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.library import Library
from wherein.search import hybrid, phrase_check, stored_passages
from wherein.search.copies import MAX_BY_MEANING, MAX_LISTED
from wherein.search.results.postprocess import ResultOptions
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.texts import Span, SpanText

MODES = ["hybrid", "semantic", "keyword"]
FOLD = ResultOptions(fold=True)


def library_of(tmp_path: Path, **files: str) -> Library:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in files.items():
        (docs / name.replace("_", ".")).write_text(text)
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    return library


def records(*texts: str) -> str:
    return "\n".join(json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))


@pytest.fixture
def characters(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the texts that are read for passages."""
    lengths: list[int] = []
    read = stored_passages.read_spans

    def counting(db: Catalog, spans: Sequence[Span]) -> list[SpanText]:
        texts = list(read(db, spans))
        lengths.extend(len(text.text or "") for text in texts)
        return texts

    monkeypatch.setattr(stored_passages, "read_spans", counting)
    return lengths


@pytest.mark.parametrize("mode", MODES)
def test_a_text_of_many_copies_is_read_a_few_times_and_the_others_are_found(
    tmp_path: Path, characters: list[int], mode: str
) -> None:
    line = "the tenant may sign the lease on a copy of page abc " * 20_000
    others = [f"A tenant may sign lease {name}." for name in ("one", "two", "three", "four")]
    library = library_of(tmp_path, line_txt=line, others_jsonl=records(*others))
    answer = library.query("who may sign the lease?", 6, mode=mode, options=FOLD)
    assert set(others) < {hit.text for hit in answer.hits}
    assert (len(answer.hits), answer.notes) == (6, ())
    assert 0 < sum(characters) <= 8 * len(line)  # each of at most four steps reads its passages once or twice


@pytest.mark.parametrize("mode", MODES)
def test_exact_copies_leave_room_for_others(tmp_path: Path, mode: str) -> None:
    texts = ["The tenant may sign the lease."] * 700 + [f"Tenant {name} waits." for name in ("Ada", "Bob", "Cid")]
    answer = library_of(tmp_path, all_jsonl=records(*texts)).query("the tenant may sign", 4, mode=mode, options=FOLD)
    assert answer.hits[0].text == texts[0]
    assert {hit.text for hit in answer.hits[1:]} == set(texts[-3:])
    assert not any("stopped" in note or "only" in note for note in answer.notes)


@pytest.mark.parametrize("mode", MODES)
def test_near_copies_without_end_stop_the_search_with_a_note(tmp_path: Path, mode: str) -> None:
    words = " ".join(f"{first}{second}" for first in "abcde" for second in "fghijkl")
    texts = [f"{words} number{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}{'x' * (n // 676)}" for n in range(900)]
    library = library_of(tmp_path, all_jsonl=records(*texts))
    answer = library.query(words, 3, mode=mode, options=FOLD)
    assert len(answer.hits) == 1
    assert len(answer.hits[0].also_in) == MAX_LISTED
    # By words all of them were looked at: there is nothing else.
    notes = [note for note in answer.notes if note.startswith(f"stopped after {MAX_BY_MEANING} passages")]
    assert len(notes) == (mode != "keyword")
    assert len(library.query(words, 3, mode=mode).hits) == 3
    unfolded = library.query(words, 3, mode=mode).notes
    assert unfolded == tuple(note for note in answer.notes if note not in notes)


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_limits_of_phrases_and_of_copies_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    texts = ["a tenant and a lease of it"] * 200 + [f"lease of tenant {n}" for n in "abc"]
    library = library_of(tmp_path, all_jsonl=records(*texts))
    monkeypatch.setattr(phrase_check.PhraseCheck.__init__, "__defaults__", (10,))
    notes = library.query('"of lease"', 3, mode=mode, options=FOLD).notes
    assert any(note.startswith("phrases were searched for only in the") for note in notes)
    monkeypatch.setattr(hybrid, "MAX_BY_WORDS", 100)
    notes = library.query("tenant and lease", 6, mode=mode, options=FOLD).notes
    assert any("best passages by words were considered" in note for note in notes)
