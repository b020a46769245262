"""What a file is, by its first bytes.

Apart from the readers, because every file is looked at in this way, and most readers are never needed.
"""

import json
import re
import tarfile

__all__ = [
    "BZIP2",
    "GZIP",
    "XZ",
    "ZSTD",
    "compression",
    "is_rtf",
    "is_tar",
    "looks_like_json_lines",
    "looks_like_latex",
    "looks_like_records",
    "looks_like_spread_json",
    "looks_like_xml",
    "xml_kind",
]

GZIP, BZIP2, XZ, ZSTD = "gzip", "bzip2", "xz", "zstd"

_BLOCK = 512
_DOCUMENT_CLASS = re.compile(r"(?:\s|%[^\n]*\n)*+\\documentclass\b")
_RTF = re.compile(rb"\{\s*\\rtf")
_RECORDS = re.compile(r"\s*\[\s*\{")
_OPEN_LINE = re.compile(r"\s*+[\[{][^\S\n]*+\n")
_OBJECT_LINES = re.compile(r"\s*+(\{[^\n]*+)\n\s*+\{")
_XML_SUFFIXES = frozenset((
    ".xml", ".svg", ".rss", ".atom", ".kml", ".gpx", ".opml", ".xlf", ".xliff", ".tmx", ".ttml", ".dbk", ".tei",
    ".fb2", ".fodt", ".fods", ".fodp", ".fodg", ".plist", ".xsl", ".xslt", ".xsd", ".wsdl", ".rdf", ".owl", ".dita",
    ".docbook",
))  # fmt: skip
_XML_DECLARATION = re.compile(r"\ufeff?\s*<\?xml\s")
_XML_ROOT = re.compile(r"\ufeff?\s*<(?:[A-Za-z_]|!DOCTYPE|!--|\?)")
# With an identifier, so that no other text begins like it.
_XML_DOCTYPE = re.compile(r"\ufeff?\s*<!DOCTYPE\s+(?!html\b)[\w:.-]+\s+(?:PUBLIC|SYSTEM)\s+[\"']", re.IGNORECASE)
_FICTION_BOOK = re.compile(r"<FictionBook\b")
_FLAT_ODF = re.compile(r"<office:document[\s>]")  # not a part of a package, such as office:document-content


def compression(head: bytes) -> str | None:
    """Return the format in which a file that begins with `head` is compressed, None when it is not."""
    if head.startswith(b"\x1f\x8b\x08"):
        return GZIP
    # A text may begin with BZh as well. What follows is the mark of a block, or of the end of an empty file.
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return BZIP2
    if head.startswith(b"\xfd7zXZ\0"):
        return XZ
    return ZSTD if head.startswith(b"\x28\xb5\x2f\xfd") else None


def is_rtf(head: bytes, suffix: str = "") -> bool:
    """Whether a file that begins with `head` is RTF, or a part of one with its suffix."""
    start = head.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    return bool(_RTF.match(start)) or (suffix == ".rtf" and start.startswith((b"{\\", b"{{\\")))


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with `head` begins with the header of a member; its checksum is verified."""
    if len(head) < _BLOCK or not head.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")  # raises unless the checksum fits
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError, OSError, IndexError):
        return False
    return True


def looks_like_latex(head: str) -> bool:
    """Whether a file that begins with `head` begins with a document class."""
    return _DOCUMENT_CLASS.match(head) is not None


def looks_like_records(head: str) -> bool:
    """Whether a file that begins with `head` begins with a list of objects."""
    return _RECORDS.match(head) is not None


def looks_like_spread_json(head: str) -> bool:
    """Whether the first line of a file that begins with `head` only opens a JSON value, which other lines continue."""
    return _OPEN_LINE.match(head) is not None


def looks_like_json_lines(head: str) -> bool:
    """Whether a file that begins with `head` has a JSON object in its first line and another one after it."""
    lines = _OBJECT_LINES.match(head)
    if not lines:
        return False
    try:
        json.loads(lines[1])
    except (ValueError, RecursionError):
        return False
    return True


def looks_like_xml(head: str, suffix: str = "") -> bool:
    """Whether a file begins with an XML declaration or document type, or with an element and has a suffix of XML."""
    begins_as_xml = _XML_DECLARATION.match(head) or _XML_DOCTYPE.match(head)
    return bool(begins_as_xml or (suffix in _XML_SUFFIXES and _XML_ROOT.match(head)))


def xml_kind(head: str) -> str:
    """Return the module of the reader for XML that begins with `head`."""
    if _FICTION_BOOK.search(head):
        return "xml.fb2"
    return "xml.flat_odf" if _FLAT_ODF.search(head) else "xml.elements"
