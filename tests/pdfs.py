"""Small PDFs, written by hand: what they hold is in the test that makes them."""

from collections.abc import Sequence

__all__ = ["built", "gray_picture", "page_of", "pdf"]


def built(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        len(data),
    )
    return data + head + table + tail


def stream(lines: Sequence[str]) -> bytes:
    shown = b" ".join(b"(%b) Tj 0 -20 Td" % line.encode("cp1252") for line in lines)
    content = b"BT /F1 12 Tf 72 720 Td %b ET" % shown
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)


def pdf(
    *pages: Sequence[str], title: bytes = b"", outline: Sequence[tuple[str, int]] = (), trailer: bytes = b""
) -> bytes:
    """A PDF with lines of text on each page, and a flat outline of titles and page numbers."""
    kids = b" ".join(b"%d 0 R" % (5 + 2 * i) for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"",
    ]
    for index, lines in enumerate(pages):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (6 + 2 * index),
            stream(lines),
        ]
    first = len(objects) + 1
    for index, (name, page) in enumerate(outline):
        following = b"/Next %d 0 R" % (first + index + 1) if index + 1 < len(outline) else b""
        entry = (name.encode("cp1252"), following, 3 + 2 * page)
        objects.append(b"<< /Title (%b) /Parent 4 0 R %b /Dest [%d 0 R /Fit] >>" % entry)
    if outline:
        objects[3] = b"<< /Type /Outlines /First %d 0 R /Last %d 0 R >>" % (first, len(objects))
    else:
        objects[3] = b"<< /Type /Outlines >>"
    if title:
        objects.append(b"<< /Title (%b) >>" % title)
        trailer += b" /Info %d 0 R" % len(objects)
    return built(objects, trailer)


def page_of(
    content: bytes,
    *more: bytes,
    page: bytes = b"",
    catalog: bytes = b"",
    resources: bytes = b"",
    box: bytes = b"612 792",
) -> bytes:
    """A PDF of one page that shows `content`; `more` are the objects from number 6, font 3 is Helvetica."""
    return built(
        [
            b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog,
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %b] /Contents 5 0 R"
            b" /Resources << /Font << /F1 3 0 R >> %b >> %b >>" % (box, resources, page),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            *more,
        ]
    )


def gray_picture(width: int, height: int, pixels: bytes) -> bytes:
    """A picture as an object of a PDF."""
    return (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Length %d >>\nstream\n%b\nendstream" % (width, height, len(pixels), pixels)
    )
