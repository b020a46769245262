"""Wrapping text to a width."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.terminal import wrap_spans


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(), max_size=200), st.integers(4, 40))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    spans = wrap_spans(text, width)
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())
    assert "\n" not in kept
