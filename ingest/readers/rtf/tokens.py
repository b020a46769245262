"""RTF as a stream of tokens: control words with their numbers, symbols, bytes and braces."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["CLOSE", "OPEN", "SYMBOL", "TEXT", "WORD", "Token", "tokens"]

OPEN, CLOSE, WORD, SYMBOL, TEXT = "{", "}", "word", "symbol", "text"

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,40})(-?\d{1,10})?[ ]?|\\'([0-9A-Fa-f]{2})|\\([\\{}])|\\([^A-Za-z])|([{}])|([^\\{}\r\n]+)"
    rb"|[\r\n]+|\\",
    re.DOTALL,
)


class Token(NamedTuple):
    """A word, its number if it has one, or the bytes of a text."""

    kind: str
    word: str = ""
    number: int | None = None
    data: bytes = b""


_OPEN, _CLOSE = Token(OPEN), Token(CLOSE)


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens; the bytes after `\\bin` are left out.

    An escaped brace or backslash is text as well: it may be the second byte of a character.
    """
    offset = 0
    while match := _TOKEN.match(data, offset):
        offset = match.end()
        word, number, coded, escaped, symbol, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin" and value and value > 0:
                offset += value
            yield Token(WORD, word.decode("ascii"), value)
        elif coded:
            yield Token(TEXT, data=bytes.fromhex(coded.decode("ascii")))
        elif escaped:
            yield Token(TEXT, data=escaped)
        elif symbol:
            yield Token(SYMBOL, symbol.decode("latin-1"))
        elif brace:
            yield _OPEN if brace == b"{" else _CLOSE
        elif text:
            yield Token(TEXT, data=text)
