"""YAML as values that JSON can hold, read from the events of PyYAML's parser; nothing is constructed from tags.

Plain words have the types of YAML 1.2: `true` and `false` are booleans, `no` and `on` are words. A number is one only
as JSON writes it, so that 007, 1.10 and 12:30 stay texts, and so do dates. Aliases are not followed, because a few
lines of them can stand for gigabytes.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean

__all__ = ["Parsed", "parse_yaml", "typed"]

_MAX_DEPTH = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")  # as many digits as 64 bits always hold
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,14}")
_TEXT_TAGS = frozenset(("!", "tag:yaml.org,2002:str"))
_COLLECTION_TAGS = frozenset(("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Parsed:
    """The entries of a mapping; `notes` name those that were left out, and say why."""

    entries: dict[str, JSONValue]
    notes: tuple[str, ...] = ()


class _LeftOut(Exception):
    """A value that is not kept; the message says why."""


def parse_yaml(source: str) -> Parsed | None:
    """Parse one document; None when it is not a mapping, or an empty one. Raises ValueError with the reason."""
    notes: list[str] = []
    try:
        events = yaml.parse(source, Loader=_LOADER)
        start = next(
            event for event in events if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent)
        )
        if not isinstance(start, yaml.MappingStartEvent):
            return None
        entries = _mapping(events, 0, "", notes)
        deque(events, maxlen=0)  # what follows must be valid, too
    except yaml.YAMLError as error:
        raise ValueError(_reason(error)) from None
    return Parsed(entries, tuple(dict.fromkeys(notes))) if entries or notes else None


def typed(word: str) -> JSONValue:
    """Return the value that a plain word stands for."""
    if word in _NULL:
        return None
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if _INTEGER.fullmatch(word) and word != "-0":
        return int(word)
    # Only where nothing is lost: 1.10 is not 1.1.
    return float(word) if _DECIMAL.fullmatch(word) and repr(float(word)) == word else clean(word)


def _reason(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "unreadable"
    return f"line {mark.line + 2}: {problem}" if mark else str(problem)  # the fence is line 1


def _mapping(events: Iterator[Any], depth: int, path: str, notes: list[str]) -> dict[str, JSONValue]:
    """Read the entries up to the end of a mapping; `path` names it in notes."""
    entries: dict[str, JSONValue] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            _skip(event, events)
            _skip(next(events), events)
            notes.append(f"metadata left out: {_in(path)}a key that is not a word")
            continue
        key = clean(event.value)
        name = f"{path}{key[:_MAX_SHOWN]}"
        if key in entries:
            notes.append(f"metadata {name}: given more than once; the last is kept")
        try:
            entries[key] = _value(next(events), events, depth, name, notes)
        except _LeftOut as reason:
            notes.append(f"metadata {name} left out: {reason}")
    return entries


def _in(path: str) -> str:
    return f"in {path.removesuffix('.')}, " if path else ""


def _value(event: Any, events: Iterator[Any], depth: int, name: str, notes: list[str]) -> JSONValue:
    """Return the value that begins with `event`. Raises _LeftOut, with all of it read, when it cannot be kept."""
    if isinstance(event, yaml.AliasEvent):
        raise _LeftOut(f"*{event.anchor[:_MAX_SHOWN]} refers to another entry, which is not followed")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth == _MAX_DEPTH:
        _skip(event, events)
        raise _LeftOut(f"nested more than {_MAX_DEPTH} deep")
    if event.tag is not None and event.tag not in _COLLECTION_TAGS:
        _skip(event, events)
        raise _LeftOut(f"the tag {event.tag[:_MAX_SHOWN]} is not supported")
    if isinstance(event, yaml.MappingStartEvent):
        return dict(_mapping(events, depth + 1, f"{name}.", notes))
    return _sequence(events, depth + 1, name, notes)


def _sequence(events: Iterator[Any], depth: int, name: str, notes: list[str]) -> list[JSONValue]:
    items: list[JSONValue] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        try:
            items.append(_value(event, events, depth, name, notes))
        except _LeftOut as reason:
            notes.append(f"metadata {name}: an element left out: {reason}")
    return items


def _scalar(event: Any) -> JSONValue:
    if event.tag is not None and event.tag not in _TEXT_TAGS:
        raise _LeftOut(f"the tag {event.tag[:_MAX_SHOWN]} is not supported")
    is_plain, _ = event.implicit
    return typed(event.value) if is_plain else clean(event.value)


def _skip(event: Any, events: Iterator[Any]) -> None:
    """Read to the end of the value that begins with `event`."""
    depth = 0
    while True:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if not depth:
            return
        event = next(events)
