"""What is inside a ZIP file decides how it is read."""

import io

import pytest

import office
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.registry import all_readers
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.zip_kind import zip_kind

TYPES = '<Types><Default Extension="x" ContentType="{}"/></Types>'


def kind(data: bytes) -> str | None:
    stream = io.BytesIO(data)
    found = zip_kind(stream)
    assert stream.tell() == 0
    return found


@pytest.mark.parametrize("name", sorted(office.MAKERS))
def test_the_content_decides_and_not_the_name(name: str) -> None:
    data = office.MAKERS[name]()
    assert kind(data) == name
    for wrong in ("a.zip", "a.pdf", "a.txt", "a.docx", "a.xlsx"):
        assert choose(wrong, io.BytesIO(data)).name == name
    (reader,) = (reader for reader in all_readers() if reader.name == name)
    assert office.read(data).media_type == reader.media_type


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("vnd.ms-word.document.macroEnabled.main+xml", "docx"),
        ("vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml", "docx"),
        ("vnd.ms-word.template.macroEnabledTemplate.main+xml", "docx"),
        ("vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml", "pptx"),
        ("vnd.ms-powerpoint.presentation.macroEnabled.main+xml", "pptx"),
        ("vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml", "xlsx"),
        ("vnd.ms-excel.sheet.macroEnabled.main+xml", "xlsx"),
        ("vnd.ms-excel.sheet.binary.macroEnabled.main", "xlsb"),
        ("vnd.openxmlformats-officedocument.wordprocessingml.styles+xml", "other"),
        ("vnd.openxmlformats-officedocument.spreadsheetml.sheet", "other"),  # what is embedded in another document
    ],
)
def test_kinds_of_open_xml(content_type: str, expected: str | None) -> None:
    assert kind(office.packed({"[Content_Types].xml": TYPES.format(f"application/{content_type}")})) == expected


@pytest.mark.parametrize(
    ("mimetype", "expected"),
    [
        ("application/vnd.oasis.opendocument.text-template\n", "odt"),
        ("application/vnd.oasis.opendocument.text-master", "odt"),
        ("application/vnd.oasis.opendocument.graphics", "odp"),
        ("application/vnd.oasis.opendocument.formula", "other"),
        ("image/openraster", "other"),
    ],
)
def test_kinds_with_a_media_type(mimetype: str, expected: str | None) -> None:
    assert kind(office.packed({"mimetype": mimetype})) == expected


def test_a_book_without_a_media_type() -> None:
    assert kind(office.changed(office.book(), "mimetype", None)) == "epub"
    assert kind(office.packed({"META-INF/container.xml": "<container/>", "a.jar": "x"})) == "other"
    assert kind(office.packed({"a.jar": "x"})) is None


def test_other_archives() -> None:
    assert office.read(office.packed({"a.txt": "text"}), "a.docx").key == "a.txt"
    assert office.reason(office.packed({})) == (Skipped, "no files in it")


@pytest.mark.parametrize(
    ("parts", "name", "reason"),
    [
        ({"Index/Document.iwa": "x", "preview.jpg": "x"}, "essay.pages", "Apple Pages document; export it as .docx"),
        (
            {"index.xml": "x", "buildVersionHistory.plist": "x"},
            "a.numbers",
            "Apple Numbers document; export it as .xlsx",
        ),
        ({"index.apxl": "x"}, "a.key", "Apple Keynote presentation; export it as .pptx"),
        (
            {"a.key/Index.zip": "x", "a.key/Metadata/BuildVersionHistory.plist": "x"},
            "a.zip",
            "Apple iWork document; export it as .docx, .xlsx or .pptx",
        ),
        (
            {"mimetype": "application/vnd.sun.xml.writer"},
            "a.sxw",
            "OpenOffice.org 1 document; save it as .odt, .ods or .odp",
        ),
        ({"mimetype": "application/hwp+zip"}, "a.hwpx", "Hangul document; save it as .docx"),
        (
            {"[Content_Types].xml": TYPES.format("application/vnd.ms-visio.drawing.main+xml")},
            "a.vsdx",
            "Visio drawing; save it as .pdf",
        ),
        (
            {"[Content_Types].xml": TYPES.format("application/vnd.ms-package.xps-fixeddocumentsequence+xml")},
            "a.xps",
            "XPS document; save it as .pdf",
        ),
        ({"_rels/.rels": "x"}, "a.dwfx", "unsupported kind of document"),
    ],
)
def test_documents_that_are_not_read_say_what_they_are(parts: dict[str, str], name: str, reason: str) -> None:
    assert office.reason(office.packed(parts), name) == (Skipped, reason)


def test_a_folder_with_an_index_is_an_archive() -> None:
    assert kind(office.packed({"site/index.zip": "x", "index.xml": "<a/>"})) is None
