"""The limits on what one run may be asked for. Nothing is imported, so that the command line can show them."""

__all__ = ["DEFAULT_MAX_SIZE", "MARGIN", "MAX_ACTORS", "MAX_JOBS", "MAX_SIZE"]

DEFAULT_MAX_SIZE = 64_000_000
"""Bytes of the largest file that is read, unless its source has another limit.

JSONL and the like count by the record.
"""

MAX_SIZE = 2**63 - 1
"""Bytes: the largest file that a file system can have."""

MAX_JOBS = 1_024
"""Processes that read files."""

MAX_ACTORS = 10_000
"""Actors of Ray that read and embed."""

MARGIN = 5.0
"""By how many points the mean reciprocal rank of the golden questions, in percent, may fall with a new index."""
