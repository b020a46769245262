"""The outline of a PDF: its headings, by page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from pypdfium2 import PdfBookmark, PdfDocument

from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.readers.shared.headings import HeadingPath

__all__ = ["Outline", "outline", "page_marks"]

Outline = Mapping[int, Sequence[tuple[int, str]]]
"""The entries, as level and title, by the number of the page they point to."""

_MAX_ENTRIES = 20_000


def outline(pdf: PdfDocument) -> Outline:
    """Return the outline of a PDF; entries that point to no page are left out."""
    entries: dict[int, list[tuple[int, str]]] = {}
    for bookmark in islice(pdf.get_toc(), _MAX_ENTRIES):
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        title = _title(bookmark)
        if index is not None and title:
            entries.setdefault(index + 1, []).append((bookmark.level + 1, title))
    return entries


def page_marks(
    number: int, text: str, start: int, entries: Sequence[tuple[int, str]], path: HeadingPath
) -> Iterator[Mark]:
    """Yield the page's mark and one for each entry; an entry that is not on the page begins where the last one did."""
    marks = {0: Mark(start, number, path.titles)}
    offset = 0
    for level, title in entries:
        match = re.search(r"\s+".join(map(re.escape, title.split())), text[offset:])
        offset += match.start() if match else 0
        marks[offset] = Mark(start + offset, number, path.enter(level, title))
    yield from marks.values()


def _title(bookmark: PdfBookmark) -> str:
    try:
        return " ".join(clean(bookmark.get_title()).split())
    except UnicodeError:
        return ""
