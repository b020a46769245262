import re

import pytest

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.office.docx import READER
from wherein.ingest.readers.shared.skipped import Skipped


def body(content: str) -> bytes:
    """A Word document with this in its body."""
    return office.changed(
        office.word(),
        "word/document.xml",
        lambda part: re.sub(rb"(<w:body>).*(</w:body>)", rb"\1" + content.encode() + rb"\2", part, flags=re.DOTALL),
    )


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*content: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(content)}</w:p>"


def text(*content: str) -> str:
    return office.read(body("".join(content))).text


def test_document() -> None:
    expected = (
        "Lease\n\nOf the house.\n\nRent\n\nIt is due\nmonthly.\n\n- in cash\n  - or so\n1. by bank\n\nSums\n\n"
        "May |  | 100\nJune | two lines | 200\n\nAfter the table.\n\nEnd"
    )
    assert office.read(office.word()) == Document(
        "The lease",
        expected,
        READER.media_type,
        metadata={
            "author": "Ada",
            "keywords": ["rent", "lease", "house"],
            "language": "en-US",
            "created": "2024-01-31T10:05:00Z",
            "modified": "2024-02-01T00:00:00Z",
        },
        marks=(
            Mark(0, heading=("Lease",)),
            Mark(expected.index("Rent"), heading=("Rent",)),
            Mark(expected.index("Sums"), heading=("Rent", "Sums")),
            Mark(expected.index("End"), heading=("End",)),
        ),
        notes=("left out: 1 header, 1 footer",),
    )


def test_changes_are_shown_as_if_accepted() -> None:
    deleted = '<w:del w:id="1"><w:r><w:delText>deleted</w:delText></w:r></w:del>'
    inserted = f'<w:ins w:id="2">{run("inserted ")}</w:ins>'
    moved = f'<w:moveFrom w:id="3">{run("moved")}</w:moveFrom><w:moveTo w:id="3">{run("here")}</w:moveTo>'
    old = '<w:pPrChange w:id="4"><w:pPr><w:pStyle w:val="Heading1"/></w:pPr></w:pPrChange>'
    found = office.read(body(paragraph(run("kept "), inserted, deleted, moved, properties=old)))
    assert found.text == "kept inserted here"
    assert found.marks == ()


def test_what_stands_around_runs() -> None:
    link = f'<w:hyperlink r:id="x">{run("a link")}</w:hyperlink>'
    control = (
        f"<w:sdt><w:sdtPr><w:alias w:val='no'/></w:sdtPr><w:sdtContent>{run(' in a control')}</w:sdtContent></w:sdt>"
    )
    field = f'<w:fldSimple w:instr="DATE">{run(" of today")}</w:fldSimple><w:r><w:instrText>PAGE</w:instrText></w:r>'
    block = f"<w:sdt><w:sdtContent>{paragraph(run('a block'))}</w:sdtContent></w:sdt>"
    assert text(paragraph(link, control, field), block) == "a link in a control of today\n\na block"


def test_signs() -> None:
    signs = (
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:softHyphen/></w:r>"
    )
    tabs = '<w:tabs><w:tab w:val="left" w:pos="1"/></w:tabs>'
    assert text(paragraph(f"<w:r>{signs}</w:r>", properties=tabs)) == "a b\nc-d"


def test_letters_that_are_inserted_as_symbols() -> None:
    sign = '<w:r><w:sym w:font="Symbol" w:char="F06D"/><w:sym w:font="Wingdings" w:char="F04A"/></w:r>'
    assert text(paragraph(run("5 "), sign, run("m"))) == "5 μm"


def test_hidden_text() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
    shown = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>'
    assert text(paragraph(hidden, shown, run(" too"))) == "shown too"


def test_text_boxes_stand_before_their_paragraph_and_once() -> None:
    box = f"<w:txbxContent>{paragraph(run('in the box'))}{paragraph(run('twice'))}</w:txbxContent>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    namespace = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    anchor = f"<w:p>{run('around ')}<w:r {namespace}>{both}</w:r>{run('it')}</w:p>"
    assert text(anchor) == "in the box\n\ntwice\n\naround it"


def test_tables_in_tables() -> None:
    inner = f"<w:tbl><w:tr><w:tc>{paragraph(run('a'))}</w:tc><w:tc>{paragraph(run('b'))}</w:tc></w:tr></w:tbl>"
    assert text(f"<w:tbl><w:tr><w:tc>{inner}{paragraph(run('c'))}</w:tc></w:tr></w:tbl>") == "a | b\n\nc"


