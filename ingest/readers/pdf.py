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
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.headings import Trail
from wherein.ingest.readers.shared.metadata import described
from wherein.ingest.readers.shared.number_ranges import counted
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/pdf"
_DAMAGED = "PDF is damaged or cut short"
_GAP = "\n\n"
# PDFium sets one of these where it took out the hyphen of a word broken at the end of a line.
_HYPHENS = dict.fromkeys(map(ord, "\ufffe\x02"))
_OUTLINE_LIMIT = 20_000
_REASONS = {
    FPDF_ERR_PASSWORD: "PDF is encrypted; save it without a password",
    FPDF_ERR_SECURITY: "PDF is encrypted in a way that cannot be undone; save it without encryption",
}


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a mark a page; see `Reader` for the errors."""
    with closing(_opened(stream.read())) as pdf:
        document = _document(pdf, name)
    yield document


def _opened(data: bytes) -> PdfDocument:
    if _cut_short(data):
        # PDFium would rebuild what is there and leave out the lost pages without a word.
        raise Unreadable(_DAMAGED)
    try:
        return PdfDocument(data)
    except PdfiumError as error:
        raise Unreadable(_REASONS.get(error.err_code, _DAMAGED)) from None


def _cut_short(data: bytes) -> bool:
    """Tell whether objects follow the last cross-reference; an untidy end alone is no loss."""
    end = data.rfind(b"startxref")
    return end < 0 or data.find(b" obj", end) >= 0


def _document(pdf: PdfDocument, name: str) -> Document:
    pages, lost = _page_texts(pdf)
    if len(lost) == len(pages):
        raise Unreadable(_DAMAGED)
    silent = [number for number, text in pages.items() if not text.strip() and number not in lost]
    if len(silent) + len(lost) == len(pages):
        count = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
        raise Skipped(f"no text in its {count} (scanned images?)")
    text, marks = _joined(pages, _outline(pdf))
    notes = (*counted(lost, len(pages), "pages", "cannot be read"), *counted(silent, len(pages), "pages", "no text"))
    title = _said(pdf, "Title") or name_as_title(name)
    return Document(title, text, _MEDIA_TYPE, metadata=_metadata(pdf), marks=marks, notes=notes)


def _page_texts(pdf: PdfDocument) -> tuple[dict[int, str], list[int]]:
    """Return each page's text by its number, and the numbers of pages that are damaged."""
    texts: dict[int, str] = {}
    lost: list[int] = []
    for number in range(1, len(pdf) + 1):
        try:
            texts[number] = _page_text(pdf, number)
        except PdfiumError:
            texts[number] = ""
            lost.append(number)
    return texts, lost


def _page_text(pdf: PdfDocument, number: int) -> str:
    with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as text_page:
        raw: str = text_page.get_text_bounded()
    text = raw.rstrip("\0").translate(_HYPHENS).replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n")


def _outline(pdf: PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """Return the outline's entries, as level and title, by the number of the page they lead to."""
    entries: dict[int, list[tuple[int, str]]] = {}
    for bookmark in islice(pdf.get_toc(), _OUTLINE_LIMIT):
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


def _joined(pages: Mapping[int, str], outline: Mapping[int, list[tuple[int, str]]]) -> tuple[str, tuple[Mark, ...]]:
    """Join the pages that have text; mark where each begins and where an outline entry is found on it."""
    trail = Trail()
    parts: list[str] = []
    marks: list[Mark] = []
    start = 0
    for number, text in pages.items():
        if text.strip():
            marks += _page_marks(number, text, start, outline.get(number, ()), trail)
            parts.append(text)
            start += len(text) + len(_GAP)
        else:
            for level, title in outline.get(number, ()):
                trail.go(level, title)
    return _GAP.join(parts), tuple(marks)


def _page_marks(number: int, text: str, start: int, entries: Sequence[tuple[int, str]], trail: Trail) -> Iterator[Mark]:
    """Yield the page's mark and one for each entry; an entry whose title is not found starts where it can."""
    marks = {0: Mark(start, number, trail.path)}
    offset = 0
    for level, title in entries:
        found = re.search(r"\s+".join(map(re.escape, title.split())), text[offset:])
        offset += found.start() if found else 0
        marks[offset] = Mark(start + offset, number, trail.go(level, title))
    yield from marks.values()


def _metadata(pdf: PdfDocument) -> dict[str, JSONValue]:
    return described(
        author=_said(pdf, "Author"),
        subject=_said(pdf, "Subject"),
        keywords=_said(pdf, "Keywords"),
        created=_said(pdf, "CreationDate"),
        modified=_said(pdf, "ModDate"),
    )


def _said(pdf: PdfDocument, key: str) -> str:
    """Return what the document says about itself under a key; "" when it says nothing that can be read."""
    try:
        return " ".join(clean(pdf.get_metadata_value(key)).split())
    except UnicodeError:
        return ""


READER = Reader("pdf", 2, _MEDIA_TYPE, read)
