"""The most that one question may ask for. Nothing is imported, so that the command line can check its options."""

__all__ = ["MAX_CONTEXT", "MAX_HITS"]

MAX_HITS = 1_000_000
"""Passages of one answer."""

MAX_CONTEXT = 1_000
"""Passages that are shown on each side of a hit."""
