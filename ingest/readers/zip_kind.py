"""Which kind of document a ZIP file is."""

import re
from typing import BinaryIO

from wherein.ingest.readers.shared.package import Package, opened_package

__all__ = ["ZIP_MAGIC", "zip_kind"]

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""A ZIP file begins with one of these; with the second one it is empty."""

_TYPES_LIMIT = 4 << 20
_BY_MEDIA_TYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.graphics": "odp",
}
# The content type of the main part, be it a document, a template or a slide show, with macros or without.
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


# What has one of these is one document and no archive of files, also when it lacks what tells its kind.
_PARTS_OF_ONE = ("_rels/.rels", "META-INF/manifest.xml", "META-INF/container.xml")


def zip_kind(stream: BinaryIO) -> str | None:
    """Say what a ZIP file is: docx, pptx, xlsx, xlsb, odt, ods, odp or epub; None for an archive of files.

    `other` is a document of another kind, such as a drawing of Visio.

    What is inside decides, and templates and files with macros count as what they are made for. Drawings (ODG)
    are read like presentations. Leaves the stream at its start. Raises Unreadable when the file is damaged.
    """
    with opened_package(stream) as package:
        kind = _kind(package)
    stream.seek(0)
    return kind


def _kind(package: Package) -> str | None:
    if "mimetype" in package:
        declared = _start(package, "mimetype", 200).decode("latin-1").strip("\ufeff\r\n\t ").lower()
        return _BY_MEDIA_TYPE.get(re.sub("-(?:template|master|web)$", "", declared), "other")
    if "[Content_Types].xml" in package:
        found = _MAIN_PARTS.search(_start(package, "[Content_Types].xml", _TYPES_LIMIT))
        return found.lastgroup if found else "other"
    if "META-INF/container.xml" in package and _lists_a_book(package):
        return "epub"
    return "other" if any(part in package for part in _PARTS_OF_ONE) else None


def _lists_a_book(package: Package) -> bool:
    return b"application/oebps-package+xml" in _start(package, "META-INF/container.xml", _TYPES_LIMIT)


def _start(package: Package, name: str, size: int) -> bytes:
    """Return at least the first `size` bytes of a part, if it has as many."""
    found = b""
    for piece in package.chunks(name):
        found += piece
        if len(found) >= size:
            break
    return found
