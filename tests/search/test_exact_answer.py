"""The exact answer: the likeliest span of an input, and its offsets in the document."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_reader import tables, tokenizer, write_reader
from wherein.embed.answer_extractor import AnswerExtractor, load_answer_model
from wherein.search.exact_answer import (
    MAX_ANSWER_TOKENS,
    ExactAnswer,
    TokenSpan,
    best_span,
    exact_answers,
    likeliest,
)
from wherein.search.hits import Hit

FILLER = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
Open = Callable[..., AnswerExtractor]
Logits = Mapping[str, float]


def brute_force(start: np.ndarray, end: np.ndarray, low: int, high: int, longest: int) -> tuple[float, int, int]:
    """Return score, first and last token of the best span, by looking at every one."""
    starts, ends = (np.exp(x.astype(np.float64)) / np.exp(x.astype(np.float64)).sum() for x in (start, end))
    spans = ((s, e) for s in range(low, high) for e in range(s, min(s + longest, high)))
    return max(((starts[s] * ends[e], s, e) for s, e in spans), key=lambda span: (span[0], -span[1], -span[2]))


@given(data=st.data(), tokens=st.integers(1, 40), longest=st.integers(1, 20))
def test_the_best_span_is_that_of_brute_force(data: st.DataObject, tokens: int, longest: int) -> None:
    logits = st.lists(st.integers(-6, 6), min_size=tokens, max_size=tokens)
    start, end = (np.array(data.draw(logits), np.float32) for _ in range(2))
    low = data.draw(st.integers(0, tokens - 1))
    high = data.draw(st.integers(low + 1, tokens))
    found = best_span(start, end, low, high, longest)
    score, first, last = brute_force(start, end, low, high, longest)
    assert found.score == pytest.approx(score, rel=1e-12)
    assert low <= found.first <= found.last < min(found.first + longest, high)
    # Whole numbers: the sums of equal spans are equal, but for the rounding of the logarithm.
    assert start[found.first] + end[found.last] == start[first] + end[last]


@given(offset=st.integers(1, 380), length=st.integers(0, 14), scale=st.sampled_from([1e3, 1e30]))
def test_logits_of_any_size(offset: int, length: int, scale: float) -> None:
    start, end = np.zeros(396, np.float32), np.zeros(396, np.float32)
    start[0] = end[0] = 3 * scale  # every span has a probability that no float can hold
    start[offset] = end[offset + length] = 2 * scale
    assert best_span(start, end, 1, 396) == TokenSpan(offset, offset + length, 0.0)


def test_of_equal_spans_the_first_and_shortest_wins() -> None:
    same = np.zeros(8, np.float32)
    assert best_span(same, same, 3, 8) == TokenSpan(3, 3, pytest.approx(1 / 64))


def test_a_model_that_points_at_no_token_of_the_passage_is_unsure() -> None:
    start, end = np.zeros(5, np.float32), np.zeros(5, np.float32)
    start[3] = end[3] = 5
    sure = best_span(start, end, 2, 4).score
    start[0] = end[0] = 9
    assert sure == pytest.approx((np.exp(5) / (np.exp(5) + 4)) ** 2)
    assert best_span(start, end, 2, 4).score == pytest.approx((np.exp(5) / (np.exp(5) + np.exp(9) + 3)) ** 2)


# With an answer model.


@pytest.fixture
def open_extractor(tmp_path: Path) -> Open:
    def made(starts: Logits, ends: Logits, *, fixed: bool = True, tokens: int = 384) -> AnswerExtractor:
        folder = write_reader(tmp_path / "reader", starts, ends, fixed=fixed, tokens=tokens)
        return AnswerExtractor(load_answer_model(folder), "w8a32")

    return made


def hit(text: str, start: int = 0) -> Hit:
    return Hit(
        rank=1, score=0.5, distance=None, document=1, chunk=1, uri="file:///a", title="", media_type="text/plain",
        start=start, end=start + len(text), line=1, page=None, heading=(), text=text,
    )  # fmt: skip


def test_the_likeliest_answer_is_that_of_a_likely_passage() -> None:
    exact = [ExactAnswer("Rome", 0, 4, 0.2), None, ExactAnswer("Paris", 0, 5, 0.9)]
    chances = [0.8, 0.7, 0.3]
    hits = [hit("Rome").changed(rank=rank, chance=chance) for rank, chance in enumerate(chances, 1)]
    assert likeliest(hits, exact) == (exact[0], 1)  # 0.8 * 0.2 ** 0.3 = 0.49, 0.3 * 0.9 ** 0.3 = 0.29
    assert likeliest([one.changed(chance=0.5) for one in hits], exact) == (exact[2], 3)
    assert likeliest([one.changed(chance=None) for one in hits], exact) == (exact[0], 1)
    assert likeliest(hits, [None, None, None]) == (None, 0)
    assert likeliest([], []) == (None, 0)


def answer(extractor: AnswerExtractor, question: str, text: str, start: int = 0) -> ExactAnswer:
    (found,) = exact_answers(extractor, question, [hit(text, start)])
    assert found is not None
    assert found.text == text[found.start - start : found.end - start]
    return found


def expected_score(starts: Logits, ends: Logits, question: str, text: str, longest: int = MAX_ANSWER_TOKENS) -> float:
    """Return the best score over the windows that the zoo's demo would have, from the tables themselves."""
    first, last = tables(starts, ends)
    asked, passage = (tokenizer().encode(part, add_special_tokens=False).ids for part in (question, text))
    asked = asked[:64]
    width = 384 - len(asked) - 3
    scores = []
    for begin in {*range(0, max(len(passage) - width, 0), width // 2), max(len(passage) - width, 0)}:
        ids = [101, *asked, 102, *passage[begin : begin + width], 102]
        scores.append(brute_force(first[ids], last[ids], len(asked) + 2, len(ids) - 1, longest)[0])
    return float(max(scores))


def test_the_answer_has_the_case_and_the_offsets_of_the_stored_text(open_extractor: Open) -> None:
    starts, ends = {"lisbon": 9.0}, {"portugal": 8.0}
    question, text = "Where was the Treaty signed?", "It was signed in LISBON, Portugal, in 2007."
    found = answer(open_extractor(starts, ends), question, text, 1_000)
    assert (found.text, found.start, found.end) == ("LISBON, Portugal", 1_017, 1_033)
    assert found.score == pytest.approx(expected_score(starts, ends, question, text), rel=1e-5)


@pytest.mark.parametrize("fixed", [True, False])
def test_an_answer_at_the_cut_of_a_window(open_extractor: Open, fixed: bool) -> None:
    starts, ends = {"lisbon": 9.0, "[CLS]": 4.0}, {"portugal": 8.0, "[CLS]": 4.0}
    extractor = open_extractor(starts, ends, fixed=fixed)
    question = "Where?"
    width = 384 - 2 - 3
    half = width // 2
    answer_words = [
        "Lisbon,",
        "the",
        "old",
        "and",
        "very",
        "white",
        "capital",
        "of",
        "what",
        "is",
        "now",
        "known",
        "as",
        "Portugal",
    ]
    inner = len(tokenizer().encode(" ".join(answer_words), add_special_tokens=False).ids)
    assert inner == MAX_ANSWER_TOKENS
    # Before, across and behind the end of the first window, the begin of the second, and the begin of the last.
    offsets = {at + by for at in (half, width, 800 - width) for by in (-15, -14, -8, -1, 0, 1)} | {0, 785}
    for offset in sorted(offsets):
        words = [FILLER[n % len(FILLER)] for n in range(800 - inner)]
        text = " ".join([*words[:offset], *answer_words, *words[offset:]])
        found = answer(extractor, question, text, 7)
        assert found.text == " ".join(answer_words)
        assert found.score == pytest.approx(expected_score(starts, ends, question, text), rel=1e-5)


def test_an_answer_has_at_most_15_tokens(open_extractor: Open) -> None:
    extractor = open_extractor({"lisbon": 9.0}, {"portugal": 8.0})
    for between, text in ((13, True), (14, False)):
        words = ["Lisbon", *(FILLER * 2)[:between], "Portugal"]
        found = answer(extractor, "Where?", " ".join(words))
        assert (found.text == " ".join(words)) == text
        assert len(found.text.split()) <= MAX_ANSWER_TOKENS
    assert found.text == "Lisbon"  # its own start weighs more than Portugal's end


def test_an_answer_is_never_of_the_question(open_extractor: Open) -> None:
    starts, ends = {"lisbon": 30.0, "town": 1.0, "[SEP]": 40.0}, {"lisbon": 30.0, "town": 1.0, "[SEP]": 40.0}
    found = answer(open_extractor(starts, ends), "Is Lisbon a town? Lisbon!", "A TOWN by the sea.")
    assert (found.text, found.start) == ("TOWN", 2)
    assert found.score < 1e-20


@pytest.mark.parametrize("many", [60, 64, 65, 384, 2_000])
def test_a_question_as_long_as_the_input(open_extractor: Open, many: int) -> None:
    starts, ends = {"lisbon": 9.0}, {"lisbon": 9.0}
    question = " ".join(itertools.islice(itertools.cycle(FILLER), many))
    text = " ".join([*FILLER * 35, "in", "Lisbon."])
    found = answer(open_extractor(starts, ends), question, text)
    assert (found.text, found.end) == ("Lisbon", len(text) - 1)
    assert found.score == pytest.approx(expected_score(starts, ends, question, text), rel=1e-5)


def test_characters_are_counted_whatever_their_bytes(open_extractor: Open) -> None:
    extractor = open_extractor({"istanbul": 9.0, "東": 12.0}, {"cafe": 8.0, "京": 12.0})
    for before in ("", "😀 \U0001d11e ", "e\u0301 ", "日本 \r\n\t "):
        text = before + "İSTANBUL, das Cafe\u0301\u0302 dort"
        found = answer(extractor, "wo?", text, 3)
        assert found.text == "İSTANBUL, das Cafe\u0301\u0302"
        assert found.start == 3 + len(before)
    assert answer(extractor, "どこ?", "それは東京です").text == "東京"


def test_a_part_of_a_word_is_shown_as_the_word(open_extractor: Open) -> None:
    pieces = tokenizer().encode("unbelievably", add_special_tokens=False).tokens
    assert len(pieces) > 2
    extractor = open_extractor({pieces[1]: 9.0}, {pieces[1]: 9.0})
    assert answer(extractor, "how?", "It was Unbelievably good").text == "Unbelievably"


def test_a_passage_without_words_has_no_answer(open_extractor: Open) -> None:
    extractor = open_extractor({"lisbon": 9.0}, {"lisbon": 9.0})
    found = exact_answers(extractor, "Where?", [hit("\u200d"), hit("in Lisbon"), hit("")])
    assert [one and one.text for one in found] == [None, "Lisbon", None]
    assert exact_answers(extractor, "Where?", []) == []


def test_an_answer_model_with_a_short_input(open_extractor: Open, tmp_path: Path) -> None:
    # `question_tokens` of the manifest is 64, and half of 128.
    extractor = open_extractor({"lisbon": 9.0}, {"portugal": 8.0}, tokens=128)
    words = [FILLER[n % 10] for n in range(300)]
    for offset in range(0, 300, 23):
        text = " ".join([*words[:offset], "Lisbon", *FILLER, "and", "in", "Portugal", *words[offset:]])
        assert answer(extractor, "where " * 90, text).text == " ".join(["Lisbon", *FILLER, "and", "in", "Portugal"])
