"""Words in few bytes, and which of them a file holds."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.words import LONGEST, term_of_word
from wherein.storage.index.word_list import existing_words, group_words, pack_words, unpack_words

WORDS = st.sets(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=LONGEST))


@given(WORDS)
def test_words_are_unpacked_as_they_were(words: set[str]) -> None:
    assert unpack_words(pack_words(words)) == group_words(words)


def test_words_are_grouped_by_their_letters() -> None:
    groups = group_words(["lease", "key", "owner", "a" * LONGEST])
    assert [(n, group) for n, group in enumerate(groups) if group] == [
        (3, ("key",)), (5, ("lease", "owner")), (LONGEST, ("a" * LONGEST,)),
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"no", zlib.compress(b"\xff"), pack_words(["lease"])[:-3]])
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="its list of words cannot be unpacked"):
        unpack_words(raw)


def test_only_words_that_occur_are_kept_and_of_too_many_the_most_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["lease", "leases", "owner", "attorney"]
    found = sorted((term_of_word(word) or 0, count) for word, count in (("lease", 3), ("owner", 1), ("key", 9)))
    terms, frequencies = np.array(found, np.uint64).T
    counts = frequencies.astype(np.int64)
    assert existing_words(words, terms, counts) == ["lease", "leases", "owner"]
    assert existing_words(words, terms[:0], counts[:0]) == []
    monkeypatch.setattr("wherein.storage.index.word_list._MAX_WORDS", 2)
    assert existing_words(words, terms, counts) == ["lease", "leases"]
