"""The ranker over a catalog, against the fused score of every passage, computed from the texts and the vectors."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keyword_oracle import brute_force
from oracle import read_state
from text_index import index_texts
from toy import ToyEncoder
from wherein.errors import Damaged
from wherein.search.embedded import EmbeddedQuestion, embed_question
from wherein.search.filters.parse import parse_filter
from wherein.search.fusion import PHRASES, QuestionWords, fuse
from wherein.search.hits import Hit
from wherein.search.hybrid import READ, Ranker, spare_vectors, to_read
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.checksums import content_hash, vector_checksum
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.terms import folded_text, terms_of
from wherein.storage.catalog.vectors import pack_vectors

# Fewer passages than are read of the candidates, so that all of them are fused.
NOTES = {
    f"{n:02d}": f"Box {n} of the {color} shelf holds {n * n} marbles {'and a lease' * (n % 4 == 1)}."
    for n, color in enumerate(["red", "green", "blue"] * 6)
}
QUESTIONS = ["which shelf holds the lease?", "red box 6", "289 marbles", "unheard words", "blue blue shelf"]


def expected_scores(db: Any, question: str) -> dict[str, float]:
    """Return the fused score of each passage by its document's URI."""
    state, keyword = read_state(db), list(brute_force(db, question).values())
    asked = list(terms_of(question))
    passages = [[*terms_of(name), *terms_of(text)] for name, text in NOTES.items()]
    idf = {}
    for term in asked:
        n = sum(term in words for words in passages)
        idf[term] = np.log(1 + (len(passages) - n + 0.5) / (n + 0.5))
    overlaps = QuestionWords(asked, idf).overlaps(passages)
    dense = (state.vectors @ ToyEncoder().encode_question(question)[0]).astype(np.float64)
    scores = fuse(dense, np.array(keyword), sum(idf.values()), overlaps)
    return {passage[0]: float(score) for passage, score in zip(state.passages, scores, strict=True)}


def search(ranker: Ranker, question: str, k: int, **others: Any) -> list[Hit]:
    return ranker.search(parse_question(question), embed_question(ToyEncoder(), question), k, **others)


@pytest.mark.parametrize("fold", [False, True])
def test_hits_are_ordered_by_the_fused_score(fill: Callable[..., Path], fold: bool) -> None:
    folder = fill(NOTES, fold=fold)
    with closing(open_reader(folder)) as db:
        ranker = Ranker(db, folder, bound_model(db))
        for question in QUESTIONS:
            expected = expected_scores(db, question)
            for k in (1, 5, 18, 40):
                hits = search(ranker, question, k)
                assert [hit.score for hit in hits] == pytest.approx(
                    sorted(expected.values(), reverse=True)[:k], abs=1e-5
                )
                assert [hit.score for hit in hits] == pytest.approx([expected[hit.uri] for hit in hits], abs=1e-5)
                assert [hit.rank for hit in hits] == list(range(1, min(k, 18) + 1))


def test_a_hit_has_its_ranks_in_both_rankings_and_the_words_it_matches(fill: Callable[..., Path]) -> None:
    folder, question = fill(NOTES), "289 Marbles unheard"
    with closing(open_reader(folder)) as db:
        vectors = ToyEncoder().encode_contexts(list(NOTES.values())) @ ToyEncoder().encode_question(question)[0]
        hits = search(Ranker(db, folder, bound_model(db)), question, 18)
    by_meaning = [f"{row:02d}" for row in np.argsort(-vectors, kind="stable")]
    assert [hit.title for hit in sorted(hits, key=lambda hit: hit.dense_rank or 0)] == by_meaning
    (best,) = [hit for hit in hits if hit.title == "17"]
    assert (best.rank, best.keyword_rank, best.matched) == (1, 1, ("289", "Marbles"))
    assert {hit.matched for hit in hits} == {("289", "Marbles"), ("Marbles",)}
    assert {hit.chance for hit in hits} == {None}  # of so few vectors


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ('which "blue shelf" holds the lease?', ["blue shelf"]),
        ('"a lease" on the "red shelf"', ["a lease", "red shelf"]),
        ('"marbles and a lease" of "box 5"', ["marbles and a lease", "box 5"]),
        ('a box, "shelf holds the", and "blue shelf"', ["blue shelf"]),
        ("which „unheard words“ are there?", []),
    ],
)
def test_a_passage_with_a_wanted_phrase_gains_its_share(
    fill: Callable[..., Path], question: str, phrases: list[str]
) -> None:
    folder, parsed = fill(NOTES), parse_question(question)
    vector = ToyEncoder().encode_question(parsed.meaning)[0]
    with closing(open_reader(folder)) as db:
        plain = expected_scores(db, parsed.meaning)
        hits = Ranker(db, folder, bound_model(db)).search(parsed, EmbeddedQuestion(vector, "cosine", 4.0), 18)
    for hit in hits:
        held = [phrase.asked for phrase in parsed.wanted if phrase.text in folded_text(NOTES[hit.title])]
        assert hit.score - plain[hit.uri] == pytest.approx(PHRASES * len(held) / len(parsed.wanted), abs=1e-5)
        assert hit.phrases == tuple(held)
    assert {phrase for hit in hits for phrase in hit.phrases or ()} == set(phrases)


