"""Terms of a text: what keyword search counts in passages and looks up from questions.

A term is 40 bits: BLAKE2b of a normalized word, which is case-folded, without diacritics (NFKC, then without the marks
of Latin, Greek, Cyrillic, Hebrew and Arabic letters, and without strokes, as in ø and ł) and stemmed by the Snowball
stemmer of its script, which is known in a question as well as in a passage; Latin letters have the English one.
Identifiers count whole and in their parts: `getUserName`, `E-1234`, `foo.bar`, `3.11.4`, `wi-fi`. Scripts that are
written without spaces count as pairs of characters, Chinese characters also one by one. An emoji is a word. Everything
takes time linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import blake2b
from itertools import chain, pairwise
from typing import TypeVar

from wherein.storage.catalog.emoji import EMOJI, emoji_forms

__all__ = [
    "JOINT",
    "TERM_BITS",
    "UNSPACED",
    "PieceCache",
    "folded_text",
    "has_unspaced",
    "is_letters",
    "is_usual",
    "plain_word",
    "replace_words",
    "required_terms",
    "runs_in",
    "terms_of",
    "terms_version",
    "word_matches",
    "word_terms",
    "words_in",
]

JOINT = "\x01"
"""What `folded_text` has between the parts of one word; no document's text contains it as part of a word."""

TERM_BITS = 40
"""The size of a term. What an accidental collision costs: docs/decisions/keywords.md."""

_VERSION = 6
"""To be raised when the terms of any text change; the next writer then recounts every passage."""

Value = TypeVar("Value")

# A longer run of characters without white space is not a word; it is cut into parts of this length.
_MAX_LENGTH = 128
# More are rarely asked for again, and would take 0.3 KB each.
_CACHE_SIZE = 30_000

_CONTRACTED = re.compile(r"'(?:s|re|ll|d|ve|m|t)$")
# The boundaries of a word's parts within a run of letters and digits: fooBar, HTTPServer, x86.
_CAMEL = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
# 1,299.99, 12,34,567, 1'299.99, and 1.299,99; without a decimal comma, 1.299 may be a decimal number.
_DIGIT_GROUPS = re.compile(
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d{1,3}(?:'\d{3})+)(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+"
)
_DIGITS = re.compile(r"\d+")
# Every apostrophe becomes a straight one. What only says how letters are drawn or where a word may be broken is
# dropped: soft hyphens, joiners and variation selectors.
_STRAIGHT = str.maketrans(
    {"\u2019": "'", "\u02bc": "'", "\uff07": "'"}
    | dict.fromkeys(map(chr, (0xAD, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10))))
)

# Combining marks that people write or leave out at will; those of Indian scripts are vowels and stay.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")
# Letters that Unicode does not decompose, and what people write who cannot type them. The dotless ı stays: by it the
# Turkish stemmer knows the endings.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Chinese characters; and other scripts without spaces, as well as Korean, whose particles follow words without one.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_FIRST_UNSPACED = "\u0e00"
UNSPACED = f"{_HAN}\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u31f0-\u31ff\uac00-\ud7af"
# The first and last letter of the scripts that have one stemmer, or of whose languages most texts are in one.
_SCRIPTS = (
    ("\u0370", "\u03ff", "greek"),
    ("\u1f00", "\u1fff", "greek"),
    ("\u0400", "\u052f", "russian"),
    ("\u0531", "\u0587", "armenian"),
    ("\u0620", "\u06d3", "arabic"),
    ("\u0900", "\u097f", "hindi"),
    ("\u0b80", "\u0bff", "tamil"),
)
_PERSIAN = re.compile("[\u067e\u0686\u0698\u06a9\u06af\u06cc]")


def terms_of(text: str) -> Iterator[int]:
    """Yield the terms of a text, each as often as it occurs: unsigned integers of TERM_BITS bits."""
    # Pieces between white space are looked up whole: splitting each text into words took two thirds of the time.
    return chain.from_iterable(map(_pieces().__getitem__, text.split()))


