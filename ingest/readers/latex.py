"""LaTeX as the text that its reader would see: commands are taken out, formulas stay as they are written.

The source is scanned once from its start to its end and nothing is executed, so that whatever is in it ends.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from errors import Unreadable
from ingest.document import Document, Problem
from ingest.readers.decode import clean, decode, name_as_title, require_text
from ingest.readers.headings import marks_of
from ingest.readers.html_blocks import Page, joined
from ingest.readers.latex_words import (
    ENVIRONMENTS,
    HEADINGS,
    LISTS,
    MATH,
    SYMBOLS,
    TABLES,
    accented,
    unseen_arguments,
)
from ingest.readers.metadata import described
from ingest.readers.reader import Reader
from ingest.uri import display

__all__ = ["READER", "looks_like_latex", "read"]

_MEDIA_TYPE = "text/x-tex"
_GROUP_LIMIT = 5_000
_PREAMBLE_LIMIT = 100_000
_NOTED_FILES = 20

_FIRST = re.compile(r"(?:\s|%[^\n]*\n)*+\\documentclass\b")
_ENCODING = re.compile(rb"\\usepackage\[([\w-]+)\]\{inputenc\}")
_CODECS = {
    "latin1": "latin-1",
    "latin9": "iso8859-15",
    "ansinew": "cp1252",
    "cp1252": "cp1252",
    "applemac": "mac-roman",
}
_TOKEN = re.compile(
    r"""(?P<comment>%[^\n]*+(?:\n[ \t]*+)?)
      | (?P<verb>\\(?:verb|lstinline)\*?(?P<quote>[^\w\s*])(?P<code>[^\n]{0,500}?)(?P=quote))
      | (?P<math>\$\$[^$]{0,5000}+\$\$ | \$(?:[^$\\\n]|\\.|\n(?![ \t]*\n)){1,5000}+\$
          | \\\((?:[^\\]|\\(?!\))){0,5000}+\\\) | \\\[(?:[^\\]|\\(?!\])){0,5000}+\\\])
      | (?P<accent>\\(?P<mark>["'`^~=.]|[cvHukrdbt](?![A-Za-z]))\s*+
          (?:\{\s*(?P<inside>\\[ij]|[A-Za-z])\s*\}|(?P<letter>\\[ij](?![A-Za-z])|[A-Za-z])))
      | \\(?P<edge>begin|end)\s*\{(?P<environment>[^{}\n]{1,40})\}
      | (?P<definition>\\[egx]?def\s*\\[A-Za-z@]+[^{}\n]{0,40})
      | \\(?P<command>[A-Za-z@]++)\*?[ \t]*
      | \\(?P<symbol>.)
      | (?P<gap>\n[ \t]*\n\s*)
      | (?P<special>---?|``|''|[~&{}])
      | (?P<text>[^\\%$~&{}\n`'-]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_SPECIALS = {"---": "—", "--": "–", "``": "“", "''": "”", "~": " "}
_OPTION = re.compile(r"\s*\[[^\[\]\n]{0,500}\]")
_OPENING = re.compile(r"\s*\{")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_LABEL = re.compile(r"\\label\{[^{}]*\}|(?<!\\)%[^\n]*")
_CODE = ("verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "alltt")
_INCLUDES = ("input", "include", "subfile")


def looks_like_latex(head: str) -> bool:
    """Whether a file that begins with `head` begins with a document's class."""
    return _FIRST.match(head) is not None


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document with its headings; see `Reader` for the errors.

    Files that it includes are not looked for; they are noted.
    """
    source = _decoded(stream.read()).replace("\r\n", "\n").replace("\r", "\n")
    require_text(source)
    preamble, begin, body = source.partition("\\begin{document}")
    scan = _Scan(body.partition("\\end{document}")[0] if begin else source)
    scan.run()
    title = _value("title", source)
    text, headings = joined(scan.page.blocks)
    if title and not text.startswith(title):
        gap = "\n\n" if text else ""
        headings = [heading._replace(start=heading.start + len(title) + len(gap)) for heading in headings]
        text = f"{title}{gap}{text}"
    require_text(text)
    metadata = described(author=_authors(source), created=_value("date", preamble))
    notes = _included(scan.included)
    title = title or (headings[0].title if headings else name_as_title(name))
    yield Document(title, text, _MEDIA_TYPE, metadata=metadata, marks=marks_of(headings), notes=notes)


class _Scan:
    """Goes through a source and writes what is seen of it into `page`."""

    def __init__(self, source: str) -> None:
        self.page = Page()
        self.included: list[str] = []
        self._source = source
        self._place = 0
        self._braces: list[str] = []  # what ends with each open one: a heading's tag, the mark of a note, or nothing
        self._open: list[str] = []  # environments
        self._endless: set[str] = set()

    def run(self) -> None:
        """Scan all of it."""
        while found := _TOKEN.match(self._source, self._place):
            self._place = found.end()
            self._token(found)
        self._close_all()

    def _token(self, found: re.Match[str]) -> None:
        kind = found.lastgroup
        if kind == "text":
            self.page.text(found[0])
        elif kind == "special":
            self._special(found[0])
        elif kind == "command":
            self._command(found["command"])
        elif kind == "environment":
            (self._begin if found["edge"] == "begin" else self._end)(found["environment"])
        elif kind == "gap":
            self.page.flush()
        elif kind == "symbol":
            self._symbol(found["symbol"])
        elif kind == "definition":
            self._skip_arguments(1)
        elif kind != "comment":
            self._inline(found)

    def _inline(self, found: re.Match[str]) -> None:
        if found["verb"]:
            self.page.text(found["code"])
        elif found["math"]:
            self.page.text(_LABEL.sub("", found["math"]))
        else:
            self.page.text(accented(found["mark"], found["inside"] or found["letter"]))

    def _special(self, what: str) -> None:
        if what == "{":
            self._braces.append("")
        elif what == "}":
            self._close_brace()
        elif what == "&" and self._in_table():
            self.page.leave("td")
            self.page.enter("td")
        else:
            self.page.text(_SPECIALS.get(what, what))

    def _close_brace(self) -> None:
        ended = self._braces.pop() if self._braces else ""
        if ended.startswith("h"):
            self.page.leave(ended)
        elif ended:
            self.page.text(ended)

    def _symbol(self, symbol: str) -> None:
        if symbol == "\\":
            self._skip_options()
            if self._in_table():
                self._end_row()
                self._begin_row()
            else:
                self.page.enter("br")
        elif symbol in "%&#_{}$":
            self.page.text(symbol)
        elif symbol not in "-/!()[]@":
            self.page.text(" ")

    def _command(self, name: str) -> None:
        if name in SYMBOLS:
            self.page.text(SYMBOLS[name])
            return
        if name in ("item", "bibitem"):
            self._item(name)
            return
        if name in _INCLUDES:
            self._include()
            return
        self._skip_options()
        if name in HEADINGS or name in ("footnote", "caption"):
            self._opened(HEADINGS.get(name, ""), name)
        elif name == "par":
            self.page.flush()
        elif name == "iffalse":
            self._skip_to("\\fi")
        else:
            self._skip_arguments(unseen_arguments(name))

    def _opened(self, tag: str, name: str) -> None:
        """Begin a heading, a note or a caption, which ends with its brace."""
        opening = _OPENING.match(self._source, self._place)
        if not opening:
            return
        self._place = opening.end()
        if tag:
            self.page.enter(tag)
        elif name == "footnote":
            self.page.text(" (")
        else:
            self.page.flush()
        self._braces.append(tag or (")" if name == "footnote" else ""))

    def _item(self, name: str) -> None:
        if name == "bibitem":
            self._skip_options()
            self._skip_arguments(1)
        if self._open and self._open[-1] in LISTS:
            self.page.leave("li")
            self.page.enter("li")
        else:
            self.page.flush()
        if term := _OPTION.match(self._source, self._place):  # the brackets go, and what is in them is text
            self.page.text(term[0].strip()[1:-1] + " ")
            self._place = term.end()

    def _include(self) -> None:
        group = _group(self._source, self._place)
        if group:
            self.included.append(display(" ".join(clean(group).split())))
        self._skip_arguments(1)
        self.page.flush()

    # Environments.

    def _begin(self, name: str) -> None:
        if (name in _CODE or name in MATH or name == "comment") and self._kept_as_it_is(name):
            return
        self._skip_options()
        self._skip_arguments(TABLES.get(name, ENVIRONMENTS.get(name, 0)))
        self._open.append(name)
        if name in TABLES:
            self.page.enter("table")
            self._begin_row()
        elif name in LISTS:
            self.page.enter("ul")
        else:
            self.page.flush()

    def _kept_as_it_is(self, name: str) -> bool:
        end = f"\\end{{{name}}}"
        stop = self._source.find(end, self._place) if end not in self._endless else -1
        if stop < 0:
            self._endless.add(end)
            return False
        content = self._source[self._place : stop]
        self._place = stop + len(end)
        if name in _CODE:
            self.page.enter("pre")
            self.page.text(_OPTION.sub("", content, count=1) if content.startswith("[") else content)
            self.page.leave("pre")
        elif name in MATH:
            self.page.flush()
            self.page.text(_LABEL.sub("", content))
            self.page.flush()
        return True

    def _end(self, name: str) -> None:
        while name in self._open:
            self._close(self._open[-1])
            if self._open.pop() == name:
                return
        self.page.flush()

    def _close_all(self) -> None:
        while self._open:
            self._close(self._open.pop())
        self.page.flush()

    def _close(self, name: str) -> None:
        if name in TABLES:
            self._end_row()
            self.page.leave("table")
        elif name in LISTS:
            self.page.leave("li")
            self.page.leave("ul")
        else:
            self.page.flush()

    def _in_table(self) -> bool:
        return bool(self._open) and self._open[-1] in TABLES

    def _begin_row(self) -> None:
        self.page.enter("tr")
        self.page.enter("td")

    def _end_row(self) -> None:
        self.page.leave("td")
        self.page.leave("tr")

    # Arguments.

    def _skip_options(self) -> None:
        while option := _OPTION.match(self._source, self._place):
            self._place = option.end()

    def _skip_arguments(self, count: int) -> bool:
        """Skip arguments in braces, with options between them; return whether there was one."""
        begun = self._place
        for _ in range(count):
            group = _group(self._source, self._place)
            opening = _OPENING.match(self._source, self._place)
            if group is None or opening is None:
                break
            self._place = opening.end() + len(group) + 1
            self._skip_options()
        return self._place > begun

    def _skip_to(self, end: str) -> None:
        stop = self._source.find(end, self._place) if end not in self._endless else -1
        if stop < 0:
            self._endless.add(end)
        else:
            self._place = stop + len(end)


def _group(source: str, place: int) -> str | None:
    """Return what is between the brace that opens at `place` and the one that closes it, unless that is far away."""
    opening = _OPENING.match(source, place)
    if opening is None:
        return None
    depth = 1
    for found in _BRACES.finditer(source, opening.end(), opening.end() + _GROUP_LIMIT):
        depth += (found[0] == "{") - (found[0] == "}")
        if not depth:
            return source[opening.end() : found.start()]
    return None


def _value(command: str, source: str) -> str:
    """Return what a command such as `title` is given, as one line."""
    found = re.search(rf"\\{command}\s*(?:\[[^\[\]\n]{{0,500}}\])?(?=\{{)", source[:_PREAMBLE_LIMIT])
    group = _group(source, found.end()) if found else None
    if not group:
        return ""
    scan = _Scan(group)
    scan.run()
    return " ".join(joined(scan.page.blocks)[0].split())


def _authors(source: str) -> list[str]:
    found = re.search(r"\\author\s*(?:\[[^\[\]\n]{0,500}\])?(?=\{)", source[:_PREAMBLE_LIMIT])
    group = _group(source, found.end()) if found else None
    names = re.split(r"\\(?:and|AND|And)\b", group or "")
    # Below the name of an author stand his place and address.
    first_lines = (re.split(r"\\\\|\n\s*\n", name.strip(), maxsplit=1)[0] for name in names)
    return [_value("author", f"\\author{{{line}}}") for line in first_lines]


def _included(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    more = " and more" if len(names) > _NOTED_FILES else ""
    return (f"what it includes is not part of it: {', '.join(names[:_NOTED_FILES])}{more}"[:500],)


def _decoded(data: bytes) -> str:
    declared = _ENCODING.search(data[:_PREAMBLE_LIMIT])
    codec = _CODECS.get(declared[1].decode("ascii")) if declared else None
    try:
        return decode(data)
    except Unreadable:
        if codec is None:
            raise
        return clean(data.decode(codec, "replace"))


READER = Reader("latex", 1, _MEDIA_TYPE, read)
