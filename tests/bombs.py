"""Small files that would take all memory or time, by what they claim, unpack to or repeat."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable
from email.message import EmailMessage
from zipfile import ZIP_DEFLATED, ZipFile

import office
import ole_files
import pdfs
from mutations import FB2, FODT, MHTML, NOTEBOOK
from xlsb_files import binary_workbook

__all__ = ["BOMBS"]

_MB = 1 << 20
_BLANK = b" " * _MB


def package(kind: str, part: str, megabytes: int) -> bytes:
    """A document of which a part unpacks to so many MB, a thousand times what it takes."""
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in office.unpacked(office.MAKERS[kind]()).items():
            if name != part:
                archive.writestr(name, content)
                continue
            with archive.open(name, "w") as file:
                end = content.rindex(b"</")
                file.write(content[:end])
                for _ in range(megabytes):
                    file.write(_BLANK)
                file.write(content[end:])
    return stream.getvalue()


def packed_sheet(megabytes: int) -> bytes:
    """A binary workbook with a part that unpacks to so many MB."""
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in office.unpacked(binary_workbook([(0, 0, "word")])).items():
            archive.writestr(name, content)
        with archive.open("xl/sharedStrings.bin", "w") as file:
            for _ in range(megabytes):
                file.write(bytes(_MB))
    return stream.getvalue()


def sheet(cells: str, dimension: str = "A1:XFD1048576") -> bytes:
    """An Excel workbook with these rows, which claims to fill a whole sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    part = f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/><sheetData>{cells}</sheetData></worksheet>'
    return office.changed(office.MAKERS["xlsx"](), "xl/worksheets/sheet1.xml", lambda _: part.encode())


def _biff(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def old_workbook(cells: list[tuple[int, int, str]], dimension: tuple[int, int, int, int]) -> bytes:
    """A workbook of Excel 97 with these cells (row, column and text), which claims to have a dimension."""

    def bof(kind: int) -> bytes:
        return _biff(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))

    end = _biff(0x000A, b"")
    inside = _biff(0x0200, struct.pack("<IIHHH", *dimension, 0))
    for row, column, text in cells:
        inside += _biff(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))
    start = len(bof(5)) + 4 + 8 + 5 + len(end)
    listed = _biff(0x0085, struct.pack("<IBBBB", start, 0, 0, 5, 0) + b"Rents")
    return ole_files.ole({"Workbook": (bof(5) + listed + end + bof(0x10) + inside + end).ljust(4096, b"\0")})


def png(width: int, height: int) -> bytes:
    """A white picture of one bit for each pixel, with all of its pixels."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (-(-width // 8))
    rows = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff(pages: int, width: int = 32, height: int = 32, *, loops: bool = False) -> bytes:
    """A white picture of many pages, which share their pixels; the last page may be followed by the first."""
    pixels = b"\xff" * (width * height)
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height)]
    data = b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels
    first = len(data)
    for number in range(pages):
        size = 2 + 12 * (len(tags) + 1) + 4
        following = first if loops else 0
        following = len(data) + size if number < pages - 1 else following
        data += struct.pack("<H", len(tags) + 1)
        data += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in (*tags, (279, len(pixels))))
        data += struct.pack("<I", following)
    return data


def flate(content: bytes, times: int = 1) -> bytes:
    """A stream of a PDF that is packed several times over."""
    for _ in range(times):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode " * times
    return b"<< /Length %d /Filter [ %b] >>\nstream\n%b\nendstream" % (len(content), filters, content)


def drawn_page(box: bytes) -> bytes:
    """A PDF with a line on a page of any size."""
    return pdfs.page_of(b"0 0 m 100 100 l S", box=box)


def pdf_of_picture(width: int, height: int) -> bytes:
    """A PDF of one scan, of one bit for each pixel."""
    packed = zlib.compress(b"\xff" * (-(-width // 8) * height), 9)
    picture = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1"
        b" /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (width, height, len(packed), packed)
    )
    return pdfs.page_of(b"612 0 0 792 0 0 cm /P Do", picture, resources=b"/XObject << /P 6 0 R >>")


def packed_page(content: bytes, times: int = 1) -> bytes:
    """A PDF whose page is drawn by a packed stream."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R"
        b" /Resources << /Font << /F1 3 0 R >> >> >>",
        flate(content, times),
    ]
    return pdfs.built(objects)


