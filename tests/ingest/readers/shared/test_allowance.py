"""How much may be unpacked of one file."""

import gzip
import io
from collections.abc import Iterable
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import office
from archives import refused, tar
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.shared import allowance
from wherein.ingest.workers import parse


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "GRACE", 100_000)
    words = b"word " * 40_000
    reason = "unpacks to more than 200 times its size (a bomb?); the rest was not read"
    assert refused(office.packed({"a.txt": "one", "b.txt": words, "c.txt": "three"})) == (["a.txt"], reason)
    assert refused(gzip.compress(tar({"a.txt": b"one", "b.txt": words})))[1] == reason
    inner = office.packed({f"{n}.txt": words[:80_000] for n in range(20)})
    keys, why = refused(office.packed({"a.txt": "one", "b.zip": inner, "c.txt": "three"}))
    assert (keys, why) == (["a.txt", "b.zip/0.txt"], reason)


def test_a_bomb_of_lines_is_read_as_far_as_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "GRACE", 100_000)
    lines = b'{"text": "again"}\n' * 20_000
    keys, reason = refused(gzip.compress(lines), "a.jsonl.gz")
    assert reason == "unpacks to more than 200 times its size (a bomb?); the rest was not read"
    assert 3_000 < len(keys) < 20_000


def test_the_total_and_the_number_of_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "TOTAL_LIMIT", 10_000)
    noise = bytes(range(33, 127)) * 80
    two = office.packed({"a.txt": noise, "b.txt": noise})
    assert refused(two) == (["a.txt"], "unpacks to more than 0 GB; the rest was not read")
    monkeypatch.undo()
    monkeypatch.setattr(allowance, "MEMBERS_LIMIT", 3)
    many = {f"{n}.txt": b"x" for n in range(5)}
    for data in (office.packed(many), gzip.compress(tar(many))):
        assert refused(data) == (
            ["0.txt", "1.txt", "2.txt"],
            "more than 3 members; the rest were not read",
        )


def test_a_small_file_may_unpack_to_the_grace() -> None:
    left = allowance.Allowance(10)
    left.take(allowance.GRACE)
    with pytest.raises(allowance.LimitExceeded, match="unpacks to more than 200 times its size"):
        left.take(1)


def test_a_large_file_may_unpack_to_its_ratio_and_a_huge_one_to_the_total() -> None:
    left = allowance.Allowance(1 << 20)
    left.take(200 << 20)
    with pytest.raises(allowance.LimitExceeded, match="200 times its size"):
        left.take(1)
    left = allowance.Allowance(4 << 30)
    left.take(4 << 30)
    with pytest.raises(allowance.LimitExceeded, match="unpacks to more than 4 GB"):
        left.take(1)


def test_members_are_counted() -> None:
    left = allowance.Allowance(10)
    for _ in range(allowance.MEMBERS_LIMIT):
        left.take_member()
    with pytest.raises(allowance.LimitExceeded, match="more than 100,000 members; the rest were not read"):
        left.take_member()


def test_a_file_may_always_unpack_to_its_own_size_and_hold_a_member_for_each_kb() -> None:
    left = allowance.Allowance(6 << 30)
    left.take(6 << 30)
    with pytest.raises(allowance.LimitExceeded, match="unpacks to more than 6 GB"):
        left.take(1)
    for _ in range(6 << 10):
        left.take_member()


# One allowance for everything inside a file.


def swollen(name: str, part: str, extra: int = 90_000) -> bytes:
    """Return a small document whose part `part` unpacks to `extra` bytes more."""
    return office.changed(office.MAKERS[name](), part, lambda content: content + b" " * extra)


