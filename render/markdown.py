"""An answer in Markdown: all its hits, with their whole passages."""

import re
from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from wherein.render.hits import BY_OCR, format_exact
from wherein.render.lead import lead_span, line_of, span_in
from wherein.render.locations import headings_of, location_of
from wherein.render.scores import describe_score
from wherein.terminal import one_line, printable

if TYPE_CHECKING:
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit
    from wherein.search.pipeline import Answer

__all__ = ["markdown"]

# What CommonMark or GitHub would read as markup, the last of it only at the start or the end of a line.
_MARKUP = re.compile(
    r"[\\`*\[\]<|~$] | (?<!\w)_ | _(?!\w) | &(?=\#?\w+;) | ^\s*(?:[>\#=+-]|\d+(?=[.)])) | \#(?=\#*$)",
    re.MULTILINE | re.VERBOSE,
)
_INDENTATION = re.compile(r"^ +", re.MULTILINE)
_LINKED = ("file://", "http://", "https://")


def markdown(answer: "Answer", exact: "Sequence[ExactAnswer | None] | None" = None) -> str:
    """Return an answer in Markdown: the question, then for each hit the sentence, its location and the passage.

    Nothing in a document counts as markup.
    """
    pairs = zip(answer.hits, exact or repeat(None), strict=False)
    hits = (_hit(hit, answer.respelled, one) for hit, one in pairs)
    return "\n".join([f"## {_escape(one_line(answer.question))}\n", *hits])


def _hit(hit: "Hit", question: str, exact: "ExactAnswer | None") -> str:
    number = f"{hit.rank}. "
    text = printable(hit.text)
    first, last = lead_span(hit, text, question, span_in(hit, exact))
    parts = [f"**{_escape(one_line(text[first:last]))}**", _location(hit, line_of(hit, first))]
    if exact:
        parts.append(f"answer: {_escape(format_exact(exact))}")
    parts.append(_quote(f"{printable(hit.before)}{text}{printable(hit.after)}"))
    indent = " " * len(number)
    lines = "\n\n".join(parts).split("\n")
    return number + "".join(f"{indent if at and line else ''}{line}\n" for at, line in enumerate(lines))


def _location(hit: "Hit", line: int) -> str:
    location = location_of(hit, hit.media_type, line)
    name, headings = _escape(str(location)), _escape(headings_of(hit, location))
    link = f"[{name}](<{hit.uri.partition('#')[0]}>)" if hit.uri.startswith(_LINKED) else name
    read_by = BY_OCR if hit.recognized else ""
    return " · ".join(filter(None, (link, headings, read_by, describe_score(hit), hit.freshness)))


def _quote(text: str) -> str:
    """Return a text as a quotation; a backslash at the end of a line keeps it from being joined with the next."""
    # Four blanks would begin a block of code, in which nothing is escaped.
    indented = _INDENTATION.sub(lambda blanks: "\N{NO-BREAK SPACE}" * len(blanks[0]), text.strip("\n"))
    lines = _escape(indented).split("\n")
    following = [*lines[1:], ""]
    return "\n".join(
        f"> {line}{chr(92) if line.strip() and after.strip() else ''}".rstrip()
        for line, after in zip(lines, following, strict=True)
    )


def _escape(text: str) -> str:
    return _MARKUP.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    sign = match[0]
    return f"{sign}\\" if sign[-1].isdigit() else f"{sign[:-1]}\\{sign[-1]}"
