"""Guesses the language of a text by its script, and for Latin letters by its most frequent small words.

`status --coverage` and `documents show` print it.
"""

import re
from collections import Counter

from wherein.storage.catalog.small_words import SMALL_WORDS

__all__ = ["guess_language"]

_MAX_CHARACTERS = 5_000
_MIN_WORDS, _MIN_SHARE = 5, 0.05
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "ja": ("\u3040", "\u30ff"),  # before Chinese, whose characters it has as well
    "zh": ("\u4e00", "\u9fff"),
    "ko": ("\uac00", "\ud7af"),
    "ru": ("\u0400", "\u04ff"),
    "el": ("\u0370", "\u03ff"),
    "ar": ("\u0600", "\u06ff"),
    "he": ("\u0590", "\u05ff"),
    "hi": ("\u0900", "\u097f"),
    "th": ("\u0e00", "\u0e7f"),
}
_FIRST = min(first for first, _ in _SCRIPTS.values())
_MIN_SCRIPT_SHARE = 0.2
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in SMALL_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def guess_language(text: str) -> str:
    """Return a code of ISO 639-1, "" where there is too little text to decide."""
    text = text[:_MAX_CHARACTERS]
    words = _WORD.findall(text.lower())
    if not text.isascii() and (script := _main_script(text, sum(map(len, words)))):
        return script
    small = [word for word in words if word in _LANGUAGES_OF]
    if len(small) < _MIN_WORDS:
        return ""
    votes = Counter(language for word in small for language in _LANGUAGES_OF[word])
    (best, count), *others = votes.most_common(2)
    # Too few small words for prose, or two languages that have equally many.
    if count < max(_MIN_WORDS, _MIN_SHARE * len(words)) or (others and others[0][1] == count):
        return ""
    return best


def _main_script(text: str, letters: int) -> str:
    """Return the language in whose own script a fifth of the letters are, "" if there is none."""
    # Not with patterns: those of large ranges take longer to compile than all else here.
    others = [character for character in text if character >= _FIRST]
    for language, (first, last) in _SCRIPTS.items() if others and letters else ():
        if sum(first <= character <= last for character in others) >= _MIN_SCRIPT_SHARE * letters:
            return language
    return ""
