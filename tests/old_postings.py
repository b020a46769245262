"""Files of keywords in the format before they had the words of the passages."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from wherein.storage.index import postings_writer
from wherein.storage.index.postings_layout import Header, SectionSize

__all__ = ["writing_without_words"]


@contextmanager
def writing_without_words() -> Iterator[None]:
    """Write such files meanwhile."""

    def header(count: int, postings: int, highest: int, sections: tuple[SectionSize, ...], _: int) -> Header:
        return Header(count, postings, highest, sections)

    def nothing(_: Iterable[str]) -> bytes:
        return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings_writer, "Header", header)
        patch.setattr(postings_writer, "pack_words", nothing)
        yield
