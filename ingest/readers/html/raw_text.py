"""The parts of a page's markup that are neither tags nor text."""

__all__ = ["RAW_TEXT"]

RAW_TEXT = r"<!--(?:.*?-->|.*)|<(script|style|textarea)\b(?:.*?</\1\b|.*)"
"""A pattern of comments, scripts and the like, for `re.IGNORECASE | re.DOTALL`. One without an end takes the rest of
the page, so that the time stays linear. It must come first, because it has a group that it refers to by number."""
