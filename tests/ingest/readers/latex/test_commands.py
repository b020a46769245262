"""What LaTeX commands contribute to the text."""

import pytest

from wherein.ingest.readers.latex.commands import ARGUMENTS, MATH, SYMBOLS, accented, hidden_arguments


@pytest.mark.parametrize(
    ("command", "count"),
    [("label", 1), ("setlength", 2), ("definecolor", 3), ("citep", 1), ("autoref", 1), ("emph", 0), ("unknown", 0)],
)
def test_hidden_arguments(command: str, count: int) -> None:
    assert hidden_arguments(command) == count


@pytest.mark.parametrize(
    ("accent", "letter", "expected"),
    [
        ("'", "e", "é"), ('"', "u", "ü"), ("c", "c", "ç"), ("v", "S", "Š"), ("'", "\\i", "í"), ("^", "\\j", "ĵ"),
        ("b", "x", "x\u0331"),
    ],
)  # fmt: skip
def test_accents(accent: str, letter: str, expected: str) -> None:
    assert accented(accent, letter) == expected


def test_a_symbol_has_no_hidden_arguments() -> None:
    assert not SYMBOLS.keys() & ARGUMENTS.keys()
    assert all(SYMBOLS.values())
    assert {"equation", "equation*", "align*"} <= MATH
