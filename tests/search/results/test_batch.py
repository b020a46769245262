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
