"""Files attached to a PDF, or to an annotation on one of its pages."""

from collections.abc import Iterator
from ctypes import c_ulong, c_ushort, create_string_buffer
from dataclasses import dataclass
from typing import Any

from pypdfium2 import PdfDocument
from pypdfium2.raw import (
    FPDFAttachment_GetFile,
    FPDFAttachment_GetName,
    FPDFDoc_GetAttachment,
    FPDFDoc_GetAttachmentCount,
)

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.attachments import file_name
from wherein.ingest.readers.shared.members import MEMBER_LIMIT
from wherein.ingest.readers.shared.reasons import DAMAGED

__all__ = ["PdfAttachment", "attachments", "pdf_attachment"]

_MAX_NAME_BYTES = 2_000


@dataclass(frozen=True)
class PdfAttachment:
    """A file attached to a PDF that is open; without a name of its own it is named by its number."""

    name: str
    handle: Any
    is_signature: bool = False

    def content(self) -> Iterator[bytes]:
        """Yield the bytes in one piece. Raises Unreadable when they are damaged or too many."""
        size = c_ulong()
        if not FPDFAttachment_GetFile(self.handle, None, 0, size):
            raise Unreadable(DAMAGED)
        if size.value > MEMBER_LIMIT:
            raise Unreadable(f"larger than {MEMBER_LIMIT >> 20:,} MB when unpacked; save it to read it")
        buffer = create_string_buffer(size.value)
        if not FPDFAttachment_GetFile(self.handle, buffer, size, size):
            raise Unreadable(DAMAGED)
        yield buffer.raw


def attachments(pdf: PdfDocument) -> Iterator[PdfAttachment]:
    """Yield the files attached to the PDF as a whole; pages have others, see `annotations.attached_files`."""
    for index in range(FPDFDoc_GetAttachmentCount(pdf)):
        if handle := FPDFDoc_GetAttachment(pdf, index):
            yield pdf_attachment(handle, index + 1)


def pdf_attachment(handle: Any, number: int = 0) -> PdfAttachment:
    """Return an attachment from its handle; the number names one without a name."""
    size = FPDFAttachment_GetName(handle, None, 0)
    if not 2 < size <= _MAX_NAME_BYTES:
        return PdfAttachment(f"attachment-{number}", handle)
    buffer = (c_ushort * (size // 2))()
    FPDFAttachment_GetName(handle, buffer, size)
    name = file_name(bytes(buffer).decode("utf-16-le", "replace").rstrip("\0"))
    return PdfAttachment(name or f"attachment-{number}", handle)
