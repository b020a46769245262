"""Every reader, and the suffixes by which readers are chosen.

A new reader is listed in `READERS` and gets its suffixes in `BY_SUFFIX`. One that is chosen by the first bytes of a
file instead gets a line in `choose.py`, one for a kind of ZIP file an entry in `BY_ZIP_KIND` and in `zip_kind.py`.
"""

from wherein.ingest.readers import pdf
from wherein.ingest.readers.archives import compressed, tar_archive, zip_archive
from wherein.ingest.readers.ebooks import epub
from wherein.ingest.readers.html import page
from wherein.ingest.readers.latex import tex_file
from wherein.ingest.readers.mail import mbox, message
from wherein.ingest.readers.office import docx, odp, ods, odt, pptx, xlsx
from wherein.ingest.readers.records import csv_file, json_file, jsonl
from wherein.ingest.readers.text import markdown, plain, restructured

__all__ = ["BY_SUFFIX", "BY_ZIP_KIND", "READERS"]

READERS = (
    plain.READER,
    markdown.READER,
    restructured.READER,
    page.READER,
    pdf.READER,
    jsonl.READER,
    tex_file.READER,
    json_file.READER,
    csv_file.READER,
    message.READER,
    mbox.READER,
    zip_archive.READER,
    tar_archive.READER,
    compressed.READER,
    docx.READER,
    pptx.READER,
    xlsx.READER,
    odt.READER,
    ods.READER,
    odp.READER,
    epub.READER,
)

BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), markdown.READER),
    **dict.fromkeys((".rst", ".rest"), restructured.READER),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht", ".shtml"), page.READER),
    **dict.fromkeys((".jsonl", ".ndjson"), jsonl.READER),
    **dict.fromkeys((".csv", ".tsv", ".tab"), csv_file.READER),
    **dict.fromkeys((".tex", ".ltx", ".latex"), tex_file.READER),
    ".json": json_file.READER,
    ".pdf": pdf.READER,
}
"""The reader for a suffix in lower case, where the first bytes of the file do not decide."""

BY_ZIP_KIND = {
    "docx": docx.READER,
    "pptx": pptx.READER,
    "xlsx": xlsx.READER,
    "odt": odt.READER,
    "ods": ods.READER,
    "odp": odp.READER,
    "epub": epub.READER,
}
"""The reader for a document that is a ZIP file, by what `zip_kind` returns."""
