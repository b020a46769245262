"""`wherein query`."""

import sys
from dataclasses import asdict
from typing import Any

import click

from wherein.commands.options import MODES, filter_options, json_option, open_library, result_options, to_unicode
from wherein.commands.output import SCHEMA, print_json
from wherein.errors import UsageError, WhereinError


@click.command()
@click.argument("question", nargs=-1)
@click.option("-n", "count", type=click.IntRange(1), default=5, show_default=True, help="How many passages.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="Rank by meaning, by words, or by both.",
)
@click.option("--answer", "exact", is_flag=True, help="Mark the exact answer in each passage; needs a reader model.")
@click.option("--explain", is_flag=True, help="Tell how each score came about, and from what.")
@filter_options
@result_options
@click.option("--batch", type=click.File(errors="replace"), metavar="FILE", help="Ask what stands in FILE, one a line.")
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), help="How to print; text by default.")
@json_option
def query(
    question: tuple[str, ...], count: int, mode: str, exact: bool, explain: bool, only: Any, aids: Any, batch: Any,
    form: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Answer QUESTION with the passages that hold the answer; without one, ask for questions.

    Except in the mode semantic, "words in quotes" must occur one after another, and -word must not occur. A line of
    --batch is a question, or a JSON object with "question" and "id"; the answers are JSON, one a line.
    """
    form = form or ("json" if as_json else "text")
    library = open_library()
    chosen = {"k": count, "mode": mode, "only": only, "aids": aids}
    if batch:
        if question or (form == "text" and click.get_current_context().params["form"]):
            raise UsageError("--batch takes no question beside it, and prints JSON")
        _answer_batch(library, batch, chosen, exact, explain)
        return
    if question:
        _answer(library, library.query(to_unicode(" ".join(question)), **chosen), mode, form, exact, explain)
        return
    while asked := _ask():
        _answer(library, library.query(to_unicode(asked), **chosen), mode, form, exact, explain)


def _ask() -> str:
    try:
        return input("question> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


def _answer_batch(library: Any, lines: Any, chosen: dict[str, Any], exact: bool, explain: bool) -> None:
    from itertools import tee

    from wherein.search.results.batch import read_batch

    named, asked = tee(read_batch(lines))
    trouble = None
    for (name, _), answer in zip(named, library.query_many((text for _, text in asked), **chosen), strict=True):
        answers, trouble = _answers(library, answer, exact and not trouble, trouble)
        print_json({"schema": SCHEMA, "id": name, **_answer_object(answer, chosen["mode"], answers, explain)})
    if trouble:
        raise trouble


def _answers(
    library: Any, answer: Any, exact: bool, trouble: WhereinError | None = None
) -> tuple[list[Any] | None, WhereinError | None]:
    """Return the exact answer for each hit, None without `exact`; if there can be none, what is to be said last."""
    if not exact:
        return (None if trouble is None else [None] * len(answer.hits)), trouble
    try:
        return library.answers(answer), None
    except WhereinError as error:
        return [None] * len(answer.hits), error


def _answer_object(answer: Any, mode: str, answers: list[Any] | None, explain: bool) -> dict[str, Any]:
    told = {"question": answer.question, "truncated": answer.truncated, "mode": mode, "notes": answer.notes}
    if answers is not None:
        best, rank = _best(answers)
        told["answer"] = best and {**asdict(best), "rank": rank}
    if explain:
        told["basis"] = asdict(answer.basis)
    return {**told, "hits": _hit_objects(answer, answers)}


def _hit_objects(answer: Any, answers: list[Any] | None) -> list[dict[str, Any]]:
    hits = [asdict(hit) for hit in answer.hits]
    if answers is None:
        return hits
    return [{**hit, "answer": found and asdict(found)} for hit, found in zip(hits, answers, strict=True)]


def _best(answers: list[Any]) -> tuple[Any, int]:
    """Return the likeliest of the exact answers and its rank, None and 0 when there is none."""
    best = max((found for found in answers if found), key=lambda found: found.score, default=None)
    return best, answers.index(best) + 1 if best else 0


def _answer(library: Any, answer: Any, mode: str, form: str, exact: bool, explain: bool) -> None:
    answers, trouble = _answers(library, answer, exact)
    if form == "json":
        print_json({"schema": SCHEMA, **_answer_object(answer, mode, answers, explain)})
    else:
        _tell_notes(answer)
        if form == "text":
            _show_answer(answer, answers, explain)
        else:
            for hit in _hit_objects(answer, answers):
                print_json({"schema": SCHEMA, "question": answer.question, "mode": mode, **hit})
    if trouble:
        raise trouble


def _tell_notes(answer: Any) -> None:
    if answer.truncated:
        click.echo(f"wherein: the question is too long; not considered: {answer.truncated[:200]}", err=True)
    for note in answer.notes:
        click.echo(f"wherein: {note}", err=True)


def _show_answer(answer: Any, answers: list[Any] | None, explain: bool) -> None:
    from wherein.render import basis, look_of_stdout, passage, said

    if not answer.hits:
        click.echo("no passages", err=True)
    look = look_of_stdout()
    best, rank = _best(answers or [])
    if best:
        click.echo(f"answer: {said(best)} in {rank}.\n")
    for hit, found in zip(answer.hits, answers or [None] * len(answer.hits), strict=True):
        click.echo(passage(hit, answer.question, look, found, explain=explain))
    if explain:
        click.echo(basis(answer.basis))
