"""Outlook messages."""

import io

import ole_files
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose


def read(data: bytes) -> list[Document | Problem]:
    stream = io.BytesIO(data)
    return list(choose("a.msg", stream).read(stream, "a.msg"))


def test_a_message_with_attachments() -> None:
    message, table, inner = read(ole_files.message())
    assert isinstance(message, Document)
    assert message.title == "Cold boiler, Ann Quince, 17 January 2024"
    assert message.text == "Cold boiler\n\nThe boiler is cold."
    assert message.metadata == {
        "author": "Ann Quince",
        "created": "2024-01-17T21:20:00Z",
        "from": "Ann Quince <ann@example.org>",
        "to": "Bob <bob@example.org>",
    }
    assert isinstance(table, Document)
    assert (table.key, table.text) == ("list.csv/row-2", "valve")
    assert isinstance(inner, Document)
    assert (inner.key, inner.title) == ("part-3.eml", "Earlier, 17 January 2024")
    assert inner.text == "Earlier\n\nIt was warm."


def test_html_without_plain_text_is_read() -> None:
    html = b"<p>Die T&uuml;r <b>klemmt</b>"
    message, *_ = read(ole_files.message("", {"__substg1.0_10130102": html}))
    assert isinstance(message, Document)
    assert message.text == "Cold boiler\n\nDie Tür klemmt"


def test_rtf_without_any_other_text_is_read() -> None:
    rtf = rb"{\rtf1\ansi Die T\'fcr klemmt.}"
    packed = (len(rtf) + 12).to_bytes(4, "little") + len(rtf).to_bytes(4, "little") + b"MELA" + bytes(4) + rtf
    message, *_ = read(ole_files.message("", {"__substg1.0_10090102": packed}))
    assert isinstance(message, Document)
    assert message.text == "Cold boiler\n\nDie Tür klemmt."
