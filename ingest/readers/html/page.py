"""Web pages: the main content as text, one block a paragraph."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from selectolax.lexbor import LexborHTMLParser

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.html.metadata import metadata_of
from wherein.ingest.readers.html.render import render
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.shared.blocks import Block, Page, joined
from wherein.ingest.readers.shared.charset import declared_charset
from wherein.ingest.readers.shared.decode import clean, decode, name_as_title, require_text, split_bom
from wherein.ingest.readers.shared.headings import marks_of

__all__ = ["READER", "parsed", "read", "rendered"]

_MEDIA_TYPE = "text/html"

_DROPPED = ", ".join(
    (
        "script, style, template, noscript, svg, iframe, object, audio, video, canvas",
        "select, button, textarea, datalist",
        "nav, body > footer, body > div#footer, [role=navigation], [role=search], [role=contentinfo]",
        "[hidden]:not([hidden=until-found]), [aria-hidden=true]",
        '[style*="display:none"], [style*="display: none"]',
        "div.sphinxsidebar, div.navheader, div.navfooter, a.headerlink",
    )
)
_MAIN = ("main", "[role=main]", "article", "div.body", "div.document")
_MAIN_SHARE = 0.5
"""The main content must hold this share of the page's text, else the whole page is taken."""
_MAIN_TRIES = 20

# What XHTML may close in place, an HTML parser takes for an opening: a <script src="x"/> would swallow
# the page. Void elements lose nothing by it, as </br> and the like are written for none of them.
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
_SELF_CLOSED = re.compile(
    rf"""<(?!(?:{_VOID})\b)([a-zA-Z][\w:.-]*+)((?:\s++[\w:.-]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'))*+)\s*+/>"""
)


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the page as one document with its headings; see `Reader` for the errors."""
    tree = parsed(stream.read())
    page = rendered(tree)
    text, headings = joined(_main_blocks(page))
    require_text(text)
    title = _title(tree) or _first_h1(page.blocks) or name_as_title(name)
    yield Document(title, text, _MEDIA_TYPE, metadata=metadata_of(tree), marks=marks_of(headings))


def parsed(data: bytes) -> LexborHTMLParser:
    """Return the tree of a page. Raises `Unreadable` when it is not in the encoding that it declares."""
    source = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if source.lstrip()[:5] == "<?xml":
        source = _SELF_CLOSED.sub(r"<\1\2></\1>", source)
    return LexborHTMLParser(source)


def rendered(tree: LexborHTMLParser) -> Page:
    """Return the blocks of a page, and which of them may be its main content."""
    return render(tree.body, _ids(tree, _DROPPED), _main_ids(tree)) if tree.body else Page()


def _decoded(data: bytes) -> str:
    """Decode by byte order mark, declaration, or as UTF-8; raise `Unreadable` when that does not fit."""
    label = None if split_bom(data)[0] else declared_charset(data)
    if label is None or label.codec == "utf-8":
        return decode(data)
    try:
        return clean(data.decode(label.codec, errors=label.errors))
    except LookupError:
        raise Unreadable(f'unknown character encoding "{label.name}"') from None
    except UnicodeDecodeError as error:
        place = f"byte 0x{data[error.start]:02X} at offset {error.start}"
        raise Unreadable(f"not {label.name} as it declares ({place})") from None
    except UnicodeError:
        raise Unreadable(f"not {label.name} as it declares") from None


def _ids(tree: LexborHTMLParser, query: str) -> set[int]:
    return {node.mem_id for node in tree.css(query)}


def _main_ids(tree: LexborHTMLParser) -> dict[int, int]:
    """Return the nodes that may be the main content, each with its rank (0 is preferred)."""
    ranks: dict[int, int] = {}
    for rank, query in enumerate(_MAIN):
        for node in tree.css(query)[:_MAIN_TRIES]:
            ranks.setdefault(node.mem_id, rank)
    return ranks


def _main_blocks(page: Page) -> Sequence[Block]:
    total = _size(page.blocks)
    for part in sorted(page.parts, key=lambda part: part.rank):
        blocks = page.blocks[part.start : part.end]
        if blocks and _size(blocks) >= _MAIN_SHARE * total:
            return blocks
    return page.blocks


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("head > title")
    return " ".join(node.text().split()) if node else ""


def _first_h1(blocks: Sequence[Block]) -> str:
    return next((" ".join(block.text.split()) for block in blocks if block.level == 1), "")


READER = Reader("html", 2, _MEDIA_TYPE, read)
