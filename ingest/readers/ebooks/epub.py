"""E-books: the chapters in the order in which they are read, each rendered like a web page."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import unquote

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.ebooks.epub_contents import CONTENTS_OF_EPUB_2, titles_of_chapters
from wherein.ingest.readers.html.page import parsed, rendered
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.blocks import joined
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.headings import Heading, marks_of
from wherein.ingest.readers.shared.metadata import described
from wherein.ingest.readers.shared.number_ranges import counted
from wherein.ingest.readers.shared.package import DAMAGED, Package, opened_package
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.xml_events import START, events, texts_by_element

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/epub+zip"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PACKAGE = "application/oebps-package+xml"
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"))
_GAP = "\n\n"


@dataclass
class _Book:
    """What the package file says: texts by element, files by id, and the ids of the chapters in their order.

    `contents` is the file with the table of contents; `properties` are what the elements called `meta` are about.
    """

    said: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    contents: str = ""
    chapters: list[str] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the book as one document with its headings; see `Reader` for the errors."""
    with opened_package(stream) as package:
        document = _document(package, name)
    yield document


def _document(package: Package, name: str) -> Document:
    book = _book(package)
    chapters = [book.files[id_] for id_ in book.chapters if book.types.get(id_) in _PAGES]
    _refuse_protected(package, chapters)
    text, headings, lost = _joined(package, chapters, titles_of_chapters(package, book.contents))
    if chapters and len(lost) == len(chapters):
        raise Unreadable(f"{DAMAGED}: none of its {len(chapters)} chapters can be read")
    if not text:
        raise Skipped("no text in its chapters")
    title = next(iter(book.said.get("dc:title", ())), "") or (headings[0].title if headings else name_as_title(name))
    notes = tuple(counted(lost, len(chapters), "chapters", "cannot be read"))
    return Document(title, text, _MEDIA_TYPE, metadata=_metadata(book), marks=marks_of(headings), notes=notes)


def _joined(package: Package, chapters: Sequence[str], titles: dict[str, str]) -> tuple[str, list[Heading], list[int]]:
    """Return the text, its headings, and the numbers of the chapters that cannot be read.

    A chapter without headings of its own is headed as the table of contents calls it.
    """
    parts: list[str] = []
    headings: list[Heading] = []
    lost: list[int] = []
    start = 0
    for number, chapter in enumerate(chapters, 1):
        try:
            text, found = joined(rendered(parsed(package.read(chapter))).blocks)
        except Unreadable:
            lost.append(number)
            continue
        if text:
            title = titles.get(chapter)
            own = found or ([Heading(0, 1, title)] if title else [])
            headings += (heading._replace(start=start + heading.start) for heading in own)
            parts.append(text)
            start += len(text) + len(_GAP)
    return _GAP.join(parts), headings, lost


def _book(package: Package) -> _Book:
    place = next(
        (
            attributes.get("full-path", "")
            for kind, tag, attributes in events(package.chunks(_CONTAINER), _CONTAINER)
            if kind is START and tag == "container:rootfile" and attributes.get("media-type", _PACKAGE) == _PACKAGE
        ),
        None,
    )
    if not place:
        raise Unreadable(f"{DAMAGED}: it does not say where the book is in it")
    data = package.read(place)
    book = _Book(texts_by_element(events([data], place)))
    for kind, tag, attributes in events([data], place):
        if kind is START:
            _learn(book, tag, attributes, posixpath.dirname(place))
    return book


def _learn(book: _Book, tag: str, attributes: Mapping[str, str], folder: str) -> None:
    if tag == "opf:item":
        id_ = attributes.get("id", "")
        file = posixpath.normpath(posixpath.join(folder, unquote(attributes.get("href", ""))))
        book.files[id_] = file
        book.types[id_] = attributes.get("media-type", "").lower()
        if "nav" in attributes.get("properties", "").split() or (
            book.types[id_] == CONTENTS_OF_EPUB_2 and not book.contents
        ):
            book.contents = file
    elif tag == "opf:meta":
        book.properties.append(attributes.get("property", ""))
    elif tag == "opf:itemref" and attributes.get("idref") in book.files:
        book.chapters.append(attributes["idref"])


def _metadata(book: _Book) -> dict[str, JSONValue]:
    one = {name: texts[0] for name, texts in book.said.items()}
    metas = zip(book.properties, book.said.get("opf:meta", ()), strict=True)
    return described(
        author=book.said.get("dc:creator", ()),
        keywords=book.said.get("dc:subject", ()),
        description=re.sub(r"<[^<>]*>", " ", one.get("dc:description", "")),
        language=one.get("dc:language", ""),
        created=one.get("dc:date", ""),
        modified=next((text for name, text in metas if name == "dcterms:modified"), ""),
    )


def _refuse_protected(package: Package, chapters: Sequence[str]) -> None:
    """Raise `Unreadable` when chapters are encrypted; fonts often are, and do not matter."""
    if _ENCRYPTION not in package:
        return
    files = frozenset(chapters)
    for kind, tag, attributes in events(package.chunks(_ENCRYPTION), _ENCRYPTION):
        if kind is START and tag == "enc:CipherReference" and unquote(attributes.get("URI", "")) in files:
            raise Unreadable("it is protected against copying (DRM), so that its text cannot be read")


READER = Reader("epub", 1, _MEDIA_TYPE, read)
