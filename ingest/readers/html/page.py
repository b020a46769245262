"""Web pages: the main content as text, one block for each paragraph."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.html.metadata import metadata_of
from wherein.ingest.readers.html.render import render
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.blocks import Block, BlockWriter, join_blocks
from wherein.ingest.readers.shared.charset import declared_in_page
from wherein.ingest.readers.shared.decode import Decoded, decode, name_as_title, require_text
from wherein.ingest.readers.shared.headings import heading_marks

__all__ = ["READER", "decode_page", "parse_page", "read", "render_page"]

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
"""The main content must hold at least this share of the page's text; otherwise the whole page is read."""
_MAX_CANDIDATES = 20

# An HTML parser takes an element that XHTML closes in place for an opening tag: <script src="x"/> would swallow the
# rest of the page. Void elements have no closing tag, so they are left alone.
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
# Possessive quantifiers never give back what they matched, so that the time stays linear on any input.
_SELF_CLOSED = re.compile(
    rf"""<(?!(?:{_VOID})\b)([a-zA-Z][\w:.-]*+)((?:\s++[\w:.-]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'))*+)\s*+/>"""
)


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the page as one document with its headings; see `Reader` for the errors."""
    decoded = decode_page(stream.read(), context.encoding)
    tree = parse_page(decoded.text)
    page = render_page(tree)
    text, headings = join_blocks(_main_blocks(page))
    require_text(text)
    marks = heading_marks(headings)
    title = _title(tree) or _first_h1(page.blocks) or name_as_title(name)
    yield decoded.annotate(Document(title, text, _MEDIA_TYPE, metadata=metadata_of(tree), marks=marks))


def parse_page(markup: str) -> LexborHTMLParser:
    """Return the tree of a page."""
    markup = markup.replace("\r\n", "\n").replace("\r", "\n")
    if markup.lstrip()[:5] == "<?xml":
        markup = _SELF_CLOSED.sub(r"<\1\2></\1>", markup)
    return LexborHTMLParser(markup)


def decode_page(data: bytes, encoding: str = "") -> Decoded:
    """Decode a page, whose encoding it may declare. Raises Skipped when it is binary."""
    return decode(data, encoding, declared_in_page(data))


def render_page(tree: LexborHTMLParser) -> BlockWriter:
    """Return the blocks of a page, and which of them may be the main content."""
    return render(tree.body, _node_ids(tree, _DROPPED), _candidate_ranks(tree)) if tree.body else BlockWriter()


def _node_ids(tree: LexborHTMLParser, query: str) -> set[int]:
    return {node.mem_id for node in tree.css(query)}


def _candidate_ranks(tree: LexborHTMLParser) -> dict[int, int]:
    """Return the rank (0 is preferred) of each node that may be the main content, by its `mem_id`."""
    ranks: dict[int, int] = {}
    for rank, query in enumerate(_MAIN):
        for node in tree.css(query)[:_MAX_CANDIDATES]:
            ranks.setdefault(node.mem_id, rank)
    return ranks


def _main_blocks(page: BlockWriter) -> Sequence[Block]:
    total = _length(page.blocks)
    for candidate in sorted(page.candidates, key=lambda candidate: candidate.rank):
        blocks = page.blocks[candidate.start : candidate.end]
        if blocks and _length(blocks) >= _MAIN_SHARE * total:
            return blocks
    return page.blocks


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("head > title")
    return " ".join(node.text().split()) if node else ""


def _first_h1(blocks: Sequence[Block]) -> str:
    return next((" ".join(block.text.split()) for block in blocks if block.level == 1), "")


READER = text_reader("html", 4, _MEDIA_TYPE, read)
