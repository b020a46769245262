"""Documents made of the lines of a light markup language, with headings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from wherein.ingest.document import Document, JSONValue
from wherein.ingest.readers.shared.decode import Decoded, name_as_title, require_text
from wherein.ingest.readers.shared.headings import Heading, heading_marks
from wherein.uri import display

__all__ = ["Line", "included_note", "outlined_document", "source_lines"]

_MAX_NOTED_FILES = 20
_MAX_NOTE = 500


class Line(NamedTuple):
    """A line as a person reads it; `level` is that of a heading, the outermost 1, and 0 for any other line."""

    text: str
    level: int = 0


def source_lines(decoded: Decoded) -> list[str]:
    """Return the lines of a file without the blanks at their ends. Raises Skipped when it has no text."""
    require_text(decoded.text)
    return [line.rstrip() for line in decoded.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def outlined_document(
    decoded: Decoded,
    lines: Iterable[Line],
    name: str,
    media_type: str,
    title: str = "",
    metadata: Mapping[str, JSONValue] | None = None,
    included: Sequence[str] = (),
) -> Document:
    """Return the lines as a document titled `title`, else by its first heading, else by the name of the file.

    A line of the file that is left out is given as an empty one, so that the lines keep their numbers. Raises Skipped
    when no line has text.
    """
    texts: list[str] = []
    headings: list[Heading] = []
    start = 0
    for line in lines:
        shown = line.text.rstrip()
        if line.level and shown:
            headings.append(Heading(start, line.level, " ".join(shown.split())))
        texts.append(shown)
        start += len(shown) + 1
    text = "\n".join(texts)
    require_text(text)
    title = " ".join(title.split()) or (headings[0].title if headings else name_as_title(name))
    marks, notes = heading_marks(headings), included_note(included)
    return decoded.annotate(Document(title, text, media_type, metadata=metadata or {}, marks=marks, notes=notes))


def included_note(names: Sequence[str]) -> tuple[str, ...]:
    """Return a note that names the files a document includes; they are not read with it."""
    if not names:
        return ()
    shown = ", ".join(map(display, names[:_MAX_NOTED_FILES]))
    more = " and more" if len(names) > _MAX_NOTED_FILES else ""
    return (f"what it includes is not part of it: {shown}{more}"[:_MAX_NOTE],)
