"""Lines of light markup as a document."""

import pytest

from wherein.ingest.readers.shared.decode import Decoded
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.text.outlined import Line, included_note, outlined_document, source_lines


def test_lines_keep_their_numbers_and_headings_their_paths() -> None:
    lines = [Line(""), Line("One  two ", 1), Line("", 2), Line("text"), Line("Three", 3)]
    document = outlined_document(Decoded("x"), lines, "a.org", "text/x")
    assert document.text == "\nOne  two\n\ntext\nThree"
    assert [(mark.start, mark.heading) for mark in document.marks] == [(1, ("One two",)), (16, ("One two", "Three"))]
    assert document.title == "One two"


@pytest.mark.parametrize("texts", [[], [""], ["", "  "]])
def test_lines_without_text(texts: list[str]) -> None:
    with pytest.raises(Skipped, match="no text"):
        outlined_document(Decoded("x"), map(Line, texts), "a.org", "text/x")


def test_source_lines_end_as_they_do_anywhere() -> None:
    assert source_lines(Decoded("a \r\nb\rc\n")) == ["a", "b", "c", ""]


def test_the_note_on_included_files_is_short_and_printable() -> None:
    assert included_note([]) == ()
    assert included_note(["a.org", "b.org"]) == ("what it includes is not part of it: a.org, b.org",)
    assert included_note(["a\u202eb\tc.org"]) == ("what it includes is not part of it: a\\u202eb\\tc.org",)
    (note,) = included_note([f"{number}.org" for number in range(30)])
    assert note.endswith("19.org and more")
