"""Plain texts that only say that there is a page."""

import re

__all__ = ["MAX_STUB", "is_stub"]

MAX_STUB = 2000
"""A plain text with more characters than this is read, whatever the page says."""

_SHARED = 0.5
_ADDRESS = re.compile(r"<?https?://\S+", re.IGNORECASE)
_POINTER = re.compile(r"html|browser|https?://", re.IGNORECASE)
# Languages without blanks between words are compared by character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")


def is_stub(plain: str, page: str) -> bool:
    """Whether a plain text lacks most of the words of the page that it stands for.

    It is shorter than the page, or it refers to the page: `Your program does not show HTML`.
    """
    text = _ADDRESS.sub("", plain)
    words = set(_WORD.findall(page.casefold()))
    if len(plain) > MAX_STUB or len(words.intersection(_WORD.findall(text.casefold()))) >= _SHARED * len(words):
        return False
    return len(text) < len(page) or _POINTER.search(plain) is not None
