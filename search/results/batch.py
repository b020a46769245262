"""Many questions from a file, one per line, as text or as JSON objects."""

import json
from collections.abc import Iterable, Iterator

from wherein.errors import UsageError
from wherein.storage.disk.text_lines import to_unicode

__all__ = ["read_batch"]

_ID_KEYS = ("id", "_id")
_QUESTION_KEYS = ("question", "query", "text")


def read_batch(lines: Iterable[str]) -> Iterator[tuple[str | int, str]]:
    """Yield id and question of each line that is not blank; the line's number stands in for a missing id.

    A line that begins with `{` is a JSON object with `question` (or `query`, or `text`) and optionally `id` (or `_id`).
    Raises UsageError for one that is not.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        yield _record(number, line) if line.lstrip().startswith("{") else (number, line.strip())


def _record(number: int, line: str) -> tuple[str | int, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise UsageError(f"Line {number} of the questions begins like JSON but is not valid ({error})") from None
    question = next((record[key] for key in _QUESTION_KEYS if key in record), None)
    if not isinstance(question, str) or not question.strip():
        raise UsageError(f'Line {number} of the questions has no text as "question"')
    name = next((record[key] for key in _ID_KEYS if key in record), number)
    # Python's bool is an int.
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise UsageError(f"Line {number} of the questions has an id that is neither text nor a number")
    # JSON can escape lone surrogates, which are not text.
    return to_unicode(name) if isinstance(name, str) else name, to_unicode(question)
