"""What a page shows only where scripts do not run."""

import re

from wherein.ingest.readers.html.raw_text import RAW_TEXT

__all__ = ["without_noscript"]

_NOSCRIPT = re.compile(rf"{RAW_TEXT}|<(?P<noscript>noscript)\b(?:.*?</noscript\s*+>|.*)", re.IGNORECASE | re.DOTALL)


def without_noscript(markup: str) -> str:
    """Return a page without its `noscript` elements, whose content is raw text for a browser that runs scripts."""
    return _NOSCRIPT.sub(lambda match: "" if match["noscript"] else match[0], markup)
