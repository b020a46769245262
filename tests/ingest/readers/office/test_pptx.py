"""PowerPoint presentations."""

import io
import zipfile

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

import office
from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.skipped import Skipped

PART = "ppt/slides/slide1.xml"


def test_powerpoint() -> None:
    found = office.read(office.slides())
    assert found.text == "The plan\n\none\ntwo\n\nx | y\n | z\n\nSay it\nslowly.\n\nin a group"
    assert found.title == "The plan"
    assert found.metadata["author"] == "Ada"
    assert found.marks == (
        Mark(0, 1, ("The plan",)),
        Mark(found.text.index("Say"), 1, ("The plan", "Notes")),
        Mark(found.text.index("in a"), 3),
    )
    assert found.notes == ("1 of 3 slides has no text: 2",)


def test_diagrams_and_titles_of_charts() -> None:
    file = pptx.Presentation()
    slide = file.slides.add_slide(file.slide_layouts[5])
    slide.shapes.title.text = "Figures"
    data = CategoryChartData()
    data.categories = ["May", "June"]
    data.add_series("rent", (1, 2))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, 9, 9, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Rents in May"
    relation = (
        '<Relationship Id="d" Target="../diagrams/data1.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"/></Relationships>'
    )
    diagram = (
        '<d xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:p><a:r><a:t>Plan</a:t></a:r></a:p>'
        "<a:p><a:r><a:t>Build</a:t></a:r></a:p></d>"
    )
    data = office.changed(
        office.saved(file),
        "ppt/slides/_rels/slide1.xml.rels",
        lambda part: part.replace(b"</Relationships>", relation.encode()),
    )
    data = office.packed({**office.unpacked(data), "ppt/diagrams/data1.xml": diagram})
    assert office.read(data).text == "Figures\n\nRents in May\n\nPlan\n\nBuild"


def test_footers_and_numbers_of_slides_are_left_out() -> None:
    data = office.changed(office.slides(), PART, lambda part: part.replace(b'<p:ph idx="1"/>', b'<p:ph type="ftr"/>'))
    assert office.read(data).text.startswith("The plan\n\nx | y")


def test_order_is_that_of_the_presentation() -> None:
    def swapped(part: bytes) -> bytes:
        first, last = (b'<p:sldId id="%d" r:id="%b"/>' % pair for pair in ((256, b"rId7"), (258, b"rId10")))
        assert first in part
        assert last in part
        return part.replace(last, b"@").replace(first, last).replace(b"@", first)

    found = office.read(office.changed(office.slides(), "ppt/presentation.xml", swapped))
    assert found.text.startswith("in a group\n\nThe plan")
    assert [mark.page for mark in found.marks] == [1, 3, 3]


def test_a_slide_that_cannot_be_read() -> None:
    for change in (None, lambda part: part[:-20]):
        found = office.read(office.changed(office.slides(), PART, change))
        assert found.text == "in a group"
        assert found.notes == ("1 of 3 slides cannot be read: 1", "1 of 3 slides has no text: 2")
    data = office.slides()
    for number in (1, 2, 3):
        data = office.changed(data, f"ppt/slides/slide{number}.xml", lambda part: b"<")
    assert office.reason(data) == (Unreadable, "damaged or truncated: none of its slides can be read")


def test_damaged_notes_cost_no_slide() -> None:
    found = office.read(office.changed(office.slides(), "ppt/notesSlides/notesSlide1.xml", lambda part: b"<"))
    assert found.text == "The plan\n\none\ntwo\n\nx | y\n | z\n\nin a group"
    assert found.notes == ("1 of 3 slides has no text: 2", "left out: 1 damaged part")


def test_no_text() -> None:
    data = office.slides()
    for number in (1, 3):
        data = office.changed(data, f"ppt/slides/slide{number}.xml", lambda part: b"<a/>")
    data = office.changed(data, "ppt/slides/_rels/slide1.xml.rels", None)
    assert office.reason(data) == (Skipped, "no text on its 3 slides")


@pytest.mark.parametrize(
    ("namespace", "inside"),
    [
        ("http://schemas.openxmlformats.org/presentationml/2006/main", "<cm><text>secret</text></cm>"),
        ("http://schemas.microsoft.com/office/powerpoint/2018/8/main", "<cm><txBody/></cm><cm/>"),
    ],
)
def test_comments_are_noted(namespace: str, inside: str) -> None:
    relation = (
        f'<Relationship Id="c" Target="../comments/c1.xml" Type="{namespace}/relationships/comments"/></Relationships>'
    )
    data = office.changed(
        office.slides(),
        "ppt/slides/_rels/slide1.xml.rels",
        lambda part: part.replace(b"</Relationships>", relation.encode()),
    )
    parts = io.BytesIO(data)
    with zipfile.ZipFile(parts, "a") as package:
        package.writestr("ppt/comments/c1.xml", f'<cmLst xmlns="{namespace}">{inside}</cmLst>')
    found = office.read(parts.getvalue())
    assert "secret" not in found.text
    count = inside.count("<cm")
    assert found.notes == ("1 of 3 slides has no text: 2", f"left out: {count} comment{'s' * (count > 1)}")
