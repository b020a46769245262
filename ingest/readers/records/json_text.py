"""JSON that is not a list of records, as a text that a person reads."""

from dataclasses import replace

from wherein.ingest.document import Document
from wherein.ingest.readers.records.json_values import unescape_json
from wherein.ingest.readers.shared.decode import Decoded, name_as_title, require_text

__all__ = ["text_document"]


def text_document(decoded: Decoded, name: str, media_type: str, notes: tuple[str, ...] = ()) -> Document:
    """Return JSON that is not a list of records as one document, as written but for its escapes."""
    plain = replace(decoded, text=unescape_json(decoded.text)).without_pictures()
    require_text(plain.text)
    return plain.annotate(Document(name_as_title(name), plain.text, media_type, notes=notes))
