"""From a record (a line of JSONL, a row of CSV) to a document: which field is its text, its id, its title."""

from collections.abc import Callable, Collection, Iterable

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.storage.catalog.fields import Fields

__all__ = ["Records", "missing_field", "require_fields", "text_field"]

_TEXT = ("text", "content", "body")
_ID = ("id", "_id")
_TITLE = ("title",)
_SHOWN_FIELDS = 20
_LONGEST_NAME = 40

Record = dict[str, JSONValue]


class _NoText(ValueError):
    """There is nothing to read in a record that is in order."""


class Records:
    """Makes documents of the records of one file. A `unit` is a line, a row or a record; they are numbered."""

    def __init__(self, unit: str, media_type: str, fields: Fields) -> None:
        self._unit = unit
        self._media_type = media_type
        self._fields = fields
        self._first: dict[str, int] = {}

    def item(self, number: int, parse: Callable[[], JSONValue]) -> Document | Problem:
        """Return the document of a record, or what is wrong with it.

        Its key is its id, else its number (`line-12`). What is neither text nor id nor title is metadata. `parse`
        raises ValueError with the reason why it gives no record.
        """
        key = f"{self._unit}-{number}"
        try:
            record = parse()
            if not isinstance(record, dict):
                raise ValueError("not a JSON object")
            names = list(record)
            key = _key(record, names, self._fields.id, key)
            first = self._first.setdefault(key, number)
            if first != number:
                raise ValueError(f"same id as {self._unit} {first}")
            return _document(key, record, names, self._fields, self._media_type)
        except _NoText:
            return Problem(key, f"{self._unit} {number}: no text", skipped=True)
        except RecursionError:
            return Problem(key, f"{self._unit} {number}: nested too deeply")
        except ValueError as error:
            return Problem(key, f"{self._unit} {number}: {error}")


def text_field(names: Collection[str], fields: Fields) -> str | None:
    """Return the name of the field that is the text: the one that was asked for, else the first that is called so."""
    return fields.text or next((name for name in _TEXT if name in names), None)


def require_fields(names: Collection[str], fields: Fields) -> None:
    """Raise Unreadable when a field that was asked for is not there."""
    for name in (fields.text, fields.id, fields.title):
        if name and name not in names:
            raise Unreadable(missing_field(name, names))


def missing_field(name: str, names: Iterable[str]) -> str:
    """Word the reason for a field that is missing among those that are there."""
    there = [_shown(other) for other in names]
    more = " and more" if len(there) > _SHOWN_FIELDS else ""
    known = f"its fields are {', '.join(there[:_SHOWN_FIELDS])}{more}" if there else "it has no fields"
    return f'no "{_shown(name)}"; {known}'


def _shown(name: str) -> str:
    return name[:_LONGEST_NAME] if name.isprintable() else ascii(name[:_LONGEST_NAME])


def _key(record: Record, names: list[str], asked: str, default: str) -> str:
    """Take the id out of the record."""
    name = asked or next((name for name in _ID if name in record), _ID[0])
    if asked and asked not in record:
        raise ValueError(missing_field(asked, names))
    value = record.pop(name, None)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f'"{_shown(name)}" is neither a string nor a number')
    return str(value)


def _document(key: str, record: Record, names: list[str], fields: Fields, media_type: str) -> Document:
    wanted = text_field(record, fields) or _TEXT[0]
    for name in filter(None, (wanted, fields.title)):
        if name not in record:
            raise ValueError(missing_field(name, names))
    text, title = record.pop(wanted), record.pop(fields.title or _TITLE[0], None)
    if not isinstance(text, str):
        raise ValueError(f'"{_shown(wanted)}" is not a string')
    if not text.strip():
        raise _NoText
    if title is not None and not isinstance(title, str):
        raise ValueError(f'"{_shown(fields.title or _TITLE[0])}" is not a string')
    return Document(title or "", text, media_type, key=key, metadata=record)
