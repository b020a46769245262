"""Small office documents, written by independent libraries, and functions that change their parts."""

import datetime
import io
from collections.abc import Callable, Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import pptx
import xlsxwriter
from odf import dc, draw, meta, presentation, table
from odf import text as odf_text
from odf.namespaces import PRESENTATIONNS
from odf.opendocument import OpenDocumentPresentation, OpenDocumentSpreadsheet, OpenDocumentText
from pptx.util import Inches

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose


def read(data: bytes, name: str = "folder/file") -> Document:
    """Return the document that the chosen reader reads from a file's bytes."""
    stream = io.BytesIO(data)
    (document,) = choose(name, stream).read(stream, name)
    assert isinstance(document, Document)
    return document


def reason(data: bytes, name: str = "folder/file") -> tuple[type[Unreadable], str]:
    """Return the class and the message of the error with which a file is refused."""
    try:
        document = read(data, name)
    except Unreadable as refused:
        return type(refused), str(refused)
    raise AssertionError(f"read: {document}")


def packed(parts: Mapping[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(data: bytes, name: str, change: Callable[[bytes], bytes] | None) -> bytes:
    """Return a package with one of its parts changed, or without that part."""
    parts = unpacked(data)
    part = parts.pop(name)
    return packed({**parts, **({name: change(part)} if change else {})})


def saved(file: Any) -> bytes:
    stream = io.BytesIO()
    file.write(stream) if hasattr(file, "write") else file.save(stream)
    return stream.getvalue()


def word() -> bytes:
    file = docx.Document()
    file.core_properties.title = "The lease"
    file.core_properties.author = "Ada"
    file.core_properties.keywords = "rent, lease; house"
    file.core_properties.comments = ""
    file.core_properties.created = datetime.datetime(2024, 1, 31, 10, 5)
    file.core_properties.modified = datetime.datetime(2024, 2, 1)
    file.add_heading("Lease", 0)
    file.add_paragraph("Of the house.")
    file.add_heading("Rent", 1)
    file.add_paragraph("It is\tdue\nmonthly.")
    file.add_paragraph("in cash", style="List Bullet")
    file.add_paragraph("or so", style="List Bullet 2")
    file.add_paragraph("by bank", style="List Number")
    file.add_heading("Sums", 2)
    grid = file.add_table(2, 3)
    for row, texts in zip(grid.rows, (("May", "", "100"), ("June", "two\nlines", "200")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    file.add_paragraph("After the table.")
    file.add_heading("End", 1)
    file.sections[0].header.paragraphs[0].text = "page header"
    file.sections[0].footer.paragraphs[0].text = "page footer"
    return saved(file)


def slides() -> bytes:
    file = pptx.Presentation()
    file.core_properties.author = "Ada"
    first = file.slides.add_slide(file.slide_layouts[1])
    first.placeholders[1].text = "one\ntwo"
    first.shapes.title.text = "The\nplan"
    grid = first.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(1)).table
    for (row, column), text in {(0, 0): "x", (0, 1): "y", (1, 1): "z"}.items():
        grid.cell(row, column).text = text
    first.notes_slide.notes_text_frame.text = "Say it\nslowly."
    file.slides.add_slide(file.slide_layouts[6])
    last = file.slides.add_slide(file.slide_layouts[6])
    group = last.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "in a group"
    return saved(file)


def workbook() -> bytes:
    stream = io.BytesIO()
    file = xlsxwriter.Workbook(stream)
    file.set_properties({"author": "Ada", "title": "Rents", "created": datetime.datetime(2024, 1, 31, 10, 5)})
    styles = {
        code: file.add_format({"num_format": code}) for code in ("d/m/yy", "hh:mm", "[h]:mm", "0.0%", "d mmm hh:mm")
    }
    first = file.add_worksheet("Rents")
    first.write_row("A1", ["Who", "Sum"])
    first.write("E1", "When")
    first.write_row("A2", ["Ada", 0.1 + 0.2, "x"])
    first.write("E2", 45322.42013888889, styles["d mmm hh:mm"])
    first.write("B3", 45351, styles["d/m/yy"])
    first.write("C3", 0.4201388888888889, styles["hh:mm"])
    first.write("D3", 26 / 24, styles["[h]:mm"])
    first.write_boolean("E3", True)
    first.write("A6", "two\nlines")
    first.write("B6", 0.125, styles["0.0%"])
    first.write_formula("C6", "=1+1", None, 2)
    first.write_formula("D6", '="a"&"b"', None, "ab")
    first.write_formula("E6", "=1/0", None, "#DIV/0!")
    first.write_rich_string("F6", "rich ", file.add_format({"bold": True}), "text")
    hidden = file.add_worksheet("Secret")
    hidden.write("A1", "hidden")
    hidden.hide()
    file.add_worksheet("Empty")
    file.add_worksheet("Far").write("XFD1048576", "corner")
    file.close()
    return stream.getvalue()


def _add(parent: Any, *children: Any) -> Any:
    for child in children:
        parent.addElement(child)
    return parent


def _rows(*rows: tuple[Any, ...]) -> list[Any]:
    return [_add(table.TableRow(), *row) for row in rows]


def _cell(text: str, **attributes: Any) -> Any:
    return _add(table.TableCell(**attributes), *([odf_text.P(text=text)] if text else ()))


def open_text() -> bytes:
    file = OpenDocumentText()
    _add(file.meta, dc.Title(text="The lease"), meta.InitialCreator(text="Ada"), dc.Creator(text="Bob"))
    _add(file.meta, meta.Keyword(text="rent"), meta.Keyword(text="lease"), dc.Language(text="en-GB"))
    _add(file.meta, meta.CreationDate(text="2024-01-31T10:05:00.123"), dc.Date(text="2024-02-01T00:00:00Z"))
    paragraph = odf_text.P(text="It is")
    _add(paragraph, odf_text.S(c=3), odf_text.Span(text="due"), odf_text.LineBreak())
    note = odf_text.Note(noteclass="footnote")
    _add(note, odf_text.NoteCitation(text="1"), _add(odf_text.NoteBody(), odf_text.P(text="See the law.")))
    paragraph.addText("monthly")
    paragraph.addElement(note)
    paragraph.addText(".")
    inner = _add(odf_text.List(), _add(odf_text.ListItem(), odf_text.P(text="or so")))
    items = _add(
        odf_text.List(),
        _add(odf_text.ListItem(), odf_text.P(text="in cash"), inner),
        _add(odf_text.ListItem(), odf_text.P(text="by bank")),
    )
    grid = _add(table.Table(), *_rows((_cell("May"), _cell(""), _cell("100")), (_cell("June"), _cell("b"), _cell("c"))))
    heads = [odf_text.H(outlinelevel=level, text=text) for level, text in ((1, "Rent"), (2, "Sums"), (1, "End"))]
    _add(file.text, heads[0], paragraph, items, heads[1], grid, heads[2])
    return saved(file)


def open_sheets() -> bytes:
    file = OpenDocumentSpreadsheet()
    file.meta.addElement(meta.InitialCreator(text="Ada"))
    date = _cell("31.01.24", valuetype="date", datevalue="2024-01-31")
    first = _rows(
        (_cell("Who"), _cell("", numbercolumnsrepeated=16000), _cell("When")),
        (_cell("Ada"), _cell("same", numbercolumnsrepeated=2), date, _cell("", valuetype="float", value="3.5")),
    )
    first[1].setAttribute("numberrowsrepeated", 2)
    gap = _add(table.TableRow(numberrowsrepeated=1000000), _cell(""))
    _add(file.spreadsheet, _add(table.Table(name="Rents"), *first, gap, *_rows((_cell("12,50 €"),))))
    _add(file.spreadsheet, table.Table(name="Empty"))
    return saved(file)


def open_slides() -> bytes:
    file = OpenDocumentPresentation()
    page = draw.Page(masterpagename="Default", name="one")

    def box(text: str, role: str) -> Any:
        frame = draw.Frame(width="9cm", height="1cm")
        frame.setAttrNS(PRESENTATIONNS, "class", role)
        return _add(frame, _add(draw.TextBox(), odf_text.P(text=text)))

    speaker = _add(presentation.Notes(), box("1", "page-number"), box("Say it slowly.", "notes"))
    _add(page, box("one", "outline"), box("The plan", "title"), box("footer", "footer"), speaker)
    _add(file.presentation, page, draw.Page(masterpagename="Default", name="two"))
    return saved(file)


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
BOOK = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/" version="3.0"><metadata>
<dc:title>The book</dc:title><dc:creator>Ada</dc:creator><dc:creator>Bob</dc:creator><dc:language>en</dc:language>
<dc:date>2024</dc:date><dc:subject>Houses</dc:subject><dc:subject>Law</dc:subject>
<dc:description>&lt;p&gt;All about&lt;/p&gt; houses</dc:description>
<meta property="dcterms:modified">2024-01-31T10:05:00Z</meta></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/second.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/first%20one.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="pic.svg" media-type="image/svg+xml"/></manifest>
<spine><itemref idref="nav"/><itemref idref="pic"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" '
    'xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>{}</body></html>'
)
NAV = (
    '<nav epub:type="toc"><ol><li><a href="text/first%20one.xhtml#top">The beginning</a></li>'
    '<li><a href="text/second.xhtml">ignored</a></li></ol></nav>'
)


def book() -> bytes:
    return packed({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": BOOK,
        "OEBPS/nav.xhtml": PAGE.format(NAV),
        "OEBPS/text/first one.xhtml": PAGE.format("<p>It was a house.</p>"),
        "OEBPS/text/second.xhtml": PAGE.format("<h1>The end</h1><ul><li>one</li><li>two</li></ul>"),
    })  # fmt: skip


MAKERS = {
    "docx": word, "pptx": slides, "xlsx": workbook, "odt": open_text, "ods": open_sheets, "odp": open_slides,
    "epub": book,
}  # fmt: skip
