"""The scan of a LaTeX source, which writes what the reader would see as blocks of text."""

import re

from wherein.ingest.readers.latex.commands import (
    ENVIRONMENTS,
    HEADINGS,
    LISTS,
    MATH,
    SYMBOLS,
    TABLES,
    THEOREMS,
    accented,
    hidden_arguments,
)
from wherein.ingest.readers.shared.blocks import BlockWriter
from wherein.ingest.readers.shared.decode import clean
from wherein.uri import display

__all__ = ["Scanner", "braced_group"]

_MAX_GROUP_LENGTH = 5_000
# Long repetitions are bounded or possessive, so that the time stays linear whatever the file holds.
_TOKEN = re.compile(
    r"""(?P<comment>%[^\n]*+(?:\n(?![ \t]*\n)[ \t]*+)?)
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


class _Cursor:
    """A position in a source, with the moves that need no knowledge of commands."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._offset = 0
        self._missing: set[str] = set()  # ends that do not occur in the rest of the source

    def _skip_options(self) -> None:
        while option := _OPTION.match(self._source, self._offset):
            self._offset = option.end()

    def _skip_arguments(self, count: int) -> None:
        """Skip arguments in braces, with options between them."""
        for _ in range(count):
            group = braced_group(self._source, self._offset)
            opening = _OPENING.match(self._source, self._offset)
            if group is None or opening is None:
                break
            self._offset = opening.end() + len(group) + 1
            self._skip_options()

    def _skip_to(self, end: str) -> None:
        stop = self._find(end)
        if stop >= 0:
            self._offset = stop + len(end)

    def _find(self, end: str) -> int:
        """Return where `end` comes next, or -1; what is missing is searched for once, so that time stays linear."""
        stop = self._source.find(end, self._offset) if end not in self._missing else -1
        if stop < 0:
            self._missing.add(end)
        return stop


class Scanner(_Cursor):
    """Scans a source and writes its visible text with `writer`; `included` are the files that it includes."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.writer = BlockWriter()
        self.included: list[str] = []
        self._braces: list[str] = []  # what each open brace ends: the tag of a heading, the text ")", or nothing
        self._environments: list[str] = []  # the open ones

    def run(self) -> None:
        """Scan the whole source."""
        while match := _TOKEN.match(self._source, self._offset):
            self._offset = match.end()
            self._token(match)
        self._close_all()

    def _token(self, match: re.Match[str]) -> None:
        kind = match.lastgroup
        if kind == "text":
            self.writer.text(match[0])
        elif kind == "special":
            self._special(match[0])
        elif kind == "command":
            self._command(match["command"])
        elif kind == "environment":
            (self._begin if match["edge"] == "begin" else self._end)(match["environment"])
        elif kind == "gap":
            self.writer.flush()
        elif kind == "symbol":
            self._symbol(match["symbol"])
        elif kind == "definition":
            self._skip_arguments(1)
        elif kind != "comment":
            self._inline(match)

    def _inline(self, match: re.Match[str]) -> None:
        if match["verb"]:
            self.writer.text(match["code"])
        elif match["math"]:
            self.writer.text(_LABEL.sub("", match["math"]))
        else:
            self.writer.text(accented(match["mark"], match["inside"] or match["letter"]))

    def _special(self, text: str) -> None:
        if text == "{":
            self._braces.append("")
        elif text == "}":
            self._close_brace()
        elif text == "&" and self._in_table():
            self.writer.leave("td")
            self.writer.enter("td")
        else:
            self.writer.text(_SPECIALS.get(text, text))

    def _close_brace(self) -> None:
        ended = self._braces.pop() if self._braces else ""
        if ended.startswith("h"):
            self.writer.leave(ended)
        elif ended:
            self.writer.text(ended)

    def _symbol(self, symbol: str) -> None:
        if symbol == "\\":
            self._skip_options()
            if self._in_table():
                self._end_row()
                self._begin_row()
            else:
                self.writer.enter("br")
        elif symbol in "%&#_{}$":
            self.writer.text(symbol)
        elif symbol not in "-/!()[]@":
            self.writer.text(" ")

    def _command(self, name: str) -> None:
        if name in SYMBOLS:
            self.writer.text(SYMBOLS[name])
            return
        if name in ("item", "bibitem"):
            self._item(name)
            return
        if name in _INCLUDES:
            self._include()
            return
        self._skip_options()
        if name in HEADINGS or name in ("footnote", "caption"):
            self._begin_group(HEADINGS.get(name, ""), name)
        elif name == "par":
            self.writer.flush()
        elif name == "iffalse":
            self._skip_to("\\fi")
        else:
            self._skip_arguments(hidden_arguments(name))

    def _begin_group(self, tag: str, name: str) -> None:
        """Begin a heading, footnote or caption, which ends with its closing brace."""
        opening = _OPENING.match(self._source, self._offset)
        if not opening:
            return
        self._offset = opening.end()
        if tag:
            self.writer.enter(tag)
        elif name == "footnote":
            self.writer.text(" (")
        else:
            self.writer.flush()
        self._braces.append(tag or (")" if name == "footnote" else ""))

    def _item(self, name: str) -> None:
        if name == "bibitem":
            self._skip_options()
            self._skip_arguments(1)
        if self._environments and self._environments[-1] in LISTS:
            self.writer.leave("li")
            self.writer.enter("li")
        else:
            self.writer.flush()
        if label := _OPTION.match(self._source, self._offset):  # the label of the item, without its brackets
            self.writer.text(label[0].strip()[1:-1] + " ")
            self._offset = label.end()

    def _include(self) -> None:
        group = braced_group(self._source, self._offset)
        if group:
            self.included.append(display(" ".join(clean(group).split())))
        self._skip_arguments(1)
        self.writer.flush()

    # Environments.

    def _begin(self, name: str) -> None:
        if (name in _CODE or name in MATH or name == "comment") and self._verbatim(name):
            return
        if name not in THEOREMS:  # whose names are in brackets
            self._skip_options()
        self._skip_arguments(TABLES.get(name, ENVIRONMENTS.get(name, 0)))
        self._environments.append(name)
        if name in TABLES:
            self.writer.enter("table")
            self._begin_row()
        elif name in LISTS:
            self.writer.enter("ul")
        else:
            self.writer.flush()

    def _verbatim(self, name: str) -> bool:
        """Write the content of an environment as written; return False when it does not end."""
        end = f"\\end{{{name}}}"
        stop = self._find(end)
        if stop < 0:
            return False
        content = self._source[self._offset : stop]
        self._offset = stop + len(end)
        if name in _CODE:
            self.writer.enter("pre")
            self.writer.text(_OPTION.sub("", content, count=1) if content.startswith("[") else content)
            self.writer.leave("pre")
        elif name in MATH:
            self.writer.flush()
            self.writer.text(_LABEL.sub("", content))
            self.writer.flush()
        return True

    def _end(self, name: str) -> None:
        while name in self._environments:
            self._close(self._environments[-1])
            if self._environments.pop() == name:
                return
        self.writer.flush()

    def _close_all(self) -> None:
        while self._environments:
            self._close(self._environments.pop())
        self.writer.flush()

    def _close(self, name: str) -> None:
        if name in TABLES:
            self._end_row()
            self.writer.leave("table")
        elif name in LISTS:
            self.writer.leave("li")
            self.writer.leave("ul")
        else:
            self.writer.flush()

    def _in_table(self) -> bool:
        return bool(self._environments) and self._environments[-1] in TABLES

    def _begin_row(self) -> None:
        self.writer.enter("tr")
        self.writer.enter("td")

    def _end_row(self) -> None:
        self.writer.leave("td")
        self.writer.leave("tr")


def braced_group(source: str, offset: int) -> str | None:
    """Return the text between the brace that opens at `offset` and the brace that closes it.

    None when no brace opens there, or when the group is longer than `_MAX_GROUP_LENGTH` characters.
    """
    opening = _OPENING.match(source, offset)
    if opening is None:
        return None
    depth = 1
    for match in _BRACES.finditer(source, opening.end(), opening.end() + _MAX_GROUP_LENGTH):
        depth += (match[0] == "{") - (match[0] == "}")
        if not depth:
            return source[opening.end() : match.start()]
    return None
