"""Archives: their members are documents, a bad one costs no other, and limits hold."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from zipfile import ZIP_BZIP2, ZipFile

import pytest
import zstandard

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers import ReadContext, Skipped, choose
from wherein.ingest.readers.archives import compressed
from wherein.ingest.readers.shared import allowance, members
from wherein.storage.catalog.fields import Fields

COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
DAMAGED = "damaged or truncated"
MEMBERS = {
    "a.txt": b"one",
    "folder/b.md": b"# Two\n\ntwo",
    "folder/c.docx": office.MAKERS["docx"](),
    "d.jsonl": b'{"id": "x", "text": "three"}\n{"text": "four"}',
    "e.txt": b"\xe9",
    "f.png": b"\x89PNG\r\n\x1a\n\0",
    ".hidden": b"x",
    "node_modules/x.txt": b"x",
    "__MACOSX/._a.txt": b"x",
    "../../etc/passwd": b"root",
    "/absolute.txt": b"five",
    "./here//g.txt": b"six",
}


def tar(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def read(data: bytes, name: str = "folder/file", context: ReadContext = ReadContext()) -> list[Document | Problem]:  # noqa: B008
    stream = io.BytesIO(data)
    return list(choose(name, stream, context).read(stream, name))


def told(items: Iterable[Document | Problem]) -> dict[str, str]:
    return {item.key: item.text if isinstance(item, Document) else item.reason for item in items}


def refused(data: bytes, name: str = "x") -> tuple[list[str], str]:
    """The keys of what is read before an archive is refused, and why."""
    stream = io.BytesIO(data)
    keys: list[str] = []
    with pytest.raises(Unreadable) as caught:
        keys.extend(item.key for item in choose(name, stream).read(stream, name))
    return keys, str(caught.value)


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
    assert told(found) == {
        "a.txt": "one",
        "folder/b.md": "# Two\n\ntwo",
        "folder/c.docx": office.read(MEMBERS["folder/c.docx"]).text,
        "d.jsonl/x": "three",
        "d.jsonl/line-2": "four",
        "e.txt": "not UTF-8 (byte 0xE9 at offset 0); convert it, for instance with: iconv -f WINDOWS-1252 -t UTF-8",
        "f.png": "binary file (PNG image)",
        "../../etc/passwd": "root",
        "absolute.txt": "five",
        "here/g.txt": "six",
    }
    assert [item.key for item in found if isinstance(item, Problem) and item.skipped] == ["f.png"]
    assert [item.title for item in found if isinstance(item, Document)][:2] == ["a.txt", "Two"]


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_a_compressed_file_is_what_is_in_it(kind: str) -> None:
    compress = COMPRESSORS[kind]
    assert read(compress(b"hello"), f"notes.txt.{kind}") == [Document("notes.txt", "hello", "text/plain")]
    assert read(compress(b"hello") + compress(b" twice"), "a") == [Document("a", "hello twice", "text/plain")]
    found = read(compress(b"k,words\n1,one\n2,two\n"), f"a.csv.{kind}", ReadContext(Fields(text="words", id="k")))
    assert told(found) == {"1": "one", "2": "two"}
    assert told(read(compress(compress(b"hello")), "a")) == {"": "hello"}
    with pytest.raises(Skipped, match=r"^empty file$"):
        read(compress(b""))
    with pytest.raises(Skipped, match=r"^binary file \(PNG image\)$"):
        read(compress(MEMBERS["f.png"]))
    for data in (compress(b"hello" * 1000)[:-5], compress(b"hello" * 1000)[:16]):
        assert refused(data) == ([], DAMAGED)


def test_archives_in_archives() -> None:
    innermost = office.packed({"z.txt": b"deep"})
    inner = tar({"y.zip": innermost, "y.txt": b"less deep"})
    assert told(read(office.packed({"x.tar": inner}))) == {"x.tar/y.zip/z.txt": "deep", "x.tar/y.txt": "less deep"}
    deeper = office.packed({"a.zip": office.packed({"x.tar": inner})})
    assert told(read(deeper)) == {
        "a.zip/x.tar/y.zip": "nested too deeply in other archives; unpack it first",
        "a.zip/x.tar/y.txt": "less deep",
    }


def test_members_with_the_same_name() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for data in (b"old", b"new", b"newer"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert told(read(stream.getvalue())) == {"a.txt": "old", "a.txt (2)": "new", "a.txt (3)": "newer"}


def test_what_is_no_regular_file() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (
            ("d", tarfile.DIRTYPE),
            ("l", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert read(stream.getvalue()) == [Problem("p", "not a regular file", skipped=True)]


def test_a_bad_member_costs_no_other() -> None:
    data = bytearray(office.packed({"a.txt": b"one " * 50, "b.txt": b"two", "c.txt": b"three"}))
    data[40] ^= 255
    assert told(read(bytes(data))) == {"a.txt": DAMAGED, "b.txt": "two", "c.txt": "three"}
    data = bytearray(office.packed({"a.txt": b"one", "b.txt": b"two"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert told(read(bytes(data))) == {"a.txt": "encrypted; save it without a password", "b.txt": "two"}
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_BZIP2) as archive:
        archive.writestr("a.txt", "one")
    assert told(read(stream.getvalue())) == {"a.txt": "unsupported compression method"}


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
    for data in (office.packed(many), tar(many)):
        assert refused(data) == (
            ["0.txt", "1.txt", "2.txt"],
            "more than 3 members; the rest were not read",
        )


def test_a_member_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MEMBER_LIMIT", 100_000)
    lines = b'{"text": "again"}\n' * 6_000
    found = told(read(office.packed({"a.txt": b"word " * 30_000, "b.txt": b"two", "c.jsonl": lines})))
    assert found["a.txt"] == "larger than 0 MB when unpacked; unpack it to read it"
    assert len(found) == 6_002
    assert refused(gzip.compress(b"word " * 30_000)) == ([], "larger than 0 MB when unpacked; unpack it to read it")


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_memory_is_bounded(kind: str) -> None:
    # 300 MB of zeros; what is unpacked waits in a file, and only a piece of it is in memory at a time.
    piece = COMPRESSORS[kind](b"\0" * (10 << 20))
    data = piece * 30
    tracemalloc.start()
    try:
        refused(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_a_header_that_claims_gigabytes() -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    data = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 5_000
    assert refused(data) == ([], "a header is far too long")
    chain = tarfile.TarInfo("a")
    chain.type, chain.size = tarfile.GNUTYPE_LONGNAME, 1
    data = (chain.tobuf(tarfile.GNU_FORMAT) + b"x" + b"\0" * 511) * 3_000
    assert refused(data)[1].startswith(DAMAGED)


def test_a_file_that_asks_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MEMORY_LIMIT", 1 << 20)
    assert refused(lzma.compress(b"hello")) == ([], "takes more than 1 MB of memory to unpack")
