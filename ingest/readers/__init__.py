"""From the bytes of a file to documents: one module a format, and the choice between them.

Content decides before the name does: a web page saved as `report.pdf` is read as a web page.
"""

import re
from pathlib import PurePath
from typing import BinaryIO

from wherein.ingest.readers import pdf
from wherein.ingest.readers.archives import compressed, tar_archive, zip_archive
from wherein.ingest.readers.binary import kind_of
from wherein.ingest.readers.ebooks import epub
from wherein.ingest.readers.html import page as html
from wherein.ingest.readers.latex import source as latex
from wherein.ingest.readers.mail import mbox
from wherein.ingest.readers.mail import message as mail
from wherein.ingest.readers.office import docx, odp, ods, odt, pptx, xlsx
from wherein.ingest.readers.office.ole import OLE_MAGIC, refusal
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records import delimited, json_file, jsonl
from wherein.ingest.readers.shared.decode import split_bom
from wherein.ingest.readers.shared.package import ZIP_MAGIC, kind_of_zip
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.text import markdown, plain, restructured

__all__ = ["READERS", "ReadContext", "Reader", "Skipped", "choose"]

_HEAD_BYTES = 4096

_IN_ZIP = {
    reader.name: reader
    for reader in (docx.READER, pptx.READER, xlsx.READER, odt.READER, ods.READER, odp.READER, epub.READER)
}
READERS = (
    *(plain.READER, markdown.READER, restructured.READER, html.READER, pdf.READER, jsonl.READER),
    *(latex.READER, json_file.READER, delimited.READER, mail.READER, mbox.READER),
    *(zip_archive.READER, tar_archive.READER, compressed.READER),
    *_IN_ZIP.values(),
)

_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), markdown.READER),
    **dict.fromkeys((".rst", ".rest"), restructured.READER),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht", ".shtml"), html.READER),
    **dict.fromkeys((".jsonl", ".ndjson"), jsonl.READER),
    **dict.fromkeys((".csv", ".tsv", ".tab"), delimited.READER),
    **dict.fromkeys((".tex", ".ltx", ".latex"), latex.READER),
    ".pdf": pdf.READER,
}

# Atomic and possessive groups: a head made of "<!--" must not make the match try every way to split it.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?>\s*<!--.*?-->)*+\s*+<(?:!doctype\s++html|html)(?![\w-])",
    re.IGNORECASE | re.DOTALL,
)


def choose(name: str, stream: BinaryIO, context: ReadContext = NO_CONTEXT) -> Reader:
    """Choose the reader for the file called `name`, a seekable stream at its start, where it is left.

    `context` is what the reader has to know beside the file. Raises `Skipped` when the file is empty, binary or of a
    kind that is not read, `Unreadable` when it is damaged or encrypted.
    """
    return _chosen(name, stream).bind(context)


def _chosen(name: str, stream: BinaryIO) -> Reader:
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    if not head:
        raise Skipped("empty file")
    suffix = PurePath(name).suffix.lower()
    if head.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head):
        return pdf.READER
    if head.startswith(ZIP_MAGIC):
        return _in_zip(stream)
    if head.startswith(OLE_MAGIC):
        raise refusal(stream)
    if compressed.is_compressed(head):
        return compressed.READER
    if tar_archive.is_tar(head):
        return tar_archive.READER
    kind = kind_of(head)
    if kind:
        raise Skipped(kind)
    codec, body = split_bom(head)
    text = body.decode(codec or "utf-8", errors="replace")
    if _HTML.match(text):
        return html.READER
    if suffix in (".json", "") and json_file.looks_like_records(text):
        return json_file.READER
    return _BY_SUFFIX.get(suffix) or _by_first_lines(head, text, suffix)


def _by_first_lines(head: bytes, text: str, suffix: str) -> Reader:
    if latex.looks_like_latex(text):
        return latex.READER
    if mbox.looks_like_mailbox(head):
        return mbox.READER
    return mail.READER if mail.looks_like_mail(head, suffix) else plain.READER


def _in_zip(stream: BinaryIO) -> Reader:
    kind = kind_of_zip(stream)
    if kind is None:
        return zip_archive.READER
    if kind in _IN_ZIP:
        return _IN_ZIP[kind]
    raise Skipped(
        "binary Excel workbook; save it as .xlsx" if kind == "xlsb" else "document of a kind that is not read"
    )
