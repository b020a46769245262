"""Web pages saved as one file."""

import io

import pytest

from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.shared.skipped import Skipped

PAGE = "<title>Kessel</title><h1>Heizung</h1><p>Kalt in Z=C3=BCrich."
BLINK = "From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/\nSubject: =?utf-8?Q?Der_Kessel?=\n"
WORD = ""
EXPLORER = 'From: "Saved by Windows Internet Explorer 11"\nSubject: Der Kessel\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n'


def part(kind: str, content: str, extra: str = "") -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n{extra}\n{content}\n"


def saved(head: str, *parts: str, start: str = "") -> bytes:
    related = f'MIME-Version: 1.0\nContent-Type: multipart/related;\n\ttype="text/html";{start}\n\tboundary=b\n\n'
    return (head + related + "".join(f"--b\n{content}" for content in parts) + "--b--\n").encode()


def read(data: bytes, name: str = "page.mhtml", reader: str = "mhtml") -> Document:
    stream = io.BytesIO(data)
    chosen = choose(name, stream)
    assert chosen.name == reader
    (document,) = chosen.read(stream, name)
    assert isinstance(document, Document)
    return document


STYLE = part("text/css", "body { color: red }", "Content-Location: cid:css@mhtml.blink\n")
PICTURE = part("image/png", "iVBOR", "Content-Location: https://example.org/a.png\n")


@pytest.mark.parametrize("head", [BLINK, EXPLORER, WORD])
@pytest.mark.parametrize("name", ["page.mhtml", "page.mht", "page", "page.eml"])
def test_only_the_page_is_read(head: str, name: str) -> None:
    text = "Heizung\n\nKalt in Zürich."
    expected = Document("Kessel", text, "text/html", marks=(Mark(0, heading=("Heizung",)),))
    assert read(saved(head, part("text/html; charset=utf-8", PAGE), STYLE, PICTURE), name) == expected


def test_the_encoding_is_that_of_the_part_or_of_the_page() -> None:
    declared = part("text/html; charset=koi8-r", "<p>=F0=D2=C9=D7=C5=D4")
    assert read(saved(BLINK, declared)).text == "Привет"
    assert read(saved(BLINK, part("text/html", "<meta charset=3Dkoi8-r><p>=F0=D2=C9=D7=C5=D4"))).text == "Привет"


def test_the_page_of_several_is_the_first_or_the_one_that_the_header_names() -> None:
    frame = part("text/html", "<p>advertisement", "Content-ID: <frame@x>\n")
    root = part("text/html", "<p>article", "Content-ID: <root@x>\n")
    assert read(saved(BLINK, root, frame)).text == "article"
    assert read(saved(BLINK, frame, root, start='\n\tstart="<root@x>";')).text == "article"


def test_of_a_page_of_frames_the_frames_are_read() -> None:
    root = part("text/html", "<title>x</title><frameset><frame src=3Da><frame src=3Db></frameset>")
    frames = [part("text/html", f"<h1>{word}</h1><p>{word} text") for word in ("One", "Two")]
    document = read(saved(EXPLORER, root, *frames))
    assert document.text == "One\n\nOne text\n\nTwo\n\nTwo text"
    assert document.marks == (Mark(0, heading=("One",)), Mark(15, heading=("Two",)))


def test_a_page_without_a_title_is_named_by_its_subject_or_file() -> None:
    page = part("text/html", "<p>text")
    assert read(saved(BLINK, page)).title == "Der Kessel"
    assert read(saved(WORD, page)).title == "page.mhtml"


def test_a_page_that_is_the_whole_message() -> None:
    assert read(b"MIME-Version: 1.0\nContent-Type: text/html\n\n<p>text").text == "text"
    assert read(saved(BLINK, part("text/html", "<p>text")).decode().encode("utf-16")).text == "text"


def test_a_message_of_a_person_stays_a_message() -> None:
    head = "From: Ann <ann@example.org>\nSubject: Kessel\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n"
    document = read(saved(head, part("text/html", "<p>text")), reader="mail")
    assert (document.title, document.text) == ("Kessel, Ann, 1 January 2024", "Kessel\n\ntext")


def test_no_text() -> None:
    for parts in ((STYLE,), (part("text/html", "<script>x</script>"),)):
        with pytest.raises(Skipped, match=r"^no text$"):
            read(saved(BLINK, *parts))
