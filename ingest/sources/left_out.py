"""Folders that are never ingested. Nothing is imported: a worker, which reads archives, needs no walk."""

__all__ = ["LEFT_OUT"]

LEFT_OUT = frozenset(("__pycache__", "node_modules"))
"""The names of folders that programs fill, left out of folders and archives."""
