"""The names of the ways to rank passages. Nothing is imported, so that the command line can offer them at once."""

__all__ = ["HYBRID", "KEYWORD", "MODES", "SEMANTIC"]

HYBRID, SEMANTIC, KEYWORD = "hybrid", "semantic", "keyword"
MODES = (HYBRID, SEMANTIC, KEYWORD)
"""By meaning and words together (the default), by meaning alone, by words alone."""
