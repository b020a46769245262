"""Files attached to a PDF become documents of their own."""

import io

from pdfs import page_of, pdf
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.pdf.pdf_file import read
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext

WORDS = b"BT /F1 12 Tf 72 700 Td (The invoice is attached.) Tj ET"


def embedded(data: bytes) -> bytes:
    return b"<< /Type /EmbeddedFile /Length %d >>\nstream\n%b\nendstream" % (len(data), data)


def attached(name: bytes, data: bytes, content: bytes = WORDS) -> bytes:
    """A PDF with a file attached to it as a whole."""
    names = b"/Names << /EmbeddedFiles << /Names [(1) 6 0 R] >> >>"
    file = b"<< /Type /Filespec /F (%b) /UF (%b) /EF << /F 7 0 R >> >>" % (name, name)
    return page_of(content, file, embedded(data), catalog=names)


def items(data: bytes, context: ReadContext = NO_CONTEXT) -> list[tuple[str, str]]:
    found = read(io.BytesIO(data), "a.pdf", context)
    return [(item.key, item.text if isinstance(item, Document) else item.reason) for item in found]


def notes(data: bytes, context: ReadContext = NO_CONTEXT) -> tuple[str, ...]:
    first = next(iter(read(io.BytesIO(data), "a.pdf", context)))
    assert isinstance(first, Document)
    return first.notes


def test_attached_files() -> None:
    main = ("", "The invoice is attached.")
    assert items(attached(b"rent.txt", b"Rent is due in May.")) == [main, ("rent.txt", "Rent is due in May.")]
    assert items(attached(b"C:\\\\files\\\\rent.md", b"# Rent")) == [main, ("rent.md", "# Rent")]
    assert items(attached(b"/", b"Words")) == [main, ("attachment-1", "Words")]
    assert items(attached(b"inner.pdf", pdf(["Inside"]))) == [main, ("inner.pdf", "Inside")]


def test_a_file_attached_to_a_page() -> None:
    annotation = b"<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 20 20] /F 4 /FS 7 0 R >>"
    file = b"<< /Type /Filespec /F (rent.txt) /UF (rent.txt) /EF << /F 8 0 R >> >>"
    data = page_of(WORDS, annotation, file, embedded(b"Rent is due."), page=b"/Annots [6 0 R]")
    assert items(data) == [("", "The invoice is attached."), ("rent.txt", "Rent is due.")]
    inside = annotation.replace(b"7 0 R", file.replace(b"8 0 R", b"7 0 R"))
    data = page_of(WORDS, inside, embedded(b"Rent is due."), page=b"/Annots [6 0 R]")
    assert items(data) == [("", "The invoice is attached."), ("rent.txt", "Rent is due.")]


def test_a_cover_without_text() -> None:
    assert items(attached(b"rent.txt", b"Rent is due.", content=b"")) == [("rent.txt", "Rent is due.")]


def test_what_is_not_read_is_noted() -> None:
    program = attached(b"a.so", b"\x7fELF\2\1\0")
    assert items(program) == [("", "The invoice is attached.")]
    assert notes(program) == ("attached and not read: a.so (binary file (ELF program))",)
    deep = "attached and not read: rent.txt (it lies too deep in other files)"
    assert notes(attached(b"rent.txt", b"Rent"), ReadContext(depth=3)) == (deep,)


def test_a_damaged_attachment_is_a_problem() -> None:
    found = list(read(io.BytesIO(attached(b"inner.pdf", b"%PDF-1.4 cut")), "a.pdf"))
    assert found[1:] == [Problem("inner.pdf", "damaged or truncated PDF")]
