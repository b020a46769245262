"""What is inside an OLE file decides how, or why not, it is read."""

import io
import struct

import pytest

import office
import ole_files
from wherein.errors import Unreadable
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.office.ole import open_ole
from wherein.ingest.readers.shared.skipped import Skipped

ENCRYPTED = "encrypted; save it without a password"


def listed(*names: str) -> bytes:
    """A file with a list of streams that is not whole."""
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + b"\1" * (1 << 20) + entries


@pytest.mark.parametrize(
    ("names", "reader"),
    [
        (("WordDocument", "Workbook"), "doc"),
        (("Workbook", "WordDocument"), "xls"),
        (("Book",), "xls"),
        (("PowerPoint Document",), "ppt"),
        (("__properties_version1.0",), "msg"),
    ],
)
def test_the_first_stream_that_names_a_format_decides(names: tuple[str, ...], reader: str) -> None:
    assert choose("a.bin", io.BytesIO(listed(*names))).name == reader
    assert office.reason(listed(*names)) == (Unreadable, "damaged or truncated")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("EncryptionInfo", "EncryptedPackage"), (Unreadable, ENCRYPTED)),
        (("VisioDocument",), (Skipped, "Visio drawing; save it as .pdf")),
        (("Quill",), (Skipped, "Publisher document; save it as .pdf")),
        (("\x05HwpSummaryInformation",), (Skipped, "Hangul document; save it as .docx")),
        (("Notebook", "x"), (Skipped, "binary file (old Office document)")),
    ],
)
def test_what_is_not_read_says_why(names: tuple[str, ...], expected: tuple[type[Unreadable], str]) -> None:
    assert office.reason(listed(*names), "a.docx") == expected


def test_a_missing_stream_costs_the_file() -> None:
    with (
        open_ole(io.BytesIO(ole_files.ole({"WordDocument": b"x"}))) as ole,
        pytest.raises(Unreadable, match="damaged or truncated: 1Table cannot be read"),
    ):
        ole.read("1Table")


@pytest.mark.parametrize(
    ("page", "codec", "title"),
    [
        (1251, "cp1251", "Договор"),
        (10000, "mac_roman", "Résumé"),
        (65001, "utf-8", "Größe"),
        (28592, "iso8859_2", "článek"),
    ],
)
def test_the_title_is_in_the_code_page_that_the_file_names(page: int, codec: str, title: str) -> None:
    data = title.encode(codec)
    values = struct.pack("<IH2x", 2, page) + struct.pack("<II", 30, len(data) + 1) + data + b"\0"
    section = struct.pack("<IIIIII", 24 + len(values), 2, 1, 24, 2, 32) + values
    summary = struct.pack("<HHI16xI16xI", 0xFFFE, 0, 2, 1, 48) + section
    with open_ole(io.BytesIO(ole_files.ole({"\x05SummaryInformation": summary}))) as ole:
        assert ole.properties().title == title