def word_terms(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each word of a text as it is written, with its terms; words without terms are left out."""
    words = _words()
    if is_usual(text):  # as most words that come one by one: to match a word takes ten times as long
        yield text, words[text]
        return
    for match in word_matches(text):
        if terms := words[match.group()]:
            yield match.group(), terms


def word_matches(text: str) -> Iterator[re.Match[str]]:
    """Yield each word of a text as it is written."""
    return _word_pattern().finditer(text)


def runs_in(text: str) -> Iterator[re.Match[str]]:
    """Yield each run of letters, digits and marks in a text, each run in a script without spaces, and each emoji."""
    for match in _run_pattern().finditer(text):
        if max(match.group()) < _FIRST_UNSPACED:  # so that few texts need the other pattern, which is slow to compile
            yield match
        else:
            yield from _split_pattern().finditer(text, *match.span())


def words_in(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    return _word_pattern().findall(text)


def replace_words(text: str, change: Callable[[str], str]) -> str:
    """Return a text in which each word, as it is written, is replaced by what `change` returns for it."""
    return _word_pattern().sub(lambda match: change(match.group()), text)


def plain_word(word: str) -> str:
    """Return a word as its terms are made of it, case-folded and without marks, but not stemmed."""
    return word.lower() if word.isascii() else _plain(unicodedata.normalize("NFKC", word.translate(_STRAIGHT)))


def has_unspaced(word: str) -> bool:
    """Whether a word has a character of a script without spaces."""
    return not word.isascii() and _unspaced_pattern().search(word) is not None


def is_letters(word: str) -> bool:
    """Whether a word is made of letters alone, and of the marks on them."""
    return _letters_pattern().fullmatch(word) is not None


def is_usual(word: str) -> bool:
    """Whether a word consists of ASCII letters in one of the usual cases, as most do, and has no parts."""
    return word.isalpha() and word.isascii() and (word.islower() or word.istitle()) and len(word) <= _MAX_LENGTH


def folded_text(text: str) -> str:
    """Return the words of a text as phrases are compared: folded, not stemmed, with a blank before and after each.

    The parts of a word are separated by JOINT: `x-ray`, `getUserName`, `F-16`; in scripts without spaces each character
    is a part.
    """
    folded = _folded_words()
    return f" {' '.join(filter(None, map(folded.__getitem__, _word_pattern().findall(text))))} "


def required_terms(word: str) -> tuple[tuple[int, ...], ...]:
    """Return alternatives of which every text holds one where the word of a phrase occurs, whole or in its parts.

    Each alternative is a set of terms. That of an ending such as the s of it's is empty: it is no term.
    """
    terms = _words()[word]
    if _CONTRACTED.fullmatch(f"'{word.lower()}"):
        return ((),)
    if JOINT not in _folded_words()[word] or not terms[1:] or has_unspaced(word):
        return (terms,)
    return (terms[:1], terms[1:])


def terms_version() -> str:
    """Return the version of the terms, including the stemmer's; terms of two versions must not be compared."""
    import Stemmer

    return f"{_VERSION} snowball {Stemmer.version()}"


# Patterns are compiled on first use: with their thousands of letters each takes some milliseconds.


@cache
def _word_pattern() -> re.Pattern[str]:
    """Match runs of letters, digits and marks, such runs joined to a name or a number, and emoji."""
    letter = rf"[\w{_marks()}]"
    joined = rf"(?:(?:[-./:@'’+\u00ad]|::|->|(?<=\d),(?=\d)){letter}+)*"
    return re.compile(rf"{letter}+{joined}(?:\+\+|#(?!\w))?|{EMOJI}")


@cache
def _unspaced_pattern() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}]+")


@cache
def _han_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_HAN}]")


@cache
def _part_pattern() -> re.Pattern[str]:
    return re.compile(_letters_but("_"))


@cache
def _run_pattern() -> re.Pattern[str]:
    """Match runs of letters, digits and marks in any script, and emoji."""
    return re.compile(rf"{_letters_but('_')}|{EMOJI}")


@cache
def _split_pattern() -> re.Pattern[str]:
    """Match the same, but runs in scripts without spaces apart from others."""
    return re.compile(rf"[{UNSPACED}]+|{_letters_but(f'{UNSPACED}_')}|{EMOJI}")


@cache
def _letters_pattern() -> re.Pattern[str]:
    return re.compile(_letters_but(r"\d_"))


@cache
def _phrase_pattern() -> re.Pattern[str]:
    """Match the words of a phrase; in scripts without spaces each character is one."""
    return re.compile(rf"[{UNSPACED}]|{_letters_but(f'{UNSPACED}_')}")


def _letters_but(others: str) -> str:
    """Return the expression of a run of letters, digits and marks without some characters."""
    return rf"(?:(?![{others}])[\w{_marks()}])+"


@cache
def _marks() -> str:
    """Return the combining marks and the zero-width joiners, to be used inside a character class."""
    # Ideographs and Hangul contain no marks; checking all of them takes a while.
    codes = chain(range(0x300, 0x3400), range(0xA600, 0xAC00), range(0xFB00, 0xFE30))
    marks = _runs(code for code in codes if unicodedata.category(chr(code))[0] == "M")
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in marks) + "\u200c\u200d"


