import office
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.office.odt import READER

TEXT = (
    "Rent\n\nIt is due\nmonthly.\n\n- in cash\n  - or so\n- by bank\n\nSums\n\nMay |  | 100\nJune | b | c\n\nEnd\n\n"
    "See the law."
)


def content(change: tuple[str, str]) -> str:
    """The text when something in the content is replaced by something else."""
    old, new = (part.encode() for part in change)

    def replaced(part: bytes) -> bytes:
        assert old in part
        return part.replace(old, new, 1)

    return office.read(office.changed(office.open_text(), "content.xml", replaced)).text


def test_document() -> None:
    assert office.read(office.open_text()) == Document(
        "The lease",
        TEXT,
        READER.media_type,
        metadata={
            "author": "Ada",
            "keywords": ["rent", "lease"],
            "language": "en-GB",
            "created": "2024-01-31T10:05:00",
            "modified": "2024-02-01T00:00:00Z",
        },
        marks=(
            Mark(0, heading=("Rent",)),
            Mark(TEXT.index("Sums"), heading=("Rent", "Sums")),
            Mark(TEXT.index("End"), heading=("End",)),
            Mark(TEXT.index("See")),
        ),
    )


def test_deletions_and_comments_are_left_out() -> None:
    deleted = "<text:tracked-changes><text:deletion><text:p>deleted</text:p></text:deletion></text:tracked-changes>"
    assert content(("<text:h ", f"{deleted}<text:h ")) == TEXT
    comment = "<office:annotation><text:p>a comment</text:p></office:annotation>due"
    assert content(("due", comment)) == TEXT


def test_text_boxes_stand_before_their_paragraph() -> None:
    box = (
        '<draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><draw:text-box>'
        "<text:p>in the box</text:p></draw:text-box></draw:frame>due"
    )
    assert content(("due", box)) == TEXT.replace("It is", "in the box\n\nIt is")


def test_blanks_are_not_counted_without_end() -> None:
    assert content(('text:c="3"', 'text:c="999999999"')) == TEXT


def test_damaged_properties_and_manifest_cost_no_text() -> None:
    data = office.changed(office.open_text(), "META-INF/manifest.xml", lambda part: part[:-9])
    found = office.read(office.changed(data, "meta.xml", lambda part: part[:-9]), "a/b.odt")
    assert (found.text, found.title, found.metadata) == (TEXT, "Rent", {})
    assert found.notes == ("its properties cannot be read",)


def test_formulas() -> None:
    names = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    formula = b'<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>x</mi><mn>2</mn></mfrac></math>'
    for href, shown in (("./Object 1", "x/2"), ("Object 1/", "x/2"), ("Object 2", ""), ("Object 3", ""), ("", "")):
        data = office.changed(
            office.open_text(),
            "content.xml",
            lambda part, href=href: part.replace(b"due", f'due <draw:object {names} xlink:href="{href}"/>'.encode(), 1),
        )
        parts = {
            "Object 1/content.xml": formula,
            "Object 2/content.xml": formula[:-3],
            "Object 3/content.xml": b"<a>b</a>",
        }
        found = office.read(office.packed({**office.unpacked(data), **parts}))
        assert found.text == TEXT.replace("due", f"due {shown}".strip(), 1)
    inside = content(("due", f"due <draw:object {names}>{formula.decode()}</draw:object>"))
    assert inside == TEXT.replace("due", "due x/2", 1)


def test_hidden_text_is_left_out() -> None:
    styles = (
        "<office:automatic-styles>"
        '<style:style style:name="T9" style:family="text"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="T8" style:family="text"><style:text-properties/></style:style>'
    )
    paragraph = '<text:p text:style-name="T9">secret <text:span>too</text:span></text:p>'
    section = '<text:section text:name="s" text:display="none"><text:p>secret</text:p></text:section>'
    span = '<text:span text:style-name="T9">secret</text:span><text:span text:style-name="T8">due</text:span>'

    def changed(part: bytes) -> bytes:
        part = part.replace(b"<office:automatic-styles/>", f"{styles}</office:automatic-styles>".encode())
        assert b"T9" in part
        return part.replace(b"<text:h ", f"{paragraph}{section}<text:h ".encode(), 1).replace(b"due", span.encode(), 1)

    assert office.read(office.changed(office.open_text(), "content.xml", changed)).text == TEXT
