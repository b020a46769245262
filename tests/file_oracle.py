"""The files of a folder and what a library must hold of them, as a dictionary: the other side of the stateful test."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from exclusion_oracle import Exclusions
from wherein.uri import file_uri, record_uri


@dataclass
class File:
    """A file as it was last ingested: its bytes, and the documents that were read from it by key.

    With `purged` some of them were left out, because they were purged.
    """

    content: bytes
    state: str
    documents: dict[str, "Document"] = field(default_factory=dict)
    purged: bool = False


@dataclass
class Document:
    """A document as it must be; its number and the names of its passages are learned when it is first seen."""

    text: str
    number: int | None = None
    names: tuple[bytes, ...] = ()


class FilesOfFolder:
    """The files below `source` as a library knows them, in the order in which they were first ingested."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.files: dict[str, File] = {}
        self.exclusions = Exclusions()

    def there(self) -> list[Path]:
        return sorted(self.source.rglob("*.*"))

    def held(self) -> dict[str, tuple[File, str]]:
        """Return the file and the key of each document by uri."""
        return {
            record_uri(file_uri(str(self.source / name)), key): (file, key)
            for name, file in self.files.items()
            for key in file.documents
        }

    def name(self, path: Path) -> str:
        return str(path.relative_to(self.source))

    def note_ingested(self) -> None:
        for path in self.there():
            self.note_file(path)

    def note_file(self, path: Path, named: bool = False) -> None:
        name, content = self.name(path), path.read_bytes()
        known = self.files.get(name)
        if known and known.content == content and not (named and (known.purged or self.exclusions.of_file(name))):
            return
        moved = self.follow(name, known, content) if content else False
        if not content or content.startswith(b"%PDF-"):
            self.note_unreadable(name, known, content, named)
        else:
            self.renew(name, self.files.setdefault(name, File(content, "new")), content, moved, named)

    def note_unreadable(self, name: str, known: File | None, content: bytes, named: bool) -> None:
        """Note a file without text; its earlier documents continue to answer."""
        file = self.files.setdefault(name, File(content, "new")) if known is None else known
        file.purged = not named and self.exclusions.is_purged(name, "")
        file.content, file.state = content, "failed" if content and not file.purged else "skipped"

    def follow(self, name: str, known: File | None, content: bytes) -> bool:
        """Let documents and exclusions follow a file that had this content and is gone from its path."""
        gone = [] if known else [old for old, file in self.files.items() if self.is_adopted(old, file, content)]
        if gone:
            # It keeps its position among the files, because the first one ingested is the first to be adopted.
            self.files = {name if key == gone[0] else key: value for key, value in self.files.items()}
        had = [old for old, file in self.files.items() if file.content == content and self.exclusions.of_file(old)]
        for old in gone or [*had, *self.exclusions.had(content)]:
            if not (self.source / old).exists():
                self.exclusions.move(old, name)
                break
        return bool(gone)

    def is_adopted(self, old: str, file: File, content: bytes) -> bool:
        return (
            file.content == content
            and file.state == "read"
            and bool(file.documents)
            and not (self.source / old).exists()
        )

    def renew(self, name: str, file: File, content: bytes, moved: bool, named: bool) -> None:
        texts = {"": content.decode()}
        if name.endswith(".jsonl"):
            texts = {line["id"]: line["text"] for line in map(json.loads, content.splitlines())}
        is_same = moved or (file.state == "read" and file.content == content)
        before, file.documents, file.purged = file.documents, {}, False
        for key, text in texts.items():
            stored = before.get(key)
            kind = self.exclusions.find(name, key, text, content)
            is_here = stored is not None and (is_same or stored.text == text)
            if kind and not named and (self.exclusions.is_purged(name, key) or not is_here):
                file.purged |= kind == "purged"
                if kind == "removed":
                    self.exclusions.follow_content(name, key, text, content)
                continue
            self.exclusions.forget_removal(name, key)
            if kind and named and not stored:
                self.exclusions.readmit(name, key, text, content)
            file.documents[key] = Document(text, stored.number if stored else None)
        if named:
            self.exclusions.forget_file(name)
        file.content = content
        file.state = "skipped" if file.purged and not file.documents else "read"

    def forget_vanished(self) -> None:
        """Forget what a reindex removes: files that are gone, and what those held that have no text any more."""
        there = {name for name in self.files if (self.source / name).exists()}
        for name, file in list(self.files.items()):
            is_lost = name not in there or file.state == "skipped"
            # Without any file it may be a disk that is not mounted.
            if (is_lost and there and file.documents) or (name not in there and not file.documents):
                del self.files[name]
