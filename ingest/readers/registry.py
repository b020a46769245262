"""Every reader, and the suffixes by which readers are chosen.

A new reader's module is listed in `MODULES` and gets its suffixes in `BY_SUFFIX`. One that is chosen by the first bytes
of a file instead gets a line in `choose.py` and `heads.py`, one for a kind of ZIP file an entry in `BY_ZIP_KIND` and
in `zip_kind.py`. A reader is imported when the first file needs it.
"""

from functools import cache
from importlib import import_module

from wherein.ingest.readers.reader import Reader

__all__ = ["BY_SUFFIX", "BY_ZIP_KIND", "MODULES", "all_readers", "reader_in"]

MODULES = (
    "text.plain",
    "text.markdown",
    "text.restructured",
    "text.org",
    "text.asciidoc",
    "text.typst",
    "text.wiki",
    "text.properties",
    "html.page",
    "pdf.pdf_file",
    "ocr.image",
    "records.jsonl",
    "latex.tex_file",
    "records.json_file",
    "records.csv_file",
    "mail.message",
    "mail.mbox",
    "mail.mhtml",
    "archives.zip_archive",
    "archives.tar_archive",
    "archives.compressed",
    "office.docx",
    "office.pptx",
    "office.xlsx",
    "office.odt",
    "office.ods",
    "office.odp",
    "office.doc",
    "office.ppt",
    "office.xls",
    "office.xlsb",
    "mail.outlook",
    "rtf.rtf_file",
    "ebooks.epub",
    "text.subtitles",
    "records.notebook",
    "xml.elements",
    "xml.fb2",
    "xml.flat_odf",
)
"""The module of each reader, below `wherein.ingest.readers`."""

BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), "text.markdown"),
    **dict.fromkeys((".rst", ".rest"), "text.restructured"),
    **dict.fromkeys((".adoc", ".asciidoc"), "text.asciidoc"),
    **dict.fromkeys((".mediawiki", ".wiki", ".textile"), "text.wiki"),
    ".org": "text.org",
    ".typ": "text.typst",
    ".properties": "text.properties",
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht", ".shtml"), "html.page"),
    **dict.fromkeys((".jsonl", ".ndjson"), "records.jsonl"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "records.csv_file"),
    **dict.fromkeys((".tex", ".ltx", ".latex"), "latex.tex_file"),
    **dict.fromkeys((".srt", ".vtt", ".ass", ".ssa", ".sbv"), "text.subtitles"),
    ".ipynb": "records.notebook",
    **dict.fromkeys((".json", ".geojson", ".jsonld", ".jsonc", ".json5", ".har"), "records.json_file"),
    ".pdf": "pdf.pdf_file",
}
"""The module of the reader for a suffix in lower case, where the first bytes of the file do not decide."""

BY_ZIP_KIND = {
    "docx": "office.docx",
    "pptx": "office.pptx",
    "xlsx": "office.xlsx",
    "xlsb": "office.xlsb",
    "odt": "office.odt",
    "ods": "office.ods",
    "odp": "office.odp",
    "epub": "ebooks.epub",
}
"""The module of the reader for a document that is a ZIP file, by what `zip_kind` returns."""


def reader_in(module: str) -> Reader:
    """Return the reader of one of `MODULES`."""
    reader: Reader = import_module(f"wherein.ingest.readers.{module}").READER
    return reader


@cache
def all_readers() -> tuple[Reader, ...]:
    """Return every reader."""
    return tuple(map(reader_in, MODULES))
