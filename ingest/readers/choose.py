"""The choice of the reader for a file.

The content decides before the name does: a web page saved as `report.pdf` is read as a web page.
"""

import re
from pathlib import PurePath
from typing import BinaryIO

from wherein.ingest.readers.binary import binary_kind
from wherein.ingest.readers.heads import (
    compression,
    is_rtf,
    is_tar,
    looks_like_json_lines,
    looks_like_latex,
    looks_like_records,
    looks_like_spread_json,
    looks_like_xml,
    xml_kind,
)
from wherein.ingest.readers.mail.kind import HEADER_BYTES, mail_module
from wherein.ingest.readers.ocr.kind import image_kind
from wherein.ingest.readers.office.ole import OLE_MAGIC, ole_module
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, reader_in
from wherein.ingest.readers.shared.encoding import head_text
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.zip_kind import ZIP_MAGIC, ZIP_REFUSALS, zip_kind

__all__ = ["choose"]

_HEAD_BYTES = 4096

# Atomic and possessive groups: a head made of "<!--" must not make the match try every way to split it.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?>\s*<!--.*?-->)*+\s*+<(?:!doctype\s++html|html)(?![\w-])",
    re.IGNORECASE | re.DOTALL,
)
_HTML_FRAGMENT = re.compile(r"\s*+<(?:table|body|head|meta|style|div|p|center|font|b)\b", re.IGNORECASE)
# Programs write HTML tables and tables of text under the names of spreadsheets, and Word writes web pages as messages.
_SHEET_SUFFIXES = frozenset((".xls", ".xlsx"))
_OFFICE_SUFFIXES = _SHEET_SUFFIXES | {".doc", ".docx"}
# Web archives and messages are saved under these names, too.
_PAGE_SUFFIXES = frozenset((".html", ".htm", ".xhtml", ".xht", ".shtml"))
# Lists are saved under the names that lines have, and lines under those of lists.
_LINES_SUFFIXES = frozenset((".jsonl", ".ndjson"))
_JSON_SUFFIXES = _LINES_SUFFIXES | {".json", ""}
_LONG_HEAD_BYTES = 1 << 20
_TABBED = re.compile(r"[^\n\t]*\t[^\n]*\n")
_WEB_ARCHIVE = re.compile(r"\s*MIME-Version:", re.IGNORECASE)


def choose(name: str, stream: BinaryIO, context: ReadContext = NO_CONTEXT) -> Reader:
    """Return the reader for the file called `name`, bound to `context`.

    `stream` is seekable, at its start, and is left there. Raises `Skipped` when the file is empty, binary or of an
    unsupported kind, `Unreadable` when it is damaged or encrypted.
    """
    return _reader_for(name, stream).bind(context)


def _reader_for(name: str, stream: BinaryIO) -> Reader:
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    if not head:
        raise Skipped("empty file")
    suffix = PurePath(name).suffix.lower()
    return _by_magic(head, suffix, stream) or _by_text(head, suffix, stream)


def _by_magic(head: bytes, suffix: str, stream: BinaryIO) -> Reader | None:
    """Return the reader for a format that is recognized by its first bytes."""
    if head.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head):  # some programs write bytes before it
        return reader_in("pdf.pdf_file")
    if head.startswith(ZIP_MAGIC):
        return _in_zip(stream, suffix)
    if is_rtf(head, suffix):
        return reader_in("rtf.rtf_file")
    if head.startswith(OLE_MAGIC):
        return reader_in(ole_module(stream))
    if image_kind(head):
        return reader_in("ocr.image")
    if compression(head):
        return reader_in("archives.compressed")
    return reader_in("archives.tar_archive") if is_tar(head) else None


def _in_zip(stream: BinaryIO, suffix: str) -> Reader:
    kind = zip_kind(stream, suffix)
    if kind is None:
        return reader_in("archives.zip_archive")
    if kind in BY_ZIP_KIND:
        return reader_in(BY_ZIP_KIND[kind])
    raise Skipped(ZIP_REFUSALS.get(kind, "unsupported kind of document"))


def _by_text(head: bytes, suffix: str, stream: BinaryIO) -> Reader:
    """Return the reader for a text. Raises `Skipped` when it is none."""
    kind = binary_kind(head)
    if kind:
        raise Skipped(kind)
    text = head_text(head)
    if _HTML.match(text) or (suffix in _OFFICE_SUFFIXES and _HTML_FRAGMENT.match(text)):
        return reader_in("html.page")
    if looks_like_xml(text, suffix):
        return reader_in(xml_kind(text))
    if suffix in _SHEET_SUFFIXES and _TABBED.match(text):
        return reader_in("records.csv_file")
    if suffix in _OFFICE_SUFFIXES and _WEB_ARCHIVE.match(text):
        return reader_in("mail.message")
    # Source code may also begin with a list of objects, or with a line that is a bracket.
    is_list = suffix in _JSON_SUFFIXES and looks_like_records(text)
    if is_list or (suffix in _LINES_SUFFIXES and looks_like_spread_json(text)):
        return reader_in("records.json_file")
    if suffix in _JSON_SUFFIXES and _is_json_lines(text, stream):
        return reader_in("records.jsonl")
    if suffix in BY_SUFFIX:
        return reader_in((suffix in _PAGE_SUFFIXES and _mail_module(text, suffix, stream)) or BY_SUFFIX[suffix])
    if looks_like_latex(text):
        return reader_in("latex.tex_file")
    return reader_in(_mail_module(text, suffix, stream) or "text.plain")


def _is_json_lines(text: str, stream: BinaryIO) -> bool:
    """Whether a file that begins with `text` has a JSON object in its first line and another one after it."""
    if text.lstrip().startswith("{") and "\n" not in text.strip():  # a long line
        text = head_text(stream.read(_LONG_HEAD_BYTES))
        stream.seek(0)
    return looks_like_json_lines(text)


def _mail_module(text: str, suffix: str, stream: BinaryIO) -> str | None:
    def more() -> bytes:
        head = stream.read(HEADER_BYTES)
        stream.seek(0)
        return head_text(head).encode(errors="replace")

    return mail_module(text.encode(errors="replace"), suffix, more)
