"""The header fields of a message."""

from email import message_from_bytes
from email.policy import compat32

import pytest

from wherein.ingest.readers.mail.headers import Headers, decode_words


def headers(*lines: str | bytes) -> Headers:
    raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n\n"
    return Headers(message_from_bytes(raw, policy=compat32))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?8J+YgA==?= and =?iso-8859-1?q?=E9?=", "😀 and é"),
        ("=?utf-8?q?one?= =?utf-8?q?_two?=", "one two"),
        ("=?nonsense?q?abc?=", "abc"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("=?utf-8?b?!?=", "=?utf-8?b?!?="),
        ("", ""),
    ],
)
def test_encoded_words(value: str, expected: str) -> None:
    assert decode_words(value) == expected


def test_subject_and_id_are_on_one_line() -> None:
    found = headers("Subject: one\n\ttwo   three", "Message-ID: <1@x> ")
    assert (found.subject, found.id) == ("one two three", "1@x")
    assert (headers("X: y").subject, headers("X: y").id) == ("", "")


def test_bytes_are_utf8_or_windows_1252() -> None:
    assert headers("Subject: Grüße".encode()).subject == "Grüße"
    assert headers(b"Subject: Gr\xfc\xdfe \x80").subject == "Grüße €"


def test_people() -> None:
    found = headers(
        'From: =?utf-8?q?L=C3=B6velace=2C_Ada?= <ada@x>', "To: bob@x, C <c@x>", "Cc: d@x", "cc: e@x",
    )  # fmt: skip
    assert found.metadata == {
        "author": "Lövelace, Ada",
        "from": "Lövelace, Ada <ada@x>",
        "to": ["bob@x", "C <c@x>"],
        "cc": ["d@x", "e@x"],
    }


def test_dates_and_keywords() -> None:
    found = headers("Date: Fri, 08 Jul 2011 12:08:34 +0200", "Keywords: rent, =?utf-8?q?H=C3=A4user?=")
    assert found.metadata == {"created": "2011-07-08T10:08:34Z", "keywords": ["rent", "Häuser"]}
    for date in ("yesterday", "Fri, 99 Jul 2011 12:08:34", ""):
        assert headers(f"Date: {date}").metadata == {}


def test_what_is_endless_is_cut() -> None:
    found = headers("Subject: " + "x" * 5_000, "To: " + ", ".join(f"a{n}@x" for n in range(500)))
    assert len(found.subject) == 1_000
    to = found.metadata["to"]
    assert isinstance(to, list)
    assert len(to) == 100
