"""From a record (a line of JSONL, a row of CSV) to a document: which fields are its text, its id and its title."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.shared.decode import AS_IS, PICTURES_NOTE, Decoded, without_pictures
from wherein.storage.catalog.fields import Fields

__all__ = ["NO_TEXT_FIELD", "Records", "id_field", "read_whole", "require_fields", "text_field", "title_field"]

_WHOLE_LIMIT = 64 << 20
NO_TEXT_FIELD = (
    "its records have none of the fields text, content, body; --text-field NAME makes a document of each record"
)
_TEXT_NAMES = ("text", "content", "body")
_ID_NAMES = ("id", "_id")
_TITLE_NAME = "title"
_MAX_SHOWN_FIELDS = 20
_MAX_NAME_LENGTH = 40

Record = dict[str, JSONValue]


class _NoText(ValueError):
    """A valid record whose text is blank."""


class Records:
    """Makes documents of the records of one file. `unit` is what they are called: a line, a row or a record."""

    def __init__(self, unit: str, media_type: str, fields: Fields) -> None:
        self._unit = unit
        self._media_type = media_type
        self._fields = fields
        self._first: dict[str, int] = {}

    def item(self, number: int, parse: Callable[[], JSONValue], decoded: Decoded = AS_IS) -> Document | Problem:
        """Return the document of a record, with the notes of `decoded`, or the problem with it.

        The key is the id of the record, else its number (`line-12`). Fields other than text, id and title are metadata.
        `parse` returns the record, or raises ValueError with the reason or RecursionError.
        """
        key = f"{self._unit}-{number}"
        try:
            record = parse()
            if not isinstance(record, dict):
                raise ValueError("not a JSON object")
            names = list(record)
            key = _take_key(record, names, self._fields, key)
            first = self._first.setdefault(key, number)
            if first != number:
                raise ValueError(f"same id as {self._unit} {first}")
            return decoded.annotate(_document(key, record, names, self._fields, self._media_type))
        except _NoText:
            return Problem(key, f"{self._unit} {number}: no text", skipped=True)
        except RecursionError:
            return Problem(key, f"{self._unit} {number}: nested too deeply")
        except ValueError as error:
            return Problem(key, f"{self._unit} {number}: {error}")


def read_whole(stream: BinaryIO, reason: str) -> bytes:
    """Return a file of records that is read as one text for this `reason`. Raises Unreadable when it is too large."""
    stream.seek(0)
    data = stream.read(_WHOLE_LIMIT + 1)
    if len(data) > _WHOLE_LIMIT:
        raise Unreadable(f"larger than {_WHOLE_LIMIT >> 20:,} MB, and {reason}")
    return data


def text_field(names: Collection[str], fields: Fields) -> str | None:
    """Return the name of the text field: the one that the user chose, else the first usual name that occurs, if any."""
    return fields.text or _usual(_TEXT_NAMES, names)


def id_field(names: Collection[str], fields: Fields) -> str | None:
    """Return the name of the field with the id, as `text_field` does."""
    return fields.id or _usual(_ID_NAMES, names)


def title_field(names: Collection[str], fields: Fields) -> str | None:
    """Return the name of the field with the title, as `text_field` does."""
    return fields.title or _usual((_TITLE_NAME,), names)


def _usual(usual: Sequence[str], names: Collection[str]) -> str | None:
    """Return the first of the usual names that occurs, in any case where none occurs as it is."""
    exact = next((name for name in usual if name in names), None)
    if exact is not None:
        return exact
    return next((name for wanted in usual for name in names if name.casefold() == wanted), None)


def require_fields(names: Collection[str], fields: Fields) -> None:
    """Raise Unreadable when a field that the user chose is missing."""
    for name in (fields.text, fields.id, fields.title):
        if name and name not in names:
            raise Unreadable(_missing_field_reason(name, names))


def _missing_field_reason(name: str, names: Iterable[str]) -> str:
    """Return the reason for a missing field, with the names of the fields that exist."""
    shown = [_printable(other) for other in names]
    more = " and more" if len(shown) > _MAX_SHOWN_FIELDS else ""
    known = f"its fields are {', '.join(shown[:_MAX_SHOWN_FIELDS])}{more}" if shown else "it has no fields"
    return f'no "{_printable(name)}"; {known}'


def _printable(name: str) -> str:
    return name[:_MAX_NAME_LENGTH] if name.isprintable() else ascii(name[:_MAX_NAME_LENGTH])


def _take_key(record: Record, names: list[str], fields: Fields, default: str) -> str:
    """Remove the id from the record and return it, else `default`."""
    name = id_field(record, fields) or _ID_NAMES[0]
    if fields.id and fields.id not in record:
        raise ValueError(_missing_field_reason(fields.id, names))
    value = record.pop(name, None)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f'"{_printable(name)}" is neither a string nor a number')
    return str(value)


def _document(key: str, record: Record, names: list[str], fields: Fields, media_type: str) -> Document:
    text_name, title_name = text_field(record, fields) or _TEXT_NAMES[0], title_field(record, fields) or _TITLE_NAME
    for name in filter(None, (fields.text, fields.title)):
        if name not in record:
            raise ValueError(_missing_field_reason(name, names))
    title = _string(title_name, record.pop(title_name, None))
    if text_name not in record and not title.strip():
        raise ValueError(_missing_field_reason(text_name, names))
    text, count = without_pictures(_string(text_name, record.pop(text_name, None)))
    text = text if text.strip() else title
    if not text.strip():
        raise _NoText
    notes = (PICTURES_NOTE,) if count else ()
    return Document(title, text, media_type, key=key, metadata=record, notes=notes)


def _string(name: str, value: JSONValue) -> str:
    """Return the text in a field, "" for a null; the texts of a list are its lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(map(str, value))
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{_printable(name)}" is not a string')
    return value or ""
