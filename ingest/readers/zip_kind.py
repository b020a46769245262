"""Which kind of document a ZIP file is."""

import re
from typing import BinaryIO

from wherein.ingest.readers.shared.package import Package, open_package

__all__ = ["ZIP_MAGIC", "ZIP_REFUSALS", "zip_kind"]

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""A ZIP file begins with one of these; with the second one it is empty."""

ZIP_REFUSALS = {
    "iwork": "Apple iWork document; export it as .docx, .xlsx or .pptx",
    "pages": "Apple Pages document; export it as .docx",
    "numbers": "Apple Numbers document; export it as .xlsx",
    "key": "Apple Keynote presentation; export it as .pptx",
    "visio": "Visio drawing; save it as .pdf",
    "xps": "XPS document; save it as .pdf",
    "staroffice": "OpenOffice.org 1 document; save it as .odt, .ods or .odp",
    "hangul": "Hangul document; save it as .docx",
}
"""Why a document of a known kind is not read, by its kind."""

_READ_LIMIT = 4 << 20
_BY_MEDIA_TYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.graphics": "odp",
    **{f"application/vnd.sun.xml.{kind}": "staroffice" for kind in ("writer", "calc", "impress", "draw", "math")},
    "application/hwp+zip": "hangul",
}
_IWORK_SUFFIXES = ("pages", "numbers", "key")
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
      | (?P<visio>ms-visio\.(?:drawing|template|stencil)(?:\.macroEnabled)?)
    )\.main(?:\+xml)?["']""",
    re.VERBOSE | re.IGNORECASE,
)
_XPS = b"application/vnd.ms-package.xps-fixeddocumentsequence+xml"
# A file with one of these parts is a document and not an archive of files, even when its kind is unknown.
_DOCUMENT_PARTS = ("_rels/.rels", "META-INF/manifest.xml", "META-INF/container.xml")


def zip_kind(stream: BinaryIO, suffix: str = "") -> str | None:
    """Return docx, pptx, xlsx, xlsb, odt, ods, odp, epub, one of `ZIP_REFUSALS` or `other`; None for an archive.

    The content decides. Templates and files with macros count as the documents that they are made for, drawings (ODG)
    as presentations. Documents of Apple's programs are distinguished by the `suffix`. Leaves the stream at its start.
    Raises Unreadable when the file is damaged.
    """
    with open_package(stream) as package:
        kind = _kind(package)
        if kind is None and _is_iwork(package):
            kind = suffix.lstrip(".") if suffix.lstrip(".") in _IWORK_SUFFIXES else "iwork"
    stream.seek(0)
    return kind


def _kind(package: Package) -> str | None:
    # OpenDocument and EPUB declare their kind in this part, Office documents in the next one.
    if "mimetype" in package:
        declared = _read_start(package, "mimetype", 200).decode("latin-1").strip("\ufeff\r\n\t ").lower()
        return _BY_MEDIA_TYPE.get(re.sub("-(?:template|master|web)$", "", declared), "other")
    if "[Content_Types].xml" in package:
        types = _read_start(package, "[Content_Types].xml", _READ_LIMIT)
        match = _MAIN_PARTS.search(types)
        return match.lastgroup if match else "xps" if _XPS in types else "other"
    if "META-INF/container.xml" in package and _is_epub(package):
        return "epub"
    return "other" if any(part in package for part in _DOCUMENT_PARTS) else None


def _is_iwork(package: Package) -> bool:
    """Whether it is of Pages, Numbers or Keynote: as a file, as a folder that was zipped, or of before 2013."""
    names = list(package)
    if "index.apxl" in package or ("index.xml" in package and "buildversionhistory.plist" in package):
        return True
    is_folder = any(name.endswith("/metadata/buildversionhistory.plist") for name in names)
    return any(name.endswith(".iwa") or (is_folder and name.endswith("/index.zip")) for name in names)


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
