"""From the bytes of a file to documents: one module a format, and the choice between them.

Content decides before the name does: a web page saved as `report.pdf` is read as a web page.
"""

import re
from pathlib import PurePath

from ingest.readers import html, jsonl, markdown, pdf, plain, restructured
from ingest.readers.binary import kind_of
from ingest.readers.decode import split_bom
from ingest.readers.reader import Reader
from ingest.readers.skipped import Skipped

__all__ = ["HEAD_BYTES", "READERS", "Reader", "Skipped", "choose"]

HEAD_BYTES = 4096
"""How many bytes from the start of a file `choose` wants to see."""

READERS = (plain.READER, markdown.READER, restructured.READER, html.READER, pdf.READER, jsonl.READER)

_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), markdown.READER),
    **dict.fromkeys((".rst", ".rest"), restructured.READER),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht", ".shtml"), html.READER),
    **dict.fromkeys((".jsonl", ".ndjson"), jsonl.READER),
    ".pdf": pdf.READER,
}

# Atomic and possessive groups: a head made of "<!--" must not make the match try every way to split it.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?>\s*<!--.*?-->)*+\s*+<(?:!doctype\s++html|html)(?![\w-])",
    re.IGNORECASE | re.DOTALL,
)


def choose(name: str, head: bytes) -> Reader:
    """Choose the reader for the file called `name` that begins with `head` (`HEAD_BYTES` of it).

    Raises `Skipped` when the file is empty or binary.
    """
    if not head:
        raise Skipped("empty file")
    suffix = PurePath(name).suffix.lower()
    if head.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head):
        return pdf.READER
    kind = kind_of(head)
    if kind:
        raise Skipped(kind)
    codec, body = split_bom(head)
    if _HTML.match(body.decode(codec or "utf-8", errors="replace")):
        return html.READER
    return _BY_SUFFIX.get(suffix, plain.READER)