def attached(data: bytes, name: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@example.org", "Rent"
    message["Date"] = "Fri, 08 Jul 2011 12:08:34 +0200"
    message.set_content("See the file.")
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def emlx(message: bytes) -> bytes:
    return b"%d\n" % len(message) + message


def zeros(megabytes: int) -> bytes:
    return gzip.compress(bytes(megabytes * _MB).replace(b"\0", b"0"), 9)


def nested_mime(depth: int) -> bytes:
    head = b"From: ann@example.org\nDate: Fri, 08 Jul 2011 12:08:34 +0200\nSubject: Rent\n"
    for number in range(depth):
        head += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
    return head + b"Content-Type: text/plain\n\nDeep.\n"


def nested_messages(depth: int) -> bytes:
    head = b"From: ann@example.org\nDate: Fri, 08 Jul 2011 12:08:34 +0200\nSubject: Rent\n"
    return head + b"Content-Type: message/rfc822\n\n" * depth + b"Content-Type: text/plain\n\nDeep.\n"


def looping_ole(data: bytes) -> bytes:
    """The container with every chain of sectors leading back to its own first sector."""
    damaged = bytearray(data)
    for offset in range(len(data) - 512, len(data), 4):
        if damaged[offset : offset + 4] == b"\xfe\xff\xff\xff":
            damaged[offset : offset + 4] = bytes(4)
    return bytes(damaged)


def claiming_sectors(data: bytes) -> bytes:
    """The container, which claims to have more sectors of small streams than there are bytes on a disk."""
    return data[:64] + struct.pack("<I", 0x7FFFFFFF) + data[68:]


def laughs(root: bytes, end: bytes) -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%b">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">' + entities + b"]>" + root + b"&l9;" + end


FAR = [(0, 0, "a"), (1_048_575, 16_383, "b")]
BOMBS: dict[str, Callable[[], bytes]] = {
    "claims-a-sheet.xlsx": lambda: sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>word</t></is></c></row>'),
    "far-cell.xlsx": lambda: sheet('<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>word</t></is></c></row>'),
    "claims-a-sheet.xlsb": lambda: binary_workbook([(0, 0, "word")], (0, 1_048_575, 0, 16_383)),
    "far-cell.xlsb": lambda: binary_workbook(FAR),
    "claims-a-sheet.xls": lambda: old_workbook([(0, 0, "word")], (0, 65_536, 0, 256)),
    "claims-all.xls": lambda: old_workbook([(0, 0, "word")], (0, 0xFFFFFFFF, 0, 0xFFFF)),
    "far-cell.xls": lambda: old_workbook([(0, 0, "word"), (65_535, 255, "b")], (0, 65_536, 0, 256)),
    "farthest-cell.xls": lambda: old_workbook([(0, 0, "word"), (65_535, 65_535, "b")], (0, 65_536, 0, 256)),
    "huge.png": lambda: png(60_000, 60_000),
    "long.png": lambda: png(800, 200_000),
    "pages.tiff": lambda: tiff(10_000),
    "loop.tiff": lambda: tiff(1, 64, 64, loops=True),
    "claims.tiff": lambda: tiff(1, 16, 16).replace(struct.pack("<I", 16), struct.pack("<I", 0x7FFFFFFF)),
    "huge-page.pdf": lambda: drawn_page(b"1000000000 1000000000"),
    "longer-page.pdf": lambda: drawn_page(b"1e38 10"),
    "huge-scan.pdf": lambda: pdf_of_picture(60_000, 60_000),
    "packed-twice.pdf": lambda: packed_page(zlib.compress(b" " * (200 * _MB), 9)),
    "packed-page.pdf": lambda: packed_page(b"BT /F1 12 Tf " + b"(word) Tj " * 20_000_000),
    "bin.rtf": lambda: rb"{\rtf1 One word.\par\bin4294967295 }Two.}",
    "bins.rtf": lambda: rb"{\rtf1 One word.\par" + rb"{\pict\bin2147483647 }" * 100_000,
    "groups.rtf": lambda: rb"{\rtf1 One word." + b"{" * 1_000_000,
    "packed.docx": lambda: package("docx", "word/document.xml", 40),
    "packed.odt": lambda: package("odt", "content.xml", 40),
    "packed.ods": lambda: package("ods", "content.xml", 40),
    "packed.xlsx": lambda: package("xlsx", "xl/sharedStrings.xml", 40),
    "packed.xlsb": lambda: packed_sheet(40),
    "packed.pptx": lambda: package("pptx", "ppt/slides/slide1.xml", 40),
    "packed.epub": lambda: package("epub", "OEBPS/text/second.xhtml", 40),
    "packed.mhtml.gz": lambda: gzip.compress(MHTML + b" " * (70 * _MB)),
    "packed.emlx": lambda: emlx(attached(zeros(70), "a.txt.gz")),
    "packed-docx.emlx": lambda: emlx(attached(package("docx", "word/document.xml", 40), "a.docx")),
    "nested.eml": lambda: nested_mime(5_000),
    "nested-messages.eml": lambda: nested_messages(100_000),
    "nested.mhtml": lambda: MHTML.replace(
        b"\n--b\n", b"\n--b\n" + b"Content-Type: multipart/mixed; boundary=c\n\n--c\n" * 10_000, 1
    ),
    "laughs.xml": lambda: laughs(b"<doc>", b"</doc>"),
    "laughs.fb2": lambda: laughs(b"<FictionBook>", b"</FictionBook>"),
    "laughs.fodt": lambda: laughs(b"<office:document>", b"</office:document>"),
    "deep.xml": lambda: b'<?xml version="1.0"?>' + b"<a>" * 3_000_000,
    "deep-whole.xml": lambda: b'<?xml version="1.0"?>' + b"<a>" * 1_000_000 + b"word" + b"</a>" * 1_000_000,
    "deep.fb2": lambda: FB2.replace(b"<section>", b"<section>" * 200_000, 1),
    "deep-whole.fb2": lambda: FB2.replace(b"<section>", b"<section>" * 50_000, 1).replace(
        b"</section>", b"</section>" * 50_000, 1
    ),
    "deep.fodt": lambda: FODT.replace(b"<text:span>", b"<text:span>" * 1_000_000, 1),
    "deep.json": lambda: b"[" * 500_000,
    "deep-whole.json": lambda: b'[{"text": ' + b"[" * 1_000_000 + b"1" + b"]" * 1_000_000 + b"}]",
    "deep.jsonl": lambda: b'{"text": "word", "a": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}\n",
    "deep.ipynb": lambda: NOTEBOOK.replace(b'"cells": [', b'"cells": [' + b"[" * 1_000_000, 1),
    "loop.doc": lambda: looping_ole(ole_files.word([ole_files.Line("word " * 2_000)])),
    "loop.ppt": lambda: looping_ole(ole_files.slides()),
    "loop.msg": lambda: looping_ole(ole_files.message("word " * 2_000)),
    "claims-sectors.xls": lambda: claiming_sectors(ole_files.workbook()),
    "claims-sectors.doc": lambda: claiming_sectors(ole_files.word([ole_files.Line("word")])),
    "claims-sectors.msg": lambda: claiming_sectors(ole_files.message()),
    "loop.xls": lambda: looping_ole(ole_files.workbook()),
}
