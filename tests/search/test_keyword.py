"""Keyword search against a count of words in plain Python, at random states of generation and delta."""

import json
import math
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from wherein.evaluation.candidates import index_texts
from wherein.search.bm25 import WEIGHTS
from wherein.search.keyword import best_passages, filter_matches, match, scores_of
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, delete_document, save_document
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, active_generation
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords
from wherein.storage.index.postings import blocks, collect

WORDS = ["the", "red", "box", "holds", "seven", "marbles", "leases", "E-1234", "foo_bar", "東京", "of", "a"]
QUESTIONS = ("the red box", "E-1234", "leases of foo", "東京 marbles", "nothing here", "the the the")
texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=12).map(" ".join)


def bound(db: Database) -> StoredModel:
    with writing(db, "test"):
        return bind_model(db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=4)


def save(db: Database, uri: str, text: str, title: str = "", heading: tuple[str, ...] = ()) -> None:
    half = len(text) // 2
    spans = [(0, half), (half, len(text))] if half else [(0, max(len(text), 1))]
    chunks = [ChunkRow(a, b, content_hash(text[a:b]), None, heading) for a, b in spans]
    with writing(db, "test"):
        save_document(db, DocumentRow(uri, None, title, "text/plain", text or " ", {}, (), chunks))


def brute_force(db: Any, question: str) -> dict[int, float]:
    """Return the score of each passage that is there, from its text."""
    rows = db.execute(
        'SELECT c.id, substr(d.text, c.start + 1, c."end" - c.start), c.heading, d.title FROM chunks c'
        " JOIN documents d ON d.id = c.document_id"
    ).fetchall()
    counted = {}
    for number, text, heading, title in rows:
        body = Counter(terms_of(text))
        above = Counter(terms_of(" ".join(json.loads(heading))))
        named = Counter(terms_of(title))
        tf = {t: body[t] + WEIGHTS.heading * above[t] + WEIGHTS.title * named[t] for t in {*body, *above, *named}}
        counted[number] = (tf, body.total())
    average = max(sum(length for _, length in counted.values()) / max(len(counted), 1), 1.0)
    scores = dict.fromkeys(counted, 0.0)
    for term in dict.fromkeys(terms_of(question)):
        occurs = sum(term in tf for tf, _ in counted.values())
        idf = math.log(1 + (len(counted) - occurs + 0.5) / (occurs + 0.5))
        for number, (tf, length) in counted.items():
            if term in tf:
                norm = WEIGHTS.k1 * (1 - WEIGHTS.b + WEIGHTS.b * length / average)
                scores[number] += idf * tf[term] * (WEIGHTS.k1 + 1) / (tf[term] + norm)
    return scores


