"""The words that are in nearly every sentence of a language, so they say nothing about which sentence answers."""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from wherein.search.question_form import INTERROGATIVES
from wherein.storage.catalog.small_words import SMALL_WORDS

__all__ = ["function_words"]

# Those of English always count: it is mixed with all other languages.
_OTHERS = {
    "en": """
        about all and any are been but can could did does for from had has have her his how into its may might must nor
        not off one our out over shall she should some such than that the their them then there these they this those
        upon was were what when where which while who whom whose why will with would you your
        """,
    "de": "aus bei bin einen einer eines haben hat hatte ihr kann nach oder sein sind was werden wird wurde wurden",
    "fr": "aux ces cette ont ou sa ses son sont été être",
    "es": "está esta este fue ha hay son un unos unas",
    "it": "degli delle dalla ha nella sul sulla sono un uno",
    "pl": "dla jest lub oraz są",
    "tr": "hangi kim kimin nasıl ne neden nerede",
    "ru": "без был была были быть в во для до же за и из или к ли на не но о об от по под при с со то у это",
    "hi": "और का कि की के को क्या पर में से है हैं ने लिए",
    "ar": "إلى التي الذي أن عن على في كان كيف ما ماذا متى من هذا هذه هل هو هي",
    "he": "אל את הוא היא זה כי לא מה מי על של עם",
}
# Fewer may be words of another language: mint is a small word in Hungarian.
_MIN_FOUND = 2


def function_words(question: Set[str]) -> Set[str]:
    """Return the function words of English, and of the language that has most of them among the words of a question."""
    english, *_ = languages = _languages()
    best = max(languages, key=lambda words: len(question & words))
    return english | best if len(question & best) >= _MIN_FOUND else english


@cache
def _languages() -> list[frozenset[str]]:
    """Return the function words of each language, first those of English."""
    sources = (_OTHERS, SMALL_WORDS, INTERROGATIVES)
    codes = dict.fromkeys(code for source in sources for code in source)
    return [frozenset(word for source in sources for word in source.get(code, "").split()) for code in codes]
