"""What DOCX, PPTX and XLSX have in common (Open Packaging Conventions): related parts, and properties."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wherein.errors import Unreadable
from wherein.ingest.readers.office.properties import Properties, own_title
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.xml_events import START, Event, events, texts_by_element

__all__ = ["Relation", "first_target", "main_part", "part_events", "read_properties", "relations"]


@dataclass(frozen=True)
class Relation:
    """A reference to a part: `kind` is the last step of its type, such as `slide`, `target` the name of the part."""

    kind: str
    target: str


def part_events(package: Package, part: str) -> Iterator[Event]:
    """Yield the XML events of a part. Raises Unreadable."""
    return events(package.chunks(part), part)


def relations(package: Package, part: str = "") -> dict[str, Relation]:
    """Return the references of a part (or of the package) to other parts of the package, by id."""
    folder, name = posixpath.split(part)
    file = posixpath.join(folder, "_rels", f"{name}.rels")
    related: dict[str, Relation] = {}
    if file not in package:
        return related
    for kind, tag, attributes in part_events(package, file):
        if kind is START and tag == "rel:Relationship" and attributes.get("TargetMode") != "External":
            # Joined to "/", above which `..` does not lead.
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            type_ = attributes.get("Type", "").rpartition("/")[2]
            related[attributes.get("Id", "")] = Relation(type_, target.lstrip("/"))
    return related


def first_target(related: Mapping[str, Relation], kind: str) -> str | None:
    """Return the first related part of a kind; None without one."""
    return next((relation.target for relation in related.values() if relation.kind == kind), None)


def main_part(package: Package) -> str:
    """Return the name of the part that holds the document. Raises Unreadable."""
    part = first_target(relations(package), "officeDocument")
    if part is None:
        raise Unreadable(f"{DAMAGED}: it names no main part")
    return part


def read_properties(package: Package, language: str = "") -> Properties:
    """Return the core properties; `language` is used when they state none."""
    part = first_target(relations(package), "core-properties")
    if part is None or part not in package:
        return Properties(metadata=standard_metadata(language=language))
    try:
        texts = texts_by_element(part_events(package, part))
    except Unreadable:
        return Properties(metadata=standard_metadata(language=language), notes=("its properties cannot be read",))
    first = {name: values[0] for name, values in texts.items()}
    metadata = standard_metadata(
        author=first.get("dc:creator", ""),
        subject=first.get("dc:subject", ""),
        description=first.get("dc:description", ""),
        keywords=first.get("cp:keywords", ""),
        language=first.get("dc:language", "") or language,
        created=first.get("dcterms:created", ""),
        modified=first.get("dcterms:modified", ""),
    )
    return Properties(own_title(first.get("dc:title", "")), metadata)
