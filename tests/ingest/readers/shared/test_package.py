"""Packages are read within limits that hold against bombs."""

import io
import struct
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.readers.shared import package

ENCRYPTED = "encrypted; save it without a password"


BOMB = "unpacks to far more than such a document holds (a ZIP bomb?)"


@pytest.mark.parametrize("name", sorted(office.MAKERS))
def test_cut_short(name: str) -> None:
    data = office.MAKERS[name]()
    for length in (4, 100, len(data) // 2, len(data) - 30):
        assert office.reason(data[:length], "a.docx") == (Unreadable, "damaged or truncated")


def test_encrypted_member() -> None:
    data = bytearray(office.packed({"mimetype": "application/vnd.oasis.opendocument.text"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert office.reason(bytes(data)) == (Unreadable, ENCRYPTED)


def test_encrypted_open_document() -> None:
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry>'
        "<m:encryption-data/></m:file-entry></m:manifest>"
    )
    data = office.changed(office.open_text(), "META-INF/manifest.xml", lambda _: manifest.encode())
    data = office.changed(data, "content.xml", lambda content: content[::-1])
    assert office.reason(data) == (Unreadable, ENCRYPTED)


def test_names_of_parts_are_spelt_as_office_takes_them() -> None:
    parts = {name.replace("/", "\\").upper(): part for name, part in office.unpacked(office.word()).items()}
    assert office.read(office.packed(parts)).text == office.read(office.word()).text


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("docx", "word/document.xml"),
        ("xlsx", "xl/sharedStrings.xml"),
        ("odt", "content.xml"),
        ("epub", "OEBPS/book.opf"),
    ],
)
def test_bombs(name: str, part: str) -> None:
    bomb = office.changed(office.MAKERS[name](), part, lambda content: content + b" " * (32 << 20))
    assert len(bomb) < 100_000
    assert office.reason(bomb) == (Unreadable, BOMB)
    declares = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    bomb = office.changed(office.MAKERS[name](), part, lambda content: declares + content.partition(b"?>")[2])
    assert office.reason(bomb) == (
        Unreadable,
        f"{part} declares entities, as XML bombs do; no document needs them",
    )


def test_no_more_is_unpacked_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = office.word()
    size = sum(map(len, office.unpacked(data).values()))
    monkeypatch.setattr(package, "UNPACKED_LIMIT", size)
    assert office.read(data).title == "The lease"
    monkeypatch.setattr(package, "UNPACKED_LIMIT", 3000)
    assert office.reason(data) == (Unreadable, BOMB)


def test_a_size_that_is_a_lie_is_no_way_around_the_limit() -> None:
    data = bytearray(office.changed(office.word(), "word/document.xml", lambda content: content + b" " * (32 << 20)))
    entry = data.rindex(b"word/document.xml")
    data[entry - 22 : entry - 18] = struct.pack("<L", 10)
    assert office.reason(bytes(data))[0] is Unreadable


def test_compressions_that_no_document_uses() -> None:
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_BZIP2) as archive:
        archive.writestr("mimetype", "application/epub+zip" + " " * 1000)
    message = "unsupported compression method: mimetype"
    assert office.reason(stream.getvalue()) == (Unreadable, message)


def test_a_list_of_members_that_would_fill_the_memory() -> None:
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for number in range(200):
            archive.writestr(f"{number:060000}", "")
    assert office.reason(stream.getvalue()) == (Unreadable, "too many members")
