"""The main content of a web page: what its markup says is neither navigation nor frame."""

from collections.abc import Iterable, Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.readers.shared.blocks import Block, BlockWriter, Candidate

__all__ = ["candidate_ranks", "main_blocks"]

_MAIN = ("main, [role=main]", "article", "div.body", "div.document")
"""What may be the main content, the preferred rank first. All elements of a rank count together."""

_MAIN_SHARE = 0.5
"""The main content must hold at least this share of the page's text; otherwise the whole page is read."""


def candidate_ranks(tree: LexborHTMLParser) -> dict[int, int]:
    """Return the rank (0 is preferred) of each node that may be the main content, by its `mem_id`."""
    ranks: dict[int, int] = {}
    for rank, query in enumerate(_MAIN):
        for node in tree.css(query):
            ranks.setdefault(node.mem_id, rank)
    return ranks


def main_blocks(page: BlockWriter) -> Sequence[Block]:
    """Return the blocks of the main content, those of the whole page where no rank holds enough of them."""
    needed = _MAIN_SHARE * _length(page.blocks)
    for rank in range(len(_MAIN)):
        outermost = _outermost(candidate for candidate in page.candidates if candidate.rank == rank)
        blocks = [block for candidate in outermost for block in page.blocks[candidate.start : candidate.end]]
        if blocks and _length(blocks) >= needed:
            return blocks
    return page.blocks


def _outermost(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yield the candidates that lie in no other one, in the order of the page."""
    end = 0
    for candidate in sorted(candidates, key=lambda candidate: (candidate.start, -candidate.end)):
        if candidate.start >= end:
            yield candidate
            end = candidate.end


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)
