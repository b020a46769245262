"""From a tree of elements to blocks of text, without recursion: pages may be nested ten thousand deep."""

from collections.abc import Mapping, Set

from selectolax.lexbor import LexborNode

from wherein.ingest.readers.shared.blocks import Page, Part

__all__ = ["render"]


def render(body: LexborNode, dropped: Set[int], ranks: Mapping[int, int]) -> Page:
    """Render all below `body` but the nodes whose `mem_id` is in `dropped`.

    `ranks` names candidates for the main content by `mem_id`; the page's `parts` tell where they stand.
    """
    page = Page()
    open_nodes: list[LexborNode] = []
    open_parts: list[Part] = []
    node: LexborNode | None = body
    while node is not None:
        child = None
        tag = node.tag
        if tag == "-text":
            page.text(_text(node))
        elif tag and tag[0] != "-" and node.mem_id not in dropped:
            page.enter(tag)
            if node.mem_id in ranks:
                page.flush()
                open_parts.append(Part(ranks[node.mem_id], len(page.blocks), -1))
            open_nodes.append(node)
            child = node.first_child
        node = child or _next(node, page, open_nodes, open_parts, ranks)
    page.flush()
    return page


def _next(
    node: LexborNode,
    page: Page,
    open_nodes: list[LexborNode],
    open_parts: list[Part],
    ranks: Mapping[int, int],
) -> LexborNode | None:
    """Return the node after all of `node`, leaving the elements that end before it."""
    following: LexborNode | None = None
    if not (open_nodes and open_nodes[-1].mem_id == node.mem_id):
        following = node.next
    while following is None and open_nodes:
        ended = open_nodes.pop()
        page.leave(ended.tag or "")
        if ended.mem_id in ranks:
            page.flush()
            part = open_parts.pop()
            part.end = len(page.blocks)
            page.parts.append(part)
        following = ended.next if open_nodes else None
    return following


def _text(node: LexborNode) -> str:
    """Return a text node's text, without the pilcrow that links a heading to itself."""
    text = node.text_content or ""
    if text == "¶" and node.parent is not None and node.parent.tag == "a":
        return ""
    return text
