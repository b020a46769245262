"""The text of a Typst source: its code is not run, so only the content in it is read."""

import re
from dataclasses import dataclass

from wherein.ingest.readers.text.typst_tokens import CODE, LITERAL, MARKUP

__all__ = ["TypstScanner"]

_INCLUDE = "#include"
_SILENT = frozenset(("#set", "#import", _INCLUDE))
_MAX_DEPTH = 500


@dataclass
class _Frame:
    """What is open: markup up to `]`, code up to its bracket, a statement up to the end of its line, or a call."""

    kind: str
    silent: bool
    name: str = ""
    is_shown: bool = False
    url: str = ""


class TypstScanner:
    """Scans a source once. `levels` are those of headings, by their line, from 0; `included` are names of files."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values = {name: text or number for name, text, number in LITERAL.findall(source)}
        self._out: list[str] = []
        self._line = 0
        self._separate = False
        self._stack = [_Frame("markup", silent=False)]
        self.levels: dict[int, int] = {}
        self.included: list[str] = []

    def lines(self) -> list[str]:
        """Return a line for each line of the source."""
        return "".join(self._out).split("\n")

    def run(self) -> None:
        """Scan the source."""
        position = 0
        while position < len(self._source):
            top = self._stack[-1]
            if top.kind == "call" and self._source[position] not in "([":
                self._end_call(top)
                continue
            match = (MARKUP if top.kind == "markup" else CODE).match(self._source, position)
            assert match  # any character is one
            position = match.end()
            if match["comment"] or match["raw"] or match["math"] or match["newline"]:
                self._take_shared(match, top)
            elif top.kind == "markup":
                self._take_markup(match, top)
            elif self._take_code(match, top):
                position -= 1
        while self._stack[-1].kind == "call":
            self._end_call(self._stack[-1])

    def _take_shared(self, match: re.Match[str], top: _Frame) -> None:
        if match["newline"]:
            self._newlines(1)
            if top.kind == "statement":
                self._pop()
        elif match["comment"]:
            self._newlines(match[0].count("\n"))
        elif match["ticks"]:
            self._emit(match["block"])
        else:
            self._emit(match["code"] if match["raw"] else match[0])

    def _take_markup(self, match: re.Match[str], top: _Frame) -> None:
        found = match.groupdict()
        if found["statement"]:
            self._push("statement", top.silent or match[0] in _SILENT, match[0])
        elif found["call"]:
            self._push("call", top.silent, found["call"])
        elif found["value"]:
            self._emit(self._values.get(found["value"], ""))
        elif found["inline"] or found["open"]:
            self._emit(found["open"] or "")
            self._push("code" if found["inline"] in ("(", "{") else "markup", top.silent, found["open"] or "")
        elif found["signs"]:
            self.levels.setdefault(self._line, len(found["signs"]))
        elif found["hex"]:
            self._emit(_character(int(found["hex"], 16)))
        elif found["close"]:
            self._emit("]" if top.name == "[" or len(self._stack) == 1 else "")
            self._pop()
        else:
            self._emit(found["escaped"] or found["text"] or (" " if found["blank"] else ""))

    def _take_code(self, match: re.Match[str], top: _Frame) -> bool:
        """Take a token of code; whether it belongs to what encloses it."""
        found = match.groupdict()
        if found["open"]:
            self._push("markup" if found["open"] == "[" else "code", top.silent, top.name)
        elif found["close"] or found["end"]:
            self._pop()
            return top.kind == "statement" and bool(found["close"])
        elif found["comma"]:
            self._separate = True
        elif found["string"]:
            self._newlines(match[0].count("\n"))
            if top.name == "link":
                top.url = match[0][1:-1]
            elif top.name == _INCLUDE:
                self.included.append(match[0][1:-1])
        return False

    def _push(self, kind: str, silent: bool, name: str = "") -> None:
        if len(self._stack) < _MAX_DEPTH:
            self._stack.append(_Frame(kind, silent, name))

    def _pop(self) -> None:
        if len(self._stack) > 1:
            ended = self._stack.pop()
            self._stack[-1].url = self._stack[-1].url or ended.url
            self._stack[-1].is_shown |= ended.is_shown

    def _end_call(self, top: _Frame) -> None:
        """End a call; a link without content shows its address."""
        if top.url and not top.is_shown:
            self._emit(top.url)
        top.url = ""
        self._pop()

    def _emit(self, text: str) -> None:
        top = self._stack[-1]
        if top.silent:
            self._newlines(text.count("\n"))
        elif text:
            is_cell = self._separate and text.strip() and self._out and not self._out[-1].endswith("\n")
            self._out += (" | ", text) if is_cell else (text,)
            self._separate = self._separate and not text.strip()
            self._line += text.count("\n")
            top.is_shown = True

    def _newlines(self, count: int) -> None:
        if count:
            self._out.append("\n" * count)
            self._line += count
            self._separate = False


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"
