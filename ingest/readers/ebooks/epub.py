"""E-books (EPUB): the chapters in reading order, each rendered like a web page."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue
from wherein.ingest.readers.ebooks.epub_contents import NCX_MEDIA_TYPE, chapter_titles
from wherein.ingest.readers.html.page import decode_page, parse_page, render_page
from wherein.ingest.readers.shared.blocks import join_blocks
from wherein.ingest.readers.shared.count_notes import unreadable_note
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.headings import Heading, heading_marks
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.shared.xml_events import START, events, texts_by_element

__all__ = ["READER"]

_MEDIA_TYPE = "application/epub+zip"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PACKAGE = "application/oebps-package+xml"
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"))
_GAP = "\n\n"


@dataclass
class _Book:
    """The package file: texts by element name, files and their media types by id, ids of the chapters in order.

    `contents` is the file with the table of contents; `properties` are the properties of the `meta` elements, in order.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    contents: str = ""
    chapters: list[str] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)


def _document(package: Package, name: str) -> Document:
    book = _book(package)
    chapters = [book.files[id_] for id_ in book.chapters if book.types.get(id_) in _PAGES]
    _reject_protected(package, chapters)
    text, headings, unreadable = _join_chapters(package, chapters, chapter_titles(package, book.contents))
    if chapters and len(unreadable) == len(chapters):
        raise Unreadable(f"{DAMAGED}: none of its {len(chapters)} chapters can be read")
    if not text:
        raise Skipped("no text in its chapters")
    title = next(iter(book.texts.get("dc:title", ())), "") or (headings[0].title if headings else name_as_title(name))
    notes = unreadable_note(unreadable, len(chapters), "chapters")
    return Document(title, text, _MEDIA_TYPE, metadata=_metadata(book), marks=heading_marks(headings), notes=notes)


def _join_chapters(
    package: Package, chapters: Sequence[str], titles: dict[str, str]
) -> tuple[str, list[Heading], list[int]]:
    """Return the text, its headings, and the numbers of the chapters that cannot be read.

    A chapter without headings gets its title in the table of contents as the heading.
    """
    parts: list[str] = []
    headings: list[Heading] = []
    unreadable: list[int] = []
    start = 0
    for number, chapter in enumerate(chapters, 1):
        try:
            tree = parse_page(decode_page(package.read(chapter)).text)
            text, chapter_headings = join_blocks(render_page(tree).blocks)
        except Unreadable:
            unreadable.append(number)
            continue
        if text:
            title = titles.get(chapter)
            chapter_headings = chapter_headings or ([Heading(0, 1, title)] if title else [])
            headings += (heading._replace(start=start + heading.start) for heading in chapter_headings)
            parts.append(text)
            start += len(text) + len(_GAP)
    return _GAP.join(parts), headings, unreadable


def _book(package: Package) -> _Book:
    package_file = next(
        (
            attributes.get("full-path", "")
            for kind, tag, attributes in events(package.chunks(_CONTAINER), _CONTAINER)
            if kind is START and tag == "container:rootfile" and attributes.get("media-type", _PACKAGE) == _PACKAGE
        ),
        None,
    )
    if not package_file:
        raise Unreadable(f"{DAMAGED}: its container names no package file")
    data = package.read(package_file)  # parsed twice below: for its texts, and for its attributes
    book = _Book(texts_by_element(events([data], package_file)))
    for kind, tag, attributes in events([data], package_file):
        if kind is START:
            _add_element(book, tag, attributes, posixpath.dirname(package_file))
    return book


def _add_element(book: _Book, tag: str, attributes: Mapping[str, str], folder: str) -> None:
    if tag == "opf:item":
        id_ = attributes.get("id", "")
        file = posixpath.normpath(posixpath.join(folder, unquote(attributes.get("href", ""))))
        book.files[id_] = file
        book.types[id_] = attributes.get("media-type", "").lower()
        if "nav" in attributes.get("properties", "").split() or (
            book.types[id_] == NCX_MEDIA_TYPE and not book.contents
        ):
            book.contents = file
    elif tag == "opf:meta":
        book.properties.append(attributes.get("property", ""))
    elif tag == "opf:itemref" and attributes.get("idref") in book.files:
        book.chapters.append(attributes["idref"])


def _metadata(book: _Book) -> dict[str, JSONValue]:
    one = {name: texts[0] for name, texts in book.texts.items()}
    metas = zip(book.properties, book.texts.get("opf:meta", ()), strict=True)
    return standard_metadata(
        author=book.texts.get("dc:creator", ()),
        keywords=book.texts.get("dc:subject", ()),
        description=re.sub(r"<[^<>]*>", " ", one.get("dc:description", "")),
        language=one.get("dc:language", ""),
        created=one.get("dc:date", ""),
        modified=next((text for name, text in metas if name == "dcterms:modified"), ""),
    )


def _reject_protected(package: Package, chapters: Sequence[str]) -> None:
    """Raise Unreadable when chapters are encrypted; fonts often are, which does not matter."""
    if _ENCRYPTION not in package:
        return
    files = frozenset(chapters)
    for kind, tag, attributes in events(package.chunks(_ENCRYPTION), _ENCRYPTION):
        if kind is START and tag == "enc:CipherReference" and unquote(attributes.get("URI", "")) in files:
            raise Unreadable("protected against copying (DRM); its text cannot be read")


READER = package_reader("epub", 5, _MEDIA_TYPE, _document)
