"""The scan of a LaTeX source: what is seen of it goes into the blocks that web pages become too."""

import re

from wherein.ingest.readers.latex.commands import (
    ENVIRONMENTS,
    HEADINGS,
    LISTS,
    MATH,
    SYMBOLS,
    TABLES,
    accented,
    unseen_arguments,
)
from wherein.ingest.readers.shared.blocks import Page
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.uri import display

__all__ = ["Scan", "group_at"]

_GROUP_LIMIT = 5_000
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


class Scan:
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
        group = group_at(self._source, self._place)
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
            group = group_at(self._source, self._place)
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


def group_at(source: str, place: int) -> str | None:
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
