"""The limit on a file's size. Nothing is imported, so that the command line can show it in its help."""

__all__ = ["DEFAULT_MAX_SIZE"]

DEFAULT_MAX_SIZE = 64_000_000
"""Bytes of the largest file that is read, unless its source has another limit.

JSONL and the like count by the record.
"""
