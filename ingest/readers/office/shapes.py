"""Text in drawings (DrawingML): that of shapes, and the descriptions of pictures."""

import re
from collections.abc import Iterable, Iterator, Mapping

from wherein.ingest.readers.shared.xml_events import END, START, TEXT, Event, without_elements

__all__ = ["alternative_text", "shape_paragraphs"]

_LEFT_OUT = frozenset(("mc:Fallback",))  # the same content again, for older programs
_FILE_NAME = re.compile(r"\S*\.\w{2,5}|[A-Za-z]+://\S+")
_BY_PROGRAM = re.compile(
    r"\s*(?:Description automatically generated|AI-generated content may be incorrect\.?).*", re.DOTALL
)


def alternative_text(attributes: Mapping[str, str]) -> str:
    """Return what describes a picture or drawing, "" for the name of a file, which programs write by themselves."""
    text = " ".join(_BY_PROGRAM.sub("", attributes.get("descr", "")).split())
    return "" if _FILE_NAME.fullmatch(text) else text


def shape_paragraphs(stream: Iterable[Event]) -> Iterator[str]:
    """Yield the paragraphs of the shapes in a drawing that are not blank."""
    pieces: list[str] = []
    in_text = False
    for kind, value, _ in without_elements(stream, _LEFT_OUT):
        if kind is TEXT:
            if in_text:
                pieces.append(value)
        elif value == "a:t":
            in_text = kind is START
        elif value == "a:br" and kind is START:
            pieces.append(" ")
        elif value == "a:p" and kind is END:
            text = " ".join("".join(pieces).split())
            pieces.clear()
            if text:
                yield text
