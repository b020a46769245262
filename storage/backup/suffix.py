"""What the name of a backup in one file ends in."""

__all__ = ["SUFFIX"]

SUFFIX = ".tar.zst"
