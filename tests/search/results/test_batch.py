"""Many questions from a file, as texts or as JSON objects."""

import pytest

from wherein.errors import UsageError
from wherein.search.results.batch import read_batch


def test_a_batch_has_texts_or_objects() -> None:
    lines = [
        "who may sign?\n",
        "\n",
        '{"id": "q7", "question": "when?"}\n',
        '{"_id": 5, "text": "where?"}',
        '  {"query": "\\ud800x"}',
    ]
    assert list(read_batch(lines)) == [(1, "who may sign?"), ("q7", "when?"), (5, "where?"), (5, "?x")]
    for wrong in ("{broken", "{}", '{"question": 5}', '{"question": " "}', '{"question": "a", "id": [1]}', "{" * 10**5):
        with pytest.raises(UsageError, match="Line 2 of the questions"):
            list(read_batch(["first", wrong]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{broken", "begins like JSON but is not valid"),
        ('{"id": 1}', 'has no text as "question"'),
        ('{"question": null}', 'has no text as "question"'),
        ('{"question": "a", "id": true}', "has an id that is neither text nor a number"),
        ('{"question": "a", "id": null}', "has an id that is neither text nor a number"),
    ],
)
def test_an_error_names_the_line_and_the_problem(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"Line 3 of the questions {words}"):
        list(read_batch(["", "who?", line]))


def test_the_first_known_key_counts_and_a_blank_line_is_counted() -> None:
    lines = [
        "",
        '{"text": "c", "query": "b", "question": "a", "_id": "x", "id": 0}',
        '{"query": "b", "text": "c"}',
        " d ",
    ]
    assert list(read_batch(lines)) == [(0, "a"), (3, "b"), (4, "d")]
    assert list(read_batch(["\n", " "])) == []