def assert_equal(reader: sqlite3.Connection, folder: Path, known: KeywordIndex | None) -> None:
    """Both an index that was opened now and one that was kept up to date answer as the texts say."""
    with snapshot(reader):
        for index in (load_keywords(reader, folder, None), load_keywords(reader, folder, known)):
            for question in QUESTIONS:
                expected = brute_force(reader, question)
                matches = match(index, parse_question(question))
                ids = list(expected)
                np.testing.assert_allclose(scores_of(matches, ids), list(expected.values()), rtol=1e-4, atol=1e-6)
                for n in (1, 3, len(ids) + 2):
                    best = best_passages(reader, matches, n)
                    ranked = sorted((score for score in expected.values() if score > 0), reverse=True)[:n]
                    np.testing.assert_allclose([expected[number] for number in best], ranked, rtol=1e-4)
                    assert len(set(best)) == len(best)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("save"), st.sampled_from("abcdef"), texts),
            st.tuples(st.just("delete"), st.sampled_from("abcdef"), st.just("")),
            st.tuples(st.just("fold"), st.just(""), st.just("")),
        ),
        min_size=1,
        max_size=10,
    )
)
@settings(max_examples=15, deadline=None)
def test_scores_are_those_of_brute_force_at_any_state(steps: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(open_writer(folder)) as db:
            db.execute("PRAGMA synchronous=OFF")
            model, known = bound(db), None
            # A connection's own writes do not change its `data_version`.
            reader = open_reader(folder)
            for step, uri, text in steps:
                if step == "save":
                    save(db, uri, text, title=f"{uri} box", heading=("red lease", "of"))
                elif step == "fold":
                    write_generation(db, folder, model, KEYWORDS)
                else:
                    with writing(db, "test"):
                        for (number,) in db.execute("SELECT id FROM documents WHERE uri = ?", [uri]).fetchall():
                            delete_document(db, number)
                with snapshot(reader):
                    known = load_keywords(reader, folder, known)
            try:
                assert_equal(reader, folder, known)
            finally:
                reader.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("at_once", [10, 100, 1_000_000])
def test_the_file_holds_what_is_collected_in_memory(
    db: Database, tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.storage.index.postings._SORT_BATCH", at_once)
    model = bound(db)
    for n in range(40):
        save(db, str(n), f"word{n} and {' '.join(WORDS[: n % 11])} number{n * n % 7}", title=f"title{n % 3}")
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    assert active_generation(db, KEYWORDS) == generation
    assert active_generation(db) is None
    held, expected = load_postings(tmp_path, generation), collect(read_terms(db))
    for name in ("ids", "lengths", "terms", "starts", "positions", "body", "fields"):
        np.testing.assert_array_equal(getattr(held, name), getattr(expected, name), name)
    spread = np.repeat(held.terms, np.diff(held.starts))
    np.testing.assert_array_equal(np.concatenate([terms for terms, _ in blocks(held, 7)]), spread)
    assert sorted(path.name for path in (tmp_path / "generations").iterdir()) == [generation.file]


def found(db: Database, folder: Path, question: str) -> list[str]:
    with snapshot(db):
        matches = match(load_keywords(db, folder, None), parse_question(question))
        ids = best_passages(db, matches, 100)
        everything = [row[0] for row in db.execute("SELECT id FROM chunks ORDER BY id").fetchall()]
        assert set(ids) <= set(filter_matches(db, matches, everything))
        names = dict(db.execute("SELECT c.id, d.uri FROM chunks c JOIN documents d ON d.id = c.document_id").fetchall())
    return sorted({names[number] for number in ids})


def test_operators(db: Database, tmp_path: Path) -> None:
    for uri, text in {
        "1": "The red box stands here.",
        "2": "A box that is red, and a Red-Box too.",
        "3": "A box, and red leases.",
        "4": "Error E-1234 in foo_bar().",
        "5": "東京都の天気は晴れ",
    }.items():
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        with writing(db, "test"):
            save_document(db, DocumentRow(uri, None, "", "text/plain", text, {}, (), [chunk]))
    assert found(db, tmp_path, "red box") == ["1", "2", "3"]
    assert found(db, tmp_path, '"red box"') == ["1", "2"]
    assert found(db, tmp_path, "“Red  BOX” -stands") == ["2"]
    assert found(db, tmp_path, 'box -"red box"') == ["3"]
    assert found(db, tmp_path, "red -lease") == ["1", "2"]
    assert found(db, tmp_path, '"leases"') == ["3"]
    assert found(db, tmp_path, '"lease"') == []
    assert found(db, tmp_path, "E-1234") == ["4"]
    assert found(db, tmp_path, "foo_bar") == ["4"]
    assert found(db, tmp_path, "天気") == ["5"]
    assert found(db, tmp_path, '"天気は"') == ["5"]
    assert found(db, tmp_path, "-red") == []
    assert found(db, tmp_path, '" "') == []


def test_what_is_no_operator_is_a_word() -> None:
    assert parse_question('a 5" x 7" board').is_plain
    assert parse_question('say "hello').is_plain
    assert parse_question("E-1234 --flag x - y -5").is_plain
    assert parse_question("-lease").meaning == "-lease"
    asked = parse_question('who "signed it" -here')
    assert (asked.meaning.split(), [p.words for p in asked.phrases]) == (["who", "signed", "it"], [("signed", "it")])
    assert not parse_question('a "b c"', operators=False).phrases
    assert parse_question(" ".join(f"word{n}" for n in range(400))).cut


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"“”„«»-*():^~ \0')), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_question_can_be_parsed(text: str) -> None:
    asked = parse_question(text)
    assert asked.meaning or not text
    parse_question(text * 200)


def test_plain_texts_score_as_passages_do(db: Database, tmp_path: Path) -> None:
    plain = [f"{' '.join(WORDS[n % 5 : n % 12])} note{n}" for n in range(12)]
    for n, text in enumerate(plain):
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        with writing(db, "test"):
            save_document(db, DocumentRow(str(n), None, "", "text/plain", text, {}, (), [chunk]))
    index = index_texts(plain)
    for question in QUESTIONS:
        scores = match(index, parse_question(question, operators=False)).scores.parts[0]
        np.testing.assert_allclose(scores, list(brute_force(db, question).values()), rtol=1e-4, atol=1e-6)
    assert len(match(index_texts([]), parse_question("red box")).scores.parts[0]) == 0
