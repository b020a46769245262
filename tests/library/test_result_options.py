"""The options for an answer's hits: freshness, folding, a lowest score, context and sentences; and batches."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.errors import Stale, UsageError
from wherein.library import Library, ResultOptions, parse_filter
from wherein.render.hits import format_hit
from wherein.search.limits import MAX_LISTED
from wherein.search.modes import MODES
from wherein.terminal import Terminal


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]


def settle(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))


def freshness(library: Library, question: str = "lease") -> dict[str, str]:
    return {hit.uri.rpartition("/")[2]: hit.freshness for hit in library.query(question, 50).hits}


# Freshness.


def test_each_hit_has_the_freshness_of_its_file(library: Library, docs: Path) -> None:
    for name in ("same", "touched", "rewritten", "longer", "gone", "folder", "broken"):
        (docs / f"{name}.txt").write_text(f"The {name} lease is signed.")
    (docs / "records.jsonl").write_text(json.dumps({"id": "r", "text": "A lease on record."}))
    settle(docs)
    library.ingest([str(docs)])
    library.ingest_stream("note", b"The lease on a note.")
    os.utime(docs / "touched.txt")
    (docs / "rewritten.txt").write_text("The rewritten lease is SIGNED.")
    (docs / "longer.txt").write_text("The longer lease is signed twice.")
    (docs / "gone.txt").unlink()
    (docs / "folder.txt").unlink()
    (docs / "folder.txt").mkdir()
    (docs / "broken.txt").write_bytes(b"%PDF-1.4 broken")
    library.ingest([str(docs / "broken.txt")])  # its old version goes on answering
    expected = {"same.txt": "fresh", "touched.txt": "fresh", "records.jsonl#r": "fresh", "rewritten.txt": "changed",
                "longer.txt": "changed", "broken.txt": "changed", "folder.txt": "changed", "gone.txt": "missing",
                "stdin:note": "unknown"}  # fmt: skip
    assert freshness(library) == expected
    docs.rename(docs.with_name("elsewhere"))
    assert set(freshness(library).values()) == {"missing", "unknown"}


def test_a_change_under_the_same_size_and_times_is_seen_while_the_file_is_new(library: Library, docs: Path) -> None:
    (docs / "a.txt").write_text("The lease is signed.")
    library.ingest([str(docs)])
    status = (docs / "a.txt").stat()
    (docs / "a.txt").write_text("The lease is SIGNED.")
    os.utime(docs / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert freshness(library) == {"a.txt": "changed"}


def test_only_fresh_passages_are_shown_as_many_as_there_are(library: Library, docs: Path) -> None:
    for n in range(30):
        (docs / f"{n}.txt").write_text(f"The lease number {n} is signed by tenant {n}.")
    library.ingest([str(docs)])
    nearest = [hit.uri for hit in library.query("lease tenant", 30).hits]
    gone = {uri.rpartition("/")[2] for uri in nearest[:22]}
    for name in gone:
        (docs / name).unlink()
    for k in (1, 5, 8, 20):
        hits = library.query("lease tenant", k, options=ResultOptions(require_fresh=True)).hits
        assert [hit.uri for hit in hits] == nearest[22:][:k]
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert {hit.freshness for hit in hits} == {"fresh"}
    docs.rename(docs.with_name("elsewhere"))
    with pytest.raises(Stale, match="wherein reindex") as stale:
        library.query("lease", 5, options=ResultOptions(require_fresh=True))
    assert stale.value.exit_code == 6
    (answer,) = library.query_many(["lease"], 5, options=ResultOptions(require_fresh=True))
    assert answer.hits == []


def test_nothing_found_is_not_stale(library: Library, docs: Path) -> None:
    (docs / "a.txt").write_text("A lease.")
    library.ingest([str(docs)])
    options = ResultOptions(require_fresh=True)
    assert library.query("lease", 5, only=parse_filter(types=["pdf"]), options=options).hits == []


# Folding.


def test_the_same_passage_is_shown_once_and_k_are_shown(library: Library, docs: Path) -> None:
    for n in range(40):
        (docs / f"copy{n}.txt").write_text("The owner may sign the lease.")
    for n in range(5):
        (docs / f"other{n}.txt").write_text(f"The {n} neighbors see a lease.")
    library.ingest([str(docs)])
    hits = library.query("The owner may sign the lease.", 4, options=ResultOptions(fold=True)).hits
    assert len(hits) == 4
    assert len(hits[0].also_in) == MAX_LISTED == 20
    assert [hit.also_in for hit in hits[1:]] == [()] * 3
    assert len({hit.text for hit in hits}) == 4
    assert {hit.text for hit in library.query("The owner may sign the lease.", 4).hits} == {hits[0].text}


def test_hits_with_a_score_below_the_minimum_are_left_out(library: Library, docs: Path) -> None:
    for n in range(9):
        (docs / f"{n}.txt").write_text(f"Lease {n} and house {n * n}.")
    library.ingest([str(docs)])
    for mode in ("semantic", "keyword"):
        hits = library.query("lease house", 9, mode=mode).hits
        for limit in (hits[3].score, -1.0, 2.0):
            kept = library.query("lease house", 9, mode=mode, options=ResultOptions(min_score=limit)).hits
            assert [hit.chunk for hit in kept] == [hit.chunk for hit in hits if hit.score >= limit]


def test_hits_with_a_chance_below_the_minimum_are_left_out(library: Library, docs: Path) -> None:
    lines = [json.dumps({"id": str(n), "text": f"Lease {n} and house {n * n}."}) for n in range(120)]
    (docs / "leases.jsonl").write_text("\n".join(lines))
    library.ingest([str(docs)])
    hits = library.query("lease 3", 120).hits
    chances = [hit.chance or 0.0 for hit in hits]
    assert len(set(chances)) > 2
    for limit in (sorted(chances)[4], 0.0, 1.0):
        kept = library.query("lease 3", 120, options=ResultOptions(min_score=limit)).hits
        assert [hit.chunk for hit in kept] == [hit.chunk for hit in hits if (hit.chance or 0.0) >= limit]
    for limit in (-0.1, 1.1):
        with pytest.raises(UsageError, match="from 0 to 1"):
            library.query("lease", options=ResultOptions(min_score=limit))


# Context and sentences.


def test_context_does_not_repeat_what_passages_share(library: Library, docs: Path) -> None:
    text = " ".join(f"Sentence number {n} tells of thing {n * n}." for n in range(60))
    (docs / "long.txt").write_text(text)
    library.ingest([str(docs)])
    for neighbors in (1, 2, 60):
        for hit in library.query("thing", 20, options=ResultOptions(context=neighbors)).hits:
            assert text[hit.start - len(hit.before) : hit.end + len(hit.after)] == hit.before + hit.text + hit.after
            assert bool(hit.before) == (hit.start > 0)
            assert bool(hit.after) == (hit.end < len(text))
            if neighbors == 60:
                assert hit.before + hit.text + hit.after == text


def test_the_sentence_with_the_words_of_the_question_is_marked(library: Library, docs: Path) -> None:
    text = "Cats sleep all day.\n\nThe lease, says Dr. Smith, may be signed by the owner. Rent is due.\n"
    (docs / "a.txt").write_text(text)
    library.ingest([str(docs)])
    hit = library.query("who may sign the lease", 1, options=ResultOptions(sentence=True)).hits[0]
    assert hit.sentence is not None
    assert text[hit.sentence.start : hit.sentence.end] == "The lease, says Dr. Smith, may be signed by the owner."
    # Of who, may, sign, the and lease three words are in it, "the" also in no other sentence.
    weights = [math.log(1 + (3 - count + 0.5) / (count + 0.5)) for count in (0, 1, 1, 1, 1)]
    assert hit.sentence.score == pytest.approx(sum(weights[1:]) / sum(weights))
    keyword = library.query("who may sign the lease", 1, mode="keyword", options=ResultOptions(sentence=True)).hits[0]
    semantic = library.query("who may sign the lease", 1, mode="semantic", options=ResultOptions(sentence=True)).hits[0]
    assert keyword.sentence == semantic.sentence == hit.sentence


def test_in_keyword_mode_sentences_are_marked_without_the_model(
    library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "a.txt").write_text("Cats sleep. The owner signs the lease.")
    library.ingest([str(docs)])
    monkeypatch.setattr(ToyEncoder, "encode_question", None)
    monkeypatch.setattr(ToyEncoder, "encode_contexts", None)
    (hit,) = library.query("owner's lease", 1, mode="keyword", options=ResultOptions(sentence=True)).hits
    assert hit.sentence is not None
    assert hit.text[hit.sentence.start :] == "The owner signs the lease."


def test_the_shipped_model_marks_the_sentence_that_answers(open_library: Callable[[], Library], docs: Path) -> None:
    (docs / "a.txt").write_text(
        "Rent is due on the first. Only the owner can put her name to the contract. Cats sleep."
    )
    open_library().ingest([str(docs)])
    hit = open_library().query("who may sign the lease?", 1, options=ResultOptions(sentence=True)).hits[0]
    assert hit.sentence is not None
    assert hit.text[hit.sentence.start : hit.sentence.end] == "Only the owner can put her name to the contract."
    first, second = open_library().query_many(["who may sign the lease?", "what do cats do?"], 1)
    assert first.hits[0].score == pytest.approx(hit.score, abs=1e-5)
    assert (first.question, second.question) == ("who may sign the lease?", "what do cats do?")


# Batches.


def test_a_batch_has_the_answers_of_single_questions(library: Library, docs: Path) -> None:
    for n in range(20):
        (docs / f"{n}.txt").write_text(f"Lease {n} tells of the house {n % 5}.")
    library.ingest([str(docs)])
    questions = [f"house {n % 5} lease {n}" for n in range(260)]
    assert list(library.query_many(questions, 3)) == [library.query(question, 3) for question in questions]
    assert list(library.query_many([], 3)) == []


# Long questions.


@pytest.fixture(scope="module")
def asked_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "a.txt").write_text("The lease is signed.\x1b[31m Cats sleep.")
    made = Library(folder / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    made.ingest([str(folder / "a.txt")])
    return made


@pytest.mark.parametrize("question", ["word " * 200_000, "x" * 10**6, "\0" * 10**6, '"' * 10**6, "🙂" * 250_000])
def test_a_question_of_a_megabyte_is_answered(asked_library: Library, question: str) -> None:
    for mode in MODES:
        answer = asked_library.query(question, 1, mode=mode, options=ResultOptions(fold=True, sentence=True))
        assert len(answer.hits) == (mode != "keyword")
        for hit in answer.hits:
            assert format_hit(hit, question, Terminal(80, color=True, links=True), explain=True)