def test_a_phrase_of_common_words_is_found_among_many_passages_that_have_them(fill: Callable[..., Path]) -> None:
    """By its words alone it would be the last."""
    many = {f"{n:03d}": "It is not to be, or it is to be not the question." for n in range(120)}
    folder = fill({**many, "hamlet": f"To be or not to be. {'He pauses. ' * 40}".strip()})
    with closing(open_reader(folder)) as db:
        ranker = Ranker(db, folder, bound_model(db))
        (hit,) = ranker.by_keywords(parse_question('the question "to be or not to be"'), 1)
        assert (hit.title, hit.phrases) == ("hamlet", ("to be or not to be",))
        assert hit.keyword_score is not None
        assert hit.score > hit.keyword_score
        quoted, plain = (
            {hit.title: hit.keyword_rank for hit in search(ranker, question, 121)}
            for question in ('is it "to be or not to be"', "is it to be or not to be")
        )
    assert (quoted["hamlet"], plain["hamlet"]) == (1, 121)


def test_by_keywords_alone(fill: Callable[..., Path]) -> None:
    folder = fill(NOTES)
    with closing(open_reader(folder)) as db:
        ranker = Ranker(db, folder, None)
        for question in QUESTIONS:
            scores = sorted(filter(None, brute_force(db, question).values()), reverse=True)
            hits = ranker.by_keywords(parse_question(question), 5)
            assert [hit.score for hit in hits] == pytest.approx(scores[:5], rel=1e-4)
            assert [hit.keyword_score for hit in hits] == pytest.approx([hit.score for hit in hits], rel=1e-4)
            assert {(hit.dense_score, hit.dense_rank, hit.overlap) for hit in hits} <= {(None, None, None)}
        assert ranker.provenance is not None
        assert (ranker.provenance.model, ranker.provenance.keywords_delta) == ("", 18)


def test_a_filter_keeps_the_scores(fill: Callable[..., Path]) -> None:
    folder, only = fill(NOTES), parse_filter(where="name IN ('03', '07', '11')")
    with closing(open_reader(folder)) as db:
        ranker = Ranker(db, folder, bound_model(db))
        everything = {hit.title: hit.score for hit in search(ranker, "blue shelf", 18)}
        selected = search(ranker, "blue shelf", 18, only=only)
    assert {hit.title for hit in selected} == {"03", "07", "11"}
    assert [hit.score for hit in selected] == pytest.approx([everything[hit.title] for hit in selected], abs=1e-6)


def test_an_exclusion_does_not_shorten_an_answer(fill: Callable[..., Path]) -> None:
    many = {**{f"red{n}": f"A red box, number {n}." for n in range(120)}, "a": "Blue crates.", "b": "Crates."}
    folder = fill(many)
    with closing(open_reader(folder)) as db:
        hits = search(Ranker(db, folder, bound_model(db)), "a red box -number", 2)
    assert {hit.title for hit in hits} == {"a", "b"}


def test_a_passage_whose_vector_is_lost_is_found_by_its_words(
    db: Any, folder: Path, change: Callable[..., None]
) -> None:
    change("DELETE FROM vectors WHERE input_hash = ?", content_hash("Cats sleep all day."))
    hits = {hit.title: hit for hit in search(Ranker(db, folder, bound_model(db)), "cats", 3)}
    assert hits.keys() == {"cats", "lease", "copy"}
    assert (hits["cats"].dense_score, hits["cats"].dense_rank, hits["cats"].keyword_rank) == (None, None, 1)
    assert hits["lease"].dense_score is not None


def test_an_index_with_another_vector_is_damage(db: Any, folder: Path, change: Callable[..., None]) -> None:
    ranker = Ranker(db, folder, bound_model(db))
    search(ranker, "cats", 1)
    name, raw = content_hash("Cats sleep all day."), pack_vectors(ToyEncoder().encode_contexts(["Dogs"]))[0]
    change("UPDATE vectors SET vector = ?, checksum = ? WHERE input_hash = ?", raw, vector_checksum(name, raw), name)
    with pytest.raises(Damaged, match=r"The vector of passage \d+ in the index is not the one stored"):
        search(ranker, "cats", 1)


def test_a_document_that_was_changed_in_the_catalog_is_damage(
    db: Any, folder: Path, change: Callable[..., None]
) -> None:
    ranker = Ranker(db, folder, bound_model(db))
    change("UPDATE documents SET title = 'dogs' WHERE title = 'cats'")
    with pytest.raises(Damaged, match=r"The stored record of file:///docs/cats\.txt is damaged"):
        search(ranker, "cats", 1)


def test_how_many_candidates_are_read() -> None:
    assert [to_read(k) for k in (1, 13, 14, 40)] == [READ, READ, 21, 60]


@pytest.mark.parametrize(("removed", "spare"), [(0, 0), (1, 3), (10, 12), (100, 72)])
def test_as_many_more_vectors_are_looked_for_as_may_be_of_removed_passages(removed: int, spare: int) -> None:
    index = index_texts(["a lease"] * 100)
    assert spare_vectors(50, replace(index, count=100 - removed)) == spare
    assert spare_vectors(50, index_texts([])) == 0
