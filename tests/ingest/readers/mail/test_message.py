"""E-mail: single messages."""

import io
from email.policy import SMTP

import pytest

import office
from mails import METADATA, SUBJECT, TITLE, message
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.skipped import Skipped


def read(data: bytes, name: str = "box/file", reader: str = "mail") -> list[Document | Problem]:
    stream = io.BytesIO(data)
    chosen = choose(name, stream)
    assert chosen.name == reader
    return list(chosen.read(stream, name))


def one(data: bytes) -> Document:
    (document,) = read(data)
    assert isinstance(document, Document)
    return document


def head(*lines: str) -> bytes:
    return "\n".join(("From: a@b", "Date: x", *lines, "", "")).encode()


@pytest.mark.parametrize("policy", [SMTP, SMTP.clone(linesep="\n")])
def test_a_message(policy: object) -> None:
    data = message(html="<h1>no</h1>").as_bytes(policy=policy)  # type: ignore[arg-type]
    assert one(data) == Document(TITLE, f"{SUBJECT}\n\nHällo\n\nwörld", "message/rfc822", metadata=METADATA)


def test_a_web_page_is_read_where_there_is_no_plain_text() -> None:
    html = "<title>t</title><p>first</p><h1>Part&nbsp;one</h1><p>second</p>"
    text = f"{SUBJECT}\n\nfirst\n\nPart one\n\nsecond"
    for made in (message("", html), message(" \n", html)):
        document = one(made.as_bytes())
        assert document.text == text
        assert document.marks == (Mark(text.index("Part"), heading=("Part one",)),)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("=?utf-8?q?a_=C3=A9?= =?iso-8859-1?q?_=E9?= b", "a é é b"),
        ("=?utf-8?b?w6k?=", "é"),
        ("=?utf-8?b?w?= x", "=?utf-8?b?w?= x"),
        ("=?no-such?q?=E9?= x", "\N{REPLACEMENT CHARACTER} x"),
        ("a\n folded\n\tline", "a folded line"),
        ("raw é", "raw é"),
    ],
)
def test_subjects(header: str, subject: str) -> None:
    assert one(head(f"Subject: {header}") + b"x").title == f"{subject}, a@b"


@pytest.mark.parametrize(
    ("content_type", "body", "text", "notes"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9 \x80", "café €", ()),
        ("text/plain; charset=koi8-r", "да".encode("koi8-r"), "да", ()),
        ("text/plain", "é".encode(), "é", ()),
        ("text/plain", b"\xe9", "é", ("read as windows-1252, a guess (99 % sure)",)),
        (
            "text/plain; charset=utf-8",
            b"\xe9",
            "é",
            ("read as windows-1252, a guess (99 % sure)", "declares utf-8, but is windows-1252"),
        ),
        ("text/plain; charset=nonsense", "é".encode(), "é", ("declares nonsense, but is UTF-8",)),
        ("text/html; charset=iso-8859-1", b"<meta charset=utf-8><p>caf\xe9", "café", ()),
        ("text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable", b"a=3D=\nb=E9=", "a=bé", None),
        ("text/plain\nContent-Transfer-Encoding: base64", b"aGVs\nbG8=", "hello", ()),
        ("text/plain\nContent-Transfer-Encoding: base64", b"not base64!", "not base64!", None),
        ("text/plain\nContent-Transfer-Encoding: x-unknown", b"text", "text", ()),
    ],
)
def test_encodings(content_type: str, body: bytes, text: str, notes: tuple[str, ...] | None) -> None:
    document = one(head("Subject: s", f"Content-Type: {content_type}") + body)
    if body != b"not base64!":  # what the email package makes of it depends on its version
        assert document.text == f"s\n\n{text}"
    assert notes is None or document.notes == notes


def test_what_is_attached() -> None:
    made = message()
    made.add_attachment("one,two\n", filename="../../nöte.txt")
    made.add_attachment(b"\x7fELF\2\1\0", maintype="application", subtype="octet-stream", filename="logo.so")
    made.add_attachment(office.MAKERS["docx"](), maintype="application", subtype="octet-stream", filename="a.docx")
    made.add_attachment("two", filename="nöte.txt")
    made.add_attachment(b"%PDF-1.4 cut", maintype="application", subtype="pdf")
    inner = message("inside")
    made.add_attachment(inner)
    found = read(made.as_bytes())
    first, second, third, fourth, fifth, sixth = found
    assert isinstance(first, Document)
    assert first.text == f"{SUBJECT}\n\nHällo\n\nwörld"
    assert first.notes == ("attached and not read: logo.so (binary file (ELF program))",)
    assert second == Document("nöte.txt", "one,two\n", "text/plain", "nöte.txt")
    assert isinstance(third, Document)
    assert (third.key, third.text) == ("a.docx", office.read(office.MAKERS["docx"]()).text)
    assert fourth == Document("nöte.txt (2)", "two\n", "text/plain", "nöte.txt (2)")
    assert fifth == Problem("part-6.pdf", "damaged or truncated PDF")
    assert sixth == Document(TITLE, f"{SUBJECT}\n\ninside", "message/rfc822", "part-7.eml", METADATA)


