"""JSON that is not a list of records, as a text that a person reads."""

from dataclasses import replace
from pathlib import PurePath

from wherein.ingest.document import Document
from wherein.ingest.readers.records.json_values import unescape_json
from wherein.ingest.readers.shared.decode import Decoded, name_as_title, require_text

__all__ = ["JSON", "JSON_LINES", "media_type_of", "text_document"]

JSON, JSON_LINES = "application/json", "application/jsonl"
_BY_SUFFIX = {".json": JSON, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}


def media_type_of(name: str, read_as: str) -> str:
    """Return the media type that a file's name has, which may not be the form that it was read in: `read_as`."""
    return _BY_SUFFIX.get(PurePath(name).suffix.lower(), read_as)


def text_document(decoded: Decoded, name: str, media_type: str, notes: tuple[str, ...] = ()) -> Document:
    """Return JSON that is not a list of records as one document, as written but for its escapes."""
    plain = replace(decoded, text=unescape_json(decoded.text)).without_pictures()
    require_text(plain.text)
    return plain.annotate(Document(name_as_title(name), plain.text, media_type, notes=notes))
