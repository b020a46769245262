"""How keyword search reads a question: words, "phrases in quotes" and -words that must not occur.

Inside a sentence a phrase is wanted: passages that hold it rank higher. Every passage must hold it where a question is
nothing but operators, or is to be strict. No text is an error: what is not an operator is a word, and what is not a
word is ignored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain, islice

from wherein.storage.catalog.terms import JOINT, UNSPACED, folded_text, required_terms, terms_of, word_terms

__all__ = ["ParsedQuestion", "Phrase", "parse_question"]

# Longer questions are truncated for keyword search, and the answer has a note about it.
_MAX_CHARACTERS = 20_000
_MAX_TERMS = 256
_MAX_PHRASES = 16
_MAX_SPLIT = 64  # characters of a word in a phrase that may be joined of parts in the text

_MARKS = '"＂“”„«»「」『』'
_INSIDE = r'[^"＂“”„]*'
# A mark that may open and close opens a phrase only where no word or mark precedes it, except in scripts without
# spaces, and not as the sign of inches: 19", 5 " x 7 ".
_OPENS = rf'(?:(?<![\w"＂])|(?<=[{UNSPACED}]))(?!(?<=\d\s)["＂“”]\s)'
_QUOTED = (
    rf'{_OPENS}(?:(?P<run>"{{1,3}}){_INSIDE}(?P=run)|["＂“]{_INSIDE}["＂“”]|”{_INSIDE}”)'
    rf'|„{_INSIDE}["“”]|«[^«»]*»|(?<!\w)»[^«»]*«|「[^「」]*」|『[^『』]*』'
)
# A minus counts only before a word, which begins with a letter: -5 is a number. Within quotes it excludes nothing.
_EXCLUDED = rf"(?<!\S)-(?P<word>[^\W\d_][^\s{_MARKS}]*)"
_SIGN = re.compile(f"[-{_MARKS}]")


@cache
def _operator() -> re.Pattern[str]:
    # The first condition alone decides at nearly every character.
    return re.compile(rf"(?=[-{_MARKS}])(?:(?P<minus>(?<!\S)-)?(?P<quoted>{_QUOTED})|{_EXCLUDED})")


@dataclass(frozen=True)
class Phrase:
    """Words that occur one after another, as they are or joined to one: `text` is their `folded_text`.

    `required` has for each word the alternatives of terms of which every passage with the phrase holds one. `asked` is
    how the question has it, without the quotes.
    """

    text: str
    required: tuple[tuple[tuple[int, ...], ...], ...]
    asked: str = field(default="", compare=False)

    @property
    def is_word(self) -> bool:
        """Whether this is one word without parts, whose term says as much as the text does."""
        return len(self.required) == 1 and JOINT not in self.text

    @cached_property
    def letters(self) -> bytes:
        """The letters and digits of the phrase, which every text in ASCII that holds it has one after another."""
        return "".join(filter(str.isalnum, self.text)).encode("utf-8", "surrogatepass")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that finds the phrase in the `folded_text` of a passage."""
        # Where the question has a blank, the passage may have joined the words; where the question has joined them, the
        # passage may have a blank or nothing; and within a word of the question the passage may have a joint: iPhone.
        separators = {" ": f"[ {JOINT}]", JOINT: f"[ {JOINT}]?"}
        pieces = re.split(f"([ {JOINT}])", self.text.strip())
        inner = "".join(separators.get(piece) or _with_joints(piece) for piece in pieces)
        return re.compile(f"[ {JOINT}]{inner}(?=[ {JOINT}])")


def _with_joints(word: str) -> str:
    letters = map(re.escape, word)
    return f"{JOINT}?".join(letters) if len(word) <= _MAX_SPLIT else re.escape(word)


