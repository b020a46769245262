"""The names of the ways to rank passages. Nothing is imported, so that the command line can offer them at once."""

__all__ = ["MODES"]

MODES = ("hybrid", "semantic", "keyword")
"""By meaning and words together (the default), by meaning alone, by words alone."""
