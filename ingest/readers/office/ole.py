"""Old Office files and encrypted new ones: neither is read, and the reason says what to do."""

from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.package import ENCRYPTED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["OLE_MAGIC", "ole_refusal"]

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# The streams by which such a file is known. Its list of them has entries of 128 bytes that begin with the name.
_ENTRY = 128
_KINDS = {
    "WordDocument": "old Word document; save it as .docx",
    "Workbook": "old Excel workbook; save it as .xlsx",
    "Book": "old Excel workbook; save it as .xlsx",
    "PowerPoint Document": "old PowerPoint presentation; save it as .pptx",
    "__properties_version1.0": "Outlook message; save it as .eml",
}
_ENCRYPTED = "EncryptedPackage"
_STEP = 1 << 20


def ole_refusal(stream: BinaryIO) -> Unreadable:
    """Return the reason why a file that begins with `OLE_MAGIC` is not read."""
    places = _places(stream, (_ENCRYPTED, *_KINDS))
    if _ENCRYPTED in places:
        return Unreadable(ENCRYPTED)
    first = min(places, key=lambda name: places[name], default=None)
    return Skipped(_KINDS[first] if first else "binary file (old Office document)")


def _places(stream: BinaryIO, names: tuple[str, ...]) -> dict[str, int]:
    """Return where the first entry of each name stands, of those that are found."""
    wanted = {name: (name + "\0").encode("utf-16-le") for name in names}
    found: dict[str, int] = {}
    start = 0
    while data := stream.read(_STEP):
        for name, spelt in wanted.items():
            at = data.find(spelt)
            while at >= 0 and at % _ENTRY:
                at = data.find(spelt, at + 1)
            if at >= 0:
                found.setdefault(name, start + at)
        start += len(data)
    stream.seek(0)
    return found
