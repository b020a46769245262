"""AsciiDoc: headings, text, tables and source blocks as a person reads them, without its settings."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.text.asciidoc_header import author_names, revision_date
from wherein.ingest.readers.text.asciidoc_inline import without_markup
from wherein.ingest.readers.text.outlined import Line, outlined_document, source_lines

__all__ = ["READER", "read"]

_MEDIA_TYPE = "text/x-asciidoc"
_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:(?<![ \t])[ \t]+\1)?")
_UNDERLINE = re.compile(r"(=+|-+|~+|\^+|\++)")
_UNDERLINES = "=-~^+"
_ATTRIBUTE = re.compile(r":(!?\w[\w-]*!?):(?:[ \t]+(.*))?")
_DIRECTIVE = re.compile(r"(include|ifdef|ifndef|ifeval|endif)::(.*?)\[(.*)\]")
_UNSHOWN = re.compile(r"//(?!/).*|\[[^\]\s][^\]]*\]|\[\[[^\]]+\]\]|\[\]|\+|(?:toc|video|audio)::.*")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|/{4,}|\+{4,}|={4,}|\*{4,}|_{4,}|--|[|,:!]={3,}|```.*)")
_BLOCK_TITLE = re.compile(r"\.(?=[^\s.])(.+)")
# The text of these blocks is written as it is, or left out.
_VERBATIM, _PASSED, _COMMENT, _TABLE = "-.`", "+", "/", "|,:!"
_CELL = re.compile(r"(?:^|(?<=\s))(?:\d+\*|\d*(?:\.\d+)?\+)?[<^>]?(?:\.[<^>])?[adehlmsv]?\|(?!=)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
# Longer ones would let a small file grow without end.
_MAX_VALUE = 100


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors. Included files are noted."""
    decoded = decode(stream.read(), context.encoding).without_pictures()
    lines = _Lines()
    shown = list(lines.take(source_lines(decoded)))
    metadata = lines.metadata
    yield outlined_document(decoded, shown, name, _MEDIA_TYPE, lines.title, metadata, lines.included)


class _Lines:
    """Takes the lines of a file in order."""

    def __init__(self) -> None:
        self.title = ""
        self.included: list[str] = []
        self._attributes: dict[str, str] = {}
        self._authors: list[str] = []
        self._block = ""
        self._in_table = False
        self._in_header = False

    @property
    def metadata(self) -> dict[str, JSONValue]:
        """What the header says about the document."""
        value = self._attributes.get
        return standard_metadata(
            author=self._authors or value("authors", value("author", "")),
            description=value("description", ""),
            keywords=value("keywords", ""),
            language=value("lang", ""),
            created=value("revdate", value("docdate", "")),
        )

    def take(self, source: list[str]) -> Iterator[Line]:
        """Yield a line for each line of the source."""
        index = 0
        while index < len(source):
            heading = self._underlined(source, index)
            if heading:
                yield from (heading, Line(""))
            else:
                yield self._line(source[index])
            index += 2 if heading else 1

    def _underlined(self, source: list[str], index: int) -> Line | None:
        """Return the heading on a line that has a line of signs of its length below it."""
        title, below = source[index].rstrip(), source[index + 1] if index + 1 < len(source) else ""
        underline = _UNDERLINE.fullmatch(below)
        if self._block or self._in_table or not underline or not title[:1].isalnum() or (index and source[index - 1]):
            return None
        if len(title) < 2 or abs(len(underline[1]) - len(title)) > 1:
            return None
        return self._heading(_UNDERLINES.index(underline[1][0]) + 1, title)

    def _line(self, line: str) -> Line:
        delimiter = _DELIMITER.fullmatch(line)
        if self._block:
            return self._inside(line)
        if self._in_header and not self._is_header(line):
            self._in_header = False
        elif self._in_header:
            return Line("")
        if delimiter:
            self._begin(delimiter[1])
            return Line("")
        if attribute := _ATTRIBUTE.fullmatch(line):
            self._attributes[attribute[1]] = self._shown(attribute[2] or "")[:_MAX_VALUE]
            return Line("")
        if directive := _DIRECTIVE.fullmatch(line):
            return self._directive(*directive.groups())
        if _UNSHOWN.fullmatch(line):
            return Line("")
        if heading := _HEADING.fullmatch(line):
            return self._heading(len(heading[1]), heading[2])
        if self._in_table:
            return Line(" | ".join(filter(None, (self._shown(cell.strip()) for cell in _CELL.split(line)))))
        title = _BLOCK_TITLE.fullmatch(line)
        return Line(self._shown(title[1] if title else line))

    def _is_header(self, line: str) -> bool:
        """Whether a line below the title names the authors or the revision, which are kept."""
        names = () if self._authors else author_names(line)
        date = revision_date(line) if self._authors else None
        self._authors += names
        if date:
            self._attributes.setdefault("revdate", date)
        return bool(names) or date is not None

    def _heading(self, level: int, title: str) -> Line:
        shown = self._shown(title)
        if level == 1 and not self.title:
            self.title, self._in_header = shown, True
        return Line(shown, level)

    def _begin(self, delimiter: str) -> None:
        if delimiter[0] in _TABLE and "=" in delimiter:
            self._in_table = not self._in_table
        elif delimiter != "--" and delimiter[0] in _VERBATIM + _PASSED + _COMMENT:
            self._block = "```" if delimiter[0] == "`" else delimiter

    def _inside(self, line: str) -> Line:
        """Return a line of a block whose text is shown as written, or left out."""
        block = self._block
        if line.rstrip() == block:
            self._block = ""
            return Line("")
        if block[0] == _COMMENT:
            return Line("")
        if directive := _DIRECTIVE.fullmatch(line):  # holds in any block
            return self._directive(*directive.groups())
        return Line(_TAG.sub("", line) if block[0] == _PASSED else line)

    def _directive(self, kind: str, target: str, text: str) -> Line:
        if kind == "include":
            self.included.append(self._shown(target))
        return self._line(text) if kind in ("ifdef", "ifndef") and text and "::" not in text else Line("")

    def _shown(self, text: str) -> str:
        return without_markup(text, self._attributes)


READER = text_reader("asciidoc", 2, _MEDIA_TYPE, read)
