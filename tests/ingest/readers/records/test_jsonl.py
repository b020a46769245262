import codecs
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.records.jsonl import read
from wherein.ingest.readers.records.records import NO_TEXT_FIELD
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.catalog.fields import NO_FIELDS, Fields


def records(*lines: bytes | str, limit: int = 1000, fields: Fields = NO_FIELDS) -> list[Document | Problem]:
    data = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    return list(read(io.BytesIO(data), "a.jsonl", ReadContext(fields), limit))


def problem(line: bytes | str, key: str = "line-1") -> str:
    (found,) = records(line)
    assert isinstance(found, Problem)
    assert found.key == key
    return found.reason


def test_records() -> None:
    assert records(
        '{"id": "a", "title": "T", "text": "one", "year": 2020, "tags": ["x", {"y": null}]}\r',
        "",
        '{"_id": 7, "text": " two "}',
        '{"text": "three", "id": null}',
    ) == [
        Document("T", "one", "application/jsonl", "a", {"year": 2020, "tags": ["x", {"y": None}]}),
        Document("", " two ", "application/jsonl", "7"),
        Document("", "three", "application/jsonl", "line-4"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": ', "line 1: not JSON (Expecting value at column 10)"),
        ('{"text": "a", "n": NaN}', "line 1: not JSON (the number NaN)"),
        ('{"text": "a", "n": 1e999}', "line 1: number too large (1e999)"),
        ("[1]", "line 1: not a JSON object"),
        ("{}", 'line 1: no "text"; it has no fields'),
        ('{"text": ["a", 1]}', 'line 1: "text" is not a string'),
        ('{"title": "", "text": null}', "line 1: no text"),
        ('{"text": 1}', 'line 1: "text" is not a string'),
        ('{"text": " "}', "line 1: no text"),
        ('{"text": "a", "title": 1}', 'line 1: "title" is not a string'),
        ('{"text": "a", "id": [1]}', 'line 1: "id" is neither a string nor a number'),
        ('{"text": "a", "_id": true}', 'line 1: "_id" is neither a string nor a number'),
        ("[" * 900 + "]" * 90, "line 1: not JSON (Expecting ',' delimiter at column 991)"),
        ('{"text": "' + "a" * 1000 + '"}', "line 1: longer than 1,000 characters"),
    ],
)
def test_problems(line: bytes | str, reason: str) -> None:
    assert problem(line) == reason


def test_problems_name_the_id() -> None:
    found = records('{"id": "a"}', '{"id": "b", "text": "c"}')
    assert found[0] == Problem("a", 'line 1: no "text"; its fields are id')


def test_a_title_alone_is_a_text() -> None:
    assert records('{"title": "A", "b": 1}', '{"title": "B", "text": " "}') == [
        Document("A", "A", "application/jsonl", "line-1", {"b": 1}),
        Document("B", "B", "application/jsonl", "line-2"),
    ]


def test_a_text_may_be_a_list_of_lines() -> None:
    assert records('{"text": ["one", "two"], "title": ["A", "B"]}') == [
        Document("A\nB", "one\ntwo", "application/jsonl", "line-1")
    ]


def test_records_without_a_usual_field_are_one_text() -> None:
    source = '{"sku": "A1", "name": "K\\u00e4se"}\n{"sku": "A2", "name": "Pear"}'
    assert records(source) == [
        Document(
            "a.jsonl",
            '{"sku": "A1", "name": "Käse"}\n{"sku": "A2", "name": "Pear"}',
            "application/jsonl",
            notes=(NO_TEXT_FIELD,),
        )
    ]
    assert [item.key for item in records(source, fields=Fields(text="name", id="sku"))] == ["A1", "A2"]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1251"])
def test_lines_in_any_encoding(codec: str) -> None:
    lines = ('{"text": "Договор аренды вступает в силу завтра утром"}', '{"text": "Хозяин принесёт ключи от квартиры"}')
    found = records("\n".join(lines).encode(codec))
    assert [item.text for item in found if isinstance(item, Document)] == [json.loads(line)["text"] for line in lines]


