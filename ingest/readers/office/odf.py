"""What ODT, ODS and ODP have in common: the content and what the document says about itself."""

from collections.abc import Iterator, Mapping

from wherein.errors import Unreadable
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.shared.metadata import described
from wherein.ingest.readers.shared.package import ENCRYPTED, Package
from wherein.ingest.readers.shared.xml_events import START, Event, events, texts_by_element, without

__all__ = ["TABLES", "Inline", "content", "properties"]

TABLES = {"table:table": "table", "table:table-row": "tr", "table:table-cell": "td", "table:covered-table-cell": "td"}
"""The elements of tables, by the tags that `Flow` knows."""

_LEFT_OUT = frozenset((
    "office:annotation", "text:tracked-changes", "text:ruby-text", "office:forms", "office:scripts", "svg:title",
    "svg:desc", "text:note-citation", "table:shapes", "office:dde-source", "text:hidden-text",
))  # fmt: skip
_MOST_BLANKS = 100


def content(package: Package) -> Iterator[Event]:
    """Yield the events of the content, without comments, deletions and the like. Raises Unreadable."""
    if _is_encrypted(package):
        raise Unreadable(ENCRYPTED)
    return without(events(package.chunks("content.xml"), "content.xml"), _LEFT_OUT)


def _is_encrypted(package: Package) -> bool:
    try:
        manifest = events(package.chunks("META-INF/manifest.xml"), "META-INF/manifest.xml")
        return any(kind is START and tag == "manifest:encryption-data" for kind, tag, _ in manifest)
    except Unreadable:
        return False  # all else can be read without it


def properties(package: Package) -> Properties:
    """Return what the document says about itself."""
    if "meta.xml" not in package:
        return Properties()
    try:
        texts = texts_by_element(events(package.chunks("meta.xml"), "meta.xml"))
    except Unreadable:
        return Properties(notes=("its properties cannot be read",))
    one = {name: found[0] for name, found in texts.items()}
    metadata = described(
        author=one.get("meta:initial-creator") or one.get("dc:creator", ""),
        subject=one.get("dc:subject", ""),
        description=one.get("dc:description", ""),
        keywords=texts.get("meta:keyword", ()),
        language=one.get("dc:language", ""),
        created=one.get("meta:creation-date", ""),
        modified=one.get("dc:date", ""),
    )
    return Properties(one.get("dc:title", ""), metadata)


class Inline:
    """The paragraphs that are open, one inside the other where text boxes and notes are, and their text."""

    def __init__(self) -> None:
        self._open: list[list[str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a paragraph or heading, or take in what stands for white space in one."""
        if tag in ("text:p", "text:h"):
            self._open.append([])
        elif tag == "text:s":
            count = attributes.get("text:c", "1")
            self.text(" " * min(_MOST_BLANKS, int(count) if count.isdecimal() and len(count) < 10 else 1))
        elif tag == "text:tab":
            self.text("\t")
        elif tag == "text:line-break" and self._open:
            self._open[-1].append("\n")

    def text(self, text: str) -> None:
        """Add running text; outside of paragraphs there is none."""
        if self._open:
            self._open[-1].append(text.replace("\n", " "))

    def end(self, tag: str) -> str | None:
        """Return the text of the paragraph or heading that ends; None when none does."""
        return "".join(self._open.pop()) if tag in ("text:p", "text:h") and self._open else None
