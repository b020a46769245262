"""The sentence of a passage that best answers: by the question's words, and where these do not decide by meaning."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from wherein.search.hits import Hit, Sentence
from wherein.storage.catalog.sentence_signs import CLOSING, ENDS, UNSPACED_CLOSING, UNSPACED_ENDS
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.vectors import Matrix

__all__ = ["SENTENCE_ENDS", "sentence_spans", "with_sentences"]

SENTENCE_ENDS = (*ENDS, *UNSPACED_ENDS)
"""The signs that end sentences in any script."""


_NO_FORMS: Mapping[int, Sequence[int]] = {}
# Chosen on SQuAD train (docs/decisions/sentences.md): the weight of words beside the cosine's 1; how much less of them
# than the best a sentence may hold, and how many sentences of a passage are compared.
_WORDS, _MARGIN, _MAX_LIKELY = 0.3, 0.15, 3
# Sentences of all hits that are embedded for one question.
_MAX_ENCODED = 32
# The end of a sentence, a blank line, the end of a line before a list item, a heading or an entry of a log, or a line
# of signs: the fence of front matter or code, a thematic break, the line under a heading or between rows of a table.
# Chinese and Japanese sentences are not followed by a blank, and end after the marks that close them.
_END = re.compile(
    rf"""(?P<signs> (?<![^\n]) [^\S\n]*+
        (?: (?:[-*_=+~`|:.>\#][^\S\n]*+){{3,}}+ | (?:`{{3,}}+|~{{3,}}+)[^\n`~]++ ) (?=\n|\Z) )
    | (?:(?<=[{ENDS}])|(?<=[{ENDS}][{CLOSING}]))\s+
    | (?:(?<=[{UNSPACED_ENDS}])|(?<=[{UNSPACED_ENDS}][{UNSPACED_CLOSING}]))(?![{UNSPACED_ENDS}{UNSPACED_CLOSING}])
    | \n[^\S\n]*\n\s* | \n\s*(?=[-*•#|]|\d+[.)]\s|\[?\d{{4}}-\d\d-\d\d[T\s]\d\d:)""",
    re.VERBOSE,
)
# Abbreviations before a name or another word; those that as often end a sentence, such as etc., are not here.
_ABBREVIATIONS = {
    "en": "Dr Mr Mrs Ms Prof St No Fig Eq Sec Vol Gen Capt Lt e.g i.e cf vs approx pp al",
    "de": "Nr Hr Fr z.B d.h bzw ca ggf evtl inkl vgl sog dr prof med jur phil rer nat Dipl",
    "fr": "MM Mme Mlle Ste Pr av bd boul env éd",
    "es": "Sr Sra Srta Sres Dra Ud Uds Dña EE Av Avda Lic Ing Gral",
    "it": "Sig Sigg Dott Avv",
    "pt": "Eng Exmo",
    "nl": "dhr mevr drs bijv",
    "pl": "ul nr np tj tzn tzw inż mgr hab ks św płk woj",
    "cs": "č čl např tzv sv nám Mgr MUDr JUDr Bc",
    "tr": "Doç Sn Yrd Sok Cad Mah Apt bkz örn",
    "sv": "jfr dvs",
    "da": "eks",
    "fi": "Esim esim ks mm",
    "hu": "özv ifj vö",
    "ru": "ул просп пл им ср рис стр ст гл табл проф акад доц напр тел св ген вул див ім",
    "el": "κα δηλ βλ Δρ",
    "hi": "डॉ पं प्रो",
}
# Only before a number: some are whole words as well.
_BEFORE_NUMBERS = (
    "no nr n° nº núm num art arts cap chap kap čl odst abs abb tab rys fig vol bd pág págs pag kl godz tel tél pkt ust"
    " par sec md sy кв корп вып разд αρ σελ रु"
)
# What may be an initial, or one word of an abbreviation such as т. е.; after a number it is a unit.
_LETTER = "(?<!\\d\\s)[A-Za-zÀ-ÖØ-öø-ɏΑ-Ωα-ωЀ-юѐ-ӿא-תء-ي]"
_BEGINS = r"(?:\A|(?<=[\s.(\[\"«„“/]))"
# An article or the like precedes a German ordinal number: am 3. Oktober, im 19. Jahrhundert.
_ARTICLE = "(?i:(?<!I )am|beim|bis|das|dem|den|der|des|diese?[mnrs]?|eine?[mnrs]?|im|jede[mnrs]?|seit|und|vom|zum|zur)"
_WORDS_BEFORE = "|".join(re.escape(word) for words in _ABBREVIATIONS.values() for word in words.split())
_ABBREVIATION = re.compile(rf"{_BEGINS}(?:{_LETTER}|{_WORDS_BEFORE}|{_ARTICLE}\s\d{{1,2}})\.\Z")
_BEFORE_NUMBER = re.compile(rf"(?:{_BEGINS}(?:(?i:{'|'.join(_BEFORE_NUMBERS.split())})\.|{_ARTICLE})|[Ss]tr\.)\Z")
# The number of an item or a section.
_NUMBERING = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[IVXLC]{1,6})\.")
_DAY = re.compile(r"(?:\A|\D)\d{1,2}\.\Z")
_GERMAN_MONTH = re.compile(
    r"(?:Jan(?:uar)?|Jänner|Feb(?:ruar)?|März?|Apr(?:il)?|Mai|Juni?|Juli?|Aug(?:ust)?|Sept?(?:ember)?|Okt(?:ober)?"
    r"|Nov(?:ember)?|Dez(?:ember)?)\b"
)
# Holds each of these; to search all that came before would take quadratic time.
_LONGEST_BEFORE = 16


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence of a text, without the blanks around it."""
    spans, first = [], 0
    for end in _END.finditer(text):
        if "\n\n" not in end.group() and not end["signs"] and _continues(text, first, end):
            continue
        spans.append((first, end.start()))
        first = end.end()
    spans.append((first, len(text)))
    return [span for start, end in spans if (span := _trimmed(text, start, end))]


def _continues(text: str, first: int, end: re.Match[str]) -> bool:
    """Whether the sentence that begins at `first` continues after what looks like its end."""
    before, following = text[max(first, end.start() - _LONGEST_BEFORE) : end.start()], text[end.end() : end.end() + 1]
    if following.isdigit() and _BEFORE_NUMBER.search(before):
        return True
    if not before.endswith(".") or ("\n" in end.group() and following in "-*•#|"):
        return False
    return (
        # It shows that the full stop belongs to an abbreviation that is not listed, or to an ordinal number.
        following.islower()
        or _ABBREVIATION.search(before) is not None
        or (end.start() - first < _LONGEST_BEFORE and _NUMBERING.fullmatch(before) is not None)
        or (_DAY.search(before) is not None and _GERMAN_MONTH.match(text, end.end()) is not None)
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not any(map(str.isalnum, piece)):
        return None
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


@dataclass(frozen=True)
class _Candidate:
    """A sentence of a hit, start and end in its text, and the share of the question's words that it holds."""

    start: int
    end: int
    share: float


def with_sentences(
    hits: Sequence[Hit],
    asked: Iterable[int],
    question: Matrix | None = None,
    encode: Callable[[Sequence[str]], Matrix] | None = None,
    forms: Mapping[int, Sequence[int]] = _NO_FORMS,
) -> list[Hit]:
    """Return the hits, each with the sentence that best answers; unchanged if it has no sentence.

    The words decide: `asked` are the terms of the question, `forms` those of other inflections of some. Where several
    sentences hold about as many of them, it is the one that is also near in meaning to `question` `[dimension]`;
    without that, the first. `encode` returns the vectors `[n, dimension]` of such sentences, and gets those of all hits
    at once.
    """
    same = {form: term for term, own in forms.items() for form in own}
    likely = [_likely(own) for own in _candidates(hits, frozenset(asked), same)]
    if question is None or encode is None:
        return [_marked(hit, own[0]) if own else hit for hit, own in zip(hits, likely, strict=True)]
    texts = [hit.text[one.start : one.end] for hit, own in zip(hits, likely, strict=True) for one in _undecided(own)]
    # Those of the lowest hits are decided by words if there are too many.
    nearness = iter((encode(texts[:_MAX_ENCODED]) @ question).tolist() if texts else [])
    best = [_best(own, list(islice(nearness, len(_undecided(own))))) for own in likely]
    return [_marked(hit, one) if one else hit for hit, one in zip(hits, best, strict=True)]


def _candidates(hits: Sequence[Hit], asked: frozenset[int], same: Mapping[int, int]) -> list[list[_Candidate]]:
    """Return the sentences of each hit; a word counts more the fewer of all these sentences hold it."""
    spans = [sentence_spans(hit.text) for hit in hits]
    held = [
        [asked.intersection(same.get(term, term) for term in terms_of(hit.text[start:end])) for start, end in own]
        for hit, own in zip(hits, spans, strict=True)
    ]
    counts = Counter(chain.from_iterable(chain.from_iterable(held)))
    total = sum(map(len, spans))
    weights = {term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) for term in asked}
    mass = sum(weights.values()) or 1.0
    return [
        # fsum: the order of a set must not decide between sentences with the same words.
        [_Candidate(*span, math.fsum(map(weights.__getitem__, terms)) / mass) for span, terms in zip(*one, strict=True)]
        for one in zip(spans, held, strict=True)
    ]


def _likely(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the sentences with the most of the question's words, best first: a few that hold nearly as many."""
    ordered = sorted(candidates, key=lambda one: -one.share)  # stable: of equal ones the first comes first
    return [one for one in ordered[:_MAX_LIKELY] if ordered[0].share - one.share < _MARGIN]


def _undecided(likely: Sequence[_Candidate]) -> Sequence[_Candidate]:
    return likely if len(likely) > 1 else ()


def _best(likely: Sequence[_Candidate], nearness: Sequence[float]) -> _Candidate | None:
    """Return the best of the candidates, given their similarity to the question; without all of it, the first."""
    if not nearness or len(nearness) < len(likely):
        return likely[0] if likely else None
    # Of equal ones the first in the text.
    scored = zip(likely, nearness, strict=True)
    return max(scored, key=lambda pair: (pair[1] + _WORDS * pair[0].share, -pair[0].start))[0]


def _marked(hit: Hit, best: _Candidate) -> Hit:
    return replace(hit, sentence=Sentence(start=hit.start + best.start, end=hit.start + best.end, score=best.share))
