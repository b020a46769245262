"""What holds for all formats that keep their text as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import read


@given(st.text(st.sampled_from("#-= `>\r\n\tab*[](){}_~+0."), min_size=1, max_size=200).filter(str.strip))
@pytest.mark.parametrize("name", ["a.md", "a.rst", "a.txt"])
def test_text_is_kept_and_marks_fit(name: str, text: str) -> None:
    document = read(text.encode(), name)
    assert document.text == text
    starts = [mark.start for mark in document.marks]
    assert starts == sorted(set(starts))
    for mark in document.marks:
        assert mark.start == 0 or text[mark.start - 1] in "\r\n"
        assert all(mark.heading)
