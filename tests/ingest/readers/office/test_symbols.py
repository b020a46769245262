"""Letters that are given by a font and a code."""

import pytest

from wherein.ingest.readers.office.symbols import symbol


@pytest.mark.parametrize(
    ("font", "code", "expected"),
    [
        ("Symbol", "F061", "α"), ("symbol", "006D", "μ"), ("Symbol", "F05A", "Ζ"), ("Symbol", "F0B3", "≥"),
        ("Symbol", "F02B", "+"), ("Symbol", "F0FF", ""), ("Wingdings", "F04A", ""), ("Times New Roman", "03B1", "α"),
        ("Arial", "20AC", "€"), ("Arial", "D800", ""), ("Arial", "0007", ""), ("Symbol", "x", ""), ("", "", ""),
        ("Symbol", "-1", ""), ("Arial", "FFFFFFFFFFFF", ""),
    ],
)  # fmt: skip
def test_symbols(font: str, code: str, expected: str) -> None:
    assert symbol(font, code) == expected
