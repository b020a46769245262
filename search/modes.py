"""The names of the ways to rank passages."""

__all__ = ["HYBRID", "KEYWORD", "MODES", "SEMANTIC"]

HYBRID = "hybrid"
SEMANTIC = "semantic"
KEYWORD = "keyword"

MODES = (HYBRID, SEMANTIC, KEYWORD)
"""All modes, the default one first."""
