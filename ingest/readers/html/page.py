"""Web pages: the main content as text, one block for each paragraph."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.html.main_content import candidate_ranks, main_blocks
from wherein.ingest.readers.html.marked_sections import without_marked_sections
from wherein.ingest.readers.html.metadata import metadata_of
from wherein.ingest.readers.html.noscript import without_noscript
from wherein.ingest.readers.html.render import render
from wherein.ingest.readers.html.srcdoc import with_frames
from wherein.ingest.readers.html.table_fragments import with_tables
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.blocks import Block, BlockWriter, join_blocks
from wherein.ingest.readers.shared.charset import declared_in_page
from wherein.ingest.readers.shared.decode import (
    PICTURES_NOTE,
    Decoded,
    decode,
    name_as_title,
    require_text,
    without_pictures,
)
from wherein.ingest.readers.shared.headings import heading_marks

__all__ = ["READER", "decode_page", "parse_page", "read", "read_markup", "render_page"]

_MEDIA_TYPE = "text/html"

_NO_TEXT = ", ".join(
    (
        "script, style, template, svg, iframe, object, audio, video, canvas",
        "select, button, textarea, datalist, rt, rp",
    )
)
_DROPPED = ", ".join(
    (
        _NO_TEXT,
        "nav, [role=navigation], [role=search]",
        "footer:not(article footer, main footer, blockquote footer), body > div#footer, [role=contentinfo]",
        "[hidden]:not([hidden=until-found]), [aria-hidden=true]",
        '[style*="display:none" i], [style*="display: none" i]',
        '[style*="display :none" i], [style*="display : none" i]',
        "div.sphinxsidebar, div.navheader, div.navfooter, a.headerlink",
    )
)
_MAX_REQUEST = 400
"""No more characters than this are a request to switch JavaScript on."""

# An HTML parser takes an element that XHTML closes in place for an opening tag: <script src="x"/> would swallow the
# rest of the page. Void elements have no closing tag, so they are left alone.
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
# Possessive quantifiers never give back what they matched, so that the time stays linear on any input.
_SELF_CLOSED = re.compile(
    rf"""<(?!(?:{_VOID})\b)([a-zA-Z][\w:.-]*+)((?:\s++[\w:.-]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'))*+)\s*+/>"""
)

_XHTML, _HEAD = re.compile(r"""\sxmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml["']"""), 2000

# A page of frames has no body; what stands for them is raw text to a browser that shows frames.
_FRAMES = re.compile(r"</?(?:frameset|noframes)\b[^>]*+>", re.IGNORECASE)


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the page as one document with its headings; see `Reader` for the errors."""
    decoded = decode_page(stream.read(), context.encoding)
    yield decoded.annotate(read_markup(decoded.text, name_as_title(name)))


def read_markup(markup: str, title: str = "") -> Document:
    """Return a page as a document, `title` being that of a page without one. Raises Skipped when it has no text."""
    tree = parse_page(markup)
    page = render_page(tree)
    if not page.blocks:
        page = _without_scripts(markup, _DROPPED)
    if not page.blocks:
        page = _without_scripts(markup, _NO_TEXT)
    blocks = main_blocks(page)
    notes = (PICTURES_NOTE,) if _remove_pictures(blocks) else ()
    text, headings = join_blocks(blocks)
    require_text(text)
    title = _title(tree) or _first_h1(page.blocks) or title
    return Document(title, text, _MEDIA_TYPE, metadata=metadata_of(tree), marks=heading_marks(headings), notes=notes)


def _without_scripts(markup: str, dropped: str) -> BlockWriter:
    """Return the blocks that are shown where scripts or frames do not run, none where they only ask for scripts."""
    page = render_page(parse_page(_FRAMES.sub("", markup), scripts=False), dropped)
    text = " ".join(block.text for block in page.blocks)
    return BlockWriter() if len(text) <= _MAX_REQUEST and "javascript" in text.lower() else page


def _remove_pictures(blocks: Sequence[Block]) -> int:
    """Remove the bytes of pictures from texts that show them, and return how many there were."""
    total = 0
    for block in blocks:
        block.text, count = without_pictures(block.text)
        total += count
    return total


def parse_page(markup: str, scripts: bool = True) -> LexborHTMLParser:
    """Return the tree of a page, as a browser that runs scripts sees it (without `noscript`), or one that does not."""
    markup = markup.replace("\r\n", "\n").replace("\r", "\n")
    if markup.lstrip()[:5] == "<?xml":
        markup = _SELF_CLOSED.sub(r"<\1\2></\1>", without_marked_sections(markup))
    elif _XHTML.search(markup, 0, _HEAD):
        markup = without_marked_sections(markup)
    markup = with_tables(with_frames(without_noscript(markup) if scripts else markup))
    return LexborHTMLParser(markup)


def decode_page(data: bytes, encoding: str = "") -> Decoded:
    """Decode a page, whose encoding it may declare. Raises Skipped when it is binary."""
    return decode(data, encoding, declared_in_page(data))


def render_page(tree: LexborHTMLParser, dropped: str = _DROPPED) -> BlockWriter:
    """Return the blocks of a page without the elements that are `dropped`, and which may be the main content."""
    if not tree.body:
        return BlockWriter()
    return render(tree.body, {node.mem_id for node in tree.css(dropped)}, candidate_ranks(tree))


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("head > title")
    return " ".join(node.text().split()) if node else ""


def _first_h1(blocks: Sequence[Block]) -> str:
    return next((" ".join(block.text.split()) for block in blocks if block.level == 1), "")


READER = text_reader("html", 9, _MEDIA_TYPE, read)
