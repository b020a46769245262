"""The texts that a page in XHTML marks as free of tags, which HTML takes for comments."""

import html
import re

from wherein.ingest.readers.html.raw_text import RAW_TEXT

__all__ = ["without_marked_sections"]

_SECTION = re.compile(rf"{RAW_TEXT}|<!\[CDATA\[(?P<section>.*?)(?:\]\]>|\Z)", re.IGNORECASE | re.DOTALL)


def without_marked_sections(markup: str) -> str:
    """Return XHTML with the texts of its CDATA sections escaped instead; those in scripts and styles stay."""
    return _SECTION.sub(_escaped, markup) if "<![CDATA[" in markup else markup


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match["section"] is None else html.escape(match["section"], quote=False)
