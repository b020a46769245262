"""Golden questions: the user's own, each with the document that answers it."""

from __future__ import annotations

from pathlib import Path

from wherein.errors import UsageError
from wherein.library.documents import named_document
from wherein.library.opening import open_for_writing, require_library
from wherein.storage.catalog.golden import GoldenRow, add_golden, list_golden, remove_golden
from wherein.storage.disk.text_lines import to_unicode
from wherein.uri import display

__all__ = ["add_golden_question", "remove_golden_questions"]


def add_golden_question(folder: Path, question: str, name: str, *, wait: bool = False) -> GoldenRow:
    """Store a question with the document `name`, its URI, path or number, that answers it."""
    question = to_unicode(question).strip()
    if not question:
        raise UsageError("The question is empty")
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        return add_golden(db, question, named_document(db, name).uri)


def remove_golden_questions(folder: Path, name: str, *, wait: bool = False) -> list[GoldenRow]:
    """Remove the golden question with this number, else all with this text, and return what was removed."""
    require_library(folder)
    name = to_unicode(name)
    with open_for_writing(folder, wait) as db:
        rows = list_golden(db)
        chosen = [row for row in rows if str(row.id) == name] or [row for row in rows if row.question == name]
        if not chosen:
            raise UsageError(f"There is no golden question {display(name[:300])}; see: wherein golden list")
        for row in chosen:
            remove_golden(db, row.id)
    return chosen
