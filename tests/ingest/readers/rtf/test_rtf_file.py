"""Rich Text Format."""

import io

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.shared.skipped import Skipped

FONTS = (
    rb"{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset204 Arial Cyr;}{\f2\fnil\fcharset128 MS Mincho;}"
    rb"{\f3\fnil\fcharset238{\*\panose 02}Times CE;}{\f4\ftech\fcharset2 Symbol;}}"
)


def read(body: bytes, head: bytes = rb"{\rtf1\ansi\ansicpg1252\deff0", name: str = "a.rtf") -> Document:
    stream = io.BytesIO(head + FONTS + b"\r\n" + body + b"}")
    (document,) = choose(name, stream).read(stream, name)
    assert isinstance(document, Document)
    return document


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            rb"Die Gr\'f6\'dfe der T\'fcr. Na\u239?ve cafe. Boi\b ler\b0  room.",
            "Die Größe der Tür. Naïve cafe. Boiler room.",
        ),
        (rb"\f1 \'c4\'ee\'e3\'ee\'e2\'ee\'f0 \f0 ende", "Договор ende"),
        (rb"\f2 \'8c\'c3\'8f\'91\'93X", "古書店"),  # the last byte is written as a letter
        (rb"\f2 \'83\\\'83\{ \'83\}", "ソボ マ"),  # the last byte is escaped
        (rb"{\f3 \'c8l\'e1nek} \'c8", "Článek È"),
        (rb"\uc2 a\u8364\'88\'c9b \uc0\u8364 c", "a€b €c"),
        (rb"\u-10179?\u-8704? smile", "😀 smile"),
        (rb"a\~b\_c\-d\emdash e\ldblquote f\rdblquote\line g\tab h", "a b-cd—e“f”\ng h"),
        (rb"x {\v hidden}{\deleted gone}y \plain\v z\v0 w", "x y w"),
        (
            rb"{\*\generator Riched20;}{\pict\wmetafile8 0100}{\field{\*\fldinst HYPERLINK x}{\fldrslt here}} a",
            "here a",
        ),
        (rb"{\upr{old}{\*\ud{\u1040?new}}} a", "Аnew a"),
        (rb"{\*\unknown{\b text}}a\bin5 \}}{{b", "ab"),
        (rb"{\b\*\cs7 The quick} fox", "The quick fox"),
        (b"one\\\ntwo\\par\n\\par three", "one\n\ntwo\n\nthree"),
        (rb"{ \b spaced}", "spaced"),
        (rb"\{a\}\\b", r"{a}\b"),
    ],
)
def test_text(body: bytes, text: str) -> None:
    assert read(body).text == text


def test_headings_lists_and_tables() -> None:
    styles = rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 \'dcberschrift;}{\s2 heading 2;}}"
    document = read(
        styles + rb"\pard\s1 Lease\par\pard\s2 Rent\par\pard It is due.\par"
        rb"{\listtext\f4\'b7\tab}\pard in cash\par{\pntext 1.\tab}\ilvl0 by bank\par"
        rb"\trowd\pard\intbl May\cell early\par or late\cell\row\trowd June\cell\cell\row\pard After."
    )
    assert document.text == (
        "Lease\n\nRent\n\nIt is due.\n\n- in cash\n1. by bank\n\nMay | early or late\nJune | \n\nAfter."
    )
    assert [mark.heading for mark in document.marks] == [("Lease",), ("Lease", "Rent")]
    assert document.title == "Lease"


def test_a_row_that_ends_before_its_last_cell_keeps_it() -> None:
    document = read(rb"\pard\intbl May\cell early\par\row\pard\intbl June\cell late\cell\row\pard After.")
    assert document.text == "May | early\nJune | late\n\nAfter."


def test_notes_boxes_and_what_is_left_out() -> None:
    document = read(
        rb"{\header page head}{\footer page foot}{\info{\title The lease}{\author Ann Quince}"
        rb"{\creatim\yr2024\mo1\dy31\hr10\min5}{\operator Bob}}"
        rb"Clause four{\super\chftn{\footnote\pard\plain\chftn A note.\par}}{\*\annotation why} stands."
        rb"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard In a box\par}}{\shprslt In a box}}\par End."
    )
    assert document.text == "In a box\n\nClause four stands.\n\nEnd.\n\nA note."
    assert document.marks == (Mark(document.text.index("A note.")),)
    assert document.title == "The lease"
    assert document.metadata == {"author": "Ann Quince", "created": "2024-01-31T10:05:00"}
    assert document.notes == ("left out: 1 header, 1 footer, 1 comment",)


def test_a_pair_of_surrogates_in_a_property_is_one_character() -> None:
    assert read(rb"{\info{\title \u-10179?\u-8704? Smile}}text").title == "😀 Smile"


def test_the_first_bytes_decide_and_what_follows_the_end_is_no_text() -> None:
    stream = io.BytesIO(b"\xef\xbb\xbf\r\n{\\rtf1 text}\x00{\\b trailing}")
    (document,) = choose("letter.doc", stream).read(stream, "letter.doc")
    assert isinstance(document, Document)
    assert document.text == "text"


@pytest.mark.parametrize(
    ("data", "reason"), [(b"{\\rtf1 }", "no text"), (b"{\\rtf1" + b"{" * 20_000 + b"x", "groups are nested more than")]
)
def test_files_that_are_not_read(data: bytes, reason: str) -> None:
    stream = io.BytesIO(data)
    with pytest.raises(Skipped if reason == "no text" else Unreadable, match=reason):
        list(choose("a.rtf", stream).read(stream, "a.rtf"))
