"""Keyword search against a count of words in plain Python, at random states of generation and delta."""

import math
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from keyword_oracle import QUESTIONS, WORDS, bound, brute_force, save
from text_index import index_texts
from wherein.search import bm25, keyword
from wherein.search.keyword import (
    best_marked,
    best_passages,
    filter_matches,
    match,
    phrase_scores,
    phrase_shares,
    rank_by_score,
    scores_of,
)
from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, delete_document, save_document
from wherein.storage.disk.recent import Recent
from wherein.storage.filters.selection import Selection
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords

texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=12).map(" ".join)


def assert_equal(reader: sqlite3.Connection, folder: Path, known: KeywordIndex | None) -> None:
    """An index that was opened now and one that was kept up to date both give the scores counted from the texts."""
    with snapshot(reader):
        for index in (load_keywords(reader, folder, None), load_keywords(reader, folder, known)):
            for question in QUESTIONS:
                expected = brute_force(reader, question)
                matches = match(index, parse_question(question))
                ids = list(expected)
                np.testing.assert_allclose(scores_of(matches, ids), list(expected.values()), rtol=1e-4, atol=1e-6)
                for n in (1, 3, len(ids) + 2):
                    best = best_passages(PhraseCheck(reader, matches.question), matches, n)
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
@settings(max_examples=15)
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


def found(db: Database, folder: Path, question: str) -> list[str]:
    with snapshot(db):
        matches = match(load_keywords(db, folder, None), parse_question(question))
        check = PhraseCheck(db, matches.question)
        ids = best_passages(check, matches, 100)
        everything = [row[0] for row in db.execute("SELECT id FROM chunks ORDER BY id").fetchall()]
        assert set(ids) <= set(filter_matches(check, matches, everything))
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
    assert found(db, tmp_path, 'red "red box"') == ["1", "2", "3"]
    assert found(db, tmp_path, 'red "no such words" -stands') == ["2", "3"]
    assert found(db, tmp_path, 'error "天気は"') == ["4", "5"]
    assert found(db, tmp_path, "-red") == []
    assert found(db, tmp_path, '" "') == []


def held_by(text: str, phrase: str) -> bool:
    """Whether a text of plain words holds a phrase of such words."""
    return f" {phrase} " in f" {text} "


PLAIN = ["the", "red", "box", "holds", "seven", "marbles"]
plain_texts = st.lists(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=30)


