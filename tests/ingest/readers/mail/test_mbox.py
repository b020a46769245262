"""Mailboxes."""

import io

import pytest

from mails import SUBJECT, message
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.mail import mbox
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.allowance import Allowance


def test_a_mailbox() -> None:
    begin = b"From ada@example.org Fri Jul  8 12:08:34 2011\n"
    attached = message("second")
    attached.add_attachment("three", filename="a.txt")
    data = b"\n".join(
        (
            begin + b"From: x\nMessage-ID: <1@x>\n\nfirst\n>From me\nFrom Fri 12:30 2011, not after a blank line\n",
            begin + attached.as_bytes(),
            begin + b"From: y\nMessage-ID: <1@x>\n\nthe same id\n\nFrom here on\n",
            begin + b"From: z\n\n",
            begin + b"Subject: long\n\n" + b"x" * 5_000 + b"\n",
            begin + b"Subject: last\n\nend",
        )
    )
    found = list(mbox.read(io.BytesIO(data), "Inbox", limit=4_000))
    assert [(item.key, item.text if isinstance(item, Document) else item.reason) for item in found] == [
        ("1@x", "first\nFrom me\nFrom Fri 12:30 2011, not after a blank line"),
        ("1@example.org", f"{SUBJECT}\n\nsecond"),
        ("1@example.org/a.txt", "three\n"),
        ("1@x (2)", "the same id\n\nFrom here on"),
        ("message-4", "message 4: no text"),
        ("message-5", "message 5: longer than 0 MB"),
        ("message-6", "last\n\nend"),
    ]
    assert found[4] == Problem("message-4", "message 4: no text", skipped=True)


@pytest.mark.parametrize(
    "separator",
    [b"From a@b\n", b"From -\n", b"From MAILER-DAEMON\n", b"From a@b 2011-07-08 12:08:34\n", b"From \n"],
)
def test_separators_without_a_date(separator: bytes) -> None:
    message = separator + b"Subject: s\n\nFrom here\n\nFrom London\nwe went on\n\n"
    data = b"\xef\xbb\xbf" + message * 2
    stream = io.BytesIO(data)
    found = list(choose("Inbox", stream).read(stream, "Inbox"))
    assert [item.text if isinstance(item, Document) else item.reason for item in found] == [
        "s\n\nFrom here\n\nFrom London\nwe went on"
    ] * 2


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_mailboxes_in_other_encodings_of_unicode(codec: str) -> None:
    message = "From a@b Fri Jul  8 12:08:34 2011\nSubject: Grüße\nFrom: a@b\n\nfirst Öl\n\n"
    stream = io.BytesIO((message * 2).encode(codec))
    found = list(choose("a.mbox", stream).read(stream, "a.mbox"))
    assert [item.text if isinstance(item, Document) else item.reason for item in found] == ["Grüße\n\nfirst Öl"] * 2


class Endless(io.RawIOBase):
    """A mailbox without end, to show that it is not read whole."""

    def __init__(self) -> None:
        self._lines = io.BytesIO()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return offset

    def read(self, size: int = -1, /) -> bytes:
        return b"From a@b"

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self._lines.readline()
        if not line:
            self._lines = io.BytesIO(b"From a@b Fri Jul  8 12:08:34 2011\nSubject: again\n\nand again\n\n")
            line = self._lines.readline()
        return line


def test_messages_are_streamed() -> None:
    context = ReadContext(allowance=Allowance(0))
    found = mbox.read(Endless(), "Inbox", context)  # type: ignore[arg-type]
    assert [next(found).key for _ in range(3)] == ["message-1", "message-2", "message-3"]
