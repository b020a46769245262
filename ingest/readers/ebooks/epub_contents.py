"""The table of contents of an e-book."""

import posixpath
from urllib.parse import unquote, urldefrag

from selectolax.lexbor import LexborHTMLParser

from wherein.errors import Unreadable
from wherein.ingest.readers.html.page import decode_page, parse_page
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.xml_events import START, TEXT, events

__all__ = ["NCX_MEDIA_TYPE", "chapter_titles"]

NCX_MEDIA_TYPE = "application/x-dtbncx+xml"
"""The media type of the table of contents of EPUB 2."""


def chapter_titles(package: Package, contents: str) -> dict[str, str]:
    """Return the titles of chapters in the table of contents, which is the file `contents`, by file name.

    Empty when there is no table of contents or it cannot be read.
    """
    titles: dict[str, str] = {}
    try:
        data = package.read(contents) if contents else b""
        entries = (
            _ncx_entries(data, contents) if b"<ncx" in data[:4096] else _nav_entries(parse_page(decode_page(data).text))
        )
    except Unreadable:
        return titles
    for target, title in entries:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(contents), unquote(urldefrag(target).url)))
        if title:
            titles.setdefault(file, title)  # further entries for a chapter are its sections
    return titles


def _nav_entries(tree: LexborHTMLParser) -> list[tuple[str, str]]:
    links = tree.css("nav[epub\\:type~=toc] a[href]") or tree.css("nav a[href]")
    return [(link.attributes.get("href") or "", " ".join(link.text().split())) for link in links]


def _ncx_entries(data: bytes, part: str) -> list[tuple[str, str]]:
    entries: list[tuple[str, str]] = []
    pieces: list[str] = []
    in_text = False
    for kind, value, attributes in events([data], part):
        if kind is TEXT:
            if in_text:
                pieces.append(value)
        elif value == "ncx:text":
            in_text = kind is START
        elif value == "ncx:navPoint":
            pieces.clear()
        elif value == "ncx:content" and kind is START:
            entries.append((attributes.get("src", ""), " ".join("".join(pieces).split())))
    return entries
