"""Which kind of document a ZIP file is."""

import re
from typing import BinaryIO

from wherein.ingest.readers.shared.package import Package, open_package

__all__ = ["ZIP_MAGIC", "zip_kind"]

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""A ZIP file begins with one of these; with the second one it is empty."""

_READ_LIMIT = 4 << 20
_BY_MEDIA_TYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.graphics": "odp",
}
# The content type of the main part of a document, template or slide show, with or without macros.
_MAIN_PARTS = re.compile(
    rb"""ContentType\s*=\s*["']application/vnd\.(?:
        (?P<docx>openxmlformats-officedocument\.wordprocessingml\.(?:document|template)
               | ms-word\.(?:document|template)\.macroEnabled(?:Template)?)
      | (?P<pptx>openxmlformats-officedocument\.presentationml\.(?:presentation|slideshow|template)
               | ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled)
      | (?P<xlsx>openxmlformats-officedocument\.spreadsheetml\.(?:sheet|template)
               | ms-excel\.(?:sheet|template)\.macroEnabled)
      | (?P<xlsb>ms-excel\.sheet\.binary\.macroEnabled)
    )\.main(?:\+xml)?["']""",
    re.VERBOSE | re.IGNORECASE,
)


# A file with one of these parts is a document and not an archive of files, even when its kind is unknown.
_DOCUMENT_PARTS = ("_rels/.rels", "META-INF/manifest.xml", "META-INF/container.xml")


def zip_kind(stream: BinaryIO) -> str | None:
    """Return docx, pptx, xlsx, xlsb, odt, ods, odp, epub or `other` for a document; None for an archive of files.

    The content decides. Templates and files with macros count as the documents that they are made for, drawings (ODG)
    as presentations; `other` is any other kind, such as a Visio drawing. Leaves the stream at its start. Raises
    Unreadable when the file is damaged.
    """
    with open_package(stream) as package:
        kind = _kind(package)
    stream.seek(0)
    return kind


def _kind(package: Package) -> str | None:
    # OpenDocument and EPUB declare their kind in this part, Office documents in the next one.
    if "mimetype" in package:
        declared = _read_start(package, "mimetype", 200).decode("latin-1").strip("\ufeff\r\n\t ").lower()
        return _BY_MEDIA_TYPE.get(re.sub("-(?:template|master|web)$", "", declared), "other")
    if "[Content_Types].xml" in package:
        match = _MAIN_PARTS.search(_read_start(package, "[Content_Types].xml", _READ_LIMIT))
        return match.lastgroup if match else "other"
    if "META-INF/container.xml" in package and _is_epub(package):
        return "epub"
    return "other" if any(part in package for part in _DOCUMENT_PARTS) else None


def _is_epub(package: Package) -> bool:
    return b"application/oebps-package+xml" in _read_start(package, "META-INF/container.xml", _READ_LIMIT)


def _read_start(package: Package, name: str, size: int) -> bytes:
    """Return at least the first `size` bytes of a part, or all of a smaller one."""
    start = b""
    for piece in package.chunks(name):
        start += piece
        if len(start) >= size:
            break
    return start