def test_parts_that_are_none() -> None:
    assert one(head("Subject: s", "Content-Type: multipart/mixed") + b"--x\n\nhello\n").text == "s\n\n--x\n\nhello"
    made = message()
    made.add_attachment(b"-----BEGIN", maintype="application", subtype="pgp-signature", filename="signature.asc")
    assert one(made.as_bytes()).notes == ("attached and not read: signature.asc (a signature)",)


def test_nothing_to_read() -> None:
    with pytest.raises(Skipped, match=r"^no text$"):
        read(head())
    with pytest.raises(Unreadable, match=r"^the message is encrypted; save it decrypted$"):
        read(head("Content-Type: application/pkcs7-mime", "Content-Transfer-Encoding: base64") + b"MIAG")


def test_parts_that_never_end() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(60))
    with pytest.raises(Unreadable, match=r"^the parts of the message are nested too deeply$"):
        read(head("Subject: s")[:-1] + nested)
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(5_000))
    with pytest.raises(Unreadable, match=r"^the parts of the message are nested too deeply$"):
        read(head("Subject: s")[:-1] + nested)


def test_a_message_inside_that_never_ends() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(150))
    data = head("Subject: s", "Content-Type: multipart/mixed; boundary=x")
    found = read(data + b"--x\nContent-Type: text/plain\n\nhello\n--x\nContent-Type: message/rfc822\n\n" + nested)
    assert [item.text if isinstance(item, Document) else item.reason for item in found] == [
        "s\n\nhello",
        "the parts of the message are nested too deeply",
    ]


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (
            (b"From: Ann Quince <a@x>", b"Subject: Rent", b"Date: Thu, 2 May 2024 23:30:00 -0700"),
            "Rent, Ann Quince, 2 May 2024",
        ),
        ((b"From: b@x, Ann <a@x>", b"Date: Mon, 1 Jan 2024 00:00:00 +0900"), "b@x, 1 January 2024"),
        ((b"From: ", b"Subject: Rent", b"Date: soon"), "Rent"),
        ((b"From: Ann <a@x>", b"Date: 2024-05-02T10:00:00Z"), "Ann, 2 May 2024"),
        ((b"From: ", b"Date: "), "file"),
    ],
)
def test_the_title_says_subject_sender_and_day(lines: tuple[bytes, ...], title: str) -> None:
    assert one(b"\n".join((*lines, b"", b"text"))).title == title


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_message_in_unicode(codec: str, newline: str) -> None:
    lines = ("From: Ann <a@x>", "Date: x", "Subject: Kälte", "Content-Type: text/plain; charset=utf-16", "", "Größe")
    document = one(newline.join(lines).encode(codec))
    assert (document.title, document.text) == ("Kälte, Ann", "Kälte\n\nGröße")


PLIST = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x">\n'
    b"<plist><dict><key>flags</key><integer>1</integer></dict></plist>\n"
)


@pytest.mark.parametrize("count", [b"61", b"61        ", b"7"])
@pytest.mark.parametrize("trailer", [PLIST, b""])
def test_a_message_of_apple_mail(count: bytes, trailer: bytes) -> None:
    data = count + b"\nFrom: Ann <a@x>\nSubject: Boiler\nDate: x\n\nIt is cold.\n" + trailer
    assert one(data).text == "Boiler\n\nIt is cold."


def test_a_property_list_in_a_message_of_apple_mail_is_kept() -> None:
    data = b"9\nFrom: a@x\nDate: x\n\nbefore\n" + PLIST + b"after\n" + PLIST
    assert one(data).text == "before\n" + PLIST.decode() + "after"


def test_a_header_longer_than_the_head_that_is_looked_at() -> None:
    trace = b"".join(b"Received: from relay%d\n\tby mx; x\n" % number for number in range(1_000))
    for first in (b"", b"X-Long: " + b"x" * 10_000 + b"\n", b"To: a@x,\n" + b" b@x,\n" * 2_000):
        assert one(first + trace + b"From: a@x\nSubject: Boiler\n\ntext").text == "Boiler\n\ntext"


