"""ZIP archives."""

import io
from zipfile import ZIP_BZIP2, ZipFile

import office
from archives import DAMAGED, contents, read, refused


def test_a_bad_member_costs_no_other() -> None:
    data = bytearray(office.packed({"a.txt": b"one " * 50, "b.txt": b"two", "c.txt": b"three"}))
    data[40] ^= 255
    assert contents(read(bytes(data))) == {"a.txt": DAMAGED, "b.txt": "two", "c.txt": "three"}
    data = bytearray(office.packed({"a.txt": b"one", "b.txt": b"two"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert contents(read(bytes(data))) == {"a.txt": "encrypted; save it without a password", "b.txt": "two"}
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_BZIP2) as archive:
        archive.writestr("a.txt", "one")
    assert contents(read(stream.getvalue())) == {"a.txt": "unsupported compression method"}


def test_backslashes_separate_folders_and_folders_are_no_members() -> None:
    data = office.packed({"a\\b.txt": "one", "c/": "", "c/d.txt": "two"})
    assert contents(read(data)) == {"a/b.txt": "one", "c/d.txt": "two"}


def test_an_archive_with_hidden_files_alone() -> None:
    assert refused(office.packed({".git/config": "x", "node_modules/a.js": "x"})) == ([], "no files in it")


def test_names_in_utf8_that_do_not_say_so() -> None:
    for name, shown in (("Müller.txt".encode(), "Müller.txt"), ("Müller.txt".encode("cp437"), "Müller.txt")):
        data = office.packed({"x" * len(name): "one"}).replace(b"x" * len(name), name)
        assert contents(read(data)) == {shown: "one"}
    assert contents(read(office.packed({"├╝.txt": "one"}))) == {"├╝.txt": "one"}
