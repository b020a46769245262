"""Front matter: the metadata at the top of a Markdown file, YAML between two `---` or TOML between two `+++`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.readers.text.toml_values import parse_toml
from wherein.ingest.readers.text.yaml_values import parse_yaml

__all__ = ["FrontMatter", "split_front_matter"]

_OPENING = re.compile(r"(---|\+\+\+)[ \t]*(?:\r\n?|\n)")
_END = {
    "---": re.compile(r"(?<=[\r\n])(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)"),
    "+++": re.compile(r"(?<=[\r\n])\+\+\+[ \t]*(?:\r\n?|\n|\Z)"),
}
_LINE = re.compile(r"([^\W\d][^:#\r\n]*?)[ \t]*:(?:[ \t]+(.*))?")
_MAX_LENGTH = 65_536
_TOO_LONG = f"its front matter is longer than {_MAX_LENGTH:,} characters and was not read as metadata"


@dataclass(frozen=True)
class FrontMatter:
    """The entries, and the offset of the text after them, 0 without front matter.

    `notes` say which entries could not be kept, and why.
    """

    entries: dict[str, JSONValue] = field(default_factory=dict)
    end: int = 0
    notes: tuple[str, ...] = ()


class _Block(NamedTuple):
    fence: str
    source: str
    end: int


def split_front_matter(text: str) -> FrontMatter:
    """Read the front matter of a text.

    A `---` at the top that is only a thematic break opens none: what follows must be a mapping, or at least begin like
    one. Of YAML that is not valid the lines `key: value` are kept, and it is noted.
    """
    block = _find(text)
    if block is None:
        return FrontMatter()
    if len(block.source) > _MAX_LENGTH:
        return FrontMatter(notes=(_TOO_LONG,)) if _begins_with_entry(block) else FrontMatter()
    try:
        parsed = parse_yaml(block.source) if block.fence == "---" else parse_toml(block.source)
    except ValueError as error:
        if not _begins_with_entry(block):
            return FrontMatter()
        note = f"its front matter is not valid ({error}); only its simple lines were kept as metadata"
        return FrontMatter(dict(_simple_lines(block.source)), block.end, (note,))
    if parsed is None:
        return FrontMatter()
    return FrontMatter(parsed.entries, block.end, parsed.notes)


def _find(text: str) -> _Block | None:
    opening = _OPENING.match(text)
    end = _END[opening[1]].search(text, opening.end()) if opening else None
    return _Block(opening[1], text[opening.end() : end.start()], end.end()) if opening and end else None


def _begins_with_entry(block: _Block) -> bool:
    lines = (line for line in re.split(r"\r\n?|\n", block.source) if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    return bool(_LINE.fullmatch(first)) if block.fence == "---" else "=" in first or first.startswith("[")


def _simple_lines(source: str) -> Iterator[tuple[str, JSONValue]]:
    for line in re.split(r"\r\n?|\n", source):
        match = _LINE.fullmatch(line)
        value = (match[2] or "").strip() if match else ""
        if match and value and value[0] not in "|>[{&*!":
            yield clean(match[1]), clean(_unquoted(value))


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value
