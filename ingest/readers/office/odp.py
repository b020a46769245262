"""OpenDocument presentations and drawings: the text of each slide, its title first, and the speaker's notes."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.flow import Flow
from wherein.ingest.readers.office.odf import TABLES, Inline, content, properties
from wherein.ingest.readers.office.slides import Slide, joined_slides
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.package import Package, opened_package
from wherein.ingest.readers.shared.xml_events import START, TEXT, without

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.presentation"
_FURNITURE = frozenset(("header", "footer", "date-time", "page-number", "page"))
_TITLE = "title"


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with a mark a slide; see `Reader` for the errors."""
    with opened_package(stream) as package:
        text, marks, notes = joined_slides(_slides(package))
        about = properties(package)
    first = next((mark.heading[0] for mark in marks if mark.heading), "")
    title = about.title or first or name_as_title(name)
    yield Document(title, text, _MEDIA_TYPE, metadata=about.metadata, marks=marks, notes=(*notes, *about.notes))


def _slides(package: Package) -> Iterator[Slide]:
    writer = _Writer()
    pages = 0
    for kind, value, attributes in without(content(package), ("presentation:settings",)):
        if kind is TEXT:
            writer.inline.text(value)
        elif value == "draw:page":
            pages += 1 if kind is START else -1
            if not pages:
                yield writer.slide()
                writer = _Writer()
        elif not pages:
            continue
        elif kind is START:
            writer.start(value, attributes)
        else:
            writer.end(value)


class _Writer:
    """Writes what is on one slide: its titles, a flow of the rest, and a flow of its notes."""

    def __init__(self) -> None:
        self.inline = Inline()
        self._titles: list[str] = []
        self._body = Flow()
        self._notes = Flow()
        self._flow = self._body
        self._roles: list[str] = []
        self._lists = 0

    def slide(self) -> Slide:
        return Slide(" ".join(" ".join(self._titles).split()), self._body.blocks, self._notes.blocks)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "presentation:notes":
            self._flow = self._notes
        elif tag == "draw:frame":
            self._roles.append(attributes.get("presentation:class", ""))
        elif tag in TABLES:
            self._flow.enter(TABLES[tag])
        elif tag == "text:list":
            self._lists += 1
        else:
            self.inline.start(tag, attributes)

    def end(self, tag: str) -> None:
        if tag == "presentation:notes":
            self._flow = self._body
        elif tag == "draw:frame":
            self._roles.pop()
        elif tag in TABLES:
            self._flow.leave(TABLES[tag])
        elif tag == "text:list":
            self._lists -= 1
        elif (text := self.inline.end(tag)) is not None:
            self._paragraph(text)

    def _paragraph(self, text: str) -> None:
        role = self._roles[-1] if self._roles else ""
        if role == _TITLE and self._flow is self._body:
            self._titles.append(text)
        elif role not in _FURNITURE:
            self._flow.paragraph(text, item=self._lists)


READER = Reader("odp", 1, _MEDIA_TYPE, read)
