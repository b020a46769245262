"""What is written on a page beside its content: values of form fields, typed text, stamps, comments."""

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_ushort

from pypdfium2 import PdfPage
from pypdfium2.raw import (
    FLAT_NORMALDISPLAY,
    FLATTEN_SUCCESS,
    FPDF_ANNOT_FILEATTACHMENT,
    FPDF_ANNOT_FLAG_HIDDEN,
    FPDF_ANNOT_FLAG_NOVIEW,
    FPDF_ANNOT_LINK,
    FPDF_ANNOT_POPUP,
    FPDF_ANNOT_WIDGET,
    FPDFAnnot_GetFileAttachment,
    FPDFAnnot_GetFlags,
    FPDFAnnot_GetStringValue,
    FPDFAnnot_GetSubtype,
    FPDFPage_CloseAnnot,
    FPDFPage_Flatten,
    FPDFPage_GetAnnot,
    FPDFPage_GetAnnotCount,
)

from wherein.ingest.readers.pdf.attachments import PdfAttachment, pdf_attachment
from wherein.ingest.readers.shared.decode import clean

__all__ = ["attached_files", "comments", "flatten", "has_visible"]

_HIDDEN = FPDF_ANNOT_FLAG_HIDDEN | FPDF_ANNOT_FLAG_NOVIEW
_MAX_ANNOTATIONS = 5_000
_MAX_BYTES = 1 << 17


def has_visible(page: PdfPage) -> bool:
    """Whether annotations show anything on the page."""
    return any(kind not in (FPDF_ANNOT_LINK, FPDF_ANNOT_POPUP) for _, kind in _annotations(page))


def flatten(page: PdfPage) -> bool:
    """Make what annotations show a part of the page, in memory; whether it has to be loaded again to be seen."""
    return bool(FPDFPage_Flatten(page, FLAT_NORMALDISPLAY) == FLATTEN_SUCCESS)


def comments(page: PdfPage) -> list[str]:
    """Return what notes, marks and typed text on a page say, in order. `flatten` drops them."""
    kinds = (FPDF_ANNOT_LINK, FPDF_ANNOT_POPUP, FPDF_ANNOT_WIDGET)
    texts = (_contents(annotation) for annotation, kind in _annotations(page) if kind not in kinds)
    return [text for text in texts if text]


def attached_files(page: PdfPage) -> Iterator[PdfAttachment]:
    """Yield the files attached to annotations on a page; call before `flatten`."""
    for annotation, kind in _annotations(page):
        if kind == FPDF_ANNOT_FILEATTACHMENT and (handle := FPDFAnnot_GetFileAttachment(annotation)):
            yield pdf_attachment(handle)


def _annotations(page: PdfPage) -> Iterator[tuple[object, int]]:
    """Yield each visible annotation and its kind."""
    for index in range(min(FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        with _annotation(page, index) as annotation:
            if annotation and not FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                yield annotation, FPDFAnnot_GetSubtype(annotation)


@contextmanager
def _annotation(page: PdfPage, index: int) -> Iterator[object]:
    annotation = FPDFPage_GetAnnot(page, index)
    try:
        yield annotation
    finally:
        if annotation:
            FPDFPage_CloseAnnot(annotation)


def _contents(annotation: object) -> str:
    size = FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
    if not 2 < size <= _MAX_BYTES:
        return ""
    buffer = (c_ushort * (size // 2))()
    FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size)
    text = bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
    return clean(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
