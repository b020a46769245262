"""FictionBook: the text of a book."""

import pytest

import mutations
from text_files import headings, read, reason
from wherein.errors import Unreadable


@pytest.mark.parametrize("codec", ["utf-8", "windows-1251", "koi8-r"])
def test_text_headings_and_metadata(codec: str) -> None:
    source = mutations.FB2.decode().replace('encoding="utf-8"', f'encoding="{codec}"')
    document = read(source.encode(codec), "a.fb2")
    assert document.text == "Глава первая\n\nЖил-был кот."
    assert document.title == "Книга"
    assert headings(document) == [(0, ("Глава первая",))]
    assert document.metadata == {"author": "Ann Quince", "language": "ru"}


def test_sections_are_nested() -> None:
    inner = "<section><title><p>B</p></title><poem><stanza><v>c</v><v>d</v></stanza></poem></section>"
    body = f"<section><title><p>A</p></title>{inner}</section>"
    document = read(f"<FictionBook><body>{body}</body></FictionBook>".encode(), "a.fb2")
    assert document.text == "A\n\nB\n\nc\n\nd"
    assert headings(document) == [(0, ("A",)), (3, ("A", "B"))]


def test_damaged() -> None:
    assert reason(mutations.FB2[:-20], "a.fb2", Unreadable).startswith(
        "damaged or truncated: the book is not well-formed"
    )


def test_entities_of_html() -> None:
    info = "<title-info><author><first-name>J&ouml;rg</first-name><last-name>Q</last-name></author></title-info>"
    book = f"<FictionBook><description>{info}</description><body><p>Gr&ouml;&szlig;e</p></body></FictionBook>"
    document = read(f'<!DOCTYPE FictionBook SYSTEM "a.dtd">{book}'.encode(), "a.fb2")
    assert (document.text, document.metadata) == ("Größe", {"author": "Jörg Q"})
