"""JSON: a document for each object of a list of objects; any other file is text."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.heads import looks_like_records
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.records.json_text import JSON, media_type_of, text_document
from wherein.ingest.readers.records.json_values import parse_json
from wherein.ingest.readers.records.records import NO_TEXT_FIELD, Records, require_fields, text_field
from wherein.ingest.readers.shared.decode import decode, require_text

__all__ = ["READER", "read"]


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield a document for each record; see `Reader` for the errors, `Records` for the fields.

    When the user chose no fields and no record has a field with a usual name for the text, the file is one document.
    """
    decoded = decode(stream.read(), context.encoding)
    text = decoded.text
    require_text(text)
    items = _parse_list(text, strict=bool(context.fields.label)) if looks_like_records(text) else None
    names = dict.fromkeys(name for record in items or () if isinstance(record, dict) for name in record)
    if items is None or text_field(names, context.fields) is None:
        notes = () if items is None else (NO_TEXT_FIELD,)
        yield text_document(decoded, name, media_type_of(name, JSON), notes)
        return
    require_fields(names, context.fields)
    records = Records("record", media_type_of(name, JSON), context.fields)
    for number, record in enumerate(items, 1):
        yield records.item(number, partial(_identity, record), decoded)


def _identity(record: JSONValue) -> JSONValue:
    return record


def _parse_list(text: str, *, strict: bool) -> list[JSONValue] | None:
    """Return the list in the text; None for another value and invalid JSON, which raises Unreadable if `strict`."""
    try:
        items = parse_json(text)
    except (ValueError, RecursionError) as error:
        if strict:
            raise Unreadable(str(error) if isinstance(error, ValueError) else "nested too deeply") from None
        return None
    return items if isinstance(items, list) else None


READER = Reader("json", 5, JSON, read, read)
