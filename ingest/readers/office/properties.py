"""The properties of an office document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wherein.ingest.document import Document, JSONValue, Mark

__all__ = ["Properties", "own_title"]

_DEFAULT_TITLES = frozenset(("powerpoint presentation", "word document", "presentation", "untitled", "slide 1"))


def own_title(title: str) -> str:
    """Return a title; "" for one that office programs write by themselves."""
    return "" if title.lower() in _DEFAULT_TITLES else title


@dataclass(frozen=True)
class Properties:
    """Title and metadata of a document; `notes` state that they could not be read."""

    title: str = ""
    metadata: Mapping[str, JSONValue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def document(
        self, default_title: str, text: str, media_type: str, marks: tuple[Mark, ...], notes: tuple[str, ...] = ()
    ) -> Document:
        """Return the document with these properties and this text."""
        notes = (*notes, *self.notes)
        return Document(self.title or default_title, text, media_type, metadata=self.metadata, marks=marks, notes=notes)
