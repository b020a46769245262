"""From a tree of HTML elements to blocks of text, without recursion: elements may be nested ten thousand deep."""

from collections.abc import Mapping, Set

from selectolax.lexbor import LexborNode

from wherein.ingest.readers.html.mathml import math_text
from wherein.ingest.readers.shared.blocks import BlockWriter, Candidate

__all__ = ["render"]


def render(body: LexborNode, dropped: Set[int], ranks: Mapping[int, int]) -> BlockWriter:
    """Write everything below `body` except the nodes whose `mem_id` is in `dropped`.

    `ranks` gives the ranks of the nodes that may be the main content by `mem_id`; they become `candidates`.
    """
    writer = BlockWriter()
    open_nodes: list[LexborNode] = []
    open_candidates: list[Candidate] = []
    node: LexborNode | None = body
    while node is not None:
        child = None
        tag = node.tag
        if tag == "-text":
            writer.text(_text(node))
        elif tag == "math" and node.mem_id not in dropped:
            writer.text(math_text(node))
        elif tag and tag[0] != "-" and node.mem_id not in dropped:
            writer.enter(tag)
            if node.mem_id in ranks:
                writer.flush()
                open_candidates.append(Candidate(ranks[node.mem_id], len(writer.blocks), -1))
            open_nodes.append(node)
            child = node.first_child
        node = child or _next(node, writer, open_nodes, open_candidates, ranks)
    writer.flush()
    return writer


def _next(
    node: LexborNode,
    writer: BlockWriter,
    open_nodes: list[LexborNode],
    open_candidates: list[Candidate],
    ranks: Mapping[int, int],
) -> LexborNode | None:
    """Return the node after `node` and all its children, leaving the elements that end before it."""
    successor: LexborNode | None = None
    # Else it is an element without children, which has to be left before the next node. Python wraps a node at each
    # access, so only `mem_id` identifies it.
    if not (open_nodes and open_nodes[-1].mem_id == node.mem_id):
        successor = node.next
    while successor is None and open_nodes:
        ended = open_nodes.pop()
        writer.leave(ended.tag or "")
        if ended.mem_id in ranks:
            writer.flush()
            candidate = open_candidates.pop()
            candidate.end = len(writer.blocks)
            writer.candidates.append(candidate)
        successor = ended.next if open_nodes else None
    return successor


def _text(node: LexborNode) -> str:
    """Return the text of a text node, without the pilcrow that links a heading to itself."""
    text = node.text_content or ""
    if text == "¶" and node.parent is not None and node.parent.tag == "a":
        return ""
    return text
