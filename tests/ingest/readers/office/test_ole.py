"""What is inside an OLE file decides why it is not read."""

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.readers.shared.skipped import Skipped

ENCRYPTED = "encrypted; save it without a password"


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
