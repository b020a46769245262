"""Formulas in MathML and in Office's own markup, on one line: `(a+b)/2`, `x^2`, `√y`.

https://www.w3.org/TR/mathml-core/, and ECMA-376 part 1, 22.1.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event

__all__ = ["formula_text", "is_formula", "with_formulas"]

_MATHML = "http://www.w3.org/1998/Math/MathML "
_ROOTS = frozenset((f"{_MATHML}math", "m:oMath", "m:oMathPara"))
_TOKENS = frozenset(("mi", "mn", "mo", "ms", "mtext", "m:t", "w:t"))
# Beside the formula that is shown: its source, or what only takes room.
_UNSHOWN = frozenset(("annotation", "annotation-xml", "mphantom"))
# What stands before the parts of an element in MathML, by their positions.
_BY_POSITION = {
    "mfrac": ("", "/"), "msup": ("", "^"), "msub": ("", "_"), "msubsup": ("", "_", "^"), "munder": ("", "_"),
    "munderover": ("", "_", "^"), "mroot": ("√", ""),
}  # fmt: skip
_BY_TAG = {"m:num": "", "m:den": "/", "m:sup": "^", "m:sub": "_", "m:lim": "_", "msqrt": "√"}
_POWERS = frozenset(("m:sSup", "m:sSub", "m:sSubSup"))
_ROWS = frozenset(("mtr", "m:mr"))
_ATOM = re.compile(r"\w+|.|√\w", re.DOTALL)
_TIMES = "\u2062"  # invisible, as between the letters of 2ab
_INVISIBLE = {0x2061: " ", 0x2062: None, 0x2063: None, 0x2064: None}
_BEFORE_LETTER = re.compile(rf"{_TIMES}(?=\w)")
_MAX_DEPTH = 30  # each group is joined when it ends
_NARY = "∫"


@dataclass
class _Part:
    """An open element, where its text begins, how many parts it has so far, and the brackets around them."""

    tag: str
    start: int
    parts: int = 0
    sign: str | None = None  # what stands before it; None where it is no group
    begin: str = "("
    between: str = "|"
    end: str = ")"
    operator: str = _NARY


def formula_text(stream: Iterable[Event]) -> str:
    """Return the formula in the events of its elements; those of MathML are without their namespace."""
    writer = _Writer()
    for kind, value, attributes in stream:
        if kind is START:
            writer.start(value, attributes)
        elif kind is END:
            writer.end()
        else:
            writer.text(value)
    text = _BEFORE_LETTER.sub(" ", "".join(writer.pieces))
    return " ".join(text.translate(_INVISIBLE).split())


def is_formula(events: Sequence[Event]) -> bool:
    """Whether the events of a part are those of one formula, up to its end."""
    return bool(events) and events[0][1] == f"{_MATHML}math" and events[-1][:2] == (END, events[0][1])


def with_formulas(stream: Iterable[Event], tag: str = "") -> Iterator[Event]:
    """Yield the events with each formula as one text, inside an element called `tag` if there is one."""
    formula: list[Event] = []
    depth = 0
    for event in stream:
        kind, value, attributes = event
        if not depth and not (kind is START and value in _ROOTS):
            yield event
            continue
        depth += (kind is START) - (kind is END)
        formula.append((kind, value if kind is TEXT else value.removeprefix(_MATHML), attributes))
        if not depth:
            text: Event = (TEXT, formula_text(formula), {})
            yield from ((START, tag, {}), text, (END, tag, {})) if tag else (text,)
            formula.clear()


class _Writer:
    """Writes the pieces of a formula."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open: list[_Part] = []
        self._unshown = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._unshown += tag in _UNSHOWN
        outer = self._open[-1] if self._open else _Part("", 0)
        if tag in ("m:chr", "m:begChr", "m:endChr", "m:sepChr"):
            self._set_character(tag, attributes.get("m:val", ""))
        self._separate(outer, tag)
        part = _Part(tag, len(self.pieces), sign=_sign(outer, tag))
        if tag == "mfenced":
            part.begin, part.end, part.between = attributes.get("open", "("), attributes.get("close", ")"), ", "
        self._open.append(part)
        outer.parts += 1

    def _set_character(self, tag: str, character: str) -> None:
        outer = self._open[-2] if len(self._open) > 1 else _Part("", 0)  # it is in the properties of that element
        if tag == "m:begChr":
            outer.begin = character
        elif tag == "m:endChr":
            outer.end = character
        elif tag == "m:sepChr":
            outer.between = character
        elif outer.tag == "m:nary":
            outer.operator = character

    def _separate(self, outer: _Part, tag: str) -> None:
        """Write what stands between the parts of an element, or before the first one."""
        if (outer.tag == "m:d" and tag == "m:e") or outer.tag == "mfenced":
            self.pieces.append(outer.between if len(self.pieces) > outer.start else outer.begin)
        elif tag in _ROWS or (outer.tag == "m:eqArr" and tag == "m:e"):
            self.pieces.append("; " if len(self.pieces) > outer.start else "")
        elif outer.tag in _ROWS or tag == "mspace" or (outer.tag == "m:oMathPara" and tag == "m:oMath"):
            self.pieces.append(" ")

    def end(self) -> None:
        part = self._open.pop()
        self._unshown -= part.tag in _UNSHOWN
        outer = self._open[-1] if self._open else part
        if part.tag in ("m:d", "mfenced"):
            self.pieces.append(part.end)
        elif part.tag == "m:naryPr":
            self.pieces.append(outer.operator)
        elif part.tag == "m:fName" or (outer.tag == "m:nary" and part.tag == "m:sup"):
            self.pieces.append(" ")
        elif part.tag == "mroot":
            self.pieces[part.start :] = reversed(self.pieces[part.start :])
        if part.sign is not None and len(self._open) <= _MAX_DEPTH:
            self._group(part.start, part.sign)

    def _group(self, start: int, sign: str) -> None:
        """Make one piece of a part, in brackets where it has several signs itself."""
        text = "".join(self.pieces[start:]).strip()
        if text:
            after = _TIMES if sign in ("^", "_") else ""
            self.pieces[start:] = [f"{sign}{text if _ATOM.fullmatch(text) else f'({text})'}{after}"]

    def text(self, text: str) -> None:
        if self._open and self._open[-1].tag in _TOKENS and not self._unshown:
            self.pieces.append(text)


def _sign(outer: _Part, tag: str) -> str | None:
    """Return what stands before a part, None for one that is no group."""
    if outer.tag in _BY_POSITION:
        return _BY_POSITION[outer.tag][min(outer.parts, len(_BY_POSITION[outer.tag]) - 1)]
    if tag == "m:e" and outer.tag in (*_POWERS, "m:rad"):
        return "√" if outer.tag == "m:rad" else ""
    return _BY_TAG.get(tag)