def test_asked_for_fields() -> None:
    fields = Fields(text="abstract", id="doi", title="name")
    found = records(
        '{"doi": "10/x", "name": "N", "abstract": "A", "text": "T", "id": 3}',
        '{"doi": "10/y", "name": null, "abstract": "B"}',
        '{"doi": "10/z", "abstract": "C"}',
        '{"abstract": "D", "name": ""}',
        '{"doi": 1, "name": 2, "abstract": "E"}',
        fields=fields,
    )
    assert found == [
        Document("N", "A", "application/jsonl", "10/x", {"text": "T", "id": 3}),
        Document("", "B", "application/jsonl", "10/y"),
        Problem("10/z", 'line 3: no "name"; its fields are doi, abstract'),
        Problem("line-4", 'line 4: no "doi"; its fields are abstract, name'),
        Problem("1", 'line 5: "name" is not a string'),
    ]


def test_names_of_texts() -> None:
    found = records('{"body": "a", "content": "b"}', '{"text": "c", "content": "d"}')
    assert found == [
        Document("", "b", "application/jsonl", "line-1", {"body": "a"}),
        Document("", "c", "application/jsonl", "line-2", {"content": "d"}),
    ]


def test_names_in_any_case() -> None:
    found = records('{"ID": "a", "Title": "T", "Body": "b"}', '{"TITLE": "only"}')
    assert found == [
        Document("T", "b", "application/jsonl", "a"),
        Document("only", "only", "application/jsonl", "line-2"),
    ]


def test_deep_nesting() -> None:
    (found,) = records('{"text": "a\\u0041", "x": ' + "[" * 50_000 + "]" * 50_000 + "}", limit=10**6)
    assert found == Problem("line-1", "line 1: nested too deeply")
    assert len(records('{"text": "a\\u0041", "x": ' + "[" * 100 + "]" * 100 + "}")) == 1


def test_a_problem_does_not_stop_the_rest() -> None:
    found = records('{"id": 1, "text": "a"}', "x", '{"id": 1, "text": "b"}', "y" * 3000, '{"id": 2, "text": "c"}')
    assert [item.key for item in found] == ["1", "line-2", "1", "line-4", "2"]
    assert found[2] == Problem("1", "line 3: same id as line 1")
    assert found[3] == Problem("line-4", "line 4: longer than 1,000 characters")
    assert isinstance(found[4], Document)


def test_a_line_of_exactly_the_limit_is_read() -> None:
    line = '{"text": "abc"}'
    for end in ("", "\n"):
        (found,) = read(io.BytesIO((line + end).encode()), "a.jsonl", limit=len(line))
        assert isinstance(found, Document)


def test_what_cannot_be_stored_is_replaced() -> None:
    (found,) = records('{"id": "\\u0000", "text": "a\\ud800b", "k\\udc00": ["\\ud83d\\ude00", "\\u0000"]}')
    assert found == Document("", "a\ufffdb", "application/jsonl", "\ufffd", {"k\ufffd": ["😀", "\ufffd"]})


def test_byte_order_marks() -> None:
    (found,) = records(codecs.BOM_UTF8 + b'{"text": "a"}')
    assert isinstance(found, Document)
    (found,) = records(codecs.BOM_UTF16_LE + '{"text": "a"}'.encode("utf-16-le"))
    assert isinstance(found, Document)


def test_nothing_but_blank_lines() -> None:
    with pytest.raises(Skipped, match=r"^no text$"):
        records("", "  ", "")


class Counted(io.BytesIO):
    """A file that knows the largest piece that was read of it."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data


def test_lines_are_streamed() -> None:
    stream = Counted(b'{"text": "again"}\n' * 200_000)
    found = read(stream, "a.jsonl")
    assert [next(found).key for _ in range(3)] == ["line-1", "line-2", "line-3"]
    assert stream.largest <= 1 << 20


STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(STRINGS.filter(lambda k: k not in {"id", "_id", "title", "text"}), VALUES, max_size=4),
    STRINGS,
    STRINGS.filter(str.strip),
    st.booleans(),
)
def test_round_trip(metadata: dict[str, object], title: str, text: str, ascii_only: bool) -> None:
    line = json.dumps({"id": "k", "title": title, "text": text, **metadata}, ensure_ascii=ascii_only)
    (found,) = records(line, limit=10**6)
    assert found == Document(title, text, "application/jsonl", "k", metadata)  # type: ignore[arg-type]


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_any_bytes_give_an_item_a_line(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"").lstrip(b"\xff\xfe\0") for line in lines]
    expected = sum(1 for line in lines if line.strip())
    try:
        found = records(*lines, limit=10**6)
    except Skipped:  # binary, or nothing but blank lines
        return
    # In UTF-16, UTF-32 and EBCDIC other bytes end a line.
    assert len(found) == expected or any(byte > 127 or byte < 32 for line in lines for byte in line)
