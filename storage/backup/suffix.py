"""The suffix of the name of a backup in one file."""

__all__ = ["SUFFIX"]

SUFFIX = ".tar.zst"
