"""OpenDocument presentations and drawings: the text of each slide, its title first, and the speaker's notes."""

from collections import Counter
from collections.abc import Iterator, Mapping

from wherein.ingest.document import Document
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.odf import TABLES, Inline, Parts, content_events, read_properties
from wherein.ingest.readers.office.slides import Slide, join_slides
from wherein.ingest.readers.office.text_flow import Flow
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.headings import first_heading
from wherein.ingest.readers.shared.package_reader import package_reader
from wherein.ingest.readers.shared.xml_events import START, TEXT, without_elements

__all__ = ["READER", "read_package"]

_MEDIA_TYPE = "application/vnd.oasis.opendocument.presentation"
_PLACEHOLDERS = frozenset(("header", "footer", "date-time", "page-number", "page"))
_TITLE = "title"


def read_package(package: Parts, name: str) -> Document:
    """Return the document in a package; see `Reader` for the errors."""
    left_out = Counter[str]()
    text, marks, notes = join_slides(_slides(package, left_out))
    default_title = first_heading(marks) or name_as_title(name)
    return read_properties(package).document(
        default_title, text, _MEDIA_TYPE, marks, (*notes, *left_out_note(left_out))
    )


def _slides(package: Parts, left_out: Counter[str]) -> Iterator[Slide]:
    writer = _Writer()
    pages = 0
    for kind, value, attributes in without_elements(content_events(package, left_out), ("presentation:settings",)):
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
    """Writes one slide: its titles, a flow of the rest, and a flow of the speaker's notes."""

    def __init__(self) -> None:
        self.inline = Inline()
        self._titles: list[str] = []
        self._body = Flow()
        self._notes = Flow()
        self._flow = self._body
        self._roles: list[str] = []
        self._list_depth = 0

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
            self._list_depth += 1
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
            self._list_depth -= 1
        elif (text := self.inline.end(tag)) is not None:
            self._paragraph(text)

    def _paragraph(self, text: str) -> None:
        role = self._roles[-1] if self._roles else ""
        if role == _TITLE and self._flow is self._body:
            self._titles.append(text)
        elif role not in _PLACEHOLDERS:
            self._flow.add_paragraph(text, item=self._list_depth)


READER = package_reader("odp", 3, _MEDIA_TYPE, read_package)
