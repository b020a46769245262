"""How much may be unpacked of one file, so that a small one can neither fill memory and disk nor run all night.

There is one allowance for a file and everything inside it: members, the files inside them, attachments, and the parts
of documents that are packed themselves.
"""

from collections.abc import Iterable, Iterator

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem

__all__ = ["MEMBERS_LIMIT", "Allowance", "LimitExceeded", "with_text_counted"]

TOTAL_LIMIT = 4 << 30
"""Bytes unpacked of one file at most, including the archives inside it; of a larger file as many as it has."""

MEMBERS_LIMIT = 100_000
"""Members read of one file at most, including those of the archives inside it; or one for each KB of its size."""

RATIO_LIMIT = 200
"""How many times its own size a file may unpack to, and give as text, once that is more than `GRACE`."""

GRACE = 64 << 20
"""Bytes that any file may unpack to, and give as text, however small it is."""


class LimitExceeded(Unreadable):
    """A limit for the outermost file was reached: nothing more of it is read."""


class Allowance:
    """What may still be unpacked of a file of `size` bytes, and how much text it may still give."""

    def __init__(self, size: int) -> None:
        self._by_ratio = RATIO_LIMIT * size < TOTAL_LIMIT
        # A mailbox of 10 GB is no bomb: it may have 10 GB of attachments.
        self._total = max(TOTAL_LIMIT, size)
        self._bytes = max(size, min(TOTAL_LIMIT, max(GRACE, RATIO_LIMIT * size)))
        self._text = max(GRACE, RATIO_LIMIT * size)
        self._members = max(MEMBERS_LIMIT, size >> 10)

    def take(self, count: int) -> None:
        """Account for `count` unpacked bytes. Raises LimitExceeded."""
        self._bytes -= count
        if self._bytes < 0 and self._by_ratio:
            raise LimitExceeded(f"unpacks to more than {RATIO_LIMIT} times its size (a bomb?); the rest was not read")
        if self._bytes < 0:
            raise LimitExceeded(f"unpacks to more than {self._total >> 30} GB; the rest was not read")

    def take_text(self, text: str) -> None:
        """Account for the text of a document, in bytes of UTF-8. Raises LimitExceeded.

        Bytes that are unpacked once may give text many times: cells share it, and tables repeat it.
        """
        self._text -= len(text) if text.isascii() else len(text.encode(errors="replace"))
        if self._text < 0:
            raise LimitExceeded(f"holds more text than {RATIO_LIMIT} times its size (a bomb?); the rest was not read")

    def take_member(self) -> None:
        """Account for one member. Raises LimitExceeded."""
        self._members -= 1
        if self._members < 0:
            raise LimitExceeded(f"more than {MEMBERS_LIMIT:,} members; the rest were not read")


def with_text_counted(items: Iterable[Document | Problem], allowance: Allowance) -> Iterator[Document | Problem]:
    """Yield what is read of a file, up to the document that holds more text than the allowance has left."""
    for item in items:
        if isinstance(item, Document):
            allowance.take_text(item.text)
        yield item
