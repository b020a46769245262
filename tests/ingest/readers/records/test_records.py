"""From a record to a document: its text, its id, its title, and the problems."""

from typing import Any

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document, JSONValue, Problem
from wherein.ingest.readers.records.records import Records, require_fields, text_field
from wherein.storage.catalog.fields import NO_FIELDS, Fields


def item(record: JSONValue, fields: Fields = NO_FIELDS, number: int = 3) -> Document | Problem:
    return Records("line", "text/x-test", fields).item(number, lambda: record)


def reason(record: JSONValue, fields: Fields = NO_FIELDS) -> str:
    found = item(record, fields)
    assert isinstance(found, Problem)
    return found.reason


def test_a_record() -> None:
    record = {"id": 7, "title": "Title", "text": "Text.", "year": 2020, "tags": ["a"]}
    expected = Document("Title", "Text.", "text/x-test", "7", {"year": 2020, "tags": ["a"]})
    assert item(record) == expected


@pytest.mark.parametrize("name", ["text", "content", "body"])
def test_usual_names_of_texts_and_ids(name: str) -> None:
    assert item({name: "Text."}) == Document("", "Text.", "text/x-test", "line-3")
    assert item({name: "Text.", "_id": "x"}) == Document("", "Text.", "text/x-test", "x")
    assert item({name: "Text.", "id": ""}) == Document("", "Text.", "text/x-test", "line-3")


def test_chosen_fields() -> None:
    record = {"k": "1", "head": "Title", "words": "Text.", "id": "a", "text": "other"}
    found = item(record, Fields("words", "k", "head"))
    assert found == Document("Title", "Text.", "text/x-test", "1", {"id": "a", "text": "other"})


@pytest.mark.parametrize(
    ("record", "fields", "expected"),
    [
        ([], NO_FIELDS, "not a JSON object"),
        ({"a": 1}, NO_FIELDS, 'no "text"; its fields are a'),
        ({}, NO_FIELDS, 'no "text"; it has no fields'),
        ({"text": 1}, NO_FIELDS, '"text" is not a string'),
        ({"text": "a", "title": 1}, NO_FIELDS, '"title" is not a string'),
        ({"text": "a", "id": True}, NO_FIELDS, '"id" is neither a string nor a number'),
        ({"text": "a", "id": []}, NO_FIELDS, '"id" is neither a string nor a number'),
        ({"text": "a"}, Fields(id="k"), 'no "k"; its fields are text'),
        ({"text": "a"}, Fields(title="t"), 'no "t"; its fields are text'),
        ({"text": "a"}, Fields(text="words\n"), "no \"'words\\n'\"; its fields are text"),
    ],
)
def test_problems(record: Any, fields: Fields, expected: str) -> None:
    assert reason(record, fields) == f"line 3: {expected}"


def test_a_record_without_text_is_skipped() -> None:
    assert item({"id": "x", "text": " \n"}) == Problem("x", "line 3: no text", skipped=True)


def test_an_id_is_used_once() -> None:
    records = Records("row", "text/x-test", NO_FIELDS)
    assert isinstance(records.item(1, lambda: {"id": "x", "text": "a"}), Document)
    assert records.item(5, lambda: {"id": "x", "text": "b"}) == Problem("x", "row 5: same id as row 1")
    assert isinstance(records.item(6, lambda: {"id": "y", "text": "b"}), Document)


def test_what_cannot_be_parsed() -> None:
    def deep() -> JSONValue:
        raise RecursionError

    def bad() -> JSONValue:
        raise ValueError("not JSON")

    records = Records("line", "text/x-test", NO_FIELDS)
    assert records.item(1, deep) == Problem("line-1", "line 1: nested too deeply")
    assert records.item(2, bad) == Problem("line-2", "line 2: not JSON")


def test_the_text_field() -> None:
    assert text_field(["body", "content"], NO_FIELDS) == "content"
    assert text_field(["body"], Fields(text="words")) == "words"
    assert text_field(["words"], NO_FIELDS) is None


def test_fields_that_are_missing_from_a_file() -> None:
    require_fields(["a", "b", "c"], Fields("a", "b", "c"))
    with pytest.raises(Unreadable) as caught:
        require_fields([f"f{number}" for number in range(25)], Fields(id="k"))
    assert str(caught.value) == f'no "k"; its fields are {", ".join(f"f{n}" for n in range(20))} and more'
