"""What a reader returns: the text of a document, and where its pages and headings begin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wherein.storage.catalog.integers import clamp

__all__ = ["Document", "JSONValue", "Mark", "Problem", "check_storable"]

_Scalar = str | int | float | bool | None
JSONValue = _Scalar | list["JSONValue"] | dict[str, "JSONValue"]


@dataclass(frozen=True)
class Mark:
    """From character `start` to the next mark the text is on `page`, under `heading`.

    `page` counts from 1; None where the format has no pages. `heading` is the path of headings,
    outermost first, empty before the first heading.
    """

    start: int
    page: int | None = None
    heading: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """One document as text.

    `key` distinguishes the documents of one file (the id of a JSONL record) and is empty for a file that is one
    document. `text` has neither NUL characters nor lone surrogates. `marks` are in the order of `start`. `doubts` are
    those of the `notes` that a user should check: a run reports them. `recognized` are the spans of the text, first and
    last character, exclusive, that were recognized in pictures (OCR).
    """

    title: str
    text: str
    media_type: str
    key: str = ""
    metadata: Mapping[str, JSONValue] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    recognized: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Problem:
    """A record or member of a file that could not be read (a bad line of JSONL), while the others could.

    `skipped` when there is nothing to read in it (a picture in an archive); otherwise it failed.
    """

    key: str
    reason: str
    skipped: bool = False


def check_storable(item: Document | Problem) -> None:
    """Raise ValueError or TypeError for what the catalog cannot hold: lone surrogates, numbers beyond 64 bits.

    Metadata are stored as JSON, which holds any number.
    """
    if isinstance(item, Problem):
        texts = [item.key, item.reason]
    else:
        metadata = json.dumps(dict(item.metadata), ensure_ascii=False)
        headings = (part for mark in item.marks for part in mark.heading)
        texts = [item.key, item.title, item.text, item.media_type, metadata, *item.notes, *headings]
        if any(mark.page is not None and mark.page != clamp(mark.page) for mark in item.marks):
            raise ValueError("a page number has more than 64 bits")
    for text in texts:
        text.encode()
