"""Reasons for which files of several formats cannot be read, as they are shown to the user."""

__all__ = ["DAMAGED", "ENCRYPTED"]

DAMAGED = "damaged or truncated"
ENCRYPTED = "encrypted; save it without a password"
