"""Characters where none like them can be: signs that a text was decoded by the wrong codec."""

import re
import unicodedata
from functools import lru_cache
from itertools import islice

__all__ = ["misplaced_share"]

_MAX_CHARACTERS = 500
_ODD = re.compile(r"[^\x00-\x7f]")
_FIRST_EAST_ASIAN = 0x2E80
_WITHIN_WORDS = "’‑\xad·\u200b\u200c\u200dʼ"


def misplaced_share(text: str) -> tuple[float, int]:
    """Return the share of misplaced characters among those beyond ASCII, and how many of these were looked at.

    Misplaced are controls, a capital after a small letter, punctuation between two letters, and a letter of another
    script next to a letter of ASCII.
    """
    found = list(islice(_ODD.finditer(text), _MAX_CHARACTERS))
    misplaced = sum(_is_misplaced(text, match.start()) for match in found)
    return misplaced / max(1, len(found)), len(found)


def _is_misplaced(text: str, index: int) -> bool:
    character, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if character == "\ufffd" or "\x80" <= character < "\xa0":
        return True
    if ord(character) >= _FIRST_EAST_ASIAN or unicodedata.category(character) == "Mn":
        return False
    if character.isalpha():
        beside_ascii = any(other.isascii() and other.isalpha() for other in (before, after))
        return (character.isupper() and before.islower()) or (beside_ascii and not _is_latin(character))
    return before.isalpha() and after.isalpha() and character not in _WITHIN_WORDS


@lru_cache(maxsize=4096)
def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "FEMININE", "MASCULINE", "MICRO"))
