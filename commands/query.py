"""`wherein query`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

import click

from wherein.commands.answers import FORMATS, Answered, Layout, print_answer
from wherein.commands.completing import complete_files
from wherein.commands.options import (
    GlobalOptions,
    filter_options,
    json_option,
    mode_option,
    result_options,
    to_unicode,
)
from wherein.commands.output import warn
from wherein.errors import Stale, UsageError, WhereinError
from wherein.search.limits import MAX_HITS

if TYPE_CHECKING:
    from wherein.library import Answer, Filter, Library, ResultOptions

__all__ = ["Query", "query"]

# The formats that have room for how a score is composed; the answers to a batch are JSON as well.
_EXPLAINED = (None, "text", "json")


@dataclass(frozen=True)
class Query:
    """How questions are asked of a library; with `exact` the exact answers, too."""

    library: Library
    count: int
    mode: str
    only: Filter | None
    results: ResultOptions
    exact: bool

    def answer(self, question: str) -> Answered:
        """Answer one question."""
        answer = self.library.query(
            to_unicode(question), self.count, mode=self.mode, only=self.only, options=self.results
        )
        return self.with_exact(answer)

    def with_exact(self, answer: Answer, error: WhereinError | None = None) -> Answered:
        """Return an answer with its exact answers, if they are wanted; after an `error` with none."""
        if not self.exact:
            return Answered(answer)
        try:
            if error is None:
                return Answered(answer, self.library.answers(answer))
        except WhereinError as raised:
            error = raised
        return Answered(answer, [None] * len(answer.hits), error)


def _layout_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options for how an answer looks; the command gets them as `layout`."""

    @click.option("--format", "form", type=click.Choice(FORMATS), help="Output format; text by default.")
    @json_option
    @click.option("--full", is_flag=True, help="Show whole passages instead of a few lines of each.")
    @click.option("--all", "all_", is_flag=True, help="Also show passages that are far weaker than the best one.")
    @click.option("--no-pager", is_flag=True, help="Do not show a long answer page by page.")
    @click.option("--explain", is_flag=True, help="Show how each score is composed, and which indexes it came from.")
    @wraps(function)
    def wrapper(
        *args: object, form: str | None, as_json: bool, full: bool, all_: bool, no_pager: bool, explain: bool,
        **others: object,
    ) -> None:  # fmt: skip
        if as_json and form not in (None, "json"):
            raise UsageError(f"--json is short for --format json, and contradicts --format {form}; give one of them")
        layout = Layout("json" if as_json else form, full, all_, explain, not no_pager)
        function(*args, layout=layout, **others)

    return wrapper


@click.command()
@click.argument("question", nargs=-1)
@click.option("-n", "count", type=click.IntRange(1, MAX_HITS), default=5, show_default=True, help="Number of passages.")
@mode_option("Rank by meaning, by words, or by both.")
@click.option("--answer", "exact", is_flag=True, help="Mark the exact answer in each passage.")
@filter_options
@result_options
@_layout_options
@click.option("--open", "opened", type=click.IntRange(1, MAX_HITS), metavar="N", help="Open the file of hit N.")
@click.option(
    "--batch",
    metavar="FILE",
    shell_complete=complete_files,
    help="Ask the questions in FILE, one per line; - is standard input.",
)
@click.pass_obj
def query(
    options: GlobalOptions, question: tuple[str, ...], count: int, mode: str, exact: bool, only: Filter | None,
    results: ResultOptions, layout: Layout, opened: int | None, batch: str | None,
) -> None:  # fmt: skip
    """Answer QUESTION with the passages that contain the answer; without QUESTION, prompt for questions.

    At the prompt `exit`, `quit` or Ctrl-D ends; the arrow keys bring back earlier questions.

    Except in semantic mode, passages with "words in quotes" rank higher, and -word must not occur; with --strict, or
    in a question of nothing else, the quoted words must occur. A line of --batch is a question, or a JSON object with
    "question" and "id"; the answers are JSON, one per line.
    """
    if batch is not None and (question or layout.form not in (None, "json", "jsonl")):
        raise UsageError("--batch takes no question beside it, and prints JSON")
    if layout.explain and batch is None and layout.form not in _EXPLAINED:
        raise UsageError(f"--explain has no effect with --format {layout.form}; choose text or json")
    if opened and (not question or layout.form not in (None, "text")):
        raise UsageError("--open opens a hit of one question; give the question, and no other format")
    asked = Query(options.open_library(), max(count, opened or 0), mode, only, results, exact)
    if batch is not None:
        from wherein.commands.batch import answer_batch

        answer_batch(asked, batch, explain=layout.explain)
    elif opened:
        _open(asked, " ".join(question), layout, opened)
    elif question:
        _print(asked, " ".join(question), layout)
    else:
        _answer_each(asked, layout)


def _answer_each(asked: Query, layout: Layout) -> None:
    """Answer the questions from the prompt, also those after one without a fresh passage."""
    from wherein.commands.prompt import each_question

    code, is_first = 0, True
    for question in each_question():
        try:
            _print(asked, question, layout, is_first=is_first)
            is_first = False
            if layout.is_for_people:
                click.echo()
        except Stale as error:
            warn(str(error))
            code = error.exit_code
    click.get_current_context().exit(code)


def _print(asked: Query, question: str, layout: Layout, *, is_first: bool = True) -> None:
    answered = asked.answer(question)
    print_answer(answered, asked.mode, layout, is_first=is_first)
    if answered.error:
        raise answered.error


def _open(asked: Query, question: str, layout: Layout, rank: int) -> None:
    """Show one hit and open its file."""
    from wherein.commands.viewer import open_hit

    answered = asked.answer(question)
    hits = answered.answer.hits
    if rank > len(hits):
        found = f"the answer has {len(hits)}" if hits else "the answer has none"
        raise WhereinError(f"There is no hit {rank}: {found}")
    print_answer(answered.only(rank), asked.mode, layout)
    open_hit(hits[rank - 1], answered.answer.respelled)
    if answered.error:
        raise answered.error
