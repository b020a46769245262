"""A number with its noun, as messages write it."""

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """Return `1 row` or `2,000 rows`; the plural of `noun` ends in s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
