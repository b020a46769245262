"""Small binary Excel workbooks (.xlsb): [MS-XLSB] sections 2.1.4 (Record) and 2.4."""

import struct
from collections.abc import Sequence

import office

__all__ = ["binary_workbook"]

_BEGIN_SHEET, _DIMENSION, _BEGIN, _END, _ROW, _TEXT = 129, 148, 145, 146, 0, 6
_BEGIN_BOOK, _BOOK_PROPERTIES, _BEGIN_SHEETS, _SHEET, _END_SHEETS, _CALCULATION, _END_BOOK = (
    131, 153, 143, 156, 144, 157, 132,
)  # fmt: skip
_TYPES = '<Types><Override ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATED = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="{id}" Type="{kind}" Target="{target}"/></Relationships>'
)


def record(kind: int, content: bytes = b"") -> bytes:
    head = bytes((kind & 0x7F | 0x80, kind >> 7)) if kind > 0x7F else bytes((kind,))
    size = len(content)
    return head + bytes((size & 0x7F | 0x80, size >> 7)) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_workbook(cells: Sequence[tuple[int, int, str]], dimension: tuple[int, int, int, int] | None = None) -> bytes:
    """A workbook of one sheet with these cells (row, column and text), which claims to have a dimension."""
    rows = max(row for row, _, _ in cells), max(column for _, column, _ in cells)
    sheet = (
        record(_BEGIN_SHEET)
        + record(_DIMENSION, struct.pack("<4I", *(dimension or (0, rows[0], 0, rows[1]))))
        + record(_BEGIN)
    )
    for row, column, text in cells:
        sheet += record(_ROW, struct.pack("<I21x", row))
        sheet += record(_TEXT, struct.pack("<II", column, 0) + _wide(text))
    book = record(_BEGIN_BOOK) + record(_BOOK_PROPERTIES, bytes(12)) + record(_BEGIN_SHEETS)
    book += record(_SHEET, struct.pack("<II", 0, 1) + _wide("s1") + _wide("Rents"))
    book += record(_END_SHEETS) + record(_CALCULATION, bytes(26)) + record(_END_BOOK)
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATED.format(id="w1", kind=f"{_RELATIONS}/officeDocument", target="xl/workbook.bin"),
        "xl/_rels/workbook.bin.rels": _RELATED.format(
            id="s1", kind=f"{_RELATIONS}/worksheet", target="worksheets/sheet1.bin"
        ),
        "xl/workbook.bin": book,
        "xl/worksheets/sheet1.bin": sheet + record(_END),
    }
    return office.packed(parts)
