"""`wherein query`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import tee
from typing import TYPE_CHECKING, BinaryIO

import click

from wherein.commands.options import (
    GlobalOptions,
    filter_options,
    json_option,
    mode_option,
    result_options,
    to_unicode,
)
from wherein.commands.output import print_json, warn
from wherein.errors import Stale, UsageError, WhereinError
from wherein.search.limits import MAX_HITS

if TYPE_CHECKING:
    from wherein.library import Answer, Filter, Library, ResultOptions
    from wherein.search.exact_answer import ExactAnswer

__all__ = ["query"]

_MAX_CUT = 200
"""Characters that are shown of the part of a question that the model did not see."""


@dataclass(frozen=True)
class _Query:
    """How questions are asked of a library, and how their answers are printed."""

    library: Library
    count: int
    mode: str
    only: Filter | None
    results: ResultOptions
    exact: bool
    explain: bool


@dataclass(frozen=True)
class _Answered:
    """An answer and the exact answer in each of its hits; None without `--answer`.

    `error` is why there are no exact answers: it is raised after the passages have been printed.
    """

    answer: Answer
    exact: Sequence[ExactAnswer | None] | None = None
    error: WhereinError | None = None


@click.command()
@click.argument("question", nargs=-1)
@click.option("-n", "count", type=click.IntRange(1, MAX_HITS), default=5, show_default=True, help="Number of passages.")
@mode_option("Rank by meaning, by words, or by both.")
@click.option("--answer", "exact", is_flag=True, help="Mark the exact answer in each passage; needs an answer model.")
@click.option("--explain", is_flag=True, help="Show how each score is composed, and which indexes it came from.")
@filter_options
@result_options
@click.option("--batch", metavar="FILE", help="Ask the questions in FILE, one per line; - is standard input.")
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), help="Output format; text by default.")
@json_option
@click.pass_obj
def query(
    options: GlobalOptions, question: tuple[str, ...], count: int, mode: str, exact: bool, explain: bool,
    only: Filter | None, results: ResultOptions, batch: str | None, form: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Answer QUESTION with the passages that contain the answer; without QUESTION, prompt for questions.

    At the prompt `exit`, `quit` or Ctrl-D ends; earlier questions come back with the arrow keys.

    Except in semantic mode, passages with "words in quotes" rank higher, and -word must not occur; with --strict, or
    in a question of nothing else, the quoted words must occur. A line of --batch is a question, or a JSON object with
    "question" and "id"; the answers are JSON, one per line.
    """
    if batch is not None and (question or form == "text"):
        raise UsageError("--batch takes no question beside it, and prints JSON")
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json is short for --format json, and contradicts --format {form}; give one of them")
    form = form or ("json" if as_json else "text")
    asked = _Query(options.open_library(), count, mode, only, results, exact, explain)
    if batch is not None:
        with _open_batch(batch) as file:
            _answer_batch(asked, file)
    elif question:
        _answer(asked, " ".join(question), form)
    else:
        _answer_each(asked, form)


def _answer_each(asked: _Query, form: str) -> None:
    """Answer the questions from the prompt, also those after one without a fresh passage."""
    from wherein.commands.prompt import each_question

    code = 0
    for question in each_question():
        try:
            _answer(asked, question, form)
        except Stale as error:
            warn(str(error))
            code = error.exit_code
    click.get_current_context().exit(code)


def _answer(asked: _Query, question: str, form: str) -> None:
    """Print the answer to one question."""
    answer = asked.library.query(
        to_unicode(question), asked.count, mode=asked.mode, only=asked.only, options=asked.results
    )
    answered = _find_exact(asked, answer)
    if form == "json":
        print_json(_answer_fields(asked, answered))
    else:
        _warn_of(answer)
        if form == "text":
            _print_passages(asked, answered)
        else:
            for hit in _hit_fields(answered):
                print_json({"question": answer.question, "mode": asked.mode, **hit})
    if answered.error:
        raise answered.error


@contextmanager
def _open_batch(name: str) -> Iterator[BinaryIO]:
    """Open a file of questions, or standard input for `-`. Raises UsageError where that is impossible."""
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


def _answer_batch(asked: _Query, file: BinaryIO) -> None:
    """Print the answer to each question of a file, one per line."""
    from wherein.search.results.batch import read_batch
    from wherein.storage.disk.text_lines import text_lines

    # tee: the questions of a whole batch are read ahead, while the names are needed one by one.
    named, questions = tee(read_batch(text_lines(file, "replace")))
    answers = asked.library.query_many(
        (text for _, text in questions), asked.count, mode=asked.mode, only=asked.only, options=asked.results
    )
    error: WhereinError | None = None
    for (name, _), answer in zip(named, answers, strict=True):
        # After the first failure the answer model is not tried again; passages are printed all the same.
        answered = _without_exact(answer, error) if error else _find_exact(asked, answer)
        error = answered.error
        print_json({"id": name, **_answer_fields(asked, answered)})
    if error:
        raise error


def _find_exact(asked: _Query, answer: Answer) -> _Answered:
    if not asked.exact:
        return _Answered(answer)
    try:
        return _Answered(answer, asked.library.answers(answer))
    except WhereinError as error:
        return _without_exact(answer, error)


def _without_exact(answer: Answer, error: WhereinError) -> _Answered:
    return _Answered(answer, [None] * len(answer.hits), error)


def _best(exact: Sequence[ExactAnswer | None] | None) -> tuple[ExactAnswer | None, int]:
    """Return the exact answer with the highest score and the rank of its hit, None and 0 if there is none."""
    ranked = [(answer, rank) for rank, answer in enumerate(exact or (), 1) if answer]
    return max(ranked, key=lambda pair: pair[0].score, default=(None, 0))


def _answer_fields(asked: _Query, answered: _Answered) -> Mapping[str, object]:
    """Return an answer as the fields of its JSON object."""
    answer = answered.answer
    fields: dict[str, object] = {
        "question": answer.question,
        "truncated": answer.truncated,
        "mode": asked.mode,
        "notes": answer.notes,
    }
    if answered.exact is not None:
        best, rank = _best(answered.exact)
        fields["answer"] = {**asdict(best), "rank": rank} if best else None
    if asked.explain:
        fields["basis"] = asdict(answer.basis) if answer.basis else None
    return {**fields, "hits": _hit_fields(answered)}


def _hit_fields(answered: _Answered) -> list[dict[str, object]]:
    hits = [asdict(hit) for hit in answered.answer.hits]
    if answered.exact is None:
        return hits
    return [
        {**hit, "answer": asdict(exact) if exact else None} for hit, exact in zip(hits, answered.exact, strict=True)
    ]


def _warn_of(answer: Answer) -> None:
    if answer.truncated:
        warn(f"the question is too long; ignored: {answer.truncated[:_MAX_CUT]}")
    for note in answer.notes:
        warn(note)


def _print_passages(asked: _Query, answered: _Answered) -> None:
    from wherein.render import format_exact, format_hit, format_provenance
    from wherein.terminal import Terminal

    answer = answered.answer
    if not answer.hits:
        click.echo("no passages", err=True)
    terminal = Terminal.of_stdout()
    best, rank = _best(answered.exact)
    if best:
        click.echo(f"answer: {format_exact(best)} in {rank}.\n")
    for hit, exact in zip(answer.hits, answered.exact or [None] * len(answer.hits), strict=True):
        click.echo(format_hit(hit, answer.question, terminal, exact, explain=asked.explain))
    if asked.explain and answer.basis:
        click.echo(format_provenance(answer.basis))
