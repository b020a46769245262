"""The styles of a Word document, which make paragraphs headings or list items."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wherein.ingest.readers.office.opc import part_events
from wherein.ingest.readers.shared.package import Package
from wherein.ingest.readers.shared.xml_events import START, without_elements

__all__ = ["Style", "apply_property", "is_on", "read_styles", "resolve"]

_LEFT_OUT = frozenset(("w:pPrChange", "w:rPrChange", "w:tblStylePr"))
_OFF = frozenset(("0", "false", "off"))


@dataclass
class Style:
    """The properties of a style or of a single paragraph; None where it leaves them to the style it is based on.

    `outline` and `item` are the levels, from 0, of a heading and of a list item; `list_id` is "" for no list. Word does
    not count the title of a document as a heading. Here its paragraphs are headings of level 0, but those of styles
    based on `Title` are not.
    """

    based_on: str = ""
    outline: int | None = None
    item: int | None = None
    list_id: str | None = None
    is_title: bool = False


def apply_property(style: Style, tag: str, attributes: Mapping[str, str]) -> None:
    """Apply an element of paragraph properties to the style."""
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
    """Whether an element that turns a property on or off turns it on."""
    return attributes.get("w:val", "true").lower() not in _OFF


def resolve(style: Style, styles: Mapping[str, Style]) -> Style:
    """Return the style with missing properties taken from the styles that it is based on."""
    resolved = Style("", style.outline, style.item, style.list_id)
    if resolved.outline is None and style.based_on in styles and styles[style.based_on].is_title:
        resolved.outline = 0
    seen = set[str]()
    while style.based_on not in seen and style.based_on in styles:  # in a damaged file styles may form a circle
        seen.add(style.based_on)
        style = styles[style.based_on]
        resolved.outline = style.outline if resolved.outline is None else resolved.outline
        resolved.item = style.item if resolved.item is None else resolved.item
        resolved.list_id = style.list_id if resolved.list_id is None else resolved.list_id
    return resolved


def read_styles(package: Package, part: str | None) -> tuple[dict[str, Style], str]:
    """Return the paragraph styles by their ids, and the language of the document."""
    styles: dict[str, Style] = {}
    language = ""
    style = Style()
    if part is None or part not in package:
        return styles, language
    for kind, tag, attributes in without_elements(part_events(package, part), _LEFT_OUT):
        if kind is not START:
            continue
        if tag == "w:style":
            style = Style()
            if attributes.get("w:type") == "paragraph":
                styles[attributes.get("w:styleId", "")] = style
        elif tag == "w:name":
            _apply_name(style, attributes.get("w:val", ""))
        elif tag == "w:lang" and not styles:
            language = attributes.get("w:val", "")
        else:
            apply_property(style, tag, attributes)
    return styles, language


def _apply_name(style: Style, name: str) -> None:
    """Apply what the name of a built-in style means; these names are English whatever the language of Word."""
    heading = re.fullmatch(r"heading ([1-9])", name.lower())
    deeper = re.fullmatch(r"list (?:bullet|number) ([2-5])", name.lower())
    style.is_title = name.lower() == "title"
    if heading:
        style.outline = int(heading[1]) - 1
    elif deeper:
        style.item = int(deeper[1]) - 1
