"""The answers to a file of questions, as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import tee
from typing import TYPE_CHECKING, BinaryIO

from wherein.commands.answers import answer_fields
from wherein.commands.output import print_json
from wherein.errors import UsageError, WhereinError

if TYPE_CHECKING:
    from wherein.commands.query import Query

__all__ = ["answer_batch"]


def answer_batch(asked: Query, name: str, *, explain: bool) -> None:
    """Print the answer to each question of a file, one per line; `-` is standard input.

    Raises UsageError when the file cannot be read.
    """
    from wherein.search.results.batch import read_batch
    from wherein.storage.disk.text_lines import text_lines

    error: WhereinError | None = None
    with _opened(name) as file:
        # tee: the questions of a whole batch are read ahead, while the names are needed one by one.
        named, questions = tee(read_batch(text_lines(file, "replace")))
        answers = asked.library.query_many(
            (text for _, text in questions), asked.count, mode=asked.mode, only=asked.only, options=asked.results
        )
        for (id_, _), answer in zip(named, answers, strict=True):
            # After the first failure the answer model is not tried again; passages are printed all the same.
            answered = asked.with_exact(answer, error)
            error = answered.error
            print_json({"id": id_, **answer_fields(answered, asked.mode, explain=explain)})
    if error:
        raise error


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        if sys.stdin is None:
            raise UsageError("Standard input is closed; name a file of questions")
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: PTH123, SIM115 - odd bytes stay
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {getattr(error, 'strerror', error)}") from None
    with file:
        yield file
