"""Jupyter notebooks: the text of the cells and of their outputs in order, without pictures."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, JSONValue, Mark, Problem
from wherein.ingest.readers.html.page import read_markup
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.records.json_text import text_document
from wherein.ingest.readers.records.json_values import parse_json
from wherein.ingest.readers.shared.decode import PICTURES_NOTE, decode, name_as_title, require_text, without_pictures
from wherein.ingest.readers.shared.headings import Heading, first_heading, heading_marks
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.text.markdown import headings_in
from wherein.ingest.readers.text.terminal import as_seen

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/x-ipynb+json"
_GAP = "\n\n"
# What stands for a picture or an object in an output, such as <Figure size 640x480 with 1 Axes>.
_STAND_IN = re.compile(r"|<[\w. :]+(?: at 0x[\da-f]+| size [^<>]*)?>|\[<[^<>]*>(?:, <[^<>]*>)*\]")
_INVALID = "not a notebook that can be read; its source was read as text"

Cell = dict[str, JSONValue]


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the notebook as one document with the headings of its texts; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    try:
        notebook = parse_json(decoded.text)
    except (ValueError, RecursionError):
        notebook = None
    cells = _cells(notebook)
    if not isinstance(notebook, dict) or cells is None:
        yield text_document(decoded, name, _MEDIA_TYPE, (_INVALID,))
        return
    text, marks, pictures = _join(cells)
    require_text(text)
    title, metadata = first_heading(marks) or name_as_title(name), _metadata(notebook)
    notes = (PICTURES_NOTE,) if pictures else ()
    yield decoded.annotate(Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks, notes=notes))


def _cells(notebook: JSONValue) -> list[Cell] | None:
    """Return the cells; version 3 of the format has them in worksheets."""
    if not isinstance(notebook, dict):
        return None
    sheets = notebook.get("worksheets")
    inner = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
    holders = [notebook, *inner]
    lists = [cells for holder in holders if isinstance(cells := holder.get("cells"), list)]
    return [cell for cells in lists for cell in cells if isinstance(cell, dict)] if lists else None


def _join(cells: list[Cell]) -> tuple[str, tuple[Mark, ...], int]:
    """Return the text, marks for headings, and how many pictures were written into it, which are left out."""
    parts: list[str] = []
    headings: list[Heading] = []
    length = pictures = 0
    for cell in cells:
        for source in _texts(cell):
            shown, count = without_pictures(source)
            pictures += count
            part = shown.strip("\n")
            if not part.strip():
                continue
            if cell.get("cell_type") == "markdown":
                headings += [heading._replace(start=heading.start + length) for heading in headings_in(part)]
            parts.append(part)
            length += len(part) + len(_GAP)
    return _GAP.join(parts), heading_marks(headings), pictures


def _texts(cell: Cell) -> Iterator[str]:
    """Yield the source of a cell and its outputs."""
    source = _string(cell.get("source", cell.get("input")))
    if cell.get("cell_type") == "heading":  # version 3
        level = cell.get("level")
        source = f"{'#' * (level if isinstance(level, int) and 0 < level < 7 else 1)} {source}"
    yield source
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            yield _output(output)


def _output(output: Cell) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return as_seen(f"{_string(output.get('ename'))}: {_string(output.get('evalue'))}")
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else output.get("text")
    markdown = data.get("text/markdown") if isinstance(data, dict) else None
    text = as_seen(_string(markdown or plain))
    if not _STAND_IN.fullmatch(text.strip()):
        return text
    return _shown(data) if isinstance(data, dict) else ""


def _shown(data: Cell) -> str:
    """Return the text of an output that has none but as a page or a formula."""
    try:
        return read_markup(_string(data.get("text/html"))).text
    except Skipped:
        return _string(data.get("text/latex"))


def _string(value: JSONValue) -> str:
    """Return a text, which may be stored as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _metadata(notebook: dict[str, JSONValue]) -> dict[str, JSONValue]:
    own = notebook.get("metadata")
    authors = own.get("authors") if isinstance(own, dict) else None
    names = [one.get("name") for one in authors if isinstance(one, dict)] if isinstance(authors, list) else []
    return standard_metadata(author=[name for name in names if isinstance(name, str)])


READER = text_reader("notebook", 4, _MEDIA_TYPE, read)
