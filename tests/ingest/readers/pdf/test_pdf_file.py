import io
import re

import pytest

from pdfs import pdf
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.pdf.pdf_file import read
from wherein.ingest.readers.shared.skipped import Skipped

DAMAGED = "damaged or truncated PDF"


def document(data: bytes) -> Document:
    (found,) = read(io.BytesIO(data), "folder/file.pdf")
    assert isinstance(found, Document)
    return found


def reason(data: bytes, kind: type[Unreadable] = Unreadable) -> str:
    with pytest.raises(Unreadable) as caught:
        document(data)
    assert type(caught.value) is kind
    return str(caught.value)


def test_pages() -> None:
    found = document(pdf(["Hello", "caf\xe9 two"], ["Second page"], title=b"The  title"))
    assert found == Document(
        "The title",
        "Hello\ncafé two\n\nSecond page",
        "application/pdf",
        marks=(Mark(0, 1), Mark(16, 2)),
    )


def test_file_name_for_a_title() -> None:
    assert document(pdf(["Hello"])).title == "file.pdf"


def test_outline() -> None:
    pages = (["Preface", "Part  One", "text"], ["more"], ["Part Two"])
    outline = [("Part One", 1), ("Hidden", 2), ("Part Two", 3)]
    found = document(pdf(*pages, outline=outline))
    text = "Preface\nPart One\ntext\n\nmore\n\nPart Two"
    assert found.text.replace("Part  One", "Part One") == text
    assert found.marks == (
        Mark(0, 1, ()),
        Mark(found.text.index("Part"), 1, ("Part One",)),
        Mark(found.text.index("more"), 2, ("Hidden",)),
        Mark(found.text.index("Part Two"), 3, ("Part Two",)),
    )


def test_outline_entry_on_a_page_without_text() -> None:
    found = document(pdf(["one"], [], ["three"], outline=[("Two", 2)]))
    assert found.marks == (Mark(0, 1), Mark(5, 3, ("Two",)))


def test_pages_without_text() -> None:
    found = document(pdf(["one"], [], ["three"], [], [], []))
    assert found.text == "one\n\nthree"
    assert [mark.page for mark in found.marks] == [1, 3]
    assert found.notes == ("4 of 6 pages have no text: 2, 4-6",)
    assert document(pdf(["one"], [])).notes == ("1 of 2 pages has no text: 2",)
    many = document(pdf(*([["x"], []] * 25)))
    assert many.notes == (f"25 of 50 pages have no text: {', '.join(map(str, range(2, 42, 2)))}, …",)


def test_no_text_at_all() -> None:
    assert reason(pdf([], [], []), Skipped) == "no text on its 3 pages"
    assert reason(pdf([]), Skipped) == "no text on its 1 page"


def test_hyphens_at_line_ends_leave_no_marker() -> None:
    found = document(pdf(["A hyphen-", "ated word"]))
    assert re.fullmatch(r"A hyphen-?\n?ated word", found.text)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Covid-", "19 came"], "Covid-19 came"),
        (["in Sankt-", "Peter"], "in Sankt-Peter"),
        (["INTER-", "NATIONAL"], "INTERNATIONAL"),
        (["the EU-", "Commission"], "the EU-Commission"),
        (["a PDF-", "file"], "a PDF-file"),
        (["A-", "merican"], "American"),
        (["Tel. 0171-", "4455"], "Tel. 0171-\n4455"),
    ],
)
def test_the_hyphen_of_a_compound_stays(lines: list[str], text: str) -> None:
    assert document(pdf(lines)).text == text


def test_cut_short() -> None:
    whole = pdf(["one"], ["two"], ["three"])
    for length in (9, 100, len(whole) // 2, whole.index(b"startxref")):
        assert reason(whole[:length]) == DAMAGED
    update = whole + b"20 0 obj\n<< /Length 99 >>\nstream\n"
    assert reason(update) == DAMAGED
    assert document(whole + b"\nfree words after the end\n").text == "one\n\ntwo\n\nthree"


def test_damaged() -> None:
    assert reason(b"%PDF-1.4\nnothing\nstartxref\n0\n%%EOF") == DAMAGED
    assert reason(b"not a PDF at all") == DAMAGED
    assert reason(pdf()) == DAMAGED


def test_one_damaged_page() -> None:
    data = pdf(["one"], ["two"])
    broken = data.replace(b"7 0 obj\n<< /Type /Page ", b"7 0 obj\n<< /Type /Font ")
    assert len(broken) == len(data)
    found = document(broken)
    assert found.text == "one"
    assert found.notes == ("1 of 2 pages cannot be read: 2",)


def test_encrypted() -> None:
    keys = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (%b) /U (%b) >> /ID [(a) (a)]" % (
        b"o" * 32,
        b"u" * 32,
    )
    assert reason(pdf(["one"], trailer=keys)) == "encrypted PDF; save it without a password"
    unknown = keys.replace(b"/Standard", b"/Elsewise")
    assert reason(pdf(["one"], trailer=unknown)) == ("PDF with unsupported encryption; save it without encryption")


def test_any_flipped_byte_is_read_or_refused() -> None:
    data = pdf(["one"], ["two"], title=b"T", outline=[("one", 1)])
    for position in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 0x55
        try:
            found = document(bytes(damaged))
        except Unreadable:
            continue
        assert "\0" not in found.text


def test_metadata() -> None:
    info = b"T) /Author (Ada) /Keywords (rent, lease) /Subject (Houses) /CreationDate (D:20240131100500+02'00') /X (x"
    assert document(pdf(["one"], title=info)).metadata == {
        "author": "Ada",
        "subject": "Houses",
        "keywords": ["rent", "lease"],
        "created": "2024-01-31T08:05:00Z",
    }