def test_the_encoding_that_the_user_names() -> None:
    data = head("Subject: s", "Content-Type: text/plain; charset=iso-8859-1") + "Привет".encode("koi8-r")
    stream = io.BytesIO(data)
    (document,) = choose("a.eml", stream, ReadContext(encoding="koi8-r")).read(stream, "a.eml")
    assert isinstance(document, Document)
    assert (document.text, document.notes) == ("s\n\nПривет", ("read as koi8-r, as --encoding says",))


def test_a_doubtful_encoding_is_reported() -> None:
    document = one(head("Subject: s", "Content-Type: text/plain") + b"a \xe9\xe8 b")
    assert set(document.doubts) <= set(document.notes)


@pytest.mark.parametrize(
    ("data", "name", "reader"),
    [
        (b"From: a\nDate: b\n\nx", "a.eml", "mail"),
        (b"From: a\r\nDate: b\r\n\r\nx", "1311.M1P2.host:2,S", "mail"),
        (b"Received: by x\n\tfor y\nReturn-Path: <>\n\nx", "a.txt", "mail"),
        (b"From: a\nDate: b\n\nx", "a.md", "markdown"),
        (b"Subject: a\n\nx", "a.eml", "mail"),
        (b"X-Store-Info:abc\nFrom:a@x\nDate:b\n\nx", "a", "mail"),
        (b"From:a@x\r\nDate:b\r\n\r\nx", "a.txt", "mail"),
        (b"Received:by x\nX-Ab:c\nReturn-Path:<>\n\nx", "1704103200.M1P1.host", "mail"),
        (b"\r\n\nFrom: a\nDate: b\n\nx", "a", "mail"),
        (b"12\nFrom: a\nDate: b\n\nx", "a.emlx", "mail"),
        (b"12\nbottles\n", "a.emlx", "plain"),
        (b"http://example.org\nhttps://example.org\n", "a", "plain"),
        (b"title:x\nfrom:y\n", "a", "plain"),
        (b"just text", "a.eml", "plain"),
        (b"From: a\nSubject: b\n\nx", "a.txt", "plain"),
        (b"From: a\nthe start of a story\nDate: b\n", "a.txt", "plain"),
        (b"Name: x\nVersion: 1\n\nx", "METADATA", "plain"),
        (b"From a@b Fri Jul  8 12:08:34 2011\nFrom: x\n", "Inbox", "mbox"),
        (b"From - Fri Jul  8 12:08:34 2011\r\n>From: x\r\n", "a.mbox", "mbox"),
        (b"From \nX-Mozilla-Status: 0001\n", "a", "mbox"),
        (b"From a@b\nReceived: by x\n", "a", "mbox"),
        (b"From MAILER-DAEMON\r\nDate: x\r\n", "a", "mbox"),
        (b"From -\nX-Mozilla-Status: 0001\n", "a", "mbox"),
        (b"From a@b 2011-07-08 12:08:34\nSubject: x\n", "a", "mbox"),
        (b"From London\nName: x", "a", "plain"),
        (b"From London to Rome\nDate: x", "a", "plain"),
        (b"From a Mon Jun 01 10:00:00 2009\n\ntext", "a.mbox", "mbox"),
        (b"From me to you on Fri at 12:30 in 2011\nthere was a story", "a", "plain"),
        (b"From here on\nName: x", "a", "plain"),
    ],
)
def test_the_content_decides(data: bytes, name: str, reader: str) -> None:
    assert choose(name, io.BytesIO(data)).name == reader


@pytest.mark.parametrize(
    "fields",
    [
        b"Subject: a long\nsubject\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
        b'Subject: a\nContent-Type: multipart/mixed;\nboundary="b"\nMIME-Version: 1.0\n',
        b"Subject: a\r\n?\r\n=?\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    ],
)
def test_an_odd_line_does_not_end_the_header(fields: bytes) -> None:
    data = b"From: ann@example.org\nDate: Fri, 08 Jul 2011 12:08:34 +0200\n" + fields
    data += b"\n--b\nContent-Type: text/plain\n\nThe boiler\n--b--\n"
    (document,) = choose("a.eml", io.BytesIO(data)).read(io.BytesIO(data), "a.eml")
    assert isinstance(document, Document)
    assert document.text.endswith("\n\nThe boiler")


def test_many_odd_lines_take_no_time() -> None:
    data = b"From: ann@example.org\nDate: x\n" + b"x\n" * 40_000 + b"\nBody"
    (document,) = choose("a.eml", io.BytesIO(data)).read(io.BytesIO(data), "a.eml")
    assert isinstance(document, Document)
    assert document.text.endswith("x\n\nBody")
