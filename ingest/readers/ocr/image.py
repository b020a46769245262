"""Images (PNG, JPEG, TIFF, WebP, GIF, BMP, HEIC): the text in them, recognized by Tesseract."""

from collections.abc import Iterator
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.ocr.kind import image_kind
from wherein.ingest.readers.ocr.notes import how_read
from wherein.ingest.readers.ocr.tesseract import Recognized, obstacle, recognize
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.count_notes import textless_note, unreadable_note
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.installation import install_command

__all__ = ["READER", "read"]

_MEDIA_TYPE = "image/*"
_GAP = "\n\n"
_HEAD_BYTES = 64


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the image as one document, with a mark for each page if it has many; see `Reader` for the errors."""
    kind = image_kind(stream.read(_HEAD_BYTES)) or "image"
    stream.seek(0)
    if what_is_missing := obstacle(context.ocr_languages):
        raise Skipped(f"{kind}; {what_is_missing}")
    try:
        from wherein.ingest.readers.ocr.image_pages import image_pages
    except ImportError:
        raise Skipped(f"{kind}; install what reads text in images: {install_command('ocr')}") from None
    pages: dict[int, Recognized | None] = {}
    for number, picture in enumerate(image_pages(stream, kind), 1):
        context.alive()
        try:
            pages[number] = recognize(picture, context.ocr_languages)
        except Unreadable as problem:
            pages[number], failure = None, problem
    if all(page is None for page in pages.values()):
        raise failure
    yield _document(pages, name, kind, context.ocr_languages)


def _document(pages: dict[int, Recognized | None], name: str, kind: str, languages: str) -> Document:
    read = {number: page for number, page in pages.items() if page}
    texts = {number: page.text for number, page in read.items() if page.text}
    if not texts:
        raise Skipped(f"{kind} without text that can be recognized")
    marks: list[Mark] = []
    start = 0
    for number, text in texts.items():
        marks.append(Mark(start, number if len(pages) > 1 else None))
        start += len(text) + len(_GAP)
    notes = (
        how_read(languages, [(page.text, page.confidence) for page in read.values()]),
        *unreadable_note([number for number, page in pages.items() if page is None], len(pages), "pages"),
        *textless_note([number for number in read if number not in texts], len(pages), "pages"),
    )
    text = _GAP.join(texts.values())
    return Document(
        name_as_title(name), text, _MEDIA_TYPE, marks=tuple(marks), notes=notes, recognized=((0, len(text)),)
    )


READER = Reader("image", 1, _MEDIA_TYPE, read, read, takes_fields=False, reads_pictures=True)
