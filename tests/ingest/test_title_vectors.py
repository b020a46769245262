"""A passage's vector with its document's title: computed once for each title, and never without it."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.ingest.title_vectors import TitleVectors, TokenizedInput, combine, encode_titled, title_ids, tokenize
from wherein.storage.catalog.titled_texts import TitledText

A, B, C, D = b"a" * 16, b"b" * 16, b"c" * 16, b"d" * 16
MILL, BARN = (1, 7, 8, 2), (1, 9, 2)
INPUTS = [
    TokenizedInput(A, [1, 3, 2], MILL),
    TokenizedInput(B, [1, 4, 2]),
    TokenizedInput(C, [1, 5, 2], BARN),
    TokenizedInput(D, [1, 6, 2], MILL),
]


class Recorded(ToyEncoder):
    """An encoder that returns its vectors in another order, and keeps the token ids that it was given."""

    def __init__(self, *, backwards: bool = False) -> None:
        super().__init__()
        self.rows: list[list[int]] = []
        self._backwards = backwards

    def stream(self, items: Iterable[tuple[Any, list[int]]]) -> Iterator[tuple[Any, Any]]:
        def kept() -> Iterator[tuple[Any, list[int]]]:
            for key, ids in items:
                self.rows.append(ids)
                yield key, ids

        yield from list(super().stream(kept()))[::-1] if self._backwards else super().stream(kept())


def alone(encoder: ToyEncoder, ids: Iterable[int]) -> Any:
    return dict(encoder.stream([(0, list(ids))]))[0]


def test_a_title_counts_three_tenths_of_the_passage() -> None:
    passage, title = np.float32([1, 0, 0]), np.float32([0, 1, 0])
    found = combine(passage, title)
    np.testing.assert_allclose(found, np.array([10, 3, 0]) / 109**0.5, rtol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("backwards", [False, True])
def test_each_title_is_embedded_once_in_whatever_order_vectors_come(backwards: bool) -> None:
    encoder: Any = Recorded(backwards=backwards)
    found = dict(TitleVectors().stream(encoder, iter(INPUTS)))
    assert encoder.rows == [list(MILL), [1, 3, 2], [1, 4, 2], list(BARN), [1, 5, 2], [1, 6, 2]]
    assert set(found) == {A, B, C, D}
    for name, ids, title in INPUTS:
        passage = alone(encoder, ids)
        expected = combine(passage, alone(encoder, title)) if title else passage
        np.testing.assert_array_equal(found[name], expected)


def test_a_title_is_known_in_the_next_part_of_a_run() -> None:
    encoder: Any = Recorded()
    titles = TitleVectors()
    first = list(titles.stream(encoder, iter(INPUTS[:1])))
    assert [name for name, _ in first + list(titles.stream(encoder, iter(INPUTS[3:])))] == [A, D]
    assert encoder.rows == [list(MILL), [1, 3, 2], [1, 6, 2]]


@pytest.mark.parametrize("stop", ["break", "error"])
def test_a_title_that_was_not_computed_before_a_run_was_stopped_is_computed_in_the_next(stop: str) -> None:
    encoder: Any = Recorded()
    titles = TitleVectors()

    def interrupted() -> Iterator[TokenizedInput]:
        yield INPUTS[1]
        yield INPUTS[0]
        raise KeyboardInterrupt

    stream = titles.stream(encoder, interrupted())
    assert next(stream)[0] == B
    if stop == "break":
        stream.close()
    else:
        encoder.stream = lambda items: iter(list(items))  # what it reads first fails
        with pytest.raises(KeyboardInterrupt):
            list(titles.stream(encoder, interrupted()))
        del encoder.stream
    assert [name for name, _ in titles.stream(encoder, iter(INPUTS))] == [A, B, C, D]


def test_titles_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.ingest.title_vectors._MAX_TITLES", 1)
    encoder: Any = Recorded(backwards=True)
    found = dict(TitleVectors().stream(encoder, iter(INPUTS)))
    assert set(found) == {A, B, C, D}
    assert encoder.rows.count(list(MILL)) == 2  # another title came between the two passages


def test_inputs_are_tokenized_with_their_titles() -> None:
    tokenizer: Any = ToyEncoder().tokenizer
    inputs = {A: TitledText("one lot", "The mill"), B: TitledText("two"), C: TitledText("three lots", "The mill")}
    one, two, three, mill = tokenizer.contexts(["one lot", "two", "three lots", "The mill"])
    assert list(tokenize(tokenizer, inputs, [A, B])) == [TokenizedInput(A, one, tuple(mill)), TokenizedInput(B, two)]
    assert list(tokenize(tokenizer, inputs, [C])) == [TokenizedInput(C, three, tuple(mill))]
    assert title_ids(tokenizer, ["", "The mill", "The mill"]) == {"": (), "The mill": tuple(mill)}


def test_vectors_to_compare_are_those_that_a_run_stores() -> None:
    encoder: Any = ToyEncoder()
    inputs = {A: TitledText("one lot", "The mill"), B: TitledText("two"), C: TitledText("three lots", "A barn")}
    stored = dict(TitleVectors().stream(encoder, tokenize(encoder.tokenizer, inputs, [A, B, C])))
    np.testing.assert_array_equal(encode_titled(encoder, list(inputs.values())), [stored[A], stored[B], stored[C]])
    assert encode_titled(encoder, []).shape == (0, 16)
