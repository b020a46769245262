"""PDF: the text of each page, with page numbers, and the outline as headings.

PDFium is not thread-safe: in one process, read one PDF at a time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from pypdfium2 import PdfBookmark, PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Mark, Problem
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.count_notes import textless_note, unreadable_note
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.headings import HeadingPath
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/pdf"
_DAMAGED = "damaged or truncated PDF"
_GAP = "\n\n"
# PDFium leaves one of these where it removed the hyphen of a word that was broken at the end of a line.
_HYPHENS = dict.fromkeys(map(ord, "\ufffe\x02"))
_MAX_OUTLINE_ENTRIES = 20_000
_REASONS = {
    FPDF_ERR_PASSWORD: "encrypted PDF; save it without a password",
    FPDF_ERR_SECURITY: "PDF with unsupported encryption; save it without encryption",
}


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a mark for each page; see `Reader` for the errors."""
    with closing(_open(stream.read())) as pdf:
        document = _document(pdf, name)
    yield document


def _open(data: bytes) -> PdfDocument:
    if _is_truncated(data):
        # PDFium would rebuild the rest and silently leave out the missing pages.
        raise Unreadable(_DAMAGED)
    try:
        return PdfDocument(data)
    except PdfiumError as error:
        raise Unreadable(_REASONS.get(error.err_code, _DAMAGED)) from None


def _is_truncated(data: bytes) -> bool:
    """Whether objects follow the last cross-reference; garbage at the end alone loses nothing."""
    end = data.rfind(b"startxref")
    return end < 0 or data.find(b" obj", end) >= 0


def _document(pdf: PdfDocument, name: str) -> Document:
    pages, unreadable = _page_texts(pdf)
    if len(unreadable) == len(pages):
        raise Unreadable(_DAMAGED)
    textless = [number for number, text in pages.items() if not text.strip() and number not in unreadable]
    if len(textless) + len(unreadable) == len(pages):
        count = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
        raise Skipped(f"no text on its {count} (scanned images?)")
    text, marks = _join(pages, _outline(pdf))
    notes = (*unreadable_note(unreadable, len(pages), "pages"), *textless_note(textless, len(pages), "pages"))
    title = _property(pdf, "Title") or name_as_title(name)
    return Document(title, text, _MEDIA_TYPE, metadata=_metadata(pdf), marks=marks, notes=notes)


def _page_texts(pdf: PdfDocument) -> tuple[dict[int, str], list[int]]:
    """Return the text of each page by its number, and the numbers of damaged pages."""
    texts: dict[int, str] = {}
    unreadable: list[int] = []
    for number in range(1, len(pdf) + 1):
        try:
            texts[number] = _page_text(pdf, number)
        except PdfiumError:
            texts[number] = ""
            unreadable.append(number)
    return texts, unreadable


def _page_text(pdf: PdfDocument, number: int) -> str:
    with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as text_page:
        raw: str = text_page.get_text_bounded()
    text = raw.rstrip("\0").translate(_HYPHENS).replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n")


def _outline(pdf: PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """Return the entries of the outline, as level and title, by the number of the page they point to."""
    entries: dict[int, list[tuple[int, str]]] = {}
    for bookmark in islice(pdf.get_toc(), _MAX_OUTLINE_ENTRIES):
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        title = _bookmark_title(bookmark)
        if index is not None and title:
            entries.setdefault(index + 1, []).append((bookmark.level + 1, title))
    return entries


def _bookmark_title(bookmark: PdfBookmark) -> str:
    try:
        return " ".join(clean(bookmark.get_title()).split())
    except UnicodeError:
        return ""


def _join(pages: Mapping[int, str], outline: Mapping[int, list[tuple[int, str]]]) -> tuple[str, tuple[Mark, ...]]:
    """Join the pages that have text, with a mark for each page and for each outline entry on it."""
    path = HeadingPath()
    parts: list[str] = []
    marks: list[Mark] = []
    start = 0
    for number, text in pages.items():
        if text.strip():
            marks += _page_marks(number, text, start, outline.get(number, ()), path)
            parts.append(text)
            start += len(text) + len(_GAP)
        else:
            for level, title in outline.get(number, ()):
                path.enter(level, title)
    return _GAP.join(parts), tuple(marks)


def _page_marks(
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


def _metadata(pdf: PdfDocument) -> dict[str, JSONValue]:
    return standard_metadata(
        author=_property(pdf, "Author"),
        subject=_property(pdf, "Subject"),
        keywords=_property(pdf, "Keywords"),
        created=_property(pdf, "CreationDate"),
        modified=_property(pdf, "ModDate"),
    )


def _property(pdf: PdfDocument, key: str) -> str:
    """Return a property of the document; "" when it is missing or cannot be read."""
    try:
        return " ".join(clean(pdf.get_metadata_value(key)).split())
    except UnicodeError:
        return ""


READER = Reader("pdf", 2, _MEDIA_TYPE, read)