def test_headings_by_outline_level_and_by_the_style_they_are_based_on() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="mine"><w:name w:val="x"/><w:basedOn w:val="Heading2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Author"><w:name w:val="Author"/><w:basedOn w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="a"><w:name w:val="a"/><w:basedOn w:val="b"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="b"><w:name w:val="b"/><w:basedOn w:val="a"/></w:style></w:styles>'
    )
    content = "".join(
        paragraph(run(words), properties=properties)
        for words, properties in (
            ("One", '<w:outlineLvl w:val="0"/>'),
            ("Two", '<w:pStyle w:val="mine"/>'),
            ("body", '<w:pStyle w:val="Heading1"/><w:outlineLvl w:val="9"/>'),
            ("Ada", '<w:pStyle w:val="Author"/>'),
            ("loop", '<w:pStyle w:val="a"/>'),
        )
    )
    data = office.changed(body(content), "word/styles.xml", lambda part: part.replace(b"</w:styles>", styles.encode()))
    assert [mark.heading for mark in office.read(data).marks] == [("One",), ("One", "Two")]


def test_a_list_may_be_switched_off() -> None:
    item = '<w:pStyle w:val="ListBullet"/>'
    off = '<w:pStyle w:val="ListBullet"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    deep = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="77"/></w:numPr>'
    assert text(*(paragraph(run(p[:2]), properties=p[2:]) for p in (f"a {item}", f"b {off}", f"c {deep}"))) == (
        "- a\n\nb\n\n  - c"
    )


def test_numbers_of_headings_and_items() -> None:
    def level(number: int, form: str, pattern: str, style: str = "", start: int = 1) -> str:
        linked = f'<w:pStyle w:val="{style}"/>' if style else ""
        said = f'<w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{linked}<w:lvlText w:val="{pattern}"/>'
        return f'<w:lvl w:ilvl="{number}">{said}</w:lvl>'

    clauses = level(0, "decimal", "%1", "Heading1") + level(1, "decimal", "%1.%2", "Heading2")
    items = level(0, "upperRoman", "%1.", start=3) + level(1, "lowerLetter", "%2)") + level(2, "bullet", "\uf0b7")
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride>'
    numbering = (
        '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:abstractNum w:abstractNumId="0">{clauses}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1">{items}</w:abstractNum>'
        '<w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="6"><w:abstractNumId w:val="1"/></w:num>'
        f'<w:num w:numId="7"><w:abstractNumId w:val="1"/>{restart}</w:num></w:numbering>'
    )

    def heading(number: int, words: str) -> str:
        properties = f'<w:pStyle w:val="Heading{number}"/><w:numPr><w:numId w:val="5"/></w:numPr>'
        return paragraph(run(words), properties=properties)

    def item(level: int, words: str, list_id: int = 6) -> str:
        properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
        return paragraph(run(words), properties=properties)

    content = (
        *(heading(1, "Lease"), heading(2, "Rent"), heading(2, "Term"), heading(1, "End"), heading(2, "Notice")),
        *(item(0, "a"), item(1, "b"), item(1, "c"), item(2, "d"), item(0, "e"), item(1, "f")),
        *(paragraph(run("between")), item(0, "g", 7), item(0, "h", 7), item(0, "i")),
    )
    found = office.read(office.changed(body("".join(content)), "word/numbering.xml", lambda _: numbering.encode()))
    assert found.text == (
        "1 Lease\n\n1.1 Rent\n\n1.2 Term\n\n2 End\n\n2.1 Notice\n\nIII. a\n  a) b\n  b) c\n    - d\nIV. e\n  a) f\n\n"
        "between\n\nIX. g\nX. h\nXI. i"
    )
    assert found.marks[-1].heading == ("2 End", "2.1 Notice")


def test_footnotes_stand_at_the_end() -> None:
    relation = (
        '<Relationship Id="n" Target="footnotes.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/></Relationships>'
    )
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:footnote w:type="separator" w:id="0">{paragraph(run("line"))}</w:footnote>'
        f'<w:footnote w:id="1">{paragraph(run("See the law."))}</w:footnote></w:footnotes>'
    )
    data = office.changed(
        office.word(),
        "word/_rels/document.xml.rels",
        lambda part: part.replace(b"</Relationships>", relation.encode()),
    )
    found = office.read(office.packed({**office.unpacked(data), "word/footnotes.xml": notes}))
    assert found.text.endswith("After the table.\n\nEnd\n\nSee the law.")
    assert found.marks[-1] == Mark(found.text.index("See"))


def test_strict_open_xml() -> None:
    """The namespaces that Word uses for what it calls Strict Open XML."""

    def strict(part: bytes) -> bytes:
        part = part.replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        return part.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/"
        )

    parts = {name: strict(part) for name, part in office.unpacked(office.word()).items()}
    assert office.read(office.packed(parts)) == office.read(office.word())


def test_deep_nesting() -> None:
    depth = 20_000
    opened, closed = "<w:ins>" * depth, "</w:ins>" * depth
    assert text(paragraph(opened, run("deep"), closed)) == "deep"


