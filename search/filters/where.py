"""`year >= 2024 AND tag IN ('a', 'b')`: a condition on documents' metadata, parsed by hand.

any   = all (OR all)*
all   = one (AND one)*
one   = NOT one | ( any ) | field test
test  = (= | == | != | <> | < | <= | > | >=) value | [NOT] IN ( value, ... ) | [NOT] LIKE text | [NOT] CONTAINS text
      | IS [NOT] NULL
field = a word, or "in double quotes"
value = a number, 'a text' (a quote in it is doubled), "a text", TRUE or FALSE
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from wherein.errors import UsageError
from wherein.storage.catalog.integers import bindable
from wherein.storage.filters.condition import Absent, AllOf, AnyOf, Comparison, Condition, Contains, Like, Not, Value

__all__ = ["parse_where"]

_MAX_LENGTH = 10_000
_MAX_TESTS = 200
_MAX_DEPTH = 40
_SHOWN = 30

# No letter or full stop may follow a number: 1.2.3 is an error, not 1.2 and then .3. Longer marks come first.
_TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"[^"]*")
      | (?P<mark><=|>=|<>|!=|==|[=<>(),])
      | (?P<word>[^\W\d][\w.-]*)""",
    re.VERBOSE,
)
_COMPARED = {"=": "=", "==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_UNEQUAL = frozenset(("!=", "<>"))
_WORDS = frozenset(("AND", "OR", "NOT", "IN", "LIKE", "CONTAINS", "IS", "NULL", "TRUE", "FALSE"))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    offset: int

    @property
    def word(self) -> str:
        """A mark, or a word of the grammar in capitals; "" for any other token."""
        if self.kind == "mark":
            return self.text
        return self.text.upper() if self.kind == "word" and self.text.upper() in _WORDS else ""


def parse_where(source: str) -> Condition:
    """Parse a condition. Raises UsageError that shows where the source is not valid."""
    if len(source) > _MAX_LENGTH:
        raise UsageError(
            f"The condition is too long: it has {len(source):,} characters, and {_MAX_LENGTH:,} are allowed"
        )
    if surrogate := re.search("[\ud800-\udfff]", source):
        raise _error(source, surrogate.start(), "this is not text")
    parser = _Parser(source)
    condition = parser.any(0)
    if parser.token.kind != "end":
        raise parser.error("AND or OR is expected")
    return condition


class _Parser:
    """The tokens of a source, and the current one."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = _tokens(source)
        self._position = 0
        self._tests = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._position]

    def error(self, problem: str) -> UsageError:
        return _error(self._source, self.token.offset, problem)

    def any(self, depth: int) -> Condition:
        parts = self._joined("OR", lambda: self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(parts)

    def _all(self, depth: int) -> Condition:
        parts = self._joined("AND", lambda: self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _joined(self, word: str, part: Callable[[], Condition]) -> tuple[Condition, ...]:
        # A loop and a flat result: a long chain of AND or OR must not nest as deep as it is long.
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return tuple(parts)

    def _one(self, depth: int) -> Condition:
        # Only NOT and parentheses recurse, so this bounds Python's stack.
        if depth > _MAX_DEPTH:
            raise self.error("it is nested too deeply")
        if self._take("NOT"):
            return Not(self._one(depth + 1))
        if self._take("("):
            inner = self.any(depth + 1)
            self._expect(")", "a closing parenthesis")
            return inner
        self._tests += 1
        if self._tests > _MAX_TESTS:
            raise self.error(f"there are more than {_MAX_TESTS} tests")
        return self._test(self._field())

    def _field(self) -> str:
        token = self.token
        if token.kind == "quoted" and len(token.text) > len('""'):
            name = token.text[1:-1]
        elif token.kind == "word" and not token.word:
            name = token.text
        else:
            raise self.error("the name of a field is expected")
        # They would break the JSON path that finds the field (storage/filters/condition.py).
        if "\\" in name or "\0" in name:
            raise self.error("a field's name cannot have such characters")
        self._position += 1
        return name

    def _test(self, field: str) -> Condition:
        mark = self.token.text if self.token.kind == "mark" else ""
        if mark in _COMPARED or mark in _UNEQUAL:
            self._position += 1
            return self._compared(field, mark)
        if self._take("IS"):
            negated = self._take("NOT")
            self._expect("NULL", "NULL")
            return Not(Absent(field)) if negated else Absent(field)
        if self._take("NOT"):
            return Not(self._matched(field))
        return self._matched(field)

    def _compared(self, field: str, mark: str) -> Condition:
        if self.token.word == "NULL":
            raise self.error("a value is expected; test for NULL with IS NULL or IS NOT NULL")
        if mark not in ("=", "==", *_UNEQUAL) and self.token.word in ("TRUE", "FALSE"):
            raise self.error("a number or text is expected")
        value = self._value()
        if mark in _UNEQUAL:
            # As in SQL: a document without the field is neither equal nor unequal.
            return AllOf((Not(Absent(field)), Not(Comparison(field, "=", (value,)))))
        return Comparison(field, _COMPARED[mark], (value,))

    def _matched(self, field: str) -> Condition:
        if self._take("IN"):
            self._expect("(", "an opening parenthesis")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._expect(")", "a comma or a closing parenthesis")
            return Comparison(field, "=", tuple(values))
        if self._take("LIKE"):
            return Like(field, self._text())
        if self._take("CONTAINS"):
            return Contains(field, self._text())
        raise self.error("a comparison (= != < <= > >=), IN, LIKE, CONTAINS or IS NULL is expected")

    def _text(self) -> str:
        value = self._value() if self.token.kind in ("text", "quoted") else None
        if not isinstance(value, str):
            raise self.error("text in single quotes is expected")
        return value

    def _value(self) -> Value:
        token = self.token
        if token.kind in ("text", "quoted"):
            value: Value = _unquoted(token.text)
        elif token.kind == "number":
            value = _number(token.text)
        elif token.word in ("TRUE", "FALSE"):
            value = token.word == "TRUE"
        elif token.kind == "word" and not token.word:
            raise self.error("a value is expected; put text in single quotes")
        else:
            raise self.error("a value is expected")
        self._position += 1
        return value

    def _take(self, word: str) -> bool:
        taken = self.token.word == word
        self._position += taken
        return taken

    def _expect(self, word: str, description: str) -> None:
        if not self._take(word):
            raise self.error(f"{description} is expected")


def _tokens(source: str) -> list[_Token]:
    tokens, offset = [], 0
    while offset < len(source):
        match = _TOKEN.match(source, offset)
        if not match or match.lastgroup is None:
            unclosed = source[offset] in "'\""
            raise _error(source, offset, "this quote is not closed" if unclosed else "this is not understood")
        if match.lastgroup != "blank":
            tokens.append(_Token(match.lastgroup, match.group(), offset))
        offset = match.end()
    return [*tokens, _Token("end", "", len(source))]


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]


def _number(text: str) -> int | float:
    """Return a finite number; the exact integer where the text spells one."""
    if re.fullmatch(r"[+-]?\d{1,400}", text):  # int() refuses thousands of digits; floats end at 309
        return bindable(int(text))
    value = float(text)
    return value if math.isfinite(value) else math.copysign(1.7976931348623157e308, value)


def _error(source: str, offset: int, problem: str) -> UsageError:
    """Return an error that shows the source around `offset` on one printable line, with a caret under it."""
    first = max(0, offset - _SHOWN)
    window = source[first : offset + _SHOWN]
    # A blank for a control character: the terminal must not obey it, and the caret must stay below its character.
    shown = "".join(character if character.isprintable() else " " for character in window)
    return UsageError(f"In the condition, at character {offset + 1}: {problem}\n  {shown}\n  {' ' * (offset - first)}^")