def _runs(codes: Iterator[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for code in codes:
        if code != last + 1:
            if first >= 0:
                yield first, last
            first = code
        last = code
    yield first, last


@cache
def _words() -> PieceCache[tuple[int, ...]]:
    stem = _stemmer("english")

    def compute(word: str) -> tuple[int, ...]:
        if is_usual(word):
            return (_hash(stem(word.lower())),)
        return tuple(dict.fromkeys(_hash(form) for form in emoji_forms(word) or _forms(word)))

    return PieceCache(compute)


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    import Stemmer

    stem: Callable[[str], str] = Stemmer.Stemmer(language).stemWord
    return stem


def _stem(part: str) -> str:
    """Return the stem of a part of a word, folded."""
    language = "english" if part.isascii() else _language(part)
    if language == "english":
        return _stemmer(language)(_plain(part))
    # Before marks are removed: that of й is one, and Russian endings have it.
    stem = _plain(_stemmer(language)(unicodedata.normalize("NFC", part.casefold())))
    return stem or _plain(part)  # of some short Greek words, such as αεί, the stemmer leaves nothing


def _language(word: str) -> str:
    """Return the language whose stemmer suits the script of a word; Persian has letters that Arabic has not."""
    language = next((name for first, last, name in _SCRIPTS if first <= word[0] <= last), "english")
    return "persian" if language == "arabic" and _PERSIAN.search(word) else language


@cache
def _pieces() -> PieceCache[tuple[int, ...]]:
    words, pattern = _words(), _word_pattern()

    def compute(piece: str) -> tuple[int, ...]:
        word = piece.rstrip(",.;:)")
        if is_usual(word):
            return words[word]
        return tuple(chain.from_iterable(map(words.__getitem__, pattern.findall(piece))))

    return PieceCache(compute)


@cache
def _folded_words() -> PieceCache[str]:
    return PieceCache(lambda word: JOINT.join(emoji_forms(word)[:1] or _folded_parts(word)))


class PieceCache(dict[str, Value]):
    """A piece of text to what is computed from it on first use."""

    def __init__(self, compute: Callable[[str], Value]) -> None:
        self._compute = compute

    def __missing__(self, piece: str) -> Value:
        value = self._compute(piece)
        if len(piece) <= _MAX_LENGTH:  # longer ones are computed again, so that the cache stays within bounds
            if len(self) >= _CACHE_SIZE:
                self.clear()
            self[piece] = value
        return value


def _hash(form: str) -> int:
    # Damaged text and questions may hold lone surrogates.
    digest = blake2b(form.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest[-TERM_BITS // 8 :], "little")


def _forms(word: str) -> Iterator[str]:
    """Yield the forms of a word that become terms: the word itself and, for a compound, its parts."""
    if len(word) > _MAX_LENGTH:
        for first in range(0, len(word), _MAX_LENGTH):
            yield from _forms(word[first : first + _MAX_LENGTH])
        return
    word = unicodedata.normalize("NFKC", word.translate(_STRAIGHT)).strip("'")
    word = _CONTRACTED.sub("", word) or word
    if has_unspaced(word):
        yield from _mixed(word)
    else:
        yield from _compound(word)


def _compound(word: str) -> Iterator[str]:
    word = _ungrouped(word)
    found = (part for run in _part_pattern().findall(word) for part in _CAMEL.split(run))
    parts = [part for part in found if _plain(part)]  # a mark alone leaves nothing
    if not parts:
        return
    if len(parts) == 1 and not word.endswith(("+", "#")):  # C++ and C# count whole as well
        yield _stem(parts[0])
        return
    whole = word
    if any(map(str.isalpha, whole)):
        whole = whole.replace("-", "").replace("_", "").replace("'", "")  # wi-fi, wi_fi and wifi are one term
    plain = _plain(whole)
    yield _stem(whole) if plain.isalpha() else plain
    # Single letters, too: "x ray" is looked for as x and ray.
    yield from map(_stem, parts)


def _ungrouped(word: str) -> str:
    """Return a number without the signs between its groups of digits, which say nothing; any other word as it is."""
    return word.replace(_DIGITS.sub("", word)[0], "") if _DIGIT_GROUPS.fullmatch(word) else word


def _mixed(word: str) -> Iterator[str]:
    last = 0
    for run in _unspaced_pattern().finditer(word):
        yield from _compound(word[last : run.start()])
        last = run.end()
        characters = run.group()
        if len(characters) == 1:
            yield characters
            continue
        yield from map("".join, pairwise(characters))
        yield from _han_pattern().findall(characters)
    yield from _compound(word[last:])


def _folded_parts(word: str) -> Iterator[str]:
    if not word.isascii():
        # In slices, as for terms: normalization of a very long run takes quadratic time.
        slices = (word[first : first + _MAX_LENGTH] for first in range(0, len(word), _MAX_LENGTH))
        word = "".join(unicodedata.normalize("NFKC", piece.translate(_STRAIGHT)) for piece in slices)
    word = _ungrouped(word)
    sign = word[len(word.rstrip("+#")) :]  # C++ and C# are other words than C
    parts = [part for run in _phrase_pattern().findall(word) for part in _CAMEL.split(run)]
    return (_plain(part) + (sign if at == len(parts) else "") for at, part in enumerate(parts, 1))


def _plain(word: str) -> str:
    """Return a word case-folded and without marks."""
    if word.isascii():
        return word.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", word.casefold())).translate(_PLAIN_LETTERS)
    return unicodedata.normalize("NFC", bare)
