"""Archives: their members are documents, a bad one costs no other, and limits hold."""

import io
import tarfile

import pytest

import office
from archives import COMPRESSORS, DAMAGED, contents, read, refused, tar
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose

MEMBERS = {
    "a.txt": b"one",
    "folder/b.md": b"# Two\n\ntwo",
    "folder/c.docx": office.MAKERS["docx"](),
    "d.jsonl": b'{"id": "x", "text": "three"}\n{"text": "four"}',
    "e.txt": b"%PDF-1.4",
    "f.so": b"\x7fELF\2\1\0",
    ".hidden": b"x",
    "node_modules/x.txt": b"x",
    "__MACOSX/._a.txt": b"x",
    "../../etc/passwd": b"root",
    "/absolute.txt": b"five",
    "./here//g.txt": b"six",
}


ARCHIVES = {
    "zip": office.packed(MEMBERS),
    "tar": tar(MEMBERS),
    "gnu tar": tar(MEMBERS, tarfile.GNU_FORMAT),
    "old tar": tar(MEMBERS, tarfile.USTAR_FORMAT),
    **{f"tar.{kind}": compress(tar(MEMBERS)) for kind, compress in COMPRESSORS.items()},
}


@pytest.mark.parametrize("kind", sorted(ARCHIVES))
@pytest.mark.parametrize("name", ["a", "a.txt", "a.zip", "a.tgz"])
def test_members_are_documents(kind: str, name: str) -> None:
    found = read(ARCHIVES[kind], name)
    assert contents(found) == {
        "a.txt": "one",
        "folder/b.md": "# Two\n\ntwo",
        "folder/c.docx": office.read(MEMBERS["folder/c.docx"]).text,
        "d.jsonl/x": "three",
        "d.jsonl/line-2": "four",
        "e.txt": "damaged or truncated PDF",
        "f.so": "binary file (ELF program)",
        "../../etc/passwd": "root",
        "absolute.txt": "five",
        "here/g.txt": "six",
    }
    assert [item.key for item in found if isinstance(item, Problem) and item.skipped] == ["f.so"]
    assert [item.title for item in found if isinstance(item, Document)][:2] == ["a.txt", "Two"]


@pytest.mark.parametrize("kind", ["tar", *(f"tar.{kind}" for kind in COMPRESSORS)])
def test_what_comes_before_the_damage_is_read(kind: str) -> None:
    compress = COMPRESSORS.get(kind[4:], bytes)
    whole = tar({"a.txt": b"one", "b.txt": b"x" * 5_000, "c.txt": b"three"})
    reason = f"{DAMAGED}; what precedes the damage was read"
    assert refused(compress(whole[:4_000])) == (["a.txt", "b.txt"], reason)
    assert refused(compress(whole[: 1024 + 512 + 5_120 + 100])) == (["a.txt", "b.txt"], reason)
    broken = bytearray(whole)
    broken[1024 + 512 + 5_120 + 20] ^= 255  # in the header of c.txt
    assert refused(compress(bytes(broken))) == (["a.txt", "b.txt"], reason)


def test_nothing_in_it() -> None:
    for data in (office.packed({}), office.packed({".x": "hidden"}), tar({".x": b"hidden"})):
        assert refused(data) == ([], "no files in it")
    assert not any(choose("a", io.BytesIO(b"x" * size)).name == "tar" for size in (100, 512, 4096))


# Limits, lowered so that the files that go past them are small.
