"""What a reader returns: the text of a document, and where its pages and headings begin."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Document", "JSONValue", "Mark", "Problem"]

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
    document. `text` has neither NUL characters nor lone surrogates. `marks` are in the order of `start`.
    """

    title: str
    text: str
    media_type: str
    key: str = ""
    metadata: Mapping[str, JSONValue] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A record or member of a file that could not be read (a bad line of JSONL), while the others could.

    `skipped` when there is nothing to read in it (a picture in an archive); otherwise it failed.
    """

    key: str
    reason: str
    skipped: bool = False
