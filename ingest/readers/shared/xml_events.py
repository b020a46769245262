"""XML as a stream of events, so that memory stays flat and depth does not matter; entities are rejected."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from html.entities import html5
from xml.parsers import expat

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.reasons import DAMAGED

__all__ = ["END", "START", "TEXT", "Event", "events", "texts_by_element", "without_elements"]

Event = tuple[str, str, Mapping[str, str]]
"""START, the element's name and its attributes; END and its name; or TEXT and the characters."""

START, END, TEXT = "start", "end", "text"
_NONE: Mapping[str, str] = {}

_OPEN_XML = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    f"{_OPEN_XML}markup-compatibility/2006": "mc",
    f"{_OPEN_XML}package/2006/relationships": "rel",
    f"{_OPEN_XML}package/2006/metadata/core-properties": "cp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://www.idpf.org/2007/opf": "opf",
    "http://openebook.org/namespaces/oeb-package/1.0/": "opf",
    "http://www.w3.org/1999/xlink": "xlink",
    f"{_OPEN_XML}drawingml/2006/wordprocessingDrawing": "wp",
    f"{_STRICT}drawingml/wordprocessingDrawing": "wp",
    "http://www.w3.org/2001/04/xmlenc#": "enc",
    "urn:oasis:names:tc:opendocument:xmlns:container": "container",
    "http://www.daisy.org/z3986/2005/ncx/": "ncx",
    **{f"{_OPEN_XML}{name}/2006/main": prefix for name, prefix in (
        ("wordprocessingml", "w"), ("drawingml", "a"), ("presentationml", "p"), ("spreadsheetml", "s"))},
    **{f"{_STRICT}{name}/main": prefix for name, prefix in (
        ("wordprocessingml", "w"), ("drawingml", "a"), ("presentationml", "p"), ("spreadsheetml", "s"))},
    **{f"{base}officeDocument/{name}": prefix for base, name, prefix in (
        (_OPEN_XML, "2006/relationships", "r"), (_STRICT, "relationships", "r"),
        (_OPEN_XML, "2006/math", "m"), (_STRICT, "math", "m"))},
    **{f"{_OPEN_DOCUMENT}{name}:1.0": prefix for name, prefix in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("drawing", "draw"), ("meta", "meta"),
        ("style", "style"), ("presentation", "presentation"), ("manifest", "manifest"),
        ("svg-compatible", "svg"))},
}  # fmt: skip


def events(pieces: Iterable[bytes], part: str, encoding: str | None = None) -> Iterator[Event]:
    """Yield the events of an XML file. Names have the prefixes of `_PREFIXES`, whatever prefixes the file uses.

    `encoding` outweighs the one that the file declares. A document type elsewhere is not read: entities are those of
    HTML, and any other stands as written.

    Raises Unreadable, with the name of the `part`, when it is not well-formed or declares entities, as XML bombs do.
    """
    queue: list[Event] = []
    parser = expat.ParserCreate(encoding, namespace_separator=" ")  # a blank is in no local name
    parser.buffer_text = True  # else expat reports each line of a text by itself
    parser.StartElementHandler = lambda name, attributes: queue.append((START, _short(name), _shorten(attributes)))
    parser.EndElementHandler = lambda name: queue.append((END, _short(name), _NONE))
    parser.CharacterDataHandler = lambda text: queue.append((TEXT, text, _NONE))
    parser.SkippedEntityHandler = lambda name, is_parameter: queue.append((TEXT, _entity(name, is_parameter), _NONE))
    parser.EntityDeclHandler = lambda *declaration: _reject_entities(part)
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield from queue
            queue.clear()
        parser.Parse(b"", True)
        yield from queue
    except expat.ExpatError as error:
        raise Unreadable(f"{DAMAGED}: {part} is not well-formed XML (line {error.lineno})") from error
    except (LookupError, ValueError) as error:
        raise Unreadable(f"{DAMAGED}: {part} is in an unknown encoding") from error


def without_elements(stream: Iterable[Event], names: Collection[str]) -> Iterator[Event]:
    """Yield the events without the elements of these names and everything inside them."""
    depth = 0
    for event in stream:
        if depth:
            depth += (event[0] is START) - (event[0] is END)
        elif event[0] is START and event[1] in names:
            depth = 1
        else:
            yield event


def texts_by_element(stream: Iterable[Event]) -> dict[str, list[str]]:
    """Return the texts of all elements by name; the text of an inner element counts only for the inner one."""
    pieces: dict[str, list[list[str]]] = {}
    open_elements: list[list[str]] = []
    for kind, value, _ in stream:
        if kind is START:
            open_elements.append([])
            pieces.setdefault(value, []).append(open_elements[-1])
        elif kind is END:
            open_elements.pop()
        elif open_elements:
            open_elements[-1].append(value)
    return {name: [_one_line(element) for element in elements] for name, elements in pieces.items()}


def _one_line(pieces: Iterable[str]) -> str:
    return " ".join("".join(pieces).split())


def _shorten(attributes: Mapping[str, str]) -> Mapping[str, str]:
    return {_short(name): value for name, value in attributes.items()} if attributes else _NONE


@lru_cache(maxsize=1024)
def _short(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else name


def _entity(name: str, is_parameter: bool) -> str:
    return "" if is_parameter else html5.get(f"{name};", f"&{name};")


def _reject_entities(part: str) -> None:
    raise Unreadable(f"{part} declares entities, as XML bombs do; no document needs them")
