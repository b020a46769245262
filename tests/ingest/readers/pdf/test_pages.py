"""Pages that are pictures: read by Tesseract, or counted and explained."""

import io

import pytest

from ocr import MISSING, drawn, hide_tesseract, needs_tesseract
from pdfs import built, gray_picture, page_of, stream
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.pdf.pdf_file import read
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.skipped import Skipped

pytest.importorskip("PIL", reason="pictures are drawn by Pillow; install wherein[ocr]")

LINES = ("The owner signs the lease.", "Rent is due in May.")
TEXT = "\n".join(LINES)


def mixed(*pages: str | tuple[str, ...] | None) -> bytes:
    """A PDF of pages with a line of text, pages that are pictures of lines, and empty ones (None)."""
    kids = b" ".join(b"%d 0 R" % (4 + 3 * index) for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, page in enumerate(pages):
        lines = page if isinstance(page, tuple) else ("-",)
        image = drawn(*lines)
        picture = b"q %d 0 0 %d 0 0 cm /I Do Q" % image.size
        scan = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(picture), picture)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> /XObject << /I %d 0 R >> >> >>"
            % (max(image.width, 595), max(image.height, 842), 5 + 3 * index, 6 + 3 * index),
            scan if isinstance(page, tuple) else stream([page] if page else []),
            gray_picture(image.width, image.height, image.tobytes()),
        ]
    return built(objects)


def document(data: bytes) -> Document:
    (found,) = read(io.BytesIO(data), "a.pdf", ReadContext(ocr_languages="eng"))
    assert isinstance(found, Document)
    return found


@needs_tesseract
def test_only_pages_without_text_are_recognized() -> None:
    found = document(mixed("A page of letters.", LINES, None, ("Quinces are sour and hard.",)))
    assert found.text == f"A page of letters.\n\n{TEXT}\n\nQuinces are sour and hard."
    start = len("A page of letters.\n\n")
    second = start + len(TEXT) + 2
    assert found.marks == (Mark(0, 1), Mark(start, 2), Mark(second, 4))
    assert found.recognized == ((start, len(found.text)),)
    blank, recognized = found.notes
    assert blank == "1 of 4 pages has no text: 3"
    assert recognized.startswith("2 of 4 pages are read by OCR (eng, 9")
    assert recognized.endswith(" % sure): 2, 4")
    assert found.doubts == ()


@needs_tesseract
def test_a_page_number_on_a_scan_is_not_its_text() -> None:
    image = drawn(*LINES)
    content = b"q %d 0 0 %d 0 0 cm /I Do Q BT /F1 9 Tf 20 5 Td (Page 7) Tj ET" % image.size
    data = page_of(
        content,
        gray_picture(image.width, image.height, image.tobytes()),
        resources=b"/XObject << /I 6 0 R >>",
        box=b"%d %d" % image.size,
    )
    assert TEXT in document(data).text


@needs_tesseract
def test_a_picture_without_text() -> None:
    content = b"0.5 g 100 100 300 300 re f"
    with pytest.raises(Skipped, match=r"^no text on its 1 page$"):
        document(page_of(content))


def test_without_tesseract_pages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_tesseract(monkeypatch)
    found = document(mixed("A page of letters.", LINES, LINES))
    assert found.text == "A page of letters."
    assert found.notes == found.doubts == (f"2 of 3 pages are pictures: 2-3; {MISSING}",)
    assert found.recognized == ()


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ((LINES,), "its page is a picture"),
        ((LINES, LINES), "its 2 pages are pictures"),
        ((LINES, None, LINES), "no text; 2 of its 3 pages are pictures"),
        ((None, LINES), "no text; 1 of its 2 pages is a picture"),
    ],
)
def test_without_tesseract_scans_are_skipped(
    monkeypatch: pytest.MonkeyPatch, pages: tuple[tuple[str, ...] | None, ...], expected: str
) -> None:
    hide_tesseract(monkeypatch)
    with pytest.raises(Unreadable) as caught:
        document(mixed(*pages))
    assert str(caught.value) == f"{expected}; {MISSING}"


def test_the_worker_hears_of_each_page_that_is_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    context = ReadContext(ocr_languages="eng", alive=lambda: heard.append(1))
    monkeypatch.setattr("wherein.ingest.readers.pdf.pages.obstacle", lambda _: "")
    monkeypatch.setattr("wherein.ingest.readers.pdf.pages.recognize", lambda picture, _: fail(picture.width))
    with pytest.raises(Skipped):
        list(read(io.BytesIO(mixed(LINES, None, LINES)), "a.pdf", context))
    assert len(heard) == 2


def fail(_: int) -> None:
    raise Unreadable("it failed")


@needs_tesseract
def test_recognized_pages_between_others_are_spans_of_their_own() -> None:
    found = document(mixed(LINES, "A page of letters.", LINES))
    last = found.text.rindex(TEXT)
    assert found.recognized == ((0, len(TEXT)), (last, len(found.text)))
