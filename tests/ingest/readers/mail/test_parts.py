"""The parts of a message: the text that a person reads, and the attachments."""

from email.message import EmailMessage

import pytest

from mails import message
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.mail.mime import parse_message
from wherein.ingest.readers.mail.parts import Body, message_body

READ_AS = "read as windows-1252, a guess (99 % sure)"


def body(made: EmailMessage | bytes) -> Body:
    return message_body(parse_message(made if isinstance(made, bytes) else made.as_bytes()))


def test_the_plain_text_of_alternatives() -> None:
    assert body(message("Plain.", "<p>Page.")) == Body("Plain.", (), (), ())


def test_a_page_where_there_is_no_plain_text() -> None:
    found = body(message("", "<h1>Title</h1><p>Page."))
    assert (found.text, found.marks) == ("Title\n\nPage.", (Mark(0, heading=("Title",)),))
    assert body(message(" \n", "<p>Page.")).text == "Page."


INVOICE = "<h1>Invoice 4711</h1><p>The boiler repair costs 320 euro and is due on Friday."
INVOICE_TEXT = "Invoice 4711\n\nThe boiler repair costs 320 euro and is due on Friday."


@pytest.mark.parametrize(
    "stub",
    [
        "Your mail program does not show HTML.",
        "Um diese Nachricht zu lesen, brauchen Sie ein Programm, das HTML anzeigt. Bitte den Absender fragen.",
        "View it here: https://example.org/" + "x" * 200,
        "Invoice 4711",
    ],
)
def test_the_page_where_the_plain_text_is_a_stub(stub: str) -> None:
    assert body(message(stub, INVOICE)).text == INVOICE_TEXT


@pytest.mark.parametrize(
    ("plain", "page"),
    [
        (INVOICE_TEXT, INVOICE),
        ("The boiler repair costs 320 euro, due on Friday.", INVOICE),
        ("Yes.", "<p>Yes."),
        ("A long and careful answer that stands only here.", "<p>Image"),
        ("\u6771\u4eac\u3067\u4f1a\u3044\u307e\u3059", "<p>\u6771\u4eac\u3067\u4f1a\u3044\u307e\u3059\u3088"),
        ("word " * 1_000, f"<p>{'other things ' * 2_000}"),
    ],
)
def test_the_plain_text_where_it_holds_the_words_of_the_page(plain: str, page: str) -> None:
    assert body(message(plain, page)).text == plain.rstrip("\n")


def test_a_page_with_pictures_and_files_beside_a_stub() -> None:
    made = message("Your program does not show HTML.", INVOICE)
    page = made.get_payload()[1]  # type: ignore[index]
    page.add_related(b"x", "image", "png", cid="<1>", filename="logo.png")
    found = body(made)
    assert (found.text, [part.name for part in found.attachments]) == (INVOICE_TEXT, ["logo.png"])


def test_a_file_among_the_parts_of_an_alternative_that_is_not_read() -> None:
    made = message(INVOICE_TEXT, INVOICE)
    page = made.get_payload()[1]  # type: ignore[index]
    page.add_related(b"x", "image", "png", cid="<1>", filename="logo.png")
    page.make_mixed()
    page.add_attachment(b"x", "application", "pdf", filename="invoice.pdf")
    found = body(made)
    assert (found.text, [part.name for part in found.attachments]) == (INVOICE_TEXT, ["invoice.pdf"])


def test_the_page_declares_its_encoding_where_the_message_does_not() -> None:
    data = b"Content-Type: text/html\n\n<meta charset=koi8-r><p>" + "Привет".encode("koi8-r")
    assert body(data).text == "Привет"


def test_pictures_in_the_text_are_left_out() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 20
    note = ("without the bytes of the pictures or files in it",)
    for made in (message(f"a {picture} b"), message("", f"<p>a {picture} b")):
        found = body(made)
        assert (found.text, found.notes) == ("a data:image/png b", note)


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


@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_a_file_name_that_is_not_encoded(codec: str) -> None:
    made = message("Body")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="@.pdf")
    (attachment,) = body(made.as_bytes().replace(b"@.pdf", "März.pdf".encode(codec))).attachments
    assert attachment.name == "März.pdf"


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


def test_alternatives_of_alternatives() -> None:
    nested = b"".join(
        b"Content-Type: multipart/alternative; boundary=b%d\n\n--b%d\nContent-Type: text/plain\n\n\n--b%d\n" % (n, n, n)
        for n in range(40)
    )
    assert body(nested + b"Content-Type: text/html\n\n<p>inmost").text == "inmost"