@given(
    plain_texts,
    st.lists(st.sampled_from(["red box", "the red box", "holds seven", "box", "marbles the"]), max_size=3, unique=True),
    st.sampled_from(["", "seven", "box holds", "red box"]),
    st.integers(1, 12),
    st.integers(1, 4),
)
@settings(max_examples=80)
def test_wanted_phrases_count_as_in_brute_force(
    texts: list[str], wanted: list[str], excluded: str, n: int, batch: int
) -> None:
    """Each phrase that a passage holds adds what the rarest word would, whatever the size of the batches."""
    question = " ".join(["unheard red marbles", *(f'"{phrase}"' for phrase in wanted), f'-"{excluded}"'])
    with (
        tempfile.TemporaryDirectory() as name,
        closing(open_writer(Path(name))) as db,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(keyword, "_BATCH_SIZE", batch)
        db.execute("PRAGMA synchronous=OFF")
        with writing(db, "test"):
            for number, text in enumerate(texts):
                chunk = ChunkRow(0, len(text), content_hash(text), None, ())
                save_document(db, DocumentRow(str(number), None, "", "text/plain", text, {}, (), [chunk]))
        with snapshot(db):
            matches = match(load_keywords(db, Path(name), None), parse_question(question))
            weight = math.log(1 + (len(texts) - 0.5) / 1.5)
            expected = {
                number: score + weight * sum(held_by(texts[number - 1], phrase) for phrase in wanted)
                for number, score in brute_force(db, " ".join(["unheard red marbles", *wanted])).items()
                if score > 0 and not (excluded and held_by(texts[number - 1], excluded))
            }
            check = PhraseCheck(db, matches.question)
            best = best_passages(check, matches, n).tolist()
            totals = scores_of(matches, best) + phrase_scores(check, matches, best)
    ranked = sorted(expected.values(), reverse=True)[:n]
    np.testing.assert_allclose(totals, ranked, rtol=1e-4)
    np.testing.assert_allclose([expected[number] for number in best], ranked, rtol=1e-4)
    assert len(set(best)) == len(best)


def test_a_phrase_counts_as_the_rarest_word_and_what_is_not_read_gains_nothing(db: Database, tmp_path: Path) -> None:
    texts = ["red fox", "fox red", "red fox", "fox and owl"]
    with writing(db, "test"):
        for number, text in enumerate(texts):
            chunk = ChunkRow(0, len(text), content_hash(text), None, ())
            save_document(db, DocumentRow(str(number), None, "", "text/plain", text, {}, (), [chunk]))
    with snapshot(db):
        matches = match(load_keywords(db, tmp_path, None), parse_question('an owl or "red fox"'))
        (wanted,) = matches.wanted
        assert np.concatenate(wanted.may_hold).tolist() == [True, True, True, False]
        check = PhraseCheck(db, matches.question, 1)
        assert phrase_scores(check, matches, [1, 2, 3, 4]).tolist() == [0, 0, 0, 0]
        assert sorted(best_passages(check, matches, 4).tolist()) == [1, 2, 3, 4]
        assert check.is_cut
        assert phrase_scores(check, matches, [1, 2, 3, 4]).tolist() == pytest.approx([math.log(1 + 3.5 / 1.5), 0, 0, 0])
        assert phrase_shares(check, matches, [4, 3, 2, 1]).tolist() == [0, 1, 0, 1]


def test_the_passages_that_are_marked_come_best_first() -> None:
    matches = match(index_texts(TEXTS), parse_question("fox"))
    masks = [np.array([False, True, True, True, False]), np.zeros(0, np.bool_)]
    assert best_marked(matches, masks, 2).tolist() == [3, 2]
    assert best_marked(matches, masks, 9).tolist() == [3, 2, 1]


TEXTS = ["fox", "den", "red fox", "fox", "owl"]


@pytest.mark.parametrize(("n", "best"), [(1, [0]), (2, [0, 3]), (3, [0, 3, 2]), (4, [0, 3, 2]), (9, [0, 3, 2])])
def test_equal_scores_come_in_the_order_of_the_ids_and_none_is_zero(n: int, best: list[int]) -> None:
    matches = match(index_texts(TEXTS), parse_question("fox"))
    assert rank_by_score(matches, n).tolist() == best
    assert scores_of(matches, [4, 9, *best])[:2].tolist() == [0, 0]


def test_a_plain_question_allows_every_passage_and_an_operator_only_some() -> None:
    index = index_texts(TEXTS)
    assert match(index, parse_question("fox")).allowed is None
    allowed = match(index, parse_question("fox -red")).allowed
    assert allowed is not None
    assert allowed[0].tolist() == [True, True, False, True, True]
    assert rank_by_score(match(index, parse_question('"red fox"')), 9).tolist() == [2]


def test_a_selection_restricts_the_passages_and_not_their_scores() -> None:
    index, none = index_texts(TEXTS), np.zeros(0, np.int64)
    selected = Selection(frozenset((2, 3)), np.array([2, 3]), none, np.zeros(0, np.uint8))
    matches, everything = match(index, parse_question("fox"), selected), match(index, parse_question("fox"))
    assert rank_by_score(matches, 9).tolist() == [3, 2]
    np.testing.assert_array_equal(scores_of(matches, [3, 2]), scores_of(everything, [3, 2]))


JOINED = {
    "xray": "An x-ray by e-mail of an F-16.",
    "path": "read/write is state-of-the-art",
    "code": "call getUserName or foo_bar of C++ and iPhone",
    "plain": "An x ray by e mail of an F 16, to read write get user name",
    "email": "Write an email about F16 and the therapist.",
    "contracted": "They don't rock'n'roll, l'homme",
    "number": "About 1,000,000 of 3.11.4",
    "price": "It costs 1,299.99 now",
}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('"x ray"', ["plain", "xray"]),
        ('"x-ray"', ["plain", "xray"]),
        ('"e mail"', ["plain", "xray"]),
        ('"e-mail"', ["email", "plain", "xray"]),
        ('"email"', ["email", "xray"]),
        ('"F 16"', ["email", "plain", "xray"]),
        ('"F-16"', ["email", "plain", "xray"]),
        ('"f16"', ["email", "plain", "xray"]),
        ('"read write"', ["path", "plain"]),
        ('"state of the art"', ["path"]),
        ('"state-of-the-art"', ["path"]),
        ('"the-art"', ["path"]),
        ('"get user name"', ["code", "plain"]),
        ('"getusername"', ["code"]),
        ('"foo bar"', ["code"]),
        ('"iphone"', ["code"]),
        ('"C++"', ["code"]),
        ('"of C"', []),
        ('"of C++"', ["code"]),
        ('"the rapist"', []),
        ('"don\'t"', ["contracted"]),
        ('"they don t"', ["contracted"]),
        ('"rock n roll"', ["contracted"]),
        ('"l homme"', ["contracted"]),
        ('"1000000"', ["number"]),
        ('"3 11 4"', ["number"]),
        ('"1299.99"', ["price"]),
        ('"1,299.99"', ["price"]),
        ("1299.99", ["price"]),
        ('"ray x"', []),
        ('email -"f 16"', []),
        ("mail -x-ray", []),
        ("mail -iphone", ["plain", "xray"]),
    ],
)
def test_a_phrase_is_found_whether_its_words_are_joined_or_not(
    db: Database, tmp_path: Path, question: str, expected: list[str]
) -> None:
    for uri, text in JOINED.items():
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        with writing(db, "test"):
            save_document(db, DocumentRow(uri, None, "", "text/plain", text, {}, (), [chunk]))
    assert found(db, tmp_path, question) == expected


@given(
    st.lists(st.sampled_from(["red box", "red", "box box", "fox"]), max_size=6),
    st.lists(st.booleans(), min_size=66, max_size=66),
    st.integers(1, 8),
)
@settings(max_examples=50)
def test_rare_words_rank_as_if_all_scores_were_looked_at(found: list[str], live: list[bool], n: int) -> None:
    index = index_texts(["den"] * 30 + found + ["owl"] * 30)
    generation, delta = index.parts
    live_mask = np.array(live[: len(generation.postings.ids)])
    index = replace(index, parts=(replace(generation, live=live_mask), delta), scored=Recent(1_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25, "_LISTED_SHARE", 8)
        matches = match(index, parse_question("red fox"))
    assert matches.scores.scored[0] is not None
    every = replace(matches, scores=replace(matches.scores, scored=(None, None)))
    assert rank_by_score(matches, n).tolist() == rank_by_score(every, n).tolist()


def test_of_frequent_words_the_passages_are_not_listed() -> None:
    matches = match(index_texts(["red"] * 3 + ["den"] * 20), parse_question("red"))
    assert matches.scores.scored[0] is None