def mail(attachments: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message.set_content("See the files.")
    for name, data in attachments.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def mailbox(messages: Iterable[bytes]) -> bytes:
    return b"".join(b"From a@b Mon Jan  1 00:00:00 2024\n" + message + b"\n" for message in messages)


def read_whole(data: bytes, name: str) -> tuple[int, str]:
    """Return how much text a file gives, in bytes, and why reading stopped; as the workers read it."""
    *messages, end = parse.read(parse.Job(name, data))
    assert isinstance(end, parse.End)
    found = [item for message in messages if isinstance(message, parse.Items) for item in message.items]
    text = sum(len(item.text.encode()) for item in found if isinstance(item, Document))
    reasons = [item.reason for item in found if isinstance(item, Problem)]
    return text, end.trouble.reason if end.trouble else " ".join(reasons)


BOMB = "unpacks to more than 200 times its size (a bomb?); the rest was not read"
DOCX = {f"{n}.docx": swollen("docx", "word/document.xml") for n in range(10)}
EPUB = {f"{n}.epub": swollen("epub", "OEBPS/text/second.xhtml") for n in range(10)}
SHEETS = {f"{n}.ods": swollen("ods", "content.xml") for n in range(10)}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", office.packed(DOCX)),
        ("a.tar", tar(DOCX)),
        ("a.tar.gz", gzip.compress(tar(DOCX))),
        ("a.zip", office.packed({f"{name}.zip": office.packed({name: data}) for name, data in DOCX.items()})),
        ("a.zip", office.packed(EPUB)),
        ("a.zip", office.packed(SHEETS)),
        ("a.zip", office.packed({"a.eml": mail(DOCX)})),
        ("a.eml", mail(DOCX)),
        ("a.eml", mail({"a.zip": office.packed(DOCX)})),
        ("a.mbox", mailbox(mail({name: data}) for name, data in DOCX.items())),
        ("a.zip", office.packed({f"{n}.txt.gz": gzip.compress(b"word " * 18_000 + bytes([n])) for n in range(10)})),
    ],
)  # fmt: skip
def test_the_limit_holds_for_all_that_one_file_contains(
    name: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "GRACE", 300_000)
    monkeypatch.setattr(allowance, "RATIO_LIMIT", 1)
    monkeypatch.setattr(allowance.Allowance, "take_text", lambda *_: None)
    text, reason = read_whole(data, name)
    assert BOMB.replace("200", "1") in reason
    assert text <= max(300_000, len(data))


def test_a_mailbox_keeps_the_text_of_messages_whose_attachments_exceed_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(allowance, "GRACE", 300_000)
    monkeypatch.setattr(allowance, "RATIO_LIMIT", 1)
    data = mailbox([*(mail({name: data}) for name, data in DOCX.items()), mail({})])
    stream = io.BytesIO(data)
    items = list(choose("a.mbox", stream).read(stream, "a.mbox"))
    texts = [item for item in items if isinstance(item, Document) and item.text.startswith("See the files.")]
    assert len(texts) == 11
    reasons = [item.reason for item in items if isinstance(item, Problem)]
    assert reasons
    assert all(reason.endswith(BOMB.replace("200", "1")) for reason in reasons)


def test_text_that_is_unpacked_once_and_given_many_times_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "GRACE", 300_000)
    monkeypatch.setattr(allowance, "RATIO_LIMIT", 2)
    cell = f'<table:table-cell table:number-columns-repeated="90"><text:p>{"word " * 200}</text:p></table:table-cell>'
    row = f'<table:table table:name="a"><table:table-row>{cell}</table:table-row></table:table>'
    end = "</office:spreadsheet>"
    sheet = office.changed(
        office.MAKERS["ods"](), "content.xml", lambda content: content.replace(end.encode(), (row + end).encode())
    )
    data = office.packed({f"{n}.ods": sheet for n in range(10)})
    text, reason = read_whole(data, "a.zip")
    assert reason == "holds more text than 2 times its size (a bomb?); the rest was not read"
    assert 200_000 < text <= 300_000
    assert read_whole(office.packed({"0.ods": sheet}), "a.zip") == (text // 3, "")


@given(st.lists(st.tuples(st.sampled_from(["zip", "gz", "docx", "txt", "eml"]), st.integers(0, 60_000)), max_size=12))
@settings(max_examples=30)
def test_no_file_gives_more_text_than_is_promised(parts: list[tuple[str, int]]) -> None:
    def made(kind: str, size: int) -> bytes:
        words = b"word " * (size // 5)
        return {
            "zip": lambda: office.packed({"a.txt": words, "b.txt": words}),
            "gz": lambda: gzip.compress(words),
            "docx": lambda: swollen("docx", "word/document.xml", size),
            "txt": lambda: words,
            "eml": lambda: mail({"a.zip": office.packed({"a.txt": words})}),
        }[kind]()

    data = office.packed({f"{n}.{kind}": made(kind, size) for n, (kind, size) in enumerate(parts)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(allowance, "GRACE", 50_000)
        patch.setattr(allowance, "RATIO_LIMIT", 5)
        text, _ = read_whole(data, "a.zip")
    assert text <= max(50_000, 5 * len(data))
