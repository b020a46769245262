"""The filters of the page as menus of links, each with the number of documents behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from wherein.library import Library, parse_filter
from wherein.search.filters.parse import MEDIA_TYPES
from wherein.search.modes import MODES
from wherein.server.page.search import Search
from wherein.storage.filters.facets import Facets, folders_of
from wherein.terminal import one_line, shorten_path
from wherein.uri import display, display_path, file_path

__all__ = ["Choice", "Group", "Menu", "menus"]

_MAX_CHOICES, _MAX_FIELDS, _MAX_LABEL = 12, 4, 60
_AGES = (("Past week", 7), ("Past month", 30), ("Past year", 365))
_MODES = {"hybrid": "Meaning and words", "semantic": "Meaning", "keyword": "Words"}
_TYPES = {
    "md": "Markdown", "html": "Web page", "txt": "Text", "eml": "E-mail", "docx": "Word", "doc": "Word 97",
    "xlsx": "Excel", "xls": "Excel 97", "pptx": "PowerPoint", "ppt": "PowerPoint 97", "epub": "E-book",
    "odt": "OpenDocument text", "ods": "OpenDocument sheet", "odp": "OpenDocument slides", "tex": "LaTeX",
    "ipynb": "Notebook", "adoc": "AsciiDoc",
}  # fmt: skip
_SHORT = {media_type: name for name, media_type in MEDIA_TYPES.items()}
_UPLOADS = "stdin:"
_UNNAMEABLE = frozenset('"\\\0=')
_DATE = re.compile(r"\d{4}-\d\d")


@dataclass(frozen=True)
class Choice:
    """A link that chooses something, or clears the choice; `count` documents pass with it, None if not counted."""

    label: str
    address: str
    is_chosen: bool
    count: int | None = None
    indent: int = 0


@dataclass(frozen=True)
class Group:
    """Choices under a heading, "" for none; `more` others are not listed."""

    heading: str
    choices: Sequence[Choice]
    more: int = 0


@dataclass(frozen=True)
class Menu:
    """What can be chosen of one kind; `chosen` says what is, "" for nothing."""

    name: str
    label: str
    chosen: str
    groups: Sequence[Group]


def menus(library: Library, search: Search, today: date) -> list[Menu]:
    """Return the filters. Each counts the documents that pass all others. Raises UsageError for a wrong filter."""
    return [
        *_types(_facets(library, replace(search, types=())), search),
        *_folders(_facets(library, replace(search, folders=())), search),
        _dates(_facets(library, replace(search, since="")), search, today),
        _metadata(library, search),
        _modes(search),
    ]


def _facets(library: Library, search: Search) -> Facets:
    if not search.is_filtered:
        return library.facets()
    return library.facets(parse_filter(search.folders, search.types, search.since or None, search.condition))


def _most(counts: Mapping[str, int], chosen: Sequence[str]) -> list[str]:
    """Return the most frequent values, and those that are chosen."""
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [*dict.fromkeys([*ordered[:_MAX_CHOICES], *chosen])]


def _toggled(chosen: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)


def _types(facets: Facets, search: Search) -> Iterator[Menu]:
    """Yield the types, if there are several."""
    counts = {_SHORT.get(media_type, media_type): count for media_type, count in facets.types.items()}
    choices = [
        Choice(_type_label(name), search.changed(types=_toggled(search.types, name)).address, name in search.types,
               counts.get(name, 0))
        for name in _most(counts, search.types)
    ]  # fmt: skip
    if search.types or len(choices) > 1:
        chosen = ", ".join(map(_type_label, search.types))
        yield Menu("type", "Type", chosen, [Group("", choices, _left(counts, choices))])


def _type_label(name: str) -> str:
    return _TYPES.get(name) or (name.upper() if name in MEDIA_TYPES else name)


def _left(counts: Mapping[str, int], choices: Sequence[Choice]) -> int:
    return max(0, len(counts) - len(choices))


# Folders.


def _folders(facets: Facets, search: Search) -> Iterator[Menu]:
    """Yield the folders below the one that is chosen, and those that it lies in, if there are several."""
    below: dict[str, list[str]] = {}
    for uri in facets.folders:
        above = folders_of(uri)[1:2]
        below.setdefault(above[0] if above else "", []).append(uri)
    top = _first_fork(below, facets.folders, facets.documents)
    uris = {_pattern(uri): uri for uri in facets.folders}
    chosen = uris.get(search.folders[0], "") if len(search.folders) == 1 else ""
    path = [uri for uri in reversed(folders_of(chosen)) if uri != top and uri not in folders_of(top)]
    inside = sorted(below.get(chosen or top, ()), key=lambda uri: (-facets.folders[uri], uri))[:_MAX_CHOICES]
    choices = [_folder(uri, facets.folders[uri], search, indent) for indent, uri in enumerate(path)] + [
        _folder(uri, facets.folders[uri], search, len(path)) for uri in inside
    ]
    unknown = [
        Choice(_shown(pattern), search.changed(folders=_toggled(search.folders, pattern)).address, True)
        for pattern in search.folders if pattern not in uris or len(search.folders) > 1
    ]  # fmt: skip
    if search.folders or len(choices) > 1:
        yield Menu("in", "Folder", ", ".join(map(_shown, search.folders)), [Group("", [*unknown, *choices])])


def _first_fork(below: Mapping[str, Sequence[str]], counts: Mapping[str, int], documents: int) -> str:
    """Return the folder that holds everything."""
    top = ""
    while len(inside := below.get(top, ())) == 1 and counts[inside[0]] == documents:
        top = inside[0]
    return top


def _folder(uri: str, count: int, search: Search, indent: int) -> Choice:
    pattern = _pattern(uri)
    is_chosen = search.folders == (pattern,)
    label = "Uploaded texts" if uri == _UPLOADS else _last(pattern)
    return Choice(label, search.changed(folders=() if is_chosen else (pattern,)).address, is_chosen, count, indent)


def _pattern(uri: str) -> str:
    """Return what `in` has to be for the documents in a folder."""
    path = file_path(uri)
    return f"{uri}*" if uri == _UPLOADS else display(path) if path else uri


def _last(pattern: str) -> str:
    return one_line(pattern.rstrip("/").rpartition("/")[2]) or pattern


def _shown(pattern: str) -> str:
    return "Uploaded texts" if pattern == f"{_UPLOADS}*" else shorten_path(display_path(pattern), _MAX_LABEL)


# Dates.


def _dates(facets: Facets, search: Search, today: date) -> Menu:
    choices = []
    for label, days in _AGES:
        first = today - timedelta(days=days)
        is_chosen = search.since == first.isoformat()
        count = sum(number for day, number in facets.days.items() if day >= first)
        address = search.changed(since="" if is_chosen else first.isoformat()).address
        choices.append(Choice(label, address, is_chosen, count))
    known = next((choice.label for choice in choices if choice.is_chosen), "")
    return Menu("since", "Date", known or (f"since {search.since[:40]}" if search.since else ""), [Group("", choices)])


# Metadata.


def _metadata(library: Library, search: Search) -> Menu:
    """Return the fields that say something: those that are chosen, then those that most documents have."""
    fields = _facets(library, search).fields
    chosen = {field.partition("=")[0]: None for field in search.fields}
    useful = sorted(
        (name for name in fields if _is_useful(name, fields[name])), key=lambda name: -sum(fields[name].values())
    )
    names = [*dict.fromkeys([*chosen, *useful])][: max(_MAX_FIELDS, len(chosen))]
    values = [one_line(field.partition("=")[2])[:_MAX_LABEL] for field in search.fields]
    shown = ", ".join([*values, *([search.where[:_MAX_LABEL]] if search.where else [])])
    return Menu("meta", "Metadata", shown, [_field(name, library, search) for name in names])


def _is_useful(name: str, values: Mapping[str, int]) -> bool:
    """Whether documents share values that are not dates, and a condition can name the field."""
    is_shared = len(values) > 1 and max(values.values()) > 1
    return is_shared and not set(name) & _UNNAMEABLE and not all(map(_DATE.match, values))


def _field(name: str, library: Library, search: Search) -> Group:
    others = replace(search, fields=tuple(one for one in search.fields if one.partition("=")[0] != name))
    counts = _facets(library, others).fields.get(name, {})
    chosen = [field.partition("=")[2] for field in search.fields if field.partition("=")[0] == name]
    choices = [_value(name, value, counts.get(value, 0), search) for value in _most(counts, chosen)]
    return Group(one_line(name)[:_MAX_LABEL].capitalize(), choices, _left(counts, choices))


def _value(name: str, value: str, count: int, search: Search) -> Choice:
    field = f"{name}={value}"
    address = search.changed(fields=_toggled(search.fields, field)).address
    return Choice(one_line(value)[:_MAX_LABEL] or "(empty)", address, field in search.fields, count)


def _modes(search: Search) -> Menu:
    choices = [Choice(_MODES[mode], search.changed(mode=mode).address, mode == search.mode) for mode in MODES]
    chosen = _MODES.get(search.mode, search.mode[:_MAX_LABEL]) if search.mode != MODES[0] else ""
    return Menu("mode", "Search by", chosen, [Group("", choices)])
