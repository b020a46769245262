"""What every format module offers: a `Reader`, which has a name, a version and a function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO, Protocol

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.ocr.tesseract import obstacle
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.reading import AS_USUAL, Reading

__all__ = ["NO_CONTEXT", "ReadContext", "Reader", "context_for", "text_reader"]

_Items = Iterator[Document | Problem]


def _ignore() -> None:
    """Do nothing."""


class _ReadInContext(Protocol):
    def __call__(self, stream: BinaryIO, name: str, context: "ReadContext" = ...) -> _Items: ...


@dataclass(frozen=True)
class ReadContext:
    """What some readers need to know beside the file.

    `fields` are the names that the user chose for the fields of records, `encoding` is the one that the user named for
    text that is not Unicode, if any, and `ocr_languages` are the languages of text in pictures, joined by `+`, "" for
    the installed ones. Two concern files inside files: `depth` is how many files enclose this one, and `allowance` what
    may still be unpacked of the outermost file, None where nothing is counted yet. `alive` is called by a reader that
    is slow for a good reason, before each step of less than a minute.
    """

    fields: Fields = NO_FIELDS
    encoding: str = ""
    depth: int = 0
    allowance: Allowance | None = None
    ocr_languages: str = ""
    alive: Callable[[], None] = field(default=_ignore, compare=False, repr=False)


NO_CONTEXT = ReadContext()


def context_for(
    reading: Reading, allowance: Allowance | None = None, alive: Callable[[], None] = _ignore
) -> ReadContext:
    """Return the context in which a file of a source is read."""
    chosen = ReadContext(reading.fields, reading.encoding, ocr_languages=reading.ocr_languages)
    return replace(chosen, allowance=allowance, alive=alive)


@dataclass(frozen=True)
class Reader:
    """How to read one format.

    `version` goes up whenever the same bytes would give another `Document`, so that files read by an older version
    are read again. `media_type` is that of its documents; it is empty for an archive, whose members have their own.

    `read(stream, name)` takes a seekable binary stream at its start, and the file's name or path, which is the title
    where the file has none. While it is iterated it raises `Skipped` or `errors.Unreadable`, with the reason shown to
    the user as the message, and nothing else however bad the input is. What it yielded before the error counts.

    `read_in_context` is the same function for readers that also take a `ReadContext`. A `streaming` reader reads
    piece by piece, so that the size of the file does not matter. `reading` is what the user chose; the context brings
    the fields only with `takes_fields`, the encoding only with `takes_encoding`, and the languages only with
    `reads_pictures`. Such a reader reads text in pictures, also in files inside the file; with `ocr` it can do so here.
    """

    name: str
    version: int
    media_type: str
    read: Callable[[BinaryIO, str], _Items]
    read_in_context: _ReadInContext | None = field(default=None, repr=False)
    streaming: bool = False
    takes_fields: bool = True
    takes_encoding: bool = True
    reads_pictures: bool = False
    reading: Reading = AS_USUAL
    ocr: bool = False

    @property
    def label(self) -> str:
        """Name and version as one word, such as `html-1`, followed by what the user chose."""
        return f"{self.name}-{self.version}{'+ocr' if self.ocr else ''}{self.reading.label}"

    def current_labels(self, context: ReadContext) -> frozenset[str]:
        """Return the labels of files that need not be read again in `context`.

        What was read by OCR stays as it is where Tesseract is missing now.
        """
        reader = self.bind(context)
        return frozenset((reader.label, replace(reader, ocr=self.reads_pictures).label))

    def bind(self, context: ReadContext) -> "Reader":
        """Return the reader that reads in `context`."""
        if self.read_in_context is None or (context == NO_CONTEXT and not self.reads_pictures):
            return self
        languages = context.ocr_languages if self.reads_pictures else ""
        return replace(
            self,
            read=partial(self.read_in_context, context=context),
            reading=Reading(
                context.fields if self.takes_fields else NO_FIELDS,
                context.encoding if self.takes_encoding else "",
                languages,
            ),
            ocr=self.reads_pictures and not obstacle(languages),
        )


def text_reader(name: str, version: int, media_type: str, read: _ReadInContext) -> Reader:
    """Return the reader of a format that is text: the user may name its encoding."""
    return Reader(name, version, media_type, read, read, takes_fields=False)
