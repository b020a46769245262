"""What ODT, ODS and ODP have in common: content, properties, and text with its white space."""

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from wherein.errors import Unreadable
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.shared.allowance import LimitExceeded
from wherein.ingest.readers.shared.formulas import is_formula, with_formulas
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.reasons import ENCRYPTED
from wherein.ingest.readers.shared.xml_events import END, START, Event, events, texts_by_element, without_elements

__all__ = ["TABLES", "Inline", "Parts", "content_events", "read_properties"]

TABLES = {"table:table": "table", "table:table-row": "tr", "table:table-cell": "td", "table:covered-table-cell": "td"}
"""The elements of tables and the tags that `Flow` has for them."""

_LEFT_OUT = frozenset((
    "office:annotation", "text:tracked-changes", "text:ruby-text", "office:forms", "office:scripts", "svg:title",
    "svg:desc", "text:note-citation", "table:shapes", "office:dde-source", "text:hidden-text",
    # Of a document in one XML file.
    "office:binary-data", "office:styles", "office:master-styles",
))  # fmt: skip
_MAX_FORMULA = 20_000
"""Events of a formula."""

_MAX_SPACES = 100  # the file may state any number


class Parts(Protocol):
    """The parts of a document by name: a package, or what stands for one."""

    def __contains__(self, name: str) -> bool: ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part piece by piece. Raises Unreadable when it is missing or damaged."""
        ...


def content_events(package: Parts, left_out: Counter[str]) -> Iterator[Event]:
    """Yield the events of the content without comments, deletions and other hidden elements.

    The comments are counted in `left_out`. Raises Unreadable.
    """
    if _is_encrypted(package):
        raise Unreadable(ENCRYPTED)
    content = _with_objects(events(package.chunks("content.xml"), "content.xml"), package)
    return with_formulas(_without_hidden(without_elements(_counted(content, left_out), _LEFT_OUT)))


def _without_hidden(stream: Iterator[Event]) -> Iterator[Event]:
    """Leave out hidden sections, and what has a style that hides it."""
    hidden_styles = set[str]()
    style = ""
    depth = 0
    for event in stream:
        kind, tag, attributes = event
        if depth:
            depth += (kind is START) - (kind is END)
            continue
        if kind is START:
            is_hidden = attributes.get("text:display") == "none"
            if tag == "style:style":
                style = attributes.get("style:name", "")
            elif tag == "style:text-properties" and is_hidden:
                hidden_styles.add(style)
            elif (tag == "text:section" and is_hidden) or attributes.get("text:style-name") in hidden_styles:
                depth = 1
                continue
        yield event


def _with_objects(content: Iterator[Event], package: Parts) -> Iterator[Event]:
    """Yield the events of the content, and of each formula in a part of its own; a damaged one costs only itself."""
    for event in content:
        yield event
        if event[0] is START and event[1] == "draw:object":
            part = posixpath.normpath(f"{event[2].get('xlink:href', '')}/content.xml")
            yield from _formula(package, part) if part in package else ()


def _formula(package: Parts, part: str) -> Sequence[Event]:
    """Return the events of a part that is a formula; none of another kind of object."""
    try:
        formula = list(islice(events(package.chunks(part), part), _MAX_FORMULA))
    except LimitExceeded:
        raise
    except Unreadable:
        return ()
    return formula if is_formula(formula) else ()


def _counted(stream: Iterator[Event], left_out: Counter[str]) -> Iterator[Event]:
    for event in stream:
        if event[0] is START and event[1] == "office:annotation":
            left_out["comments"] += 1
        yield event


def _is_encrypted(package: Parts) -> bool:
    try:
        manifest = events(package.chunks("META-INF/manifest.xml"), "META-INF/manifest.xml")
        return any(kind is START and tag == "manifest:encryption-data" for kind, tag, _ in manifest)
    except Unreadable:
        return False  # a damaged manifest costs no text


def read_properties(package: Parts) -> Properties:
    """Return the title and metadata of the document."""
    if "meta.xml" not in package:
        return Properties()
    try:
        texts = texts_by_element(events(package.chunks("meta.xml"), "meta.xml"))
    except Unreadable:
        return Properties(notes=("its properties cannot be read",))
    first = {name: values[0] for name, values in texts.items()}
    metadata = standard_metadata(
        author=first.get("meta:initial-creator") or first.get("dc:creator", ""),
        subject=first.get("dc:subject", ""),
        description=first.get("dc:description", ""),
        keywords=texts.get("meta:keyword", ()),
        language=first.get("dc:language", ""),
        created=first.get("meta:creation-date", ""),
        modified=first.get("dc:date", ""),
    )
    return Properties(first.get("dc:title", ""), metadata)


class Inline:
    """The text of the open paragraphs; a paragraph with a text box or note has paragraphs inside it."""

    def __init__(self) -> None:
        self._open: list[list[str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a paragraph or heading, or add white space that is written as an element."""
        if tag in ("text:p", "text:h"):
            self._open.append([])
        elif tag == "text:s":
            count = attributes.get("text:c", "1")
            self.text(" " * min(_MAX_SPACES, int(count) if count.isdecimal() and len(count) < 10 else 1))
        elif tag == "text:tab":
            self.text("\t")
        elif tag == "text:line-break" and self._open:
            self._open[-1].append("\n")

    def text(self, text: str) -> None:
        """Add running text; text outside of paragraphs is ignored."""
        if self._open:
            self._open[-1].append(text.replace("\n", " "))

    def end(self, tag: str) -> str | None:
        """Return the text of the paragraph or heading that ends; None for another element."""
        return "".join(self._open.pop()) if tag in ("text:p", "text:h") and self._open else None
