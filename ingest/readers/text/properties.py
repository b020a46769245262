"""Properties of Java (.properties): the text as written, with the letters that its escapes stand for."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import clean, decode, name_as_title, require_text

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-java-properties"
_ESCAPES = re.compile(r"(?<!\\)((?:\\\\)*+)((?:\\u++[0-9a-fA-F]{4})++)")
_SPACES = re.compile(r"\s")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document titled by its name; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    plain = replace(decoded, text=_ESCAPES.sub(_letters, decoded.text)).without_pictures()
    require_text(plain.text)
    yield plain.annotate(Document(name_as_title(name), plain.text, _MEDIA_TYPE))


def _letters(match: re.Match[str]) -> str:
    # Two escapes may be the halves of one character. A line end would be that of another property.
    units = re.findall(r"u([0-9a-fA-F]{4})", match[2])
    text = bytes.fromhex("".join(units)).decode("utf-16-be", "replace")
    return match[1] + _SPACES.sub(" ", clean(text))


READER = text_reader("properties", 1, _MEDIA_TYPE, read)
