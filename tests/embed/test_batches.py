"""The texts that wait for the encoder: which of them share a batch, and in which order batches leave."""

import pytest

from wherein.embed.batches import Batching, WaitingTexts

LENGTHS = [32, 48, 128, 384]


def waiting(*lengths: int, tokens: int = 1_024) -> WaitingTexts[int]:
    """Texts of these lengths; the key of each is its place."""
    texts: WaitingTexts[int] = WaitingTexts(LENGTHS, tokens)
    for key, length in enumerate(lengths):
        texts.add(key, [7] * length)
    return texts


def keys(texts: WaitingTexts[int]) -> list[list[int]]:
    found = []
    while texts:
        found.append(texts.next_batch()[0])
    return found


def test_texts_of_one_padded_length_share_a_batch() -> None:
    assert keys(waiting(40, 20, 33, 32, 48)) == [[0, 2, 4], [1, 3]]


def test_the_text_that_has_waited_longest_comes_first() -> None:
    texts = waiting(*[100] * 9, 20)
    assert texts.next_batch()[0] == [0, 1, 2, 3, 4, 5, 6, 7]
    texts.add(10, [7] * 20)
    texts.add(11, [7] * 100)
    assert keys(texts) == [[8, 11], [9, 10]]


@pytest.mark.parametrize(("length", "size"), [(32, 32), (33, 21), (128, 8), (384, 2)])
def test_a_batch_has_at_most_1024_tokens(length: int, size: int) -> None:
    assert [len(batch) for batch in keys(waiting(*[length] * (2 * size + 1)))] == [size, size, 1]


def test_a_graph_that_takes_one_text_gets_one() -> None:
    assert keys(waiting(20, 40, 20, tokens=0)) == [[0], [1], [2]]


def test_a_text_longer_than_a_batch_is_one() -> None:
    texts: WaitingTexts[str] = WaitingTexts([2_048], 1_024)
    for key in "ab":
        texts.add(key, [7] * 1_500)
    assert texts.next_batch() == (["a"], [[7] * 1_500])
    assert len(texts) == 1


def test_the_ids_come_with_their_keys_and_are_counted() -> None:
    texts: WaitingTexts[str] = WaitingTexts(LENGTHS, 1_024)
    texts.add("long", [1, *[5] * 60, 2])
    texts.add("short", [1, 6, 2])
    assert len(texts) == 2
    assert texts.next_batch() == (["long"], [[1, *[5] * 60, 2]])
    assert texts.next_batch() == (["short"], [[1, 6, 2]])
    assert not texts
    with pytest.raises(ValueError, match="empty"):
        texts.next_batch()


def test_a_text_that_fits_no_length_is_refused() -> None:
    with pytest.raises(IndexError):
        waiting(385)


def test_texts_are_padded_to_multiples_of_the_step() -> None:
    assert Batching().lengths(96, 32) == [32, 48, 64, 80, 96]
    assert Batching(step=48).lengths(384, 32) == [32, 80, 128, 176, 224, 272, 320, 368, 384]
    assert Batching(step=32).lengths(100, 20) == [20, 32, 64, 96, 100]
