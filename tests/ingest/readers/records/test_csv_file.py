"""CSV: a document for each row, or the whole as text."""

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.records.csv_file import detect_delimiter
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.catalog.fields import NO_FIELDS, Fields

DOUBT = "read as windows-1252, a guess (50 % sure); if it is in another encoding, ingest it again with --encoding NAME"
NO_COLUMN = "none of its columns is called text, content or body; --text-field NAME makes a document of each row"


def read(data: str | bytes, name: str = "a.csv", fields: Fields = NO_FIELDS) -> list[Document | Problem]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(choose(name, stream, ReadContext(fields)).read(stream, name))


def row(text: str, key: str, title: str = "", **metadata: object) -> Document:
    return Document(title, text, "text/csv", key, metadata)  # type: ignore[arg-type]


TABLE = 'id;title;text;year;rate;code\n7;T;"one; ""1""\ntwo";2024;1.5;007\n8;;three;;-0.25;1e5\n'


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_rows(newline: str, codec: str) -> None:
    expected = [
        row(f'one; "1"{newline}two', "7", "T", year=2024, rate=1.5, code="007"),
        row("three", "8", rate=-0.25, code="1e5"),
    ]
    assert read(TABLE.replace("\n", newline).encode(codec)) == expected


def test_a_guess_is_noted_and_reported() -> None:
    (document,) = read("text,ort\ncaf\xe9 \u20ac,K\xf6ln\n".encode("cp1252"))
    assert document == Document("", "café €", "text/csv", "row-2", {"ort": "Köln"}, notes=(DOUBT,), doubts=(DOUBT,))


def test_a_bad_row_is_reported_and_the_others_are_read() -> None:
    assert read('id,text\n1,a\n1,b\n2,c,d\n\n3\n ,\n,"e"\n4,f,\n') == [
        row("a", "1"),
        Problem("1", "row 3: same id as row 2"),
        Problem("row-4", "row 4: 3 fields, but the first row has 2"),
        Problem("3", "row 6: no text", skipped=True),
        row("e", "row-8"),
        row("f", "4"),
    ]


def test_columns_without_a_name_of_their_own() -> None:
    assert read("text,,x,x\na,b,c,d\n") == [row("a", "row-2", **{"column 2": "b", "x": "c", "x (2)": "d"})]


def test_usual_names_in_any_case() -> None:
    assert read("ID,Title,TEXT\n007,1.50,a\n") == [row("a", "007", "1.50")]
    assert read("Text,content\na,b\n") == [row("b", "row-2", Text="a")]


@pytest.mark.parametrize("before", ["\n \n;;\n", "# exported; on Monday\n#\n\n", '# a "b, c\n'])
def test_what_precedes_the_names_of_the_columns(before: str) -> None:
    skipped = before.count("\n")
    expected = [row("a; b", f"row-{skipped + 2}", n=1), row("#2", f"row-{skipped + 3}", n=2)]
    assert read(f'{before}text;n\n"a; b";1\n#2;2\n') == expected


def test_a_sign_of_numbers_is_no_comment() -> None:
    assert read("#id,text\n1,a\n") == [row("a", "row-2", **{"#id": 1})]
    assert read("#,words\n1,a\n", fields=Fields(text="words")) == [row("a", "row-2", **{"#": 1})]
    with pytest.raises(Unreadable, match=r'^no "word"; its fields are #, words$'):
        read("#,words\n1,a\n", fields=Fields(text="word"))
    assert read("# only\n# comments\n") == [Document("a.csv", "# only\n# comments\n", "text/csv", notes=(NO_COLUMN,))]


def test_asked_for_columns() -> None:
    fields = Fields(text="Body text", id="nr", title="name")
    assert read("nr,name, Body  text ,text\n4,N,B,T\n", fields=fields) == [
        Document("N", "B", "text/csv", "4", {"text": "T"})
    ]
    with pytest.raises(Unreadable, match=r'^no "Body text"; its fields are nr, b$'):
        read("nr,b\n1,2\n", fields=fields)
    with pytest.raises(Unreadable, match=r'^no "nr"; its fields are Body text$'):
        read("Body text\nx\n", fields=fields)


def test_a_table_without_a_text_is_one_document() -> None:
    assert read("\ufeffname,year\nAda,1815\n") == [
        Document("a.csv", "name,year\nAda,1815\n", "text/csv", notes=(NO_COLUMN,))
    ]


def test_nothing_in_it() -> None:
    for data in ("\n\n", "\ufeff", "id,text\n", "id,text\n\n,\n"):
        with pytest.raises(Skipped, match=r"^no text$"):
            read(data)
    with pytest.raises(Skipped, match=r"^binary file$"):
        read(b"a,b\n" + b"x" * 5000 + b"\xff\0")
    *_, last = read(codecs.BOM_UTF16_LE + "text\n".encode("utf-16-le") * 40_000 + b"a")
    assert isinstance(last, Document)
    assert last.text == "\ufffd"


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,2\t3\n", "\t"),
        ("a|b|c\n", "|"),
        ('"a, b";c\n"d, e";f\n', ";"),
        ("a,b;c\nd,e\nf,g\n", ","),
        ("text\none, two\n", ","),
        ("", ","),
    ],
)
def test_delimiters(sample: str, delimiter: str) -> None:
    assert detect_delimiter(sample) == delimiter


def test_a_delimiter_that_is_named() -> None:
    assert read("sep=^\ntext^n\na, b; c^1\n") == [row("a, b; c", "row-2", n=1)]


def test_a_long_field() -> None:
    text = "long " * 100_000
    assert read(f'id,text\n1,"{text}"\n') == [row(text, "1")]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=8)


@given(st.lists(st.tuples(CELLS.filter(str.strip), CELLS), max_size=5), st.sampled_from([",", ";", "\t", "|"]))
def test_round_trip(rows: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("text", "title"), *rows])
    found = read(out.getvalue()) if rows else []
    assert found == [row(text, f"row-{number}", title) for number, (text, title) in enumerate(rows, 2)]
