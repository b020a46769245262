"""The numbers that Word puts before headings and list items, such as `2.`, `b)` and `4.2`."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from wherein.ingest.readers.office.opc import part_events
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.xml_events import START

__all__ = ["Label", "Numbers"]

_MAX_LABEL_LENGTH = 40
_MAX_ROMAN = 3_999
_MAX_LETTER = 26 * 5
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


class Label(NamedTuple):
    """The level of an item in its list, from 0, and its number as text, "" for a bullet."""

    level: int
    text: str


@dataclass
class _Level:
    """How the items of one level are numbered; %1 to %9 in `pattern` stand for the numbers of levels 0 to 8."""

    start: int = 1
    form: str = "decimal"
    pattern: str = ""
    style: str = ""


@dataclass
class _List:
    """The levels of a list and the number that each has reached; several lists may share both."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)


class Numbers:
    """Counts the items of all lists of a document; ask for each label once, in the order of the text."""

    def __init__(self, package: Package, part: str | None) -> None:
        self._lists: dict[str, _List] = {}
        self._restarts: dict[str, dict[int, int]] = {}
        if part is not None and part in package:
            self._read(package, part)

    def label(self, list_id: str, level: int | None, style: str) -> Label:
        """Return the label of the next item of a list; without a `level`, the level is that of the paragraph style."""
        numbered_list = self._lists.get(list_id, _List())
        if level is None:
            level = next(
                (number for number, candidate in numbered_list.levels.items() if style and candidate.style == style), 0
            )
        for number, start in self._restarts.pop(list_id, {}).items():
            numbered_list.counts[number] = start - 1
        counted = level if level in numbered_list.levels else 0  # a list of one level may be nested in another list
        definition = numbered_list.levels.get(counted)
        if definition is None:
            return Label(level, "")
        numbered_list.counts[counted] = numbered_list.counts.get(counted, definition.start - 1) + 1
        for deeper in [number for number in numbered_list.counts if number > counted]:
            del numbered_list.counts[deeper]
        return Label(level, "" if definition.form == "bullet" else _fill_in(definition.pattern, numbered_list))

    def _read(self, package: Package, part: str) -> None:
        shared: dict[str, _List] = {}
        current, level, list_id = _List(), _Level(), ""
        number = 0
        for kind, tag, attributes in part_events(package, part):
            if kind is not START:
                continue
            value = attributes.get("w:val", "")
            if tag == "w:abstractNum":
                current = shared.setdefault(attributes.get("w:abstractNumId", ""), _List())
            elif tag == "w:num":
                list_id = attributes.get("w:numId", "")
                current = _List()
            elif tag == "w:abstractNumId":
                self._lists[list_id] = shared.get(value, _List())
            elif tag == "w:lvlOverride":
                number = _number(attributes.get("w:ilvl", ""))
            elif tag == "w:startOverride":
                self._restarts.setdefault(list_id, {})[number] = _number(value)
            elif tag == "w:lvl":
                level = current.levels.setdefault(_number(attributes.get("w:ilvl", "")), _Level())
            else:
                _apply_property(level, tag, value)


def _apply_property(level: _Level, tag: str, value: str) -> None:
    if tag == "w:start":
        level.start = _number(value)
    elif tag == "w:numFmt":
        level.form = value
    elif tag == "w:lvlText":
        level.pattern = value[:_MAX_LABEL_LENGTH]
    elif tag == "w:pStyle":
        level.style = value


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _fill_in(pattern: str, numbered_list: _List) -> str:
    def number(match: re.Match[str]) -> str:
        level = int(match[1]) - 1
        definition = numbered_list.levels.get(level, _Level())
        return _format(numbered_list.counts.get(level, definition.start), definition.form)

    return " ".join(re.sub(r"%([1-9])", number, pattern).split())


def _format(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and 0 < number <= _MAX_LETTER:
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < number <= _MAX_ROMAN:
        return _roman(number) if form == "lowerRoman" else _roman(number).upper()
    return "" if form == "none" else f"{number:02}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    letters = ""
    for value, numeral in _ROMAN:
        letters += numeral * (number // value)
        number %= value
    return letters
