"""What is inside a ZIP or OLE file decides how it is read, and limits hold against bombs."""

import io
import struct
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.readers import READERS, Skipped, choose
from wherein.ingest.readers.shared import package
from wherein.ingest.readers.zip_kind import zip_kind

ENCRYPTED = "encrypted; save it without a password"
BOMB = "unpacks to far more than such a document holds (a ZIP bomb?)"
TYPES = '<Types><Default Extension="x" ContentType="{}"/></Types>'


def kind(data: bytes) -> str | None:
    stream = io.BytesIO(data)
    found = zip_kind(stream)
    assert stream.tell() == 0
    return found


@pytest.mark.parametrize("name", sorted(office.MAKERS))
def test_the_content_decides_and_not_the_name(name: str) -> None:
    data = office.MAKERS[name]()
    assert kind(data) == name
    for wrong in ("a.zip", "a.pdf", "a.txt", "a.docx", "a.xlsx"):
        assert choose(wrong, io.BytesIO(data)).name == name
    (reader,) = (reader for reader in READERS if reader.name == name)
    assert office.read(data).media_type == reader.media_type


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("vnd.ms-word.document.macroEnabled.main+xml", "docx"),
        ("vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml", "docx"),
        ("vnd.ms-word.template.macroEnabledTemplate.main+xml", "docx"),
        ("vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml", "pptx"),
        ("vnd.ms-powerpoint.presentation.macroEnabled.main+xml", "pptx"),
        ("vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml", "xlsx"),
        ("vnd.ms-excel.sheet.macroEnabled.main+xml", "xlsx"),
        ("vnd.ms-excel.sheet.binary.macroEnabled.main", "xlsb"),
        ("vnd.openxmlformats-officedocument.wordprocessingml.styles+xml", "other"),
        ("vnd.openxmlformats-officedocument.spreadsheetml.sheet", "other"),  # what is embedded in another document
    ],
)
def test_kinds_of_open_xml(content_type: str, expected: str | None) -> None:
    assert kind(office.packed({"[Content_Types].xml": TYPES.format(f"application/{content_type}")})) == expected


@pytest.mark.parametrize(
    ("mimetype", "expected"),
    [
        ("application/vnd.oasis.opendocument.text-template\n", "odt"),
        ("application/vnd.oasis.opendocument.text-master", "odt"),
        ("application/vnd.oasis.opendocument.graphics", "odp"),
        ("application/vnd.oasis.opendocument.formula", "other"),
        ("image/openraster", "other"),
    ],
)
def test_kinds_with_a_media_type(mimetype: str, expected: str | None) -> None:
    assert kind(office.packed({"mimetype": mimetype})) == expected


def test_a_book_without_a_media_type() -> None:
    assert kind(office.changed(office.book(), "mimetype", None)) == "epub"
    assert kind(office.packed({"META-INF/container.xml": "<container/>", "a.jar": "x"})) == "other"
    assert kind(office.packed({"a.jar": "x"})) is None


def test_other_archives() -> None:
    assert office.read(office.packed({"a.txt": "text"}), "a.docx").key == "a.txt"
    assert office.reason(office.packed({})) == (Skipped, "no files in it")
    binary = office.packed(
        {"[Content_Types].xml": TYPES.format("application/vnd.ms-excel.sheet.binary.macroEnabled.main")}
    )
    assert office.reason(binary) == (Skipped, "binary Excel workbook; save it as .xlsx")


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


def ole(*names: str) -> bytes:
    """A file with a list of streams as the old Office wrote them."""
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + b"\1" * (1 << 20) + entries


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("WordDocument", "Workbook"), (Skipped, "old Word document; save it as .docx")),
        (("Workbook", "WordDocument"), (Skipped, "old Excel workbook; save it as .xlsx")),
        (("Book",), (Skipped, "old Excel workbook; save it as .xlsx")),
        (("PowerPoint Document",), (Skipped, "old PowerPoint presentation; save it as .pptx")),
        (("__properties_version1.0",), (Skipped, "Outlook message; save it as .eml")),
        (("EncryptionInfo", "EncryptedPackage"), (Unreadable, ENCRYPTED)),
        (("Notebook", "x"), (Skipped, "binary file (old Office document)")),
    ],
)
def test_old_and_encrypted_office_files(names: tuple[str, ...], expected: tuple[type[Unreadable], str]) -> None:
    assert office.reason(ole(*names), "a.docx") == expected
