"""What programs write to a terminal, as it is seen there: without colors, and without letters struck over others."""

import re

__all__ = ["as_seen"]

# ECMA-48, 5.4 and 5.6: a control sequence, a command such as the address of a link, and the choice of a character set.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)|[()][0-9A-Za-z])")
# Manual pages strike a letter twice to have it bold, and over a low line to underline it.
_STRUCK = re.compile(r"([^\n\b])((?:\x08[^\n\b])+)")


def as_seen(text: str) -> str:
    """Return a text without the escapes of a terminal; lines keep their numbers."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    return _STRUCK.sub(_uppermost, text) if "\b" in text else text


def _uppermost(struck: re.Match[str]) -> str:
    letters = struck[0][::2].rstrip("_")
    return letters[-1] if letters else "_"
