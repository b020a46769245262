"""Many questions from a file: one a line, as text or as a JSON object."""

import json
from collections.abc import Iterable, Iterator

from wherein.errors import UsageError

__all__ = ["read_batch"]

_IDS = ("id", "_id")
_QUESTIONS = ("question", "query", "text")


def read_batch(lines: Iterable[str]) -> Iterator[tuple[str | int, str]]:
    """Yield id and question of each line that is not blank; the id of one that has none is the line's number.

    A line that begins with `{` is a JSON object with `question` (or `query`, or `text`) and, if it likes, `id` (or
    `_id`). Raises UsageError for one that is not.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        yield _record(number, line) if line.lstrip().startswith("{") else (number, line.strip())


def _record(number: int, line: str) -> tuple[str | int, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Line {number} of the questions begins as JSON and is none ({error})") from None
    question = next((record[key] for key in _QUESTIONS if key in record), None)
    if not isinstance(question, str) or not question.strip():
        raise UsageError(f'Line {number} of the questions has no text as "question"')
    name = next((record[key] for key in _IDS if key in record), number)
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise UsageError(f"Line {number} of the questions has an id that is neither text nor a number")
    # JSON can spell what is no text.
    return _clean(name) if isinstance(name, str) else name, _clean(question)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
