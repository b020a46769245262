"""What a person sees on a page beside its content."""

import io

import pytest

from pdfs import page_of
from wherein.ingest.document import Document
from wherein.ingest.readers.pdf.pdf_file import read

TYPED = b"<< /Type /Annot /Subtype /FreeText /Contents (Paid in May) /Rect [72 600 272 620] /F 4 %b >>"
CONTENT = b"BT /F1 12 Tf 72 700 Td (Name of the tenant:) Tj ET"
FORM = b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >> /Length %d >>"


def appearance(text: bytes) -> bytes:
    """The object that shows an annotation."""
    content = b"BT /F1 12 Tf 2 5 Td (%b) Tj ET" % text
    return FORM % len(content) + b"\nstream\n%b\nendstream" % content


def text_of(*annotations: bytes, content: bytes = CONTENT) -> str:
    """The text of a page with annotations; `/AP` in one refers to the object after it."""
    numbers = range(6, 6 + len(annotations))
    shown = [number for number, each in zip(numbers, annotations, strict=True) if b"/Annot" in each]
    kids = b" ".join(b"%d 0 R" % number for number in shown)
    data = page_of(content, *annotations, page=b"/Annots [%b]" % kids)
    (found,) = read(io.BytesIO(data), "a.pdf")
    assert isinstance(found, Document)
    return found.text


def field(value: bytes, shown: bytes, more: bytes = b"") -> tuple[bytes, bytes]:
    annotation = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (%b) /Rect [200 695 400 715] /F 4 /AP << /N 7 0 R >>"
        b" %b >>"
    )
    return annotation % (value, more), appearance(shown)


@pytest.mark.parametrize("value", [b"Ann Quince", b"12 May 2024", b"DE89 3704 0044"])
def test_values_of_fields(value: bytes) -> None:
    assert text_of(*field(value, value)).split() == [*b"Name of the tenant:".decode().split(), *value.decode().split()]


def test_typed_text() -> None:
    note = TYPED % b"/AP << /N 7 0 R >>"
    assert text_of(note, appearance(b"Paid in May"), content=b"") == "Paid in May"
    without_appearance = TYPED % b""
    assert text_of(without_appearance) == "Name of the tenant:\n\nPaid in May"


def test_a_stamp() -> None:
    stamp = b"<< /Type /Annot /Subtype /Stamp /Rect [72 600 272 620] /F 4 /AP << /N 7 0 R >> >>"
    assert text_of(stamp, appearance(b"APPROVED")).split("\n") == ["Name of the tenant:", "APPROVED"]


@pytest.mark.parametrize("kind", [b"Text", b"Highlight", b"Underline", b"Ink", b"Caret"])
def test_comments(kind: bytes) -> None:
    annotation = b"<< /Type /Annot /Subtype /%b /Contents (Ask about the quince) /Rect [72 600 92 620] /F 4 >>" % kind
    assert text_of(annotation, annotation) == "Name of the tenant:\n\nAsk about the quince"
    wide = b"<< /Type /Annot /Subtype /%b /Contents <FEFF00DC> /Rect [72 600 92 620] /F 4 >>" % kind
    assert text_of(wide) == "Name of the tenant:\n\nÜ"


@pytest.mark.parametrize(
    "annotation",
    [
        b"<< /Type /Annot /Subtype /Link /Contents (a link) /Rect [72 600 92 620] /F 4 >>",
        b"<< /Type /Annot /Subtype /Popup /Contents (a window) /Rect [72 600 92 620] /F 4 >>",
        b"<< /Type /Annot /Subtype /Text /Contents (hidden) /Rect [72 600 92 620] /F 2 >>",
        b"<< /Type /Annot /Subtype /Text /Contents () /Rect [72 600 92 620] /F 4 >>",
        b"<< /Type /Annot /Subtype /Text /Contents (of the tenant) /Rect [72 600 92 620] /F 4 >>",
    ],
)
def test_what_is_hidden_or_said_already_is_left_out(annotation: bytes) -> None:
    assert text_of(annotation) == "Name of the tenant:"


def test_values_follow_their_labels() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (Name:) Tj 0 -30 Td (Rent:) Tj 0 -30 Td (Signed by the owner) Tj ET"
    name = b"<< /Type /Annot /Subtype /Widget /FT /Tx /Rect [120 695 300 715] /F 4 /AP << /N 7 0 R >> >>"
    rent = b"<< /Type /Annot /Subtype /Widget /FT /Tx /Rect [120 665 300 685] /F 4 /AP << /N 9 0 R >> >>"
    found = text_of(name, appearance(b"Ann Quince"), rent, appearance(b"1,250 EUR"), content=content)
    assert found.split("\n") == ["Name: Ann Quince", "Rent: 1,250 EUR", "Signed by the owner"]
