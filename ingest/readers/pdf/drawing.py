"""What is drawn on a page, and the page as a picture."""

from collections.abc import Iterator
from ctypes import c_float, c_uint
from itertools import islice
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2.raw import (
    FPDF_PAGEOBJ_FORM,
    FPDF_PAGEOBJ_IMAGE,
    FPDF_PAGEOBJ_TEXT,
    FPDFFormObj_CountObjects,
    FPDFFormObj_GetObject,
    FPDFImageObj_GetImagePixelSize,
    FPDFPage_CountObjects,
    FPDFPage_GetObject,
    FPDFPageObj_GetBounds,
    FPDFPageObj_GetType,
)

from wherein.errors import Unreadable
from wherein.ingest.readers.ocr.picture import DPI, MAX_DECODED_PIXELS, Picture, scale_within

__all__ = ["has_drawing", "is_covered_by_picture", "page_picture"]

_POINTS_PER_INCH = 72
_MAX_OBJECTS = 2_000
_MAX_DEPTH = 4
_COVERED = 0.6


def has_drawing(page: PdfPage) -> bool:
    """Whether anything is drawn on the page that may be a picture of text: an image, or letters as outlines."""
    return any(FPDFPageObj_GetType(part) not in (FPDF_PAGEOBJ_TEXT, FPDF_PAGEOBJ_FORM) for part in _objects(page))


def is_covered_by_picture(page: PdfPage) -> bool:
    """Whether one picture takes most of the page, as a scan does."""
    return any(_area(part) >= _COVERED * page.get_width() * page.get_height() for part in _images(page))


def page_picture(page: PdfPage) -> Picture:
    """Return the page as it is seen. Raises Unreadable when a picture on it is too large to be unpacked."""
    if any(_pixels(image) > MAX_DECODED_PIXELS for image in _images(page)):
        raise Unreadable(f"has a picture of more than {MAX_DECODED_PIXELS // 1_000_000} million pixels")
    width, height = page.get_size()
    scale = scale_within(max(1, width), max(1, height), DPI / _POINTS_PER_INCH)
    bitmap = page.render(scale=scale, grayscale=True)
    rows = bytes(bitmap.buffer)
    if bitmap.stride != bitmap.width:
        starts = range(0, bitmap.stride * bitmap.height, bitmap.stride)
        rows = b"".join(rows[start : start + bitmap.width] for start in starts)
    picture = Picture(bitmap.width, bitmap.height, rows)
    bitmap.close()
    return picture


def _images(page: PdfPage) -> Iterator[Any]:
    return (part for part in _objects(page) if FPDFPageObj_GetType(part) == FPDF_PAGEOBJ_IMAGE)


def _objects(page: PdfPage) -> Iterator[Any]:
    """Yield what the page consists of, and what its forms consist of."""
    outer = (FPDFPage_GetObject(page, index) for index in range(FPDFPage_CountObjects(page)))
    return islice((part for each in outer for part in _with_inner(each, 0)), _MAX_OBJECTS)


def _with_inner(part: Any, depth: int) -> Iterator[Any]:
    yield part
    if FPDFPageObj_GetType(part) == FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
        for index in range(FPDFFormObj_CountObjects(part)):
            yield from _with_inner(FPDFFormObj_GetObject(part, index), depth + 1)


def _area(part: Any) -> float:
    left, bottom, right, top = c_float(), c_float(), c_float(), c_float()
    if not FPDFPageObj_GetBounds(part, left, bottom, right, top):
        return 0.0
    return (right.value - left.value) * (top.value - bottom.value)


def _pixels(image: Any) -> int:
    width, height = c_uint(), c_uint()
    return width.value * height.value if FPDFImageObj_GetImagePixelSize(image, width, height) else 0
