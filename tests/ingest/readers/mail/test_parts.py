"""The parts of a message: the text that a person reads, and the attachments."""

from email.message import EmailMessage

import pytest

from mails import message
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.mail.parts import Body, message_body, parse_message

READ_AS = "read as windows-1252, a guess (99% sure)"


def body(made: EmailMessage | bytes) -> Body:
    return message_body(parse_message(made if isinstance(made, bytes) else made.as_bytes()))


def test_the_plain_text_of_alternatives() -> None:
    assert body(message("Plain.", "<p>Page.")) == Body("Plain.", (), (), ())


def test_a_page_where_there_is_no_plain_text() -> None:
    found = body(message("", "<h1>Title</h1><p>Page."))
    assert (found.text, found.marks) == ("Title\n\nPage.", (Mark(0, heading=("Title",)),))
    assert body(message(" \n", "<p>Page.")).text == "Page."


def test_texts_follow_one_another() -> None:
    made = message("One.")
    made.make_mixed()
    for content, kind in (("<h1>Two</h1>", "html"), ("<script>x</script>", "html"), ("Three.", "plain")):
        part = EmailMessage()
        part.set_content(content, subtype=kind)
        made.attach(part)
    found = body(made)
    assert found.text == "One.\n\nTwo\n\nThree."
    assert found.marks == (Mark(6, heading=("Two",)),)


def test_attachments_and_their_names() -> None:
    made = message("Text.")
    made.add_attachment(b"x", maintype="image", subtype="png", filename="C:\\photos\\a b.png")
    made.add_attachment("text", filename="notes.txt")
    made.add_attachment(b"x", maintype="application", subtype="pdf")
    made.add_attachment(b"x", maintype="application", subtype="pgp-signature", filename="s.asc")
    found = body(made)
    assert [part.name for part in found.attachments] == ["a b.png", "notes.txt", "part-4.pdf", "s.asc"]
    assert [part.is_signature for part in found.attachments] == [False, False, False, True]
    assert b"".join(found.attachments[1].content()) == b"text\n"
    assert found.text == "Text."


def test_a_message_inside_is_attached() -> None:
    made = message("Outside.")
    made.add_attachment(message("Inside."))
    (attachment,) = body(made).attachments
    assert attachment.name == "part-2.eml"
    assert b"Subject:" in b"".join(attachment.content())


@pytest.mark.parametrize(
    ("declared", "data", "text", "notes"),
    [
        ("; charset=iso-8859-1", b"caf\xe9", "café", ()),
        (
            "; charset=utf-8",
            b"caf\xe9",
            "café",
            (READ_AS, "declares utf-8, but is windows-1252"),
        ),
        ("", b"caf\xe9", "café", (READ_AS,)),
        ("", "café".encode(), "café", ()),
        ("; charset=nonsense", "café".encode(), "café", ("declares nonsense, but is UTF-8",)),
        ("; charset=koi8-r", b"\xef\xbb\xbfcaf\xc3\xa9", "café", ()),
    ],
)
def test_encodings(declared: str, data: bytes, text: str, notes: tuple[str, ...]) -> None:
    found = body(b"Content-Type: text/plain" + declared.encode() + b"\nContent-Transfer-Encoding: 8bit\n\n" + data)
    assert (found.text, found.notes) == (text, notes)


def test_line_ends_are_one_character() -> None:
    assert body(b"Subject: x\r\n\r\none\r\ntwo\rthree\n\n").text == "one\ntwo\nthree"


def test_parts_that_are_nested_too_deeply() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(60))
    with pytest.raises(Unreadable, match="the parts of the message are nested too deeply"):
        body(nested)
