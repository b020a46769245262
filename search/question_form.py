"""Whether a text is phrased as a question, rather than as a claim, a name or a few keywords."""

from __future__ import annotations

import re
from itertools import islice

__all__ = ["INTERROGATIVES", "is_question"]

# Most people leave the question mark out. Words that mean something else in English are not here: come, chi, var.
INTERROGATIVES = {
    "en": "who whom whose what when where why which how",
    "de": "wer wen wem wessen wann wo wohin woher warum weshalb wieso wie welche welcher welches welchen welchem",
    "fr": "qui quand où pourquoi comment quel quelle quels quelles combien",
    "es": "quién quiénes qué cuándo dónde cuál cuáles cuánto cuánta cuántos cuántas cómo",
    "it": "quando dove perché quale quali quanto quanta quanti quante",
    "nl": "wat wanneer waar waarom hoe welk welke",
    "pl": "kto kiedy gdzie dlaczego jaki jaka jakie który która które",
    "pt": "quem onde qual quais quantos quantas",
    "sv": "vem vad när varför hur vilken vilket vilka",
    "ru": "кто что когда где куда откуда почему зачем как какой какая какое какие сколько",
}
"""The words that begin questions in each language, separated by blanks."""

_AUXILIARIES = "is are was were does do did can could should would has have had"
_ASKING = frozenset(word for words in INTERROGATIVES.values() for word in words.split())
_BEGINNING = _ASKING | frozenset(_AUXILIARIES.split())
_WORD = re.compile(r"[^\W\d_]+")
_MARK = re.compile(r"[?？؟\u037e⁇⁈][\s\"'”’»)\]]*\Z")
# In which year, bei welchem Spiel, à quelle heure.
_LONGEST_PREPOSITION = 4


def is_question(text: str) -> bool:
    """Return whether a text ends with a question mark, or begins as questions do in a few languages."""
    if _MARK.search(text[-20:]):
        return True
    words = [word.group().lower() for word in islice(_WORD.finditer(text), 2)]
    if not words:
        return False
    return words[0] in _BEGINNING or (len(words[0]) <= _LONGEST_PREPOSITION and words[-1] in _ASKING)