@dataclass(frozen=True)
class ParsedQuestion:
    """A question without its operators, and what these require.

    `meaning` is the text to be embedded, and `order` its terms in their order. `terms` are the different terms of the
    question, each with the word that it comes from. Passages must hold every one of `phrases` and none of `excluded`,
    and rank higher with one that is `wanted`. `cut` is True when keyword search ignores a part of the question because
    it is too long. `plain` is the text without its operators and their words. `forms` has for some of the terms those
    of other inflections, which count as the same word.
    """

    meaning: str
    order: tuple[int, ...]
    terms: dict[int, str]
    phrases: tuple[Phrase, ...]
    wanted: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]
    cut: bool
    plain: str = ""
    forms: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def asked(self) -> dict[int, int]:
        """How often the question has each of its terms."""
        counts = Counter(self.order)
        return {term: counts[term] or 1 for term in self.terms}

    @cached_property
    def families(self) -> tuple[tuple[int, ...], ...]:
        """Each of its terms, followed by those of other inflections."""
        return tuple((term, *self.forms.get(term, ())) for term in self.terms)

    @property
    def quoted_terms(self) -> set[int]:
        """The terms of all phrases and of excluded words."""
        phrases = (*self.phrases, *self.wanted, *self.excluded)
        return {*chain.from_iterable(terms for phrase in phrases for word in phrase.required for terms in word)}

    def with_terms(self, searched: Mapping[int, tuple[int, str]]) -> ParsedQuestion:
        """Return the question with other terms in place of some, each with the word that it comes from."""
        terms = dict(searched.get(term, (term, word)) for term, word in self.terms.items())
        order = tuple(searched[term][0] if term in searched else term for term in self.order)
        return replace(self, order=order, terms=terms)

    @property
    def is_plain(self) -> bool:
        """Whether the question has no operators."""
        return not self.wanted and not self.restricts

    @property
    def restricts(self) -> bool:
        """Whether the question leaves passages out."""
        return bool(self.phrases or self.excluded)


def parse_question(text: str, *, operators: bool = True, strict: bool = False) -> ParsedQuestion:
    """Parse any text as a question; without `operators` quotes and signs mean nothing.

    Every phrase is required if `strict`, or if the question is nothing but operators.
    """
    # Most questions have no operator, and to compile the pattern takes longer than all the rest.
    operators = operators and _SIGN.search(text) is not None
    kept = text[:_MAX_CHARACTERS]
    phrases, excluded = _phrases(kept) if operators else ([], [])
    terms = _terms(_without_operators(kept) if operators else kept)
    # All of the text: the model's tokenizer cuts it, and reports what it has cut.
    meaning = _without_operators(text) if operators else text
    if not any(True for _ in terms_of(meaning[:_MAX_CHARACTERS])):  # only exclusions: then their words are the meaning
        meaning = text
    quoted = tuple(dict.fromkeys(phrases[:_MAX_PHRASES]))
    is_strict = strict or (bool(quoted) and not _has_words_beside_operators(kept))
    return ParsedQuestion(
        meaning=meaning,
        order=tuple(terms_of(meaning[:_MAX_CHARACTERS])),
        terms=dict(islice(terms.items(), _MAX_TERMS)),
        phrases=quoted if is_strict else (),
        wanted=() if is_strict else quoted,
        excluded=tuple(dict.fromkeys(excluded[:_MAX_PHRASES])),
        plain=_operator().sub(" ", kept) if operators else kept,
        cut=len(text) > _MAX_CHARACTERS or len(terms) > _MAX_TERMS or max(len(phrases), len(excluded)) > _MAX_PHRASES,
    )


def _phrases(text: str) -> tuple[list[Phrase], list[Phrase]]:
    """Return the phrases of a text that are quoted, and those that it excludes."""
    quoted, excluded = list[Phrase](), list[Phrase]()
    for negated, words in _operators(text):
        of_words = [required_terms(word) for word, _ in word_terms(words)]
        if of_words:  # else the quotes hold only punctuation
            phrase = Phrase(folded_text(words), tuple(of_words), words.strip())
            (excluded if negated else quoted).append(phrase)
    return quoted, excluded


def _terms(text: str) -> dict[int, str]:
    """Return the different terms of a text in their order, each with the first word that has it."""
    terms: dict[int, str] = {}
    for word, of_word in word_terms(text):
        for term in of_word:
            terms.setdefault(term, word)
    return terms


def _operators(text: str) -> Iterator[tuple[bool, str]]:
    """Yield for each operator whether it excludes, and its words."""
    for match in _operator().finditer(text):
        yield match["quoted"] is None or bool(match["minus"]), _words(match)


def _words(operator: re.Match[str]) -> str:
    return operator["word"] or operator["quoted"].strip(_MARKS)


def _has_words_beside_operators(text: str) -> bool:
    return any(True for _ in terms_of(_operator().sub(" ", text)))


def _without_operators(text: str) -> str:
    """Return a text without the quotes around phrases, and without excluded words."""
    return _operator().sub(_unquoted, text)


def _unquoted(match: re.Match[str]) -> str:
    if match["quoted"] is None or match["minus"]:
        return " "
    # The words beside the quotes stay words of their own: "red"box.
    text, start, end = match.string, match.start(), match.end()
    before = " " if text[max(start - 1, 0) : start].isalnum() else ""
    after = " " if text[end : end + 1].isalnum() else ""
    return f"{before}{_words(match)}{after}"
