"""BM25 by hand, and that a score is the same from the index as from a passage's own stored counts."""

from collections import Counter
from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_index import index_texts
from wherein.search.bm25 import Weights, score_passages, score_rows
from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.term_counts import count_terms
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import collect

RED, BOX, FOX, NOWHERE = (next(iter(terms_of(word))) for word in ("red", "box", "fox", "nowhere"))
TEXTS = ["red box", "red red fox", "fox"]  # 2 terms on average
WORDS = st.sampled_from(["red", "box", "fox", "den", "owl"])


def once(*terms: int) -> dict[int, int]:
    return dict.fromkeys(terms, 1)


def with_headings(title: str, heading: str) -> KeywordIndex:
    """Return an index of the passage `fox`, with a title and a heading, and of the passage `den`."""
    rows = unpack_rows([1, 2], [count_terms("fox", [heading], title).counts, count_terms("den").counts])
    return KeywordIndex(0, None, (Part(collect([rows])), Part(collect(()))), 2, 2)


def test_scores_by_hand() -> None:
    scores = score_passages(index_texts(TEXTS), once(RED, NOWHERE))
    idf = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    assert scores.idf == {RED: pytest.approx(idf), NOWHERE: pytest.approx(log(1 + 3.5 / 0.5))}
    second = idf * 2 * 1.9 / (2 + 0.9 * (0.25 + 0.75 * 3 / 2))
    assert list(scores.parts[0]) == pytest.approx([idf, second, 0])
    assert scores.parts[1].shape == (0,)


def test_the_scores_of_several_terms_add_up() -> None:
    index = index_texts(TEXTS)
    each = [score_passages(index, once(term)).parts[0] for term in (RED, FOX)]
    np.testing.assert_allclose(score_passages(index, once(RED, FOX)).parts[0], each[0] + each[1], rtol=1e-6)


def test_a_term_counts_as_often_as_it_is_asked() -> None:
    index = index_texts(TEXTS)
    red, fox = (score_passages(index, once(term)).parts[0] for term in (RED, FOX))
    np.testing.assert_allclose(score_passages(index, {RED: 3, FOX: 1}).parts[0], 3 * red + fox, rtol=1e-6)


@pytest.mark.parametrize(("title", "heading"), [("red", ""), ("", "red"), ("red", "red red")])
def test_occurrences_in_title_and_headings_count_half_and_do_not_lengthen_the_passage(title: str, heading: str) -> None:
    index = with_headings(title, heading)
    tf = 0.5 * len(f"{title} {heading}".split())
    expected = log(1 + (2 - 1 + 0.5) / 1.5) * tf * 1.9 / (tf + 0.9)
    assert list(score_passages(index, once(RED)).parts[0]) == pytest.approx([expected, 0])
    assert list(score_passages(index, once(RED), Weights(title=0, heading=0)).parts[0]) == [0, 0]


def test_deleted_passages_have_no_score_and_do_not_count() -> None:
    whole = index_texts(TEXTS)
    part = replace(whole.parts[0], live=np.array([True, False, True]))
    left = replace(whole, parts=(part, whole.parts[1]), count=2, length=3)
    asked = once(RED, FOX)
    scores, expected = score_passages(left, asked), score_passages(index_texts(["red box", "fox"]), asked)
    assert list(scores.parts[0][[0, 2]]) == pytest.approx(list(expected.parts[0]))
    assert scores.parts[0][1] == 0
    assert scores.idf == expected.idf


@pytest.mark.parametrize("others", [0, 1, 2, 50])
def test_a_rare_and_a_frequent_term_are_scored_alike(others: int) -> None:
    """Few postings are added at their positions, many to all passages at once."""
    scores = score_passages(index_texts(["red"] + ["den"] * others), once(RED)).parts[0]
    assert scores[0] == pytest.approx(log(1 + (others + 0.5) / 1.5))
    assert not scores[1:].any()


def test_an_empty_index_scores_nothing() -> None:
    scores = score_passages(index_texts([]), once(RED))
    assert [len(part) for part in scores.parts] == [0, 0]
    assert scores.idf == {RED: pytest.approx(log(2))}


@settings(max_examples=50)
@given(st.lists(st.tuples(st.lists(WORDS, max_size=9), WORDS, WORDS), min_size=1, max_size=9), st.lists(WORDS))
def test_a_score_from_the_index_is_that_from_the_stored_counts(
    passages: list[tuple[list[str], str, str]], question: list[str]
) -> None:
    counts = [count_terms(" ".join(words), [heading], title).counts for words, heading, title in passages]
    postings = collect([unpack_rows(range(len(counts)), counts)])
    index = KeywordIndex(0, None, (Part(postings), Part(collect(()))), len(counts), int(postings.lengths.sum()))
    scores = score_passages(index, Counter(terms_of(" ".join(question))))
    rows = [unpack_rows([number], [one]) for number, one in enumerate(counts)]
    stored, held = score_rows(rows, index, scores)
    assert stored == scores.parts[0].tolist()
    assert held.tolist() == [[term in row.entries["term"].tolist() for term in scores.idf] for row in rows]
    alone = [score_rows([row], index, scores)[0][0] for row in rows]
    assert alone == stored
    # What was kept of the terms gives the same again.
    again = score_passages(index, scores.asked)
    assert ([part.tolist() for part in again.parts], again.idf) == (
        [part.tolist() for part in scores.parts],
        scores.idf,
    )


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=8), min_size=1, max_size=6), st.lists(WORDS, min_size=1, max_size=4)
)
def test_inflections_count_as_the_word_that_was_asked(texts: list[list[str]], question: list[str]) -> None:
    """The same scores as if each passage had the word that was asked in place of its other form."""
    index = index_texts([" ".join(text) for text in texts])
    as_asked = index_texts([" ".join("red" if word == "owl" else word for word in text) for text in texts])
    asked = Counter(terms_of(" ".join(word for word in [*question, "red"] if word != "owl")))
    (owl,) = terms_of("owl")
    families = tuple((term, owl) if term == RED else (term,) for term in asked)
    scores, expected = score_passages(index, asked, families=families), score_passages(as_asked, asked)
    assert scores.idf == expected.idf
    assert scores.parts[0].tolist() == expected.parts[0].tolist()
    rows = [unpack_rows([number], [count_terms(" ".join(text)).counts]) for number, text in enumerate(texts)]
    stored, held = score_rows(rows, index, scores)
    assert stored == scores.parts[0].tolist()
    assert held[:, list(asked).index(RED)].tolist() == ["red" in text or "owl" in text for text in texts]
    assert score_rows([], index, scores)[0] == []
