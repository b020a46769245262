"""What DOCX, PPTX and XLSX have in common: parts that refer to each other, and the document's properties."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wherein.errors import Unreadable
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.shared.metadata import described
from wherein.ingest.readers.shared.package import DAMAGED, Package
from wherein.ingest.readers.shared.xml_events import START, Event, events, texts_by_element

__all__ = ["Relation", "main_part", "part_events", "properties", "related", "relations"]

_PLACEHOLDERS = frozenset(("powerpoint presentation", "word document", "presentation", "untitled"))


@dataclass(frozen=True)
class Relation:
    """`kind` is the last step of the relationship's type, such as `slide`; `target` the name of a part."""

    kind: str
    target: str


def part_events(package: Package, part: str) -> Iterator[Event]:
    """Yield the XML events of a part. Raises Unreadable."""
    return events(package.chunks(part), part)


def relations(package: Package, part: str = "") -> dict[str, Relation]:
    """Return what a part (or the package) refers to inside the package, by id."""
    folder, name = posixpath.split(part)
    file = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, Relation] = {}
    if file not in package:
        return found
    for kind, tag, attributes in part_events(package, file):
        if kind is START and tag == "rel:Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            type_ = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = Relation(type_, target.lstrip("/"))
    return found


def related(found: Mapping[str, Relation], kind: str) -> str | None:
    """Return the first part of a kind."""
    return next((relation.target for relation in found.values() if relation.kind == kind), None)


def main_part(package: Package) -> str:
    """Return the name of the part that is the document. Raises Unreadable."""
    found = related(relations(package), "officeDocument")
    if found is None:
        raise Unreadable(f"{DAMAGED}: it does not say which of its parts is the document")
    return found


def properties(package: Package, language: str = "") -> Properties:
    """Return the core properties; `language` counts when they name none."""
    part = related(relations(package), "core-properties")
    if part is None or part not in package:
        return Properties(metadata=described(language=language))
    try:
        texts = texts_by_element(part_events(package, part))
    except Unreadable:
        return Properties(metadata=described(language=language), notes=("its properties cannot be read",))
    one = {name: found[0] for name, found in texts.items()}
    metadata = described(
        author=one.get("dc:creator", ""),
        subject=one.get("dc:subject", ""),
        description=one.get("dc:description", ""),
        keywords=one.get("cp:keywords", ""),
        language=one.get("dc:language", "") or language,
        created=one.get("dcterms:created", ""),
        modified=one.get("dcterms:modified", ""),
    )
    title = one.get("dc:title", "")
    return Properties("" if title.lower() in _PLACEHOLDERS else title, metadata)
