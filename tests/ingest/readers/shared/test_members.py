"""Files inside a file."""

import gzip
import io

import pytest

import office
from archives import contents, read, refused, tar
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared import allowance, members


def test_archives_in_archives() -> None:
    innermost = office.packed({"z.txt": b"deep"})
    inner = tar({"y.zip": innermost, "y.txt": b"less deep"})
    assert contents(read(office.packed({"x.tar": inner}))) == {"x.tar/y.zip/z.txt": "deep", "x.tar/y.txt": "less deep"}
    deeper = office.packed({"a.zip": office.packed({"x.tar": inner})})
    assert contents(read(deeper)) == {
        "a.zip/x.tar/y.zip": "nested too deeply in other archives; unpack it first",
        "a.zip/x.tar/y.txt": "less deep",
    }


def test_a_member_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MEMBER_LIMIT", 100_000)
    lines = b'{"text": "again"}\n' * 6_000
    found = contents(read(office.packed({"a.txt": b"word " * 30_000, "b.txt": b"two", "c.jsonl": lines})))
    assert found["a.txt"] == "larger than 0 MB when unpacked; unpack it to read it"
    assert len(found) == 6_002
    assert refused(gzip.compress(b"word " * 30_000)) == ([], "larger than 0 MB when unpacked; unpack it to read it")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.txt", False), ("../a", False), ("./a", False), (".a", True), ("a/.git/b", True),
        ("node_modules/x", True), ("a/__pycache__/b", True), ("__MACOSX/a", True), ("", False),
    ],
)  # fmt: skip
def test_names_that_a_walk_would_pass_over(name: str, expected: bool) -> None:
    assert members.is_ignored(name) == expected


def test_the_outermost_file_decides_the_allowance() -> None:
    stream = io.BytesIO(b"x" * 10)
    outer = members.allowance_for(stream, ReadContext())
    assert stream.tell() == 0
    assert members.allowance_for(stream, ReadContext(allowance=outer)) is outer


def test_how_deep_archives_may_be_nested() -> None:
    members.check_depth(ReadContext(depth=members.MAX_DEPTH))
    with pytest.raises(Unreadable, match="nested too deeply in other archives; unpack it first"):
        members.check_depth(ReadContext(depth=members.MAX_DEPTH + 1))


def test_what_is_unpacked_is_charged() -> None:
    left = allowance.Allowance(10)
    assert list(members.metered([b"abc", b"de"], left)) == [b"abc", b"de"]
    left.take(allowance.GRACE - 5)
    with pytest.raises(allowance.LimitExceeded):
        list(members.metered([b"x"], left))


def test_a_member_has_its_own_key_and_problems() -> None:
    left = allowance.Allowance(10)
    (document,) = members.read_member("a.txt", [b"o", b"ne"], ReadContext(), left)
    assert document == Document("a.txt", "one", "text/plain", "a.txt")
    (record,) = members.read_member("a.jsonl", [b'{"id": "x", "text": "one"}'], ReadContext(), left)
    assert record.key == "a.jsonl/x"
    (problem,) = members.read_member("a.so", [b"\x7fELF\2\1\0"], ReadContext(), left)
    assert problem == Problem("a.so", "binary file (ELF program)", skipped=True)
