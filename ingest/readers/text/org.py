"""Org: headings, text, tables and source blocks as a person reads them, without drawers, comments and settings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.text.outlined import Line, outlined_document, source_lines

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-org"
_HEADING = re.compile(r"(\*+)[ \t]+(?:\[#\w\][ \t]+)?(.*?)(?:(?<![ \t])[ \t]+:[\w@#%:]+:)?")
_PRIORITY = re.compile(r"^([A-Z]+ )\[#\w\] ")
_BLOCK = re.compile(r"[ \t]*#\+begin_(\S+)", re.IGNORECASE)
_KEYWORD = re.compile(r"[ \t]*#\+(\w+)(?:\[[^\]]*\])?:[ \t]*(.*)", re.IGNORECASE)
_INCLUDED = re.compile(r'"([^"]+)"|([^\s"]+)')
_DIRECTIVE = re.compile(r"[ \t]*#(?:[ \t+]|$)")
_DRAWER = re.compile(r"[ \t]*:([\w-]+):")
_END = re.compile(r"[ \t]*(?:#\+end_\S+|:end:)", re.IGNORECASE)
_RULE = re.compile(r"[ \t]*\|-[-+|: ]*")
_ROW = re.compile(r"[ \t]*\|(.*?)\|?")
_FIXED = re.compile(r"[ \t]*: (.*)")
_ESCAPED = re.compile(r"^([ \t]*),(?=,*(?:\*|#\+))")
_INLINE = re.compile(
    r"""\[\[(?P<target>[^\[\]]+)\](?:\[(?P<shown>(?:[^\]\[]|\[(?!\[)|\](?!\])){1,500})\])?\]
      | <<<?(?P<anchor>[^<>\n]+)>>>? | @@[\w-]+:(?P<exported>.{0,1000}?)@@
      | (?<![^\s('"{\-])(?P<mark>[*/_=~+])(?P<marked>(?!(?P=mark))\S(?:(?:(?!(?P=mark)).){0,1000}?\S)?)(?P=mark)
        (?=[\s.,:;!?'")}\[\-]|$)
      | \\\\$""",
    re.VERBOSE,
)
_VERBATIM, _UNREAD = ("src", "example"), ("comment", "export")
_UNREAD_DRAWERS = ("properties", "logbook")
_SHOWN_KEYWORDS = ("title", "subtitle", "caption")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors. Included files are noted."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    keywords = _Keywords()
    lines = list(_lines(source_lines(decoded), keywords))
    yield outlined_document(
        decoded, lines, name, _MEDIA_TYPE, _inline(keywords.text("title")), keywords.metadata, keywords.files
    )


@dataclass
class _Keywords:
    """The settings of a file, `#+TITLE: …`, and the files that it includes."""

    values: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def take(self, name: str, value: str) -> str:
        """Keep a setting, and return what is shown of it."""
        if name == "include":
            self.files += [quoted or bare for quoted, bare in _INCLUDED.findall(value)[:1]]
        else:
            self.values.setdefault(name, []).append(value)
        return _inline(value) if name in _SHOWN_KEYWORDS else ""

    def text(self, name: str) -> str:
        """Return a setting, which may be given in several lines."""
        return " ".join(self.values.get(name, ()))

    @property
    def metadata(self) -> dict[str, JSONValue]:
        """The settings that say something about the document."""
        tags = self.text("filetags").strip(":").replace(":", ",")
        return standard_metadata(
            author=self.values.get("author", ()),
            description=self.text("description"),
            keywords=(self.text("keywords"), tags),
            language=self.text("language"),
            created=self.text("date").strip("<>[]")[:10],
        )


def _lines(source: Sequence[str], keywords: _Keywords) -> Iterator[Line]:
    """Yield a line for each line of the source. What has no end is neither a block nor a drawer."""
    last = {line.strip().lower(): number for number, line in enumerate(source) if _END.fullmatch(line)}
    end, is_shown = "", True
    for number, line in enumerate(source):
        if not is_shown and _HEADING.fullmatch(line):  # ends it as well, so that no section is lost
            end, is_shown = "", True
        if end:
            is_end = line.strip().lower() == end
            yield Line(_ESCAPED.sub(r"\1", line) if is_shown and not is_end else "")
            end, is_shown = ("", True) if is_end else (end, is_shown)
            continue
        opened = _opened(line)
        if opened and last.get(opened[0], 0) > number:
            end, is_shown = opened
        yield Line("") if _DRAWER.fullmatch(line) else _line(line, keywords)


def _opened(line: str) -> tuple[str, bool] | None:
    """Return the end of the block or drawer that a line opens, and whether its text is shown, which is as written."""
    if (drawer := _DRAWER.fullmatch(line)) and drawer[1].lower() in _UNREAD_DRAWERS:
        return ":end:", False
    name = block[1].lower() if (block := _BLOCK.match(line)) else ""
    return (f"#+end_{name}", name in _VERBATIM) if name in (*_VERBATIM, *_UNREAD) else None


def _line(line: str, keywords: _Keywords) -> Line:
    if heading := _HEADING.fullmatch(line):
        return Line(_inline(_PRIORITY.sub(r"\1", heading[2])), len(heading[1]))
    if keyword := _KEYWORD.fullmatch(line):
        return Line(keywords.take(keyword[1].lower(), keyword[2]))
    if _DIRECTIVE.match(line):
        return Line("")
    if (row := _ROW.fullmatch(line)) and not _RULE.fullmatch(line):
        return Line(" | ".join(_inline(cell.strip()) for cell in row[1].split("|")))
    fixed = _FIXED.fullmatch(line)
    return Line(fixed[1] if fixed else _inline(line))


def _inline(text: str) -> str:
    """Return a text without the marks of emphasis, and links as what is shown of them."""
    return _INLINE.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    if match["target"]:
        return match["shown"] or match["target"].removeprefix("file:").removeprefix("*").removeprefix("#")
    if match["marked"]:
        return match["marked"] if match["mark"] in "=~" else _inline(match["marked"])
    return match["exported"] or ""


READER = text_reader("org", 2, _MEDIA_TYPE, read)
