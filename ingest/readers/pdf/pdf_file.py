"""PDF: the text of each page, with page numbers, the outline as headings, and attached files as documents.

PDFium is not thread-safe: in one process, read one PDF at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import BinaryIO

from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Mark, Problem
from wherein.ingest.readers.ocr.notes import how_read
from wherein.ingest.readers.ocr.tesseract import obstacle
from wherein.ingest.readers.pdf.attachments import attachments
from wherein.ingest.readers.pdf.outline import Outline, outline, page_marks
from wherein.ingest.readers.pdf.pages import Kind, Page, read_page
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.attachments import Attachments
from wherein.ingest.readers.shared.count_notes import count_note, textless_note, unreadable_note
from wherein.ingest.readers.shared.decode import clean, name_as_title
from wherein.ingest.readers.shared.headings import HeadingPath
from wherein.ingest.readers.shared.members import allowance_for
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/pdf"
_DAMAGED = "damaged or truncated PDF"
_GAP = "\n\n"
_REASONS = {
    FPDF_ERR_PASSWORD: "encrypted PDF; save it without a password",
    FPDF_ERR_SECURITY: "PDF with unsupported encryption; save it without encryption",
}
_PICTURE = "is a picture", "are pictures"
_WORDLESS = "is a picture without text that can be recognized", "are pictures without text that can be recognized"
_CROPPED = (
    "has text outside the visible page, which is left out",
    "have text outside the visible page, which is left out",
)
_GARBLED = (
    "has letters that its font does not name, and may be garbled",
    "have letters that their fonts do not name, and may be garbled",
)

_Pages = Mapping[int, Page]


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with a mark for each page, and what is attached to it; see `Reader`.

    A PDF without text is skipped unless it has attachments that are read.
    """
    # Read before the document, which gets the notes about what is not read.
    attached = Attachments(context, allowance_for(stream, context))
    with closing(_open(stream.read())) as pdf:
        attached.read(attachments(pdf))
        pages = {number: read_page(pdf, number, context, attached) for number in range(1, len(pdf) + 1)}
        if all(page.kind is Kind.UNREADABLE for page in pages.values()):
            raise Unreadable(_DAMAGED)
        document = _document(pdf, pages, name, context)
    yield from _with_attached(document, attached, pages, context)


def _with_attached(
    document: Document, attached: Attachments, pages: _Pages, context: ReadContext
) -> Iterator[Document | Problem]:
    if document.text:
        yield replace(document, notes=(*document.notes, *attached.notes))
    elif not attached.items:
        raise Skipped("; ".join((_why_textless(pages, context), *attached.notes)))
    yield from attached.items
    if attached.exceeded is not None:
        raise attached.exceeded


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


def _document(pdf: PdfDocument, pages: _Pages, name: str, context: ReadContext) -> Document:
    text, marks, recognized = _join(pages, outline(pdf))
    title = _property(pdf, "Title") or name_as_title(name)
    doubts = _doubts(pages, context)
    notes = (*doubts, *_remarks(pages, context))
    return Document(title, text, _MEDIA_TYPE, "", _metadata(pdf), marks, notes, doubts, recognized)


def _why_textless(pages: _Pages, context: ReadContext) -> str:
    count = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
    pictures = len(_numbers(pages, Kind.PICTURE))
    if not pictures:
        return f"no text on its {count}"
    if pictures < len(pages):
        which = f"{pictures} of its {len(pages)} pages {'is a picture' if pictures == 1 else 'are pictures'}"
        return f"no text; {which}; {obstacle(context.ocr_languages)}"
    which = "its page is a picture" if pictures == 1 else f"its {pictures} pages are pictures"
    return f"{which}; {obstacle(context.ocr_languages)}"


def _doubts(pages: _Pages, context: ReadContext) -> tuple[str, ...]:
    """Return notes about pages whose text is partly lost, or may be wrong."""
    pictures = count_note(_numbers(pages, Kind.PICTURE), len(pages), "pages", *_PICTURE)
    return (
        *unreadable_note(_numbers(pages, Kind.UNREADABLE), len(pages), "pages"),
        *(f"{note}; {obstacle(context.ocr_languages)}" for note in pictures),
        *count_note(_numbers(pages, Kind.GARBLED), len(pages), "pages", *_GARBLED),
    )


def _remarks(pages: _Pages, context: ReadContext) -> tuple[str, ...]:
    """Return notes about pages that lose no text."""
    return (
        *textless_note(_numbers(pages, Kind.BLANK), len(pages), "pages"),
        *count_note([number for number, page in pages.items() if page.is_cropped], len(pages), "pages", *_CROPPED),
        *count_note(_numbers(pages, Kind.WORDLESS), len(pages), "pages", *_WORDLESS),
        *_recognized_note(pages, context),
    )


def _recognized_note(pages: _Pages, context: ReadContext) -> tuple[str, ...]:
    numbers = _numbers(pages, Kind.RECOGNIZED)
    texts = [(pages[number].text, pages[number].confidence) for number in numbers]
    how = how_read(context.ocr_languages, texts) if numbers else ""
    return count_note(numbers, len(pages), "pages", f"is {how}", f"are {how}")


def _numbers(pages: _Pages, kind: Kind) -> Sequence[int]:
    return [number for number, page in pages.items() if page.kind is kind]


def _join(pages: _Pages, entries: Outline) -> tuple[str, tuple[Mark, ...], tuple[tuple[int, int], ...]]:
    """Return the pages with text as one, marks for pages and entries of the outline, and what spans were recognized."""
    path = HeadingPath()
    parts: list[str] = []
    marks: list[Mark] = []
    recognized: list[tuple[int, int]] = []
    start = 0
    for number, page in pages.items():
        if not page.text.strip():
            for level, title in entries.get(number, ()):
                path.enter(level, title)
            continue
        marks += page_marks(number, page.text, start, entries.get(number, ()), path)
        parts.append(page.text)
        if page.kind is Kind.RECOGNIZED:
            # Pages one after another are one span, with the gap between them.
            follows = bool(recognized) and recognized[-1][1] + len(_GAP) == start
            first = recognized.pop()[0] if follows else start
            recognized.append((first, start + len(page.text)))
        start += len(page.text) + len(_GAP)
    return _GAP.join(parts), tuple(marks), tuple(recognized)


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


READER = Reader("pdf", 5, _MEDIA_TYPE, read, read, takes_fields=False, reads_pictures=True)
