"""Chunks cover a text, fit the model, and end at good places; all with the shipped model's tokenizer."""

import itertools
import random

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.embed.tokenizer import Tokenizer
from wherein.ingest.chunker import Span, chunk
from wherein.ingest.document import Mark

LIMIT = 384
TOKENIZER = Tokenizer(load_model())
COUNTER = tokenizers.Tokenizer.from_file(str(DEFAULT_MODEL / "tokenizer.json"))
COUNTER.no_truncation()
COUNTER.no_padding()

PIECES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    st.sampled_from(
        ["word ", "Unbelievably long-winded. ", "\n\n", "\n", "。", "字", "e\u0301", "\u200b", "\x0c", "ß"]
    ),
)
TEXTS = st.lists(st.tuples(PIECES, st.integers(1, 900)), max_size=6).map(
    lambda parts: "".join(piece * count for piece, count in parts)
)


def cut(text: str, *marks: Mark) -> list[Span]:
    """The chunks of a text that has tokens, after checking everything that is true of any chunks."""
    spans = chunk(text, marks, TOKENIZER)
    assert spans[0].start == 0
    assert spans[-1].end == len(text)
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
    for one, following in itertools.pairwise(spans):
        assert one.start < following.start <= one.end < following.end
    texts = [text[span.start : span.end].strip() for span in spans]
    words = TOKENIZER.words(text)
    assert words.ids is not None  # or there is nothing to compare
    assert TOKENIZER.passages(texts, words, [span.words for span in spans]) == TOKENIZER.contexts(texts)
    encodings = COUNTER.encode_batch_fast(texts)
    assert max(len(encoding.ids) for encoding in encodings) <= LIMIT
    return spans


def has_tokens(text: str) -> bool:
    return bool(COUNTER.encode(text, add_special_tokens=False).ids)


@settings(max_examples=80)
@given(TEXTS)
def test_any_text(text: str) -> None:
    if has_tokens(text):
        cut(text)
    else:
        assert chunk(text, (), TOKENIZER) == []


@settings(max_examples=40)
@given(TEXTS, st.lists(st.floats(0, 1), max_size=8))
def test_any_text_with_marks(text: str, places: list[float]) -> None:
    starts = sorted({int(place * max(0, len(text) - 1)) for place in places})
    marks = [Mark(start, i + 1, (f"Heading {i // 2}",)) for i, start in enumerate(starts)]
    if has_tokens(text):
        spans = cut(text, *marks)
        assert all(span.mark in [Mark(0), *marks] for span in spans)


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n", "\x01\x02\x03", "\u200b", "\r\n" * 20_000, "\x7f" * 40_000])
def test_nothing_to_embed(text: str) -> None:
    assert chunk(text, (), TOKENIZER) == []


@pytest.mark.parametrize("text", ["a", " a ", "A short text. Of two sentences.", "word " * 382])
def test_what_fits_is_one_chunk(text: str) -> None:
    assert len(cut(text)) == 1


def test_one_word_more_than_fits_makes_two_chunks() -> None:
    assert len(cut("word " * 383)) == 2


@pytest.mark.parametrize("letter", ["a", "字", "🙂", "\u0301a"])
def test_a_word_of_200_000_letters(letter: str) -> None:
    cut(letter * (200_000 // len(letter)))


def test_a_huge_word_between_sentences() -> None:
    text = "Before it. " * 50 + "z" * 200_000 + " After it." * 50
    assert len(cut(text)) > 1


@pytest.mark.parametrize("text", ["漢字仮名交じり文。" * 900, "中文没有空格" * 3000, "한국어 문장입니다. " * 900])
def test_cjk(text: str) -> None:
    assert len(cut(text)) > 10


def test_chinese_chunks_end_after_sentences() -> None:
    text = "今天天气很好。" * 300
    assert all(text[span.end - 1] == "。" for span in cut(text))


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("彼女は「今日は雨です。」", "」"),
        ("मौसम आज बहुत अच्छा है। ", "।"),
        ("آج موسم بہت اچھا ہے۔ ", "۔"),
        ("هل الطقس جميل اليوم؟ ", "؟"),
    ],
)
def test_chunks_end_after_sentences_in_other_scripts(sentence: str, end: str) -> None:
    text = sentence * 300
    spans = cut(text)
    assert len(spans) > 1
    assert all(text[: span.end].rstrip()[-1] == end for span in spans)


