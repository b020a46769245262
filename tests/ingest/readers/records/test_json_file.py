"""JSON: a document for each record, or the whole as text."""

import io

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import ReadContext
from wherein.storage.catalog.fields import NO_FIELDS, Fields

NO_FIELD = "its records have none of the fields text, content, body; --text-field NAME makes a document of each record"


def read(data: str | bytes, name: str = "a.csv", fields: Fields = NO_FIELDS) -> list[Document | Problem]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(choose(name, stream, ReadContext(fields)).read(stream, name))


def test_json_records() -> None:
    data = '[{"id": 1, "title": "T", "content": "a", "tags": ["x"]},\n {"body": "b"}, 3, {"content": "c", "id": 1}]'
    assert read(data, "a.json") == [
        Document("T", "a", "application/json", "1", {"tags": ["x"]}),
        Document("", "b", "application/json", "record-2"),
        Problem("record-3", "record 3: not a JSON object"),
        Problem("1", "record 4: same id as record 1"),
    ]


def test_json_with_fields_that_were_asked_for() -> None:
    data = '[{"k": "x", "abstract": "a"}, {"k": "y"}]'
    assert read(data, "a.json", Fields(text="abstract", id="k")) == [
        Document("", "a", "application/json", "x"),
        Problem("y", 'record 2: no "abstract"; its fields are k'),
    ]
    with pytest.raises(Unreadable, match=r'^no "abstrakt"; its fields are k, abstract$'):
        read(data, "a.json", Fields(text="abstrakt"))
    with pytest.raises(Unreadable, match=r"^not JSON \(Expecting value at column 4 of line 2\)$"):
        read('[{"a": 1},\n 2,', "a.json", Fields(text="a"))


@pytest.mark.parametrize(
    ("data", "media_type", "notes"),
    [
        ('[{"a": 1}, {"b": 2}]', "application/json", (NO_FIELD,)),
        ('[{"text": "a"}, ', "application/json", ()),
        ('[{"text": "a", "n": NaN}]', "application/json", ()),
        ("[" * 2 + "{}]", "application/json", ()),
        ('{"text": "a"}', "application/json", ()),
    ],
)
def test_other_json_is_text(data: str, media_type: str, notes: tuple[str, ...]) -> None:
    assert read(data, "a.json") == [Document("a.json", data, media_type, notes=notes)]


def test_json_that_is_nested_too_deeply() -> None:
    data = '[{"text": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}]"
    assert read(data, "a.json") == [Document("a.json", data, "application/json")]
    with pytest.raises(Unreadable, match=r"^nested too deeply$"):
        read(data, "a.json", Fields(text="text"))
