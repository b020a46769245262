"""Rows and cells outside a table, as programs cut them out of pages: a browser would drop their tags."""

import re
from collections.abc import Iterator

from wherein.ingest.readers.html.raw_text import RAW_TEXT

__all__ = ["with_tables"]

_TAG = re.compile(
    rf"{RAW_TEXT}|<(?P<end>/?)(?P<name>table|thead|tbody|tfoot|tr|td|th)\b[^<>]*+>?", re.IGNORECASE | re.DOTALL
)
_CELL_ENDS = ("/td", "/th")


def with_tables(markup: str) -> str:
    """Return a page with each run of rows or cells outside a table put inside one."""
    parts: list[str] = []
    written = 0
    for start, end in _runs(markup):
        parts += (markup[written:start], "<table>", markup[start:end], "</table>")
        written = end
    return "".join((*parts, markup[written:])) if parts else markup


def _runs(markup: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of rows or cells outside a table begins and ends."""
    start, end, depth = -1, 0, 0
    last = ""  # the last tag of the run; an open cell may hold anything, also a table
    for tag in _TAG.finditer(markup):
        name = f"{tag['end']}{tag['name']}".lower() if tag["name"] else ""
        is_after = start >= 0 and last.startswith("/")
        if is_after and (name == "table" or (name and last not in _CELL_ENDS and markup[end : tag.start()].strip())):
            yield start, end
            start = -1
        if name.endswith("table"):
            depth = max(0, depth - 1) if tag["end"] else depth + 1
        elif name and not depth and (start >= 0 or not tag["end"]):
            start = tag.start() if start < 0 else start
            end, last = tag.end(), name
    if start >= 0:
        yield start, end if last.startswith("/") else len(markup)
