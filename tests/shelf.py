"""A library of one folder: which documents it holds, which are kept out, and which problems are reported."""

import json
import os
from pathlib import Path

from toy import ToyEncoder
from wherein.ingest.progress.events import RunProblem, Summary
from wherein.library import Library
from wherein.uri import file_uri

TEXT = "The safe opens with 4711."


class Shelf:
    """A library of one folder, and the problems of its last run."""

    def __init__(self, folder: Path) -> None:
        self.docs = folder / "docs"
        self.library = Library(folder / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
        self.problems: list[tuple[str, str]] = []
        (self.docs / "sub").mkdir(parents=True)
        self.write("other.txt", "The ferry leaves at noon.")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.docs / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, ns=(10**18, 10**18))
        return path

    def ingest(self, *names: str) -> Summary:
        self.problems.clear()
        return self.library.ingest([str(self.docs / name) for name in names] or [str(self.docs)], report=self._note)

    def reindex(self) -> Summary:
        self.problems.clear()
        return self.library.reindex(report=self._note)

    def remove(self, *names: str, purge: bool) -> None:
        self.library.remove_documents([file_uri(str(self.docs)) + f"/{name}" for name in names], purge=purge)

    def names(self) -> list[str]:
        start = file_uri(str(self.docs)) + "/"
        return [found.uri.removeprefix(start) for found in self.library.documents() if "other" not in found.uri]

    def away(self) -> list[tuple[str, str]]:
        start = file_uri(str(self.docs)) + "/"
        return [(found.uri.removeprefix(start), found.kind) for found in self.library.removed()]

    def _note(self, event: object) -> None:
        if isinstance(event, RunProblem):
            self.problems.append((event.uri.rpartition("/")[2], event.reason))


def jsonl(**texts: str) -> str:
    return "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in texts.items())
