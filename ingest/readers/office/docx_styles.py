"""The styles of a Word document: which paragraphs are headings, and which are in a list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wherein.ingest.readers.office.opc import part_events
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.xml_events import START, without

__all__ = ["Style", "is_on", "learn", "read_styles", "resolved"]

_LEFT_OUT = frozenset(("w:pPrChange", "w:rPrChange", "w:tblStylePr"))
_OFF = frozenset(("0", "false", "off"))


@dataclass
class Style:
    """What a style, or a paragraph of its own, says; None where it says nothing.

    `outline` and `item` are levels from 0 of headings and in lists; `list_id` is that of the list, "" for none. The
    title of a document is the outermost heading to a reader, though not to Word: styles based on it are none.
    """

    based_on: str = ""
    outline: int | None = None
    item: int | None = None
    list_id: str | None = None
    is_title: bool = False


def learn(style: Style, tag: str, attributes: Mapping[str, str]) -> None:
    """Take in what an element of paragraph properties says."""
    value = attributes.get("w:val", "")
    if tag in ("w:pStyle", "w:basedOn"):
        style.based_on = value
    elif tag == "w:outlineLvl":
        style.outline = _level(value)
    elif tag == "w:ilvl":
        style.item = _level(value)
    elif tag == "w:numId":
        style.list_id = "" if value == "0" else value


def _level(value: str) -> int | None:
    return int(value) if len(value) == 1 and value in "0123456789" else None


def is_on(attributes: Mapping[str, str]) -> bool:
    """Whether an element that switches something does not switch it off."""
    return attributes.get("w:val", "true").lower() not in _OFF


def resolved(style: Style, styles: Mapping[str, Style]) -> Style:
    """Return the style with what it does not say itself taken from those it is based on."""
    found = Style("", style.outline, style.item, style.list_id)
    if found.outline is None and style.based_on in styles and styles[style.based_on].is_title:
        found.outline = 0
    seen = set[str]()
    while style.based_on not in seen and style.based_on in styles:
        seen.add(style.based_on)
        style = styles[style.based_on]
        found.outline = style.outline if found.outline is None else found.outline
        found.item = style.item if found.item is None else found.item
        found.list_id = style.list_id if found.list_id is None else found.list_id
    return found


def read_styles(package: Package, part: str | None) -> tuple[dict[str, Style], str]:
    """Return the paragraph styles by their ids, and the language of the document."""
    styles: dict[str, Style] = {}
    language = ""
    style = Style()
    if part is None or part not in package:
        return styles, language
    for kind, tag, attributes in without(part_events(package, part), _LEFT_OUT):
        if kind is not START:
            continue
        if tag == "w:style":
            style = Style()
            if attributes.get("w:type") == "paragraph":
                styles[attributes.get("w:styleId", "")] = style
        elif tag == "w:name":
            _learn_name(style, attributes.get("w:val", ""))
        elif tag == "w:lang" and not styles:
            language = attributes.get("w:val", "")
        else:
            learn(style, tag, attributes)
    return styles, language


def _learn_name(style: Style, name: str) -> None:
    """Take in what the names of Word's own styles mean, which are English in every language."""
    heading = re.fullmatch(r"heading ([1-9])", name.lower())
    deeper = re.fullmatch(r"list (?:bullet|number) ([2-5])", name.lower())
    style.is_title = name.lower() == "title"
    if heading:
        style.outline = int(heading[1]) - 1
    elif deeper:
        style.item = int(deeper[1]) - 1