def test_chunks_end_after_sentences_and_overlap_by_whole_ones() -> None:
    text = " ".join(f"This is the plain sentence with the number {i}." for i in range(300))
    spans = cut(text)
    assert len(spans) > 5
    for span in spans:
        assert text[span.start :].startswith("This is")
        assert text[: span.end].rstrip().endswith(".")
    for one, following in itertools.pairwise(spans):
        assert following.start < one.end


def test_paragraphs_are_preferred_to_sentences() -> None:
    paragraph = "A sentence of the paragraph. " * 20
    text = "\n\n".join([paragraph.strip()] * 12)
    assert all(text[: span.end].endswith("\n\n") for span in cut(text)[:-1])


@pytest.mark.parametrize("between", [" | ", "\t"])
def test_a_row_of_a_table_is_not_torn(between: str) -> None:
    cell = "What it is for. And when it is called."
    text = "".join(f"name_{number}{between}{cell}{between}{number}\n" for number in range(200))
    spans = cut(text)
    assert len(spans) > 5
    assert all(text[place - 1] == "\n" for span in spans for place in (span.start, span.end) if place)


@pytest.mark.slow
def test_an_inserted_sentence_disturbs_few_chunks() -> None:
    chance = random.Random(0)
    words = ["river", "stone", "lantern", "quietly", "and", "over", "eighteen", "market", "the", "in", "garden"]
    sentences = [" ".join(chance.choices(words, k=chance.randint(60, 200))).capitalize() + "." for _ in range(300)]
    ends = chance.choices([" ", "\n\n"], weights=[0, 1], k=len(sentences))
    text = "".join(sentence + end for sentence, end in zip(sentences, ends, strict=True))
    known = {text[span.start : span.end].strip() for span in cut(text)}
    disturbed = []
    for place in chance.sample(range(len(sentences)), 40):
        at = text.index(sentences[place])
        after = text[:at] + "Who has left the green door open? " + text[at:]
        disturbed.append(sum(after[span.start : span.end].strip() not in known for span in cut(after)))
    assert max(disturbed) <= 8
    assert sorted(disturbed)[36] <= 3


def test_a_heading_closes_a_chunk() -> None:
    section = "Some words that fill the section. " * 40
    text = section * 3
    marks = [Mark(len(section) * i, None, (f"Part {i}",)) for i in range(3)]
    spans = cut(text, *marks)
    assert [(span.start, span.end) for span in spans] == [(mark.start, mark.start + len(section)) for mark in marks]
    assert [span.mark for span in spans] == marks


def test_no_overlap_reaches_over_a_heading() -> None:
    section = "Some words that fill the section. " * 130
    text = section * 2
    spans = cut(text, Mark(0, None, ("One",)), Mark(len(section), None, ("Two",)))
    assert any(span.end == len(section) for span in spans)
    assert not any(span.start < len(section) < span.end for span in spans)
    assert {span.mark.heading for span in spans if span.start >= len(section)} == {("Two",)}


def test_a_new_page_alone_closes_nothing() -> None:
    text = "Some words on a page. " * 20
    half = len(text) // 2
    spans = cut(text, Mark(0, 1), Mark(half, 2))
    assert [(span.start, span.end, span.mark.page) for span in spans] == [(0, len(text), 1)]


def test_the_same_text_is_cut_at_the_same_places() -> None:
    text = "Every time the same words, and some more. " * 400
    assert cut(text) == cut(text)
