"""The encoder with the shipped model: what its vectors are, which precision it takes, and what damage does to it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bit_flip import flip
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model, load_model
from wherein.errors import Damaged

TEXTS = ["The heron stands in the shallow water.", "A tax return is due in spring.", "Où est la gare ?", "x"]
LONG = " ".join(f"Sentence number {i} tells of rivers and boats." for i in range(200))


@pytest.fixture(scope="module", params=["w8a8", "w8a32"])
def encoder(request: pytest.FixtureRequest, model: Model, compiled_cache: Path) -> Encoder:
    return Encoder(model, request.param, cache=compiled_cache)


@pytest.mark.parametrize("count", [0, 1, 2, 9, 60])
def test_vectors_are_unit_float32(encoder: Encoder, count: int) -> None:
    texts = [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(count)]
    for vectors in (encoder.encode_contexts(texts), encoder.encode_questions(texts)):
        assert vectors.shape == (count, 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x01", "🙂", "字" * 1000, "a" * 50_000, LONG])
def test_odd_texts_have_unit_vectors_too(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode_contexts([text])
    assert vectors.shape == (1, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_equal_text_has_an_equal_vector_in_any_company(encoder: Encoder) -> None:
    texts = [*TEXTS, LONG]
    alone = np.concatenate([encoder.encode_contexts([text]) for text in texts])
    together = encoder.encode_contexts([*texts, "And one more.", *texts])
    np.testing.assert_allclose(together[: len(texts)], alone, atol=1e-5)
    np.testing.assert_allclose(together[-len(texts) :], alone, atol=1e-5)


@pytest.mark.parametrize("words", [1, 20, 47, 110, 330])
def test_a_batch_gives_exactly_the_vectors_of_its_texts_alone(encoder: Encoder, words: int) -> None:
    texts = [" ".join([*LONG.split()[shift : shift + words], "heron"]) for shift in range(40)]
    alone = [encoder.encode_contexts([text])[0] for text in texts[:4]]
    together = encoder.encode_contexts([*texts, *TEXTS])
    np.testing.assert_array_equal(together[:4], alone)
    assert np.abs(together[0] - together[1]).max() > 1e-3  # a vector that never changes would pass as well


def test_a_second_encoder_makes_the_same_vectors(encoder: Encoder, model: Model) -> None:
    other = Encoder(model, encoder.precision, threads=1)
    np.testing.assert_allclose(other.encode_contexts(TEXTS), encoder.encode_contexts(TEXTS), atol=1e-5)


def test_related_texts_are_nearer_than_unrelated_ones(encoder: Encoder) -> None:
    contexts = encoder.encode_contexts(TEXTS[:2])
    question, _ = encoder.encode_question("Which bird wades through the pond?")
    assert question.shape == (384,)
    assert contexts[0] @ question > contexts[1] @ question


def test_stream_yields_every_key_with_its_vector(encoder: Encoder) -> None:
    rows = encoder.tokenizer.contexts(TEXTS * 20)
    found = dict(encoder.stream((f"key {i}", ids) for i, ids in enumerate(rows)))
    assert set(found) == {f"key {i}" for i in range(len(rows))}
    expected = encoder.encode_contexts(TEXTS)
    for i in range(len(rows)):
        np.testing.assert_allclose(found[f"key {i}"], expected[i % len(TEXTS)], atol=1e-5)


def test_an_abandoned_stream_leaves_the_encoder_usable(encoder: Encoder) -> None:
    expected = encoder.encode_contexts(TEXTS)
    stream = encoder.stream(enumerate(encoder.tokenizer.contexts(TEXTS * 30)))
    next(stream)
    stream.close()
    np.testing.assert_allclose(encoder.encode_contexts(TEXTS), expected, atol=1e-5)


def test_a_short_question_is_not_cut(encoder: Encoder) -> None:
    _, question = encoder.encode_question("where is the station?")
    assert question.cut == ""
    assert len(question.ids) == 7


def test_the_end_that_is_cut_from_a_long_question_is_returned(encoder: Encoder) -> None:
    words = ["one", "two", "three"] * 45  # one token each; 126 of them fit between [CLS] and [SEP]
    vector, question = encoder.encode_question(" ".join(words))
    assert len(question.ids) == 128
    assert question.cut == " ".join(words[126:])
    kept, whole = encoder.encode_question(" ".join(words[:126]))
    assert whole.cut == ""
    assert whole.ids == question.ids
    np.testing.assert_allclose(vector, kept, atol=1e-5)


def test_what_is_cut_of_a_huge_question_reaches_its_end(encoder: Encoder) -> None:
    text = "boat " * 126 + "harbour " * 10_000 + "end"
    _, question = encoder.encode_question(text)
    assert question.cut == text[630:]


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "model.xml"])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_damaged_file(copied: Path, name: str, where: str) -> None:
    size = (copied / name).stat().st_size
    flip(copied / name, {"first": 0, "middle": size // 2, "last": size - 1}[where])
    with pytest.raises(Damaged, match=name):
        Encoder(load_model(copied), "w8a8").encode_contexts(["text"])


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "model.xml"])
def test_missing_file(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(Damaged, match=name):
        Encoder(load_model(copied), "w8a8").encode_contexts(["text"])


def test_an_encoder_is_usable_once_its_damaged_file_was_mended(copied: Path, encoder: Encoder) -> None:
    flip(copied / "model.bin", 99)
    damaged = Encoder(load_model(copied), encoder.precision)
    for _ in range(2):
        with pytest.raises(Damaged, match=r"model\.bin"):
            damaged.encode_contexts(["text"])
    flip(copied / "model.bin", 99)
    np.testing.assert_allclose(damaged.encode_contexts(["text"]), encoder.encode_contexts(["text"]), atol=1e-5)


def test_an_interrupted_stream_leaves_the_encoder_usable(model: Model, exact: Encoder) -> None:
    encoder = Encoder(model, "w8a32")

    def interrupted() -> Iterator[tuple[int, list[int]]]:
        for number in range(60):
            yield number, encoder.tokenizer.contexts([LONG])[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(encoder.stream(interrupted()))
    np.testing.assert_allclose(encoder.encode_contexts(TEXTS), exact.encode_contexts(TEXTS), atol=1e-5)


def test_questions_and_contexts_of_many_threads_have_the_vectors_that_they_have_alone(encoder: Encoder) -> None:
    texts = [*TEXTS, LONG, *(f"question {number} about boats" for number in range(20))]
    contexts = [encoder.encode_contexts([text]) for text in texts]
    questions = [encoder.encode_question(text)[0] for text in texts]

    def encode(number: int) -> bool:
        at = number % len(texts)
        same_context = number % 3 or np.array_equal(encoder.encode_contexts([texts[at]]), contexts[at])
        return bool(same_context) and np.array_equal(encoder.encode_question(texts[at])[0], questions[at])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(encode, range(120)))


def test_a_stream_abandoned_while_others_use_the_encoder_disturbs_none(encoder: Encoder) -> None:
    expected, rows = encoder.encode_contexts(TEXTS), encoder.tokenizer.contexts([*TEXTS, LONG] * 4)

    def encode(number: int) -> bool:
        if number % 4 == 0:
            stream = encoder.stream(enumerate(rows))
            next(stream)
            stream.close()
        return np.array_equal(encoder.encode_contexts(TEXTS), expected)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(encode, range(16)))
