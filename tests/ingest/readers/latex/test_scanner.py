"""The visible text of a LaTeX source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.readers.latex.scanner import Scanner, braced_group


def blocks(source: str) -> list[tuple[int, str]]:
    scanner = Scanner(source)
    scanner.run()
    return [(block.level, block.text) for block in scanner.writer.blocks]


def text(source: str) -> str:
    return "\n".join(text for _, text in blocks(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("one % comment\n two", "one two"),
        ("one % comment\n \ntwo%\n\n%\nthree", "one\ntwo\nthree"),
        ("\\begin{theorem}[Pythagoras] It holds.\\end{theorem}", "[Pythagoras] It holds."),
        ("\\begin{figure}[ht] one\\end{figure}", "one"),
        ("100\\% \\& more", "100% & more"),
        ("\\emph{one} \\textbf{two}", "one two"),
        ("a--b---c ``d''~e", "a–b—c “d” e"),
        ("caf\\'e na\\\"{\\i}ve", "café naïve"),
        ("\\label{x}one\\cite[p.~1]{y}", "one"),
        ("one\\footnote{two} three", "one (two) three"),
        ("\\verb|a_b %| end", "a_b % end"),
        ("$a_1 \\% b$ \\(c\\)", "$a_1 \\% b$ \\(c\\)"),
        ("one\\\\two", "one\ntwo"),
        ("a\\iffalse b \\fi c", "a c"),
        ("\\def\\x#1{hidden} shown", "shown"),
        ("one\n\n two", "one\ntwo"),
    ],
)
def test_pieces(source: str, expected: str) -> None:
    assert text(source) == expected


def test_headings_and_lists() -> None:
    source = "\\section*{The \\emph{end}}\nText.\\begin{itemize}\\item one\\item[b)] two\\end{itemize}"
    assert blocks(source) == [(3, "The end"), (0, "Text."), (0, "- one"), (0, "- b) two")]


def test_tables() -> None:
    assert text("\\begin{tabular}{ll} a & b \\\\ c & d \\end{tabular}") == "a | b\nc | d"


def test_verbatim_and_mathematics() -> None:
    assert text("\\begin{verbatim}\n a %b\n\\end{verbatim}x") == " a %b\nx"
    assert text("\\begin{equation}\\label{e} a = b \\end{equation}") == "a = b"
    assert text("\\begin{comment} hidden \\end{comment}shown") == "shown"


def test_environments_that_do_not_end() -> None:
    assert text("\\begin{verbatim} one") == "one"
    assert text("\\begin{itemize}\\item one\\begin{tabular}{l} a & b") == "- one\na | b"
    assert text("\\end{itemize} one") == "one"


def test_included_files_are_noted() -> None:
    scanner = Scanner("\\input{one} \\include{ two\n} \\subfile{}")
    scanner.run()
    assert scanner.included == ["one", "two"]


@pytest.mark.parametrize(
    ("source", "group"),
    [("{one}", "one"), (" {a{b}c} d", "a{b}c"), ("{a\\}b}", "a\\}b"), ("{open", None), ("x{a}", None), ("", None)],
)
def test_braced_groups(source: str, group: str | None) -> None:
    assert braced_group(source, 0) == group


def test_a_group_is_not_searched_for_without_end() -> None:
    assert braced_group("{" + "x" * 4_999 + "}", 0) == "x" * 4_999
    assert braced_group("{" + "x" * 5_000 + "}", 0) is None


PIECES = ["\\section{", "}", "{", "\\begin{itemize}", "\\item ", "\\end{itemize}", "\\\\", "&", "$", "%", "\n", "word "]


@given(st.lists(st.sampled_from(PIECES)))
def test_any_source_ends(pieces: list[str]) -> None:
    scanner = Scanner("".join(pieces))
    scanner.run()
    assert scanner._offset == len("".join(pieces))
