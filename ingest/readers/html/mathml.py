"""Formulas in the tree of a web page."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from wherein.ingest.readers.shared.formulas import formula_text
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event

__all__ = ["math_text"]


def math_text(math: LexborNode) -> str:
    """Return the formula in a `math` element on one line."""
    return formula_text(_events(math))


def _events(root: LexborNode) -> Iterator[Event]:
    """Yield the events of an element, without recursion."""
    pending: list[tuple[LexborNode, bool]] = [(root, False)]
    while pending:
        node, is_end = pending.pop()
        tag = node.tag or ""
        if is_end:
            yield END, tag, {}
        elif tag == "-text":
            yield TEXT, node.text_content or "", {}
        elif tag[:1] != "-":
            yield START, tag, {name: value or "" for name, value in node.attributes.items()}
            pending.append((node, True))
            pending += ((child, False) for child in reversed(list(node.iter(include_text=True))))
