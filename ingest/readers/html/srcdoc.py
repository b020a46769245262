"""Pages that stand in an attribute of a frame."""

import html
import re

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.readers.html.raw_text import RAW_TEXT

__all__ = ["with_frames"]

_FRAME = re.compile(
    rf"""{RAW_TEXT}|(?P<tag><iframe(?=[\s/])(?:[^>"']|"[^"]*+"|'[^']*+')*+(?P<end>>)?)(?:.*?</iframe\s*+>|.*)""",
    re.IGNORECASE | re.DOTALL,
)
_KEPT = ("hidden", "aria-hidden", "style")
"""Attributes that may hide a frame."""


def with_frames(markup: str) -> str:
    """Return a page with the pages in the `srcdoc` of its frames in their places; frames in these stay as they are."""
    return _FRAME.sub(_page, markup) if "srcdoc" in markup.lower() else markup


def _page(match: re.Match[str]) -> str:
    frame = LexborHTMLParser(match["tag"]).css_first("iframe") if match["end"] else None
    source = frame.attributes.get("srcdoc") if frame else None
    # The tree of the page has all its tags in pairs, so that none closes an element around the frame.
    body = LexborHTMLParser(source).body if source else None
    if frame is None or body is None:
        return match[0]
    kept = "".join(
        f' {name}="{html.escape(frame.attributes[name] or "")}"' for name in _KEPT if name in frame.attributes
    )
    inner = "".join(child.html or "" for child in body.iter(include_text=True))
    return f"<div{kept}>{inner}</div>"
