"""The names of the ways to search vectors. Nothing is imported, so that the command line can offer them at once."""

__all__ = ["AUTO", "CHOICES", "EXACT", "HNSW", "IVF"]

EXACT, IVF, HNSW, AUTO = "exact", "ivf", "hnsw", "auto"
CHOICES = (AUTO, EXACT, IVF, HNSW)
"""What a user may choose; `auto` is `exact` for a small library and `ivf` for a large one."""
