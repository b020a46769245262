"""What was removed or purged, as a list beside the library's table: the rules of docs/decisions/removal.md."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Known:
    """A document that stays away; without a name only its content does."""

    kind: str
    name: str | None
    key: str
    text: str | None
    content: bytes | None


class Exclusions:
    """The removed and purged documents, the oldest first. A name is that of a file; its content are its bytes."""

    def __init__(self) -> None:
        self._known: list[Known] = []

    def __iter__(self) -> Iterator[Known]:
        return iter(self._known)

    def names(self) -> set[str]:
        return {known.name for known in self._known if known.name}

    def of_file(self, name: str) -> list[Known]:
        return [known for known in self._known if known.name == name]

    def had(self, content: bytes) -> list[str]:
        """Return the files of which something stays away, and that had this content."""
        return [known.name for known in self._known if known.name and known.content == content]

    def is_purged(self, name: str, key: str) -> bool:
        known = self._at(name, key)
        return known is not None and known.kind == "purged"

    def find(self, name: str, key: str, text: str, content: bytes) -> str:
        """Return why a document stays away, "" if it does not."""
        at = self._at(name, key)
        if at and (at.kind == "purged" or at.text == text or at.content == content):
            return at.kind
        purged = [known for known in self._known if known.kind == "purged"]
        found = any(known.text == text or (known.content, known.key) == (content, key) for known in purged)
        return "purged" if found else ""

    def add(self, kind: str, name: str, key: str, text: str, content: bytes) -> None:
        self._vacate(name, key)
        self._known.append(Known(kind, name, key, text, content))

    def move(self, old: str, new: str) -> None:
        for known in self.of_file(old):
            if self.is_purged(new, known.key):
                known.name = None
            else:
                self._vacate(new, known.key)
                known.name = new
        self._drop_empty()

    def forget_removal(self, name: str, key: str) -> None:
        self._known = [known for known in self._known if (known.name, known.key, known.kind) != (name, key, "removed")]

    def follow_content(self, name: str, key: str, text: str, content: bytes) -> None:
        at = self._at(name, key)
        if at and at.kind == "removed":
            at.text, at.content = text, content

    def readmit(self, name: str, key: str, text: str, content: bytes) -> None:
        for known in self._known:
            if known.kind == "purged" and (known.text == text or (known.content, known.key) == (content, key)):
                known.content = None
            if known.kind == "purged" and known.text == text:
                known.text = None
        self._vacate(name, key)

    def forget_file(self, name: str) -> None:
        for known in self.of_file(name):
            known.name = None
        self._drop_empty()

    def _at(self, name: str, key: str) -> Known | None:
        return next((known for known in self._known if (known.name, known.key) == (name, key)), None)

    def _vacate(self, name: str, key: str) -> None:
        if at := self._at(name, key):
            at.name = None
        self._drop_empty()

    def _drop_empty(self) -> None:
        self._known = [
            known
            for known in self._known
            if known.name or (known.kind == "purged" and (known.text, known.content) != (None, None))
        ]
