"""The table of contents of an e-book."""

import posixpath
from urllib.parse import unquote, urldefrag

from selectolax.lexbor import LexborHTMLParser

from wherein.errors import Unreadable
from wherein.ingest.readers.html.page import parsed
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.xml_events import START, TEXT, events

__all__ = ["CONTENTS_OF_EPUB_2", "titles_of_chapters"]

CONTENTS_OF_EPUB_2 = "application/x-dtbncx+xml"


def titles_of_chapters(package: Package, contents: str) -> dict[str, str]:
    """Return by the names of files what the table of contents, which is in the file `contents`, calls them.

    Empty when there is none or it cannot be read: then the chapters' own headings must do.
    """
    titles: dict[str, str] = {}
    try:
        data = package.read(contents) if contents else b""
        entries = _of_epub_2(data, contents) if b"<ncx" in data[:4096] else _of_epub_3(parsed(data))
    except Unreadable:
        return titles
    for target, title in entries:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(contents), unquote(urldefrag(target).url)))
        if title:
            titles.setdefault(file, title)
    return titles


def _of_epub_3(tree: LexborHTMLParser) -> list[tuple[str, str]]:
    links = tree.css("nav[epub\\:type~=toc] a[href]") or tree.css("nav a[href]")
    return [(link.attributes.get("href") or "", " ".join(link.text().split())) for link in links]


def _of_epub_2(data: bytes, part: str) -> list[tuple[str, str]]:
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
