"""The most that a question may ask for or gets. Nothing is imported, so that the command line can check its options."""

__all__ = ["MAX_CONTEXT", "MAX_HITS", "MAX_LISTED", "MAX_RERANK_MS", "READ_AGAIN", "RERANK_MS"]

MAX_HITS = 1_000_000
"""Passages of one answer."""

MAX_CONTEXT = 1_000
"""Passages that are shown on each side of a hit."""

MAX_LISTED = 20
"""Near-copies that a hit lists; there may be more."""

READ_AGAIN = 20
"""How many of the best passages are read again to rerank them."""

RERANK_MS, MAX_RERANK_MS = 1_000, 3_600_000
"""Milliseconds after which reading of no further passage is started: by default, and at most."""
