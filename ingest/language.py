"""Guesses the language of a text by its script, and for Latin letters by its most frequent small words.

`status --coverage` and `documents show` print it.
"""

import re
from collections import Counter

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
_SMALL_WORDS = {
    "en": "the of and to in is that it for was with as be this are on by not from",
    "de": "der die und das den von zu mit sich des ist im nicht ein dem eine auch auf für",
    "fr": "le la les des et est une dans que qui pour pas au par sur plus avec ce il",
    "es": "el los las del que en una por con para es se lo como más pero sus su al",
    "it": "il di che la per una sono con non del della nel gli anche più come dei alla si",
    "pt": "os que do da em um uma para com não por mais dos das como mas ao se foi",
    "nl": "het een van en de dat niet op te zijn met voor aan er ook als maar bij",
    "sv": "och att det som en på är av för med den till inte om ett har de jag var",
    "pl": "nie na się jest że do to jak ale po co tak za od jego tym przez czy",
    "cs": "je se na že to ve pro jako který která jsou byl byla jeho ale nebo také při podle mezi",
    "da": "og at er det en af til på med der den som ikke har var et blev fra efter mellem sig også",
    "no": "og at er det en av til på med som den ikke har var et ble fra etter mellom seg også",
    "fi": "ja on ei se että oli joka myös kuin hän ovat mutta sen ole tai kun vuonna sekä jotka",
    "hu": "az egy és hogy nem is meg ez volt vagy csak mint de ha már azt után között",
    "ro": "și în cu pe care este să nu din un mai sunt pentru fost prin sau dintre",
    "tr": "ve bir bu için ile da de olarak olan daha çok gibi en sonra kadar olduğu ancak tarafından",
    "ca": "els les amb per als és dels són aquest aquesta també més va pel i o com ha seva",
    "vi": "và của là trong được có một các cho với không những người này khi đã năm ở",
    "id": "yang dan di dari untuk dengan pada dalam ini adalah tidak oleh ke sebagai itu atau akan",
}
_LANGUAGES_OF = {word: [lang for lang, words in _SMALL_WORDS.items() if word in words.split()]
            for words in _SMALL_WORDS.values() for word in words.split()}  # fmt: skip


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
