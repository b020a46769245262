"""The model's tokenizer: lengths, offsets, and the words of a text."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bit_flip import flip
from exported import TOKENIZERS
from wherein.embed.model import TOKENIZER, Prompts, load_model
from wherein.embed.tokenizer import Frame, Question, Tokenizer, Words
from wherein.errors import Damaged
from wherein.ingest.chunker import chunk


def test_the_tokenizer_alone_notices_damage(copied: Path) -> None:
    flip(copied / "tokenizer.json", 100_000)
    with pytest.raises(Damaged):
        Tokenizer(load_model(copied))


SHIPPED = Tokenizer(load_model())
CLS, SEP = 101, 102


def test_contexts_and_questions_are_cut_at_their_lengths() -> None:
    (long, short) = SHIPPED.contexts(["word " * 500, "word"])
    assert (len(long), long[0], long[-1]) == (384, CLS, SEP)
    assert short == [CLS, long[1], SEP]
    question = SHIPPED.question("word " * 126 + "more words")
    assert (len(question.ids), question.ids[-1], question.cut) == (128, SEP, "more words")
    assert SHIPPED.question("word " * 126) == Question([CLS, *long[1:127], SEP], "", 4.0)


def test_a_model_without_a_longer_limit_reads_its_usual_length_of_a_question() -> None:
    card = Tokenizer(replace(load_model(), longest_question_tokens=0))
    assert (len(card.question("word " * 40).ids), card.question("word " * 30 + "more words").cut) == (32, "more words")


@pytest.mark.parametrize(
    ("question", "characters"),
    [
        ("who may sign?", (3 + 3 + 4 + 1) / 4),
        ("unbelievable", 12.0),
        ("ሀ ሂ house", 5 / 3),  # two of the three are unknown
        ("ποιος", 5 / 4),
        ("", 0.0),
    ],
)
def test_how_much_of_a_question_a_token_stands_for(question: str, characters: float) -> None:
    assert SHIPPED.question(question).characters_per_token == pytest.approx(characters)


def test_the_words_of_a_text() -> None:
    words = SHIPPED.words("Unbelievable, 漢字!")
    assert words.start.tolist() == [0, 12, 14, 15, 16]
    assert words.tokens.tolist() == [1, 1, 1, 1, 1]
    assert words.before.tolist() == [0, 1, 2, 3, 4, 5]
    assert (words.breaks, words.count(1, 4)) == ((), 3)


def test_a_word_that_is_cut_counts_all_its_tokens() -> None:
    words = SHIPPED.words("quizzaciously so")
    assert words.start.tolist() == [0, 14]
    assert words.tokens.tolist() == [len(SHIPPED.contexts(["quizzaciously"])[0]) - 2, 1]
    assert words.count(0, 2) == words.before[-1]


def test_what_the_model_does_not_know_is_counted() -> None:
    assert SHIPPED.words("ሀ ሂ house").unknown == 2
    assert SHIPPED.words("house").unknown == 0


@pytest.mark.parametrize("text", ["", " \n", "\x01"])
def test_a_text_without_words(text: str) -> None:
    words = SHIPPED.words(text)
    assert len(words.start) == len(words.tokens) == 0
    assert words.before.tolist() == [0]


def test_a_long_text_is_tokenized_in_blocks_that_end_after_spaces() -> None:
    text = "boat " * 10_000
    words = SHIPPED.words(text)
    assert words.start.tolist() == list(range(0, 50_000, 5))
    assert words.breaks == ()
    run = SHIPPED.words("z" * 40_000)
    assert run.breaks == (16_384, 32_768)


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_the_ids_of_the_words_are_those_of_the_text(text: str) -> None:
    words = SHIPPED.words(text)
    (context,) = SHIPPED.contexts([text])
    if not len(words.start):
        assert context == [CLS, SEP]
        return
    assert words.ids is not None
    assert [CLS, *words.ids.tolist(), SEP] == context
    assert SHIPPED.passages([text], words, [(0, len(words.start))]) == [context]
    assert (np.diff(words.start) > 0).all()


def test_passages_of_a_text_reuse_its_tokens() -> None:
    text = "The cat sleeps all day"
    words = SHIPPED.words(text)
    passages = ["The cat", "sleeps all day", "day"]
    assert SHIPPED.passages(passages, words, [(0, 2), (2, 5), (4, 5)]) == SHIPPED.contexts(passages)
    assert len(SHIPPED.passages(["word " * 500], SHIPPED.words("word " * 500), [(0, 500)])[0]) == 384


def test_without_reusable_ids_the_texts_are_tokenized_again() -> None:
    words = Words(np.array([0]), np.array([1]), ())
    assert SHIPPED.passages(["The cat"], words, [(0, 1)]) == SHIPPED.contexts(["The cat"])


def written(folder: Path, kind: str, **changes: object) -> Tokenizer:
    """Return the tokenizer of a model of another kind, with contexts of 64 and questions of 32 tokens."""
    TOKENIZERS[kind]().save(str(folder / TOKENIZER))
    digest = hashlib.sha256((folder / TOKENIZER).read_bytes()).hexdigest()
    sizes = {"context_tokens": 64, "longest_question_tokens": 0}
    model = replace(load_model(), folder=folder, sha256={TOKENIZER: digest}, **sizes)  # type: ignore[arg-type]
    return Tokenizer(replace(model, **changes))  # type: ignore[arg-type]


PROMPTS = Prompts("query: ", "passage: ")
LONG = "the cat sleeps all day. " * 40 + "我们是中国人。他住在北京。" * 60 + " the market 🎉🎉 town\n" * 30 + "x" * 500


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("prompts", [Prompts(), PROMPTS, Prompts("q", "no space")])
def test_chunks_fit_with_prompt_and_special_tokens(tmp_path: Path, kind: str, prompts: Prompts) -> None:
    tokenizer = written(tmp_path, kind, prompts=prompts)
    words = TOKENIZERS[kind]()
    spans = chunk(LONG, [], tokenizer)
    texts = [LONG[span.start : span.end] for span in spans]
    lengths = [len(words.encode(prompts.context + text).ids) for text in texts]
    assert max(lengths) <= 64
    assert sum(lengths) / len(lengths) > 40
    assert tokenizer.contexts(texts) == [words.encode(prompts.context + text).ids for text in texts]
    assert tokenizer.passages(texts, tokenizer.words(LONG), [s.words for s in spans]) == tokenizer.contexts(texts)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_what_is_cut_of_a_question_with_a_prompt(tmp_path: Path, kind: str) -> None:
    tokenizer = written(tmp_path, kind, prompts=PROMPTS)
    whole = "the " * 100
    question = tokenizer.question(whole)
    frame = Frame.of(TOKENIZERS[kind]())
    assert (len(question.ids), tuple(question.ids[-1:])) == (32, frame.after)
    kept = whole.strip().removesuffix(question.cut).strip()
    ids = TOKENIZERS[kind]().encode("query: " + kept).ids[: -len(frame.after)]
    assert ids == question.ids[: len(ids)]
    assert len(ids) >= 30
    assert tokenizer.question("the cat").cut == ""


@pytest.mark.parametrize(
    ("kind", "frame"),
    [("WordPiece", Frame((2,), (3,))), ("Unigram", Frame((0,), (2,))), ("BPE", Frame((), (259,)))],
)
def test_the_special_tokens_around_a_text(kind: str, frame: Frame) -> None:
    assert Frame.of(TOKENIZERS[kind]()) == frame
    assert len(frame) == (1 if kind == "BPE" else 2)
    ids = [*frame.before, *range(100, 120), *frame.after]
    assert frame.truncate(ids, 10) == [*frame.before, *range(100, 110 - len(frame)), *frame.after]
    assert frame.truncate(ids, 30) is ids


@pytest.mark.parametrize(
    ("kind", "text", "starts", "tokens"),
    [
        ("Unigram", "the  cat\n我们 is", [0, 5, 9, 10, 12], [1, 2, 2, 1, 1]),
        ("Unigram", "  the", [2], [2]),
        ("BPE", "the the 🎉", [0, 2, 4, 8], [1, 1, 1, 5]),
        ("BPE", " \n ", [], []),
    ],
)
def test_tokens_count_as_words_where_words_are_not_split_alone(
    tmp_path: Path, kind: str, text: str, starts: list[int], tokens: list[int]
) -> None:
    words = written(tmp_path, kind).words(text)
    assert (words.start.tolist(), words.tokens.tolist(), words.ids) == (starts, tokens, None)
