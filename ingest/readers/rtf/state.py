"""The properties that apply inside a group of an RTF file."""

from typing import NamedTuple

__all__ = ["BODY", "BODY_LEVEL", "FONTS", "LABEL", "PROPERTY", "SKIP", "STYLES", "State"]

BODY, SKIP, FONTS, STYLES, LABEL, PROPERTY = "body", "skip", "fonttbl", "stylesheet", "label", "property"
BODY_LEVEL = 9
"""The outline level of a paragraph that is not a heading."""


class State(NamedTuple):
    """What holds until the end of a group."""

    kind: str = BODY
    name: str = ""  # of a property, or of a group with paragraphs of its own
    font: int = -1
    skipped_after_unicode: int = 1
    hidden: bool = False
    in_cell: bool = False
    style: int = 0
    outline: int = BODY_LEVEL
