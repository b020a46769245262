"""Old Office files and encrypted new ones, both in OLE containers: neither is read, and the reason says what to do."""

from typing import BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.reasons import ENCRYPTED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["OLE_MAGIC", "ole_refusal"]

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# The streams that identify the kind of file. Its directory has entries of 128 bytes that begin with the name.
_ENTRY_SIZE = 128
_KINDS = {
    "WordDocument": "old Word document; save it as .docx",
    "Workbook": "old Excel workbook; save it as .xlsx",
    "Book": "old Excel workbook; save it as .xlsx",
    "PowerPoint Document": "old PowerPoint presentation; save it as .pptx",
    "__properties_version1.0": "Outlook message; save it as .eml",
}
_ENCRYPTED = "EncryptedPackage"
_STEP = 1 << 20  # a multiple of the entry's size, so that no entry lies across two steps


def ole_refusal(stream: BinaryIO) -> Unreadable:
    """Return the reason why a file that begins with `OLE_MAGIC` is not read."""
    offsets = _entry_offsets(stream, (_ENCRYPTED, *_KINDS))
    if _ENCRYPTED in offsets:
        return Unreadable(ENCRYPTED)
    first = min(offsets, key=lambda name: offsets[name], default=None)
    return Skipped(_KINDS[first] if first else "binary file (old Office document)")


def _entry_offsets(stream: BinaryIO, names: tuple[str, ...]) -> dict[str, int]:
    """Return the offset of the first entry of each of the names that occur."""
    encoded_names = {name: (name + "\0").encode("utf-16-le") for name in names}
    offsets: dict[str, int] = {}
    start = 0
    while data := stream.read(_STEP):
        for name, encoded in encoded_names.items():
            offset = data.find(encoded)
            while offset >= 0 and offset % _ENTRY_SIZE:
                offset = data.find(encoded, offset + 1)
            if offset >= 0:
                offsets.setdefault(name, start + offset)
        start += len(data)
    stream.seek(0)
    return offsets
