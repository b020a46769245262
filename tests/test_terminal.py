"""Text for a terminal: wrapping, styles, links, and nothing that controls it."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.terminal import (
    Terminal,
    collapse,
    display_width,
    keep_end,
    keep_start,
    one_line,
    printable,
    row_count,
    shorten_path,
    wrap,
    wrap_spans,
)

PLAIN = Terminal(None, color=False, links=False)
COLOR = Terminal(80, color=True, links=True)


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=200), st.integers(4, 40))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    spans = wrap_spans(text, width)
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())
    assert "\n" not in kept


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=200), st.integers(4, 40))
def test_no_line_is_wider_than_the_width(text: str, width: int) -> None:
    assert all(display_width(line) <= width for line in wrap(text, width))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 13, ["one two three"]),
        ("one  two", 5, ["one", "two"]),
        ("  indented", 10, ["  indented"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a bcdefgh", 3, ["a", "bcd", "efg", "h"]),
        ("日本語です", 4, ["日本", "語で", "す"]),
        ("มืออาชีพ", 4, ["มืออา", "ชีพ"]),
        ("one\n\ntwo", 80, ["one", "", "two"]),
        ("one two", None, ["one two"]),
        ("", 10, [""]),
    ],
)
def test_lines_are_split_between_words(text: str, width: int | None, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("日本", 4), ("ｱ", 1), ("เมือง", 4), ("मेज", 2), ("1\u20dd", 1)],
)
def test_a_wide_character_takes_two_columns_and_a_combining_one_none(text: str, width: int) -> None:
    assert display_width(text) == width


@settings(max_examples=200)
@given(st.text(st.characters(), max_size=60))
def test_printable_text_has_the_same_length_and_controls_nothing(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not set(shown) & set("\x00\x07\x08\t\f\r\x1b\x7f\x9b\u202e\u2066")
    assert shown.count("\n") == text.count("\n")
    assert "\n" not in one_line(text)


def test_control_characters_are_replaced_and_blanks_become_spaces() -> None:
    assert printable("a\tb\rc\fd\ne") == "a b c d\ne"
    assert printable("\x1b[31m\x9b2J\u202e") == "\ufffd[31m\ufffd2J\ufffd"
    assert one_line(" a \n\t b\x00 ") == "a b\ufffd"
    assert collapse("\n a \u00a0  b ") == "a b"


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "… two three"),
        ("one two three", 7, "… three"),
        ("one two three", 6, ""),
        ("one two three", -5, ""),
        ("", 0, ""),
    ],
)
def test_the_last_words_that_fit_are_kept(text: str, width: int, kept: str) -> None:
    assert keep_end(text, width) == kept


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("abcdef", 4, "abc…"),
        ("日本語です", 6, "日本…"),
        ("abc", 1, "…"),
        ("abc", -3, "…"),
    ],
)
def test_the_first_words_that_fit_are_kept(text: str, width: int, kept: str) -> None:
    assert keep_start(text, width) == kept


@pytest.mark.parametrize(
    ("path", "width", "kept"),
    [
        ("docs/html/os.html", 17, "docs/html/os.html"),
        ("docs/html/os.html", 16, "…/html/os.html"),
        ("/usr/share/doc/os.html", 13, "…/doc/os.html"),
        ("docs/html/os.html", 9, "…/os.html"),
        ("docs/html/os.html", 8, "…os.html"),
        ("docs/a-long-name.html", 10, "…name.html"),
        ("日本/日本語.txt", 10, "…本語.txt"),
        ("abc", 0, "…"),
    ],
)
def test_the_end_of_a_path_is_kept(path: str, width: int, kept: str) -> None:
    assert shorten_path(path, width) == kept


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 80, 0),
        ("a", 80, 1),
        ("a\n", 80, 1),
        ("a\n\nb\n", 80, 3),
        ("a" * 80, 80, 1),
        ("a" * 81, 80, 2),
        ("日" * 5, 4, 3),
        ("\x1b[1mab\x1b[0m", 2, 1),
        ("\x1b]8;;file:///d/long-name.txt\x1b\\ab\x1b]8;;\x1b\\", 2, 1),
    ],
)
def test_rows_are_those_that_a_terminal_shows(text: str, width: int, rows: int) -> None:
    assert row_count(text, width) == rows


def test_of_two_marks_over_a_character_the_later_one_wins() -> None:
    text, marks = "abcdef", [(0, 4, {"fg": "red"}), (2, 6, {"fg": "green", "bold": True})]
    assert COLOR.apply_marks(text, 1, 5, marks) == "\x1b[31mb\x1b[0m\x1b[32m\x1b[1mcde\x1b[0m"
    assert COLOR.apply_marks(text, 0, 6, []) == "abcdef"
    assert PLAIN.apply_marks(text, 1, 5, marks) == "bcde"


def test_links_open_files_and_nothing_else() -> None:
    link = "\x1b]8;;file:///d/a.jsonl\x1b\\shown\x1b]8;;\x1b\\"
    assert COLOR.hyperlink("shown", "file:///d/a.jsonl#7") == link
    assert COLOR.hyperlink("shown", "https://example.org/") == "shown"
    assert PLAIN.hyperlink("shown", "file:///d/a.jsonl") == "shown"
    assert PLAIN.style("text", bold=True) == "text"
    assert COLOR.style("text", bold=True) == "\x1b[1mtext\x1b[0m"


@pytest.mark.parametrize(
    ("is_terminal", "variables", "expected"),
    [
        (False, {}, Terminal(None, color=False, links=False)),
        (False, {"COLUMNS": "100"}, Terminal(100, color=False, links=False)),
        (True, {"COLUMNS": "100"}, Terminal(100, color=True, links=True, height=24)),
        (True, {"COLUMNS": "100", "LINES": "50"}, Terminal(100, color=True, links=True, height=50)),
        (True, {"COLUMNS": "7"}, Terminal(30, color=True, links=True, height=24)),
        (True, {"COLUMNS": "100", "NO_COLOR": "1"}, Terminal(100, color=False, links=False, height=24)),
        (True, {"COLUMNS": "100", "TERM": "dumb"}, Terminal(100, color=False, links=False, height=24)),
    ],
)
def test_what_standard_output_can_show(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, variables: dict[str, str], expected: Terminal
) -> None:
    for name in ("COLUMNS", "LINES", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert Terminal.of_stdout() == expected