def test_title_without_properties() -> None:
    data = office.changed(office.word(), "docProps/core.xml", lambda part: b"<broken")
    found = office.read(data)
    assert (found.title, found.metadata) == ("Lease", {"language": "en-US"})
    assert found.notes == ("left out: 1 header, 1 footer", "its properties cannot be read")
    bare = office.changed(body(paragraph(run("text"))), "docProps/core.xml", None)
    assert office.read(bare, "a/b.docx").title == "b.docx"


@pytest.mark.parametrize(
    ("part", "content", "expected"),
    [
        ("word/document.xml", b"<w:p>", "word/document.xml is not well-formed XML (line 1)"),
        ("word/document.xml", None, "word/document.xml is missing"),
        ("_rels/.rels", None, "it names no main part"),
        (
            "word/styles.xml",
            b'<?xml version="1.0" encoding="klingon"?><a/>',
            "word/styles.xml is in an unknown encoding",
        ),
    ],
)
def test_damaged(part: str, content: bytes | None, expected: str) -> None:
    data = office.changed(office.word(), part, None if content is None else lambda _: content)
    assert office.reason(data) == (Unreadable, f"damaged or truncated: {expected}")


def test_no_text() -> None:
    assert office.reason(body(paragraph())) == (Skipped, "no text")


CHUNK = '<w:altChunk r:id="c1" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'


def with_chunk(name: str, data: bytes, content: str = CHUNK) -> bytes:
    """A Word document with a file that is a part of its text."""
    parts = office.unpacked(body(content))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk"
    relation = f'<Relationship Id="c1" Type="{kind}" Target="{name}"/></Relationships>'.encode()
    related = parts["word/_rels/document.xml.rels"].replace(b"</Relationships>", relation)
    return office.packed({**parts, "word/_rels/document.xml.rels": related, f"word/{name}": data})


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("a.html", "<h1>Zo\xeb</h1><p>of <b>quinces</b>".encode("latin-1"), "Zoë\n\nof quinces"),
        ("a.rtf", rb"{\rtf1 Gr\'f6\'dfe\par\par two}", "Größe\n\ntwo"),
        ("a.txt", b"plain words", "plain words"),
        ("a.docx", body(paragraph(run("inner"))), "inner"),
    ],
)
def test_files_that_are_part_of_the_text_are_read(name: str, data: bytes, shown: str) -> None:
    content = paragraph(run("before")) + CHUNK + paragraph(run("after"))
    assert office.read(with_chunk(name, data, content)).text == f"before\n\n{shown}\n\nafter"
    assert office.read(with_chunk(name, data)).text == shown


def test_a_chunk_that_cannot_be_read_is_noted() -> None:
    found = office.read(with_chunk("a.docx", b"PK", paragraph(run("text")) + CHUNK))
    assert found.text == "text"
    assert found.notes[-1] == "a file that is a part of the text cannot be read: damaged or truncated"


def test_documents_inside_documents_end() -> None:
    data = body(paragraph(run("innermost")))
    for _ in range(4):
        data = with_chunk("a.docx", data, paragraph(run("around")) + CHUNK)
    found = office.read(data)
    assert found.text == "around\n\naround\n\naround"
    assert found.notes[-1].endswith("nested too deeply in other documents")


@pytest.mark.parametrize("kind", ["drop", "margin"])
def test_an_initial_begins_the_next_paragraph(kind: str) -> None:
    initial = paragraph(run("Q"), properties=f'<w:framePr w:dropCap="{kind}" w:lines="3"/>')
    assert text(initial, paragraph(run("uince trees"))) == "Quince trees"
    assert text(initial) == "Q"
    assert text(paragraph(run("Q"), properties='<w:framePr w:w="9"/>'), paragraph(run("uince"))) == "Q\n\nuince"


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("Chart of the harvest", "See Chart of the harvest here"),
        ("A heron&#10;&#10;Description automatically generated", "See A heron here"),
        ("heron.jpg", "See here"),
        ("https://example.org/x.png", "See here"),
        ("", "See here"),
    ],
)
def test_a_picture_is_its_description(description: str, shown: str) -> None:
    space = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    drawing = f'<w:r><w:drawing><d:docPr xmlns:d="{space}" id="1" name="P" descr="{description}"/></w:drawing></w:r>'
    assert text(paragraph(run("See "), drawing, run("here"))) == shown


def test_formulas() -> None:
    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    fraction = "<m:f><m:num><m:r><m:t>x</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    hidden = "<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>"
    content = f"<w:p>{hidden}<m:oMath {math}>{fraction}</m:oMath>{run(' is half')}</w:p>"
    assert office.read(body(content)).text == "x/2 is half"
