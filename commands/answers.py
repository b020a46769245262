"""Answers in the formats that `wherein query` prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING

import click

from wherein.commands.output import format_warning, print_json, warn

if TYPE_CHECKING:
    from wherein.commands.pager import Pager
    from wherein.errors import WhereinError
    from wherein.library import Answer
    from wherein.search.exact_answer import ExactAnswer
    from wherein.terminal import Terminal

__all__ = ["FORMATS", "Answered", "Layout", "answer_fields", "print_answer"]

FORMATS = ("text", "markdown", "csv", "json", "jsonl")

_MAX_CUT = 200
"""Characters that are shown of the part of a question that the model did not see."""


@dataclass(frozen=True)
class Answered:
    """An answer and the exact answer in each of its hits; None without `--answer`.

    `error` is why there are no exact answers: it is raised after the passages have been printed.
    """

    answer: Answer
    exact: Sequence[ExactAnswer | None] | None = None
    error: WhereinError | None = None

    @property
    def best(self) -> tuple[ExactAnswer | None, int]:
        """The likeliest exact answer and the rank of its hit, None and 0 if there is none."""
        from wherein.search.exact_answer import likeliest

        return likeliest(self.answer.hits, self.exact) if self.exact else (None, 0)

    def only(self, rank: int) -> Answered:
        """Return the answer with one of its hits, which keeps its rank."""
        hits = [self.answer.hits[rank - 1]]
        return Answered(replace(self.answer, hits=hits), self.exact and [self.exact[rank - 1]], self.error)


@dataclass(frozen=True)
class Layout:
    """How answers look: in `form`, one of FORMATS or None for text, which has whole passages with `full`.

    With `all` it has weaker hits, too; `pager` allows one.
    """

    form: str | None = None
    full: bool = False
    all: bool = False
    explain: bool = False
    pager: bool = True

    @property
    def is_for_people(self) -> bool:
        """Whether the form is one to read."""
        return self.form in (None, "text", "markdown")


def print_answer(answered: Answered, mode: str, layout: Layout, *, is_first: bool = True) -> None:
    """Print an answer; its notes go to standard error, except in the format `json`, which holds them.

    In CSV the names of the columns precede the first one.
    """
    if layout.form == "json":
        print_json(answer_fields(answered, mode, explain=layout.explain))
    elif layout.form == "jsonl":
        _print_notes(answered.answer)
        for hit in _hit_fields(answered):
            print_json({"question": answered.answer.question, "mode": mode, **hit})
    elif layout.form == "csv":
        _print_notes(answered.answer)
        _print_csv(answered, has_head=is_first)
    else:
        _print_for_people(answered, layout)


def _print_notes(answer: Answer) -> None:
    for note in _notes(answer):
        warn(note)


def _notes(answer: Answer) -> Iterator[str]:
    if answer.truncated:
        yield f"the question is too long; ignored: {answer.truncated[:_MAX_CUT]}"
    yield from answer.notes


# JSON.


def answer_fields(answered: Answered, mode: str, *, explain: bool) -> Mapping[str, object]:
    """Return an answer as the fields of its JSON object."""
    answer = answered.answer
    fields: dict[str, object] = {
        "question": answer.question,
        "truncated": answer.truncated,
        "mode": mode,
        "notes": answer.notes,
        "corrections": [asdict(one) for one in answer.corrections],
    }
    if answered.exact is not None:
        best, rank = answered.best
        fields["answer"] = {**asdict(best), "rank": rank} if best else None
    if answer.reranked:
        fields["reranked"] = asdict(answer.reranked)
    if explain:
        fields["basis"] = asdict(answer.basis) if answer.basis else None
    return {**fields, "hits": _hit_fields(answered)}


def _hit_fields(answered: Answered) -> list[dict[str, object]]:
    hits = [asdict(hit) for hit in answered.answer.hits]
    if answered.exact is None:
        return hits
    return [
        {**hit, "answer": asdict(exact) if exact else None} for hit, exact in zip(hits, answered.exact, strict=True)
    ]


# CSV.


def _print_csv(answered: Answered, *, has_head: bool) -> None:
    import csv

    from wherein.render.table import COLUMNS, EXACT_COLUMNS, rows
    from wherein.terminal import printable

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if has_head:
        writer.writerow(COLUMNS if answered.exact is None else (*COLUMNS, *EXACT_COLUMNS))
    # A document must not control the terminal; a script gets its text as it is.
    clean = printable if sys.stdout.isatty() else str
    for row in rows(answered.answer, answered.exact):
        writer.writerow([clean(cell) if isinstance(cell, str) else cell for cell in row])


# Text and Markdown.


def _print_for_people(answered: Answered, layout: Layout) -> None:
    """Print an answer through the pager, where there is one and the answer does not fit on the terminal."""
    from wherein.terminal import Terminal

    draw = _markdown if layout.form == "markdown" else _text
    pager = _pager() if layout.pager and sys.stdout.isatty() else None
    if pager is None or not answered.answer.hits:
        _print_notes(answered.answer)
        click.echo(draw(answered, layout, Terminal.of_stdout()), nl=False)
        if not answered.answer.hits:
            click.echo("no passages", err=True)
        return
    # A pager pushes what precedes it on the terminal out of sight.
    notes = [*_notes(answered.answer)] if sys.stderr.isatty() else []
    if not notes:
        _print_notes(answered.answer)
    head = "".join(f"{format_warning(note)}\n" for note in notes)
    pager.print(lambda terminal: head + draw(answered, layout, terminal), Terminal.of_stdout())


def _pager() -> Pager | None:
    from wherein.commands.pager import Pager

    return Pager.of_user()


def _markdown(answered: Answered, _: Layout, __: Terminal) -> str:
    from wherein.render.markdown import markdown

    return markdown(answered.answer, answered.exact)


def _text(answered: Answered, layout: Layout, terminal: Terminal) -> str:
    """Return an answer as text: the exact answer, the hits, how many are not shown, and where it all came from."""
    from wherein.render.hits import format_exact, format_hit
    from wherein.render.reports import format_provenance
    from wherein.render.shortened import shortened
    from wherein.terminal import wrap

    answer, (best, rank) = answered.answer, answered.best
    shown = shortened(answer.hits, keep=rank)
    parts = [_lines(wrap(f"answer: {format_exact(best)} in {rank}.", terminal.width))] if best else []
    parts += [
        format_hit(hit, answer.respelled, terminal, exact, explain=layout.explain, full=layout.full)
        for hit, exact in zip(answer.hits, answered.exact or repeat(None), strict=False)
        if layout.all or hit.rank in shown.ranks
    ]
    if shown.others and not layout.all:
        parts.append(terminal.style(f"… {shown.others}: --all", dim=True) + "\n")
    if layout.explain and answer.basis:
        parts.append(_lines(wrap(format_provenance(answer.basis), terminal.width)))
    return "\n".join(parts)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
