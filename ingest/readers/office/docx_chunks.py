"""Files inside a Word document whose text is a part of it (`w:altChunk`): HTML, RTF, plain text, other documents."""

from collections.abc import Callable, Sequence

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.html.page import decode_page, parse_page, render_page
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.blocks import Block
from wherein.ingest.readers.shared.members import MAX_DEPTH, read_content
from wherein.ingest.readers.shared.package import Package

__all__ = ["chunk_blocks"]

_PAGES = (".html", ".htm", ".xhtml")
_DOCUMENTS = (".docx", ".docm", ".dotx")


def chunk_blocks(
    package: Package, part: str, depth: int, document_blocks: Callable[[bytes, int], Sequence[Block]]
) -> Sequence[Block]:
    """Return the text of a part; `document_blocks` reads one that is a Word document. Raises Unreadable."""
    name = part.lower()
    if name.endswith(_PAGES):
        page = render_page(parse_page(decode_page(package.read(part)).text))
        page.flush()
        return page.blocks
    if name.endswith(_DOCUMENTS):
        if depth >= MAX_DEPTH:
            raise Unreadable("nested too deeply in other documents")
        return document_blocks(package.read(part), depth + 1)
    items = read_content(part, package.chunks(part), ReadContext(depth=MAX_DEPTH))
    texts = (item.text for item in items if isinstance(item, Document))
    return [Block(paragraph) for text in texts for paragraph in text.split("\n\n") if paragraph.strip()]
