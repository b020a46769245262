"""The pages of a PDF: the text of each, from its letters or from its picture."""

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from enum import Enum, auto

from pypdfium2 import PdfDocument, PdfiumError, PdfPage

from wherein.errors import Unreadable
from wherein.ingest.readers.ocr.tesseract import obstacle, recognize
from wherein.ingest.readers.pdf.annotations import attached_files, comments, flatten, has_visible
from wherein.ingest.readers.pdf.drawing import has_drawing, is_covered_by_picture, page_picture
from wherein.ingest.readers.pdf.page_text import page_text, unmapped_share
from wherein.ingest.readers.pdf.rotation import open_letters
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.attachments import Attachments

__all__ = ["Kind", "Page", "read_page"]

# A scan with a stamp, a page number or the name of the scanner's program over it has fewer letters than this.
_FEW_LETTERS = 100
# The share of letters that are not named: from which they are reported, and from which the picture is better.
_NOTED, _UNMAPPED = 0.05, 0.3


class Kind(Enum):
    """What the text of a page is: letters, such as may be wrong, recognized in its picture, or none, and why."""

    TEXT = auto()
    GARBLED = auto()
    RECOGNIZED = auto()
    PICTURE = auto()
    WORDLESS = auto()
    BLANK = auto()
    UNREADABLE = auto()


@dataclass(frozen=True)
class Page:
    """A page; `confidence` of what was recognized is 0 to 1, and `is_cropped` when text lies outside of it."""

    kind: Kind
    text: str = ""
    confidence: float = 1.0
    is_cropped: bool = False


def read_page(pdf: PdfDocument, number: int, context: ReadContext, attached: Attachments) -> Page:
    """Return the page with this number, which counts from 1; never raises for a damaged one.

    What is attached to the page is added to `attached`.
    """
    try:
        with closing(pdf[number - 1]) as page:
            attached.read(attached_files(page))
            notes, own = comments(page), _characters(page) if has_visible(page) else None
            if own is None or not flatten(page):
                return _with_comments(_seen(page, context), notes)
        # A page shows what was flattened once it is loaded again.
        with closing(pdf[number - 1]) as page:
            return _with_comments(_seen(page, context, own), notes)
    except PdfiumError:
        return Page(Kind.UNREADABLE)


def _characters(page: PdfPage) -> int:
    with open_letters(page) as text_page:
        return int(text_page.count_chars())


def _seen(page: PdfPage, context: ReadContext, own: int | None = None) -> Page:
    """Return the page as its letters give it, or its picture where they are few, or not named by their fonts."""
    with open_letters(page) as text_page:
        (text, is_cropped), unmapped = page_text(page, text_page, own), unmapped_share(text_page)
    return replace(_letters_or_picture(page, text, unmapped, context), is_cropped=is_cropped)


def _letters_or_picture(page: PdfPage, text: str, unmapped: float, context: ReadContext) -> Page:
    letters = sum(map(str.isalnum, text))
    if unmapped >= _UNMAPPED and letters:
        return _recognized(page, Page(Kind.GARBLED, text), context)
    if not letters and has_drawing(page):
        return _recognized(page, Page(Kind.PICTURE, text), context)
    if letters < _FEW_LETTERS and is_covered_by_picture(page):
        found = _recognized(page, Page(Kind.PICTURE, text), context)
        is_better = found.kind is Kind.PICTURE or sum(map(str.isalnum, found.text)) > letters
        return found if is_better or not letters else Page(Kind.TEXT, text)
    if not text.strip():
        return Page(Kind.BLANK)
    return Page(Kind.GARBLED if unmapped >= _NOTED else Kind.TEXT, text)


def _recognized(page: PdfPage, otherwise: Page, context: ReadContext) -> Page:
    if obstacle(context.ocr_languages):
        return otherwise
    context.alive()
    with suppress(Unreadable):
        found = recognize(page_picture(page), context.ocr_languages)
        if found.text:
            return Page(Kind.RECOGNIZED, found.text, found.confidence)
    return replace(otherwise, kind=Kind.WORDLESS) if otherwise.kind is Kind.PICTURE else otherwise


def _with_comments(page: Page, notes: list[str]) -> Page:
    """Add what comments say below the text, where the page does not show it anyway."""
    shown = _letters(page.text)
    added = [text for text in dict.fromkeys(notes) if _letters(text) not in shown]
    if not added:
        return page
    text = "\n\n".join(filter(None, (page.text, *added)))
    return replace(page, text=text, kind=Kind.TEXT if page.kind is Kind.BLANK else page.kind)


def _letters(text: str) -> str:
    return "".join(text.split())
