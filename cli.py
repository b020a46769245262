"""The command line: parse, call, print. The only place that turns errors into exit codes."""

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

import click

from wherein.errors import UsageError, WhereinError

__all__ = ["main"]

_SCHEMA = 1
_INTERRUPTED = 130
_PARTLY_FAILED = 3
_DAMAGED = 5
_SHOWN_PROBLEMS = 20
_KINDS = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")
_ALWAYS = ("new", "changed", "unchanged")
_MODES = ("hybrid", "semantic", "keyword")


class _Group(click.Group):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WhereinError as error:
            click.echo(f"wherein: {error}", err=True)
            context.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("wherein: interrupted; what was done is kept, run the same command to go on", err=True)
            context.exit(_INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            context.exit(0)


def _default_library() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("wherein", appauthor=False)) / "library"


def _cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("wherein", appauthor=False)) / "compiled"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wherein", prog_name="wherein")
@click.option(
    "--library",
    "folder",
    envvar="WHEREIN_LIBRARY",
    type=click.Path(path_type=Path),
    help="The library's folder.",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "w8a8", "w8a32"]),
    default="auto",
    help="Arithmetic of the model.",
)
@click.option("--model", metavar="NAME|FOLDER", help="The model; else what the library was begun with.")
@click.option("--threads", type=click.IntRange(0), default=0, help="Threads for the model; 0 means every core.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that read files; what suits the machine by default.")
@click.pass_context
def main(
    context: click.Context, folder: Path | None, precision: str, model: str | None, threads: int, jobs: int | None
) -> None:
    """Wherein lies the answer? Take in documents, then ask them questions."""
    signal.signal(signal.SIGTERM, _interrupt)
    context.obj = {
        "folder": folder or _default_library(), "precision": precision, "model": model, "threads": threads,
        "jobs": jobs,
    }  # fmt: skip


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _library() -> Any:
    from wherein.library import Library

    chosen = click.get_current_context().obj
    return Library(
        chosen["folder"],
        precision=chosen["precision"],
        model=chosen["model"],
        threads=chosen["threads"],
        jobs=chosen["jobs"],
        cache=_cache(),
    )


def _json_option(function: Callable[..., None]) -> Callable[..., None]:
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
    return option(wraps(function)(function))


def _wait_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--wait", is_flag=True, help="Wait while another process writes to the library.")(function)


# Taking in.


def _fields_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name fields of records; the command gets them as `fields`."""

    @click.option("--text-field", default="", metavar="NAME", help="The field of CSV or JSON records that is the text.")
    @click.option("--id-field", default="", metavar="NAME", help="The field that tells records apart.")
    @click.option("--title-field", default="", metavar="NAME", help="The field that is the title.")
    @wraps(function)
    def named(*args: Any, text_field: str, id_field: str, title_field: str, **others: Any) -> None:
        from wherein.library import Fields

        function(*args, fields=Fields(*map(_text, (text_field, id_field, title_field))), **others)

    return named


@main.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches, as in a .gitignore.")
@click.option("--max-size", type=click.IntRange(1), default=64, show_default=True, help="Largest file, in MB.")
@click.option("--name", default="text", show_default=True, help="Name for what comes on standard input.")
@_fields_options
@click.option("--dry-run", is_flag=True, help="Only tell what would be done, and how long it would take.")
@click.option("--until", metavar="TIME", help="Stop then, at 06:00 for instance; the same command goes on.")
@_wait_option
@_json_option
def ingest(
    sources: tuple[str, ...], exclude: tuple[str, ...], max_size: int, name: str, fields: Any, dry_run: bool,
    until: str | None, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take in SOURCES: files, folders, glob patterns, web pages (https://...), or - for standard input."""
    library = _library()
    chosen = {"exclude": exclude, "max_size": max_size * 1_000_000, "fields": fields}
    if dry_run:
        if until:
            raise UsageError("A dry run has no use for --until")
        _tell_plan(library, sources, chosen, as_json)
        return
    if sources == ("-",) and (exclude or until):
        raise UsageError("Standard input has no use for --exclude and --until")
    with _progress(as_json) as report:
        if sources == ("-",):
            summary = library.ingest_stream(
                name, sys.stdin.buffer.read(), fields=fields, max_size=chosen["max_size"], report=report, wait=wait
            )
        else:
            summary = library.ingest(
                sources, **chosen, until=_until(until), report=report, look_ahead=report.shown, wait=wait
            )
    _close(summary, report, as_json)


def _tell_plan(library: Any, sources: tuple[str, ...], chosen: dict[str, Any], as_json: bool) -> None:
    if "-" in sources:
        raise UsageError("Standard input can be read only once: --dry-run takes files, folders and web pages")
    try:
        with _progress(as_json) as report:
            plan = library.plan(sources, **chosen, report=report if as_json else report.keep)
    except KeyboardInterrupt:
        click.echo("wherein: interrupted; nothing was done", err=True)
        click.get_current_context().exit(_INTERRUPTED)
    if as_json:
        _line({"event": "plan", "schema": _SCHEMA, **plan.as_dict()})
        return
    for problem in report.problems:
        click.echo(f"{problem.kind}: {_shown(problem.uri)}: {problem.reason}", err=True)
    counts = plan.as_dict()
    said = [f"{counts[kind]:,} {kind}" for kind in _KINDS if counts.get(kind) or kind in _ALWAYS]
    click.echo(f"it would be {', '.join(said)}")
    click.echo(
        f"{plan.chunks:,} chunks, of which {plan.embedded:,} are to be embedded ({plan.tokens:,} tokens): about"
        f" {_duration(plan.seconds)} on this machine"
    )
    if plan.gone:
        click.echo(f"{plan.gone:,} documents are gone from there; reindex would remove them")


@main.command()
@click.option("--model", metavar="NAME|FOLDER", help="Embed the library with this model, then use it.")
@click.option(
    "--index",
    type=click.Choice(["auto", "exact", "ivf", "hnsw"]),
    help="How vectors are searched from now on: exactly, by lists, by a graph, or (auto) by lists once they are many.",
)
@click.option("--until", metavar="TIME", help="Stop then, at 06:00 for instance; the next run goes on.")
@click.option("--accept-removals", is_flag=True, help="Remove documents that are gone even when they are many.")
@click.option(
    "--margin", type=click.FloatRange(0, 100), metavar="POINTS",
    help="How much worse golden questions may be answered; 5 points of their mean reciprocal rank by default.",
)  # fmt: skip
@click.option("--rollback", is_flag=True, help="Only return to the index, or the model, before the present one.")
@click.option("--finish", is_flag=True, help="Only delete the vectors of the model before the present one.")
@click.option("--print-systemd", is_flag=True, help="Only print a service and a timer that do this every night.")
@_wait_option
@_json_option
def reindex(
    model: str | None, index: str | None, until: str | None, accept_removals: bool, margin: float | None,
    rollback: bool, finish: bool, print_systemd: bool, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Catch up with all sources, remove what is gone, check a new index and swap it in.

    An index that answers the golden questions worse is not swapped in; the exit code is 1 then. With --model every
    passage is embedded anew, at the --precision that is asked for, else at the library's own. The old model answers
    until that is done; a run that was stopped is gone on with by the same command.
    """
    alone = rollback + finish + print_systemd
    if alone > 1 or (alone and (model or index or until or accept_removals or margin is not None)):
        raise UsageError("--rollback, --finish and --print-systemd are each done alone, without other options")
    if margin is not None and math.isnan(margin):
        raise UsageError("--margin is a number of points, from 0 to 100")
    if print_systemd:
        from wherein.systemd import systemd

        click.echo(systemd(sys.argv[0], click.get_current_context().obj["folder"]), nl=False)
        return
    library = _library()
    if finish:
        gone = library.finish(wait=wait)
        _line({"schema": _SCHEMA, "deleted": gone}) if as_json else click.echo(f"{gone:,} vectors deleted")
        return
    with _progress(as_json) as report:
        if rollback:
            said = library.roll_back(report=report, wait=wait)
            _line({"schema": _SCHEMA, "said": said}) if as_json else click.echo(said)
            return
        summary = library.reindex(
            model=model, index=index, until=_until(until), accept_removals=accept_removals, report=report,
            look_ahead=report.shown, wait=wait, **({} if margin is None else {"margin": margin}),
        )  # fmt: skip
    _close(summary, report, as_json)


def _until(text: str | None) -> Any:
    if text is None:
        return None
    from datetime import datetime

    from wherein.ingest.progress.deadline import parse_until

    return parse_until(text, datetime.now())


@main.group("golden")
def golden_questions() -> None:
    """Questions of your own, with the document that answers: no new index may answer them worse."""


@golden_questions.command("add")
@click.argument("question")
@click.argument("document")
@_wait_option
@_json_option
def add_golden(question: str, document: str, wait: bool, as_json: bool) -> None:
    """Keep QUESTION with DOCUMENT (a path, uri or number), which answers it."""
    row = _library().add_golden(_text(question), document, wait=wait)
    _line({"schema": _SCHEMA, **asdict(row)}) if as_json else click.echo(_golden(row))


@golden_questions.command("list")
@_json_option
def list_golden(as_json: bool) -> None:
    """List the questions, and where their documents stood when they were asked last."""
    for row in _library().golden():
        _line({"schema": _SCHEMA, **asdict(row)}) if as_json else click.echo(_golden(row))


@golden_questions.command("remove")
@click.argument("name")
@_wait_option
def remove_golden(name: str, wait: bool) -> None:
    """Forget the question NAME: its number or its text."""
    for row in _library().remove_golden(_text(name), wait=wait):
        click.echo(f"removed {_golden(row)}")


def _golden(row: Any) -> str:
    rank = "not asked yet" if row.rank is None else f"rank {row.rank}" if row.rank else "not found"
    from wherein.render import line

    return f"{row.id:>4}  {line(row.question)}  {_shown(row.uri)}  ({rank})"


class _Reporter:
    """Shows a run while it goes on: events, one a line, or a bar on a terminal and at the end what is not in."""

    def __init__(self, bar: Any, as_json: bool) -> None:
        self.problems: list[Any] = []
        self.shown = bar is not None or as_json
        self._as_json = as_json
        self._bar = bar
        self._told_at = 0.0
        self._task = bar.add_task("looking around", total=None, rate="", left="") if bar else None

    def __call__(self, event: Any) -> None:
        tell = {
            "RunProblem": self._tell_problem,
            "DocumentDone": self._tell_document,
            "Ahead": self._tell_ahead,
            "Progress": self._tell_progress,
            "Stopped": self._tell_stopped,
            "Stage": self._tell_stage,
            "ReindexReport": self._tell_night,
        }
        tell[type(event).__name__](event)

    def keep(self, event: Any) -> None:
        """Take note of what is not in, and of nothing else."""
        if type(event).__name__ == "RunProblem":
            self.problems.append(event)

    def _event(self, name: str, event: Any) -> None:
        _line({"event": name, "schema": _SCHEMA, **asdict(event)})

    def _tell_problem(self, problem: Any) -> None:
        if self._as_json:
            _line({"event": problem.kind, "schema": _SCHEMA, "uri": problem.uri, "reason": problem.reason})
        else:
            self.problems.append(problem)

    def _tell_document(self, done: Any) -> None:
        if self._as_json:
            self._event("document", done)

    def _tell_ahead(self, ahead: Any) -> None:
        if self._as_json:
            self._event("planned", ahead)

    def _tell_stopped(self, stopped: Any) -> None:
        if self._as_json:
            self._event("stopped", stopped)
        else:
            click.echo(f"stopped: {stopped.why}", err=True)

    def _tell_progress(self, progress: Any) -> None:
        if self._as_json:
            import time

            if time.monotonic() - self._told_at >= 1:
                self._told_at = time.monotonic()
                self._event("progress", progress)
        elif self._bar:
            self._show(progress)

    def _show(self, progress: Any) -> None:
        elapsed, left = self._bar.tasks[0].elapsed or 0.0, progress.seconds_left
        rate = f"{progress.embedded / elapsed:,.1f} chunks/s" if elapsed else ""
        self._bar.update(
            self._task,
            description=f"{progress.documents:,} documents",
            rate=rate,
            left=f"left: {_duration(left)}" if left is not None else "",
            total=None if left is None else elapsed + left,
            completed=elapsed,
        )

    def _tell_stage(self, stage: Any) -> None:
        if self._as_json:
            _line({"event": "stage", "schema": _SCHEMA, **asdict(stage)})
        else:
            said = f": {stage.said}" if stage.said else ""
            click.echo(f"{stage.name}{said} ({stage.seconds:,.1f} s)", err=True)

    def _tell_night(self, night: Any) -> None:
        if self._as_json:
            _line({"event": "night", "schema": _SCHEMA, **asdict(night)})
            return
        from wherein.render import night_lines

        for line in night_lines(night):
            click.echo(line, err=True)


@contextmanager
def _progress(as_json: bool) -> Iterator[_Reporter]:
    if as_json or not sys.stderr.isatty():
        yield _Reporter(None, as_json)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Reporter(bar, as_json)


def _close(summary: Any, report: _Reporter, as_json: bool) -> None:
    if as_json:
        _line({"event": "summary", "schema": _SCHEMA, **summary.as_dict()})
    else:
        _list_problems(report.problems)
        counts = summary.as_dict()
        said = [f"{counts[kind]:,} {kind}" for kind in _KINDS if counts[kind] or kind in _ALWAYS]
        click.echo(
            f"{', '.join(said)}; {summary.chunks:,} chunks, {summary.embedded:,} embedded, {summary.seconds:,.1f} s"
        )
    if summary.failed:
        click.get_current_context().exit(_PARTLY_FAILED)


def _duration(seconds: float) -> str:
    """Return a time as h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _list_problems(problems: list[Any]) -> None:
    for kind in ("skipped", "failed"):
        mine = [problem for problem in problems if problem.kind == kind]
        for problem in mine[:_SHOWN_PROBLEMS]:
            click.echo(f"{kind}: {_shown(problem.uri)}: {problem.reason}", err=True)
        if len(mine) > _SHOWN_PROBLEMS:
            more = len(mine) - _SHOWN_PROBLEMS
            click.echo(f"{kind}: {more:,} more; list them with: wherein documents list --problems", err=True)


# Asking.


def _filter_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which documents to ask; the command gets them as `only`, None when none is given."""

    @click.option("--in", "places", multiple=True, metavar="PATTERN", help="Only files, folders or patterns like this.")
    @click.option("--type", "types", multiple=True, metavar="NAME", help="Only this type: pdf, html, md, txt, ...")
    @click.option("--since", metavar="DATE", help="Only files that were modified on that day or later.")
    @click.option("--where", metavar="CONDITION", help='Only documents with such metadata: "year >= 2024".')
    @wraps(function)
    def filtered(
        *args: Any, places: tuple[str, ...], types: tuple[str, ...], since: str | None, where: str | None, **others: Any
    ) -> None:
        only = None
        if places or types or since is not None or where is not None:
            from wherein.search.filters.parse import parse_filter

            only = parse_filter(places, types, since, _text(where) if where is not None else None)
        function(*args, only=only, **others)

    return filtered


def _reading_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how hits are made ready; the command gets them as `aids`."""

    @click.option("--context", type=click.IntRange(0, 20), default=0, metavar="N", help="Show N passages around each.")
    @click.option("--sentence", is_flag=True, help="Mark the sentence that is nearest to the question.")
    @click.option("--no-fold", is_flag=True, help="Show passages that say nearly the same each by itself.")
    @click.option(
        "--min-score", type=float, metavar="SCORE", help="Leave out what has a lower chance (0 to 1), or score."
    )
    @click.option("--require-fresh", is_flag=True, help="Leave out what is not known to be in its file as it was read.")
    @wraps(function)
    def aided(
        *args: Any, context: int, sentence: bool, no_fold: bool, min_score: float | None, require_fresh: bool,
        **others: Any,
    ) -> None:  # fmt: skip
        from wherein.search.results.postprocess import ResultOptions

        function(*args, aids=ResultOptions(not no_fold, context, sentence, min_score, require_fresh), **others)

    return aided


@main.command()
@click.argument("question", nargs=-1)
@click.option("-n", "count", type=click.IntRange(1), default=5, show_default=True, help="How many passages.")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default=_MODES[0],
    show_default=True,
    help="Rank by meaning, by words, or by both.",
)
@click.option("--answer", "exact", is_flag=True, help="Mark the exact answer in each passage; needs a reader model.")
@click.option("--explain", is_flag=True, help="Tell how each score came about, and from what.")
@_filter_options
@_reading_options
@click.option("--batch", type=click.File(errors="replace"), metavar="FILE", help="Ask what stands in FILE, one a line.")
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), help="How to print; text by default.")
@_json_option
def query(
    question: tuple[str, ...], count: int, mode: str, exact: bool, explain: bool, only: Any, aids: Any, batch: Any,
    form: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Answer QUESTION with the passages that hold the answer; without one, ask for questions.

    Except in the mode semantic, "words in quotes" must occur one after another, and -word must not occur. A line of
    --batch is a question, or a JSON object with "question" and "id"; the answers are JSON, one a line.
    """
    form = form or ("json" if as_json else "text")
    library = _library()
    chosen = {"k": count, "mode": mode, "only": only, "aids": aids}
    if batch:
        if question or (form == "text" and click.get_current_context().params["form"]):
            raise UsageError("--batch takes no question beside it, and prints JSON")
        _answer_batch(library, batch, chosen, exact, explain)
        return
    if question:
        _answer(library, library.query(_text(" ".join(question)), **chosen), mode, form, exact, explain)
        return
    while asked := _ask():
        _answer(library, library.query(_text(asked), **chosen), mode, form, exact, explain)


def _ask() -> str:
    try:
        return input("question> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


def _text(argument: str) -> str:
    """Return Unicode: what the shell hands over may hold undecodable bytes, and SQLite and JSON take none."""
    return argument.encode("utf-8", "replace").decode("utf-8")


def _answer_batch(library: Any, lines: Any, chosen: dict[str, Any], exact: bool, explain: bool) -> None:
    from itertools import tee

    from wherein.search.results.batch import read_batch

    named, asked = tee(read_batch(lines))
    trouble = None
    for (name, _), answer in zip(named, library.query_many((text for _, text in asked), **chosen), strict=True):
        answers, trouble = _answers(library, answer, exact and not trouble, trouble)
        _line({"schema": _SCHEMA, "id": name, **_answer_object(answer, chosen["mode"], answers, explain)})
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
        _line({"schema": _SCHEMA, **_answer_object(answer, mode, answers, explain)})
    else:
        _tell_notes(answer)
        if form == "text":
            _show_answer(answer, answers, explain)
        else:
            for hit in _hit_objects(answer, answers):
                _line({"schema": _SCHEMA, "question": answer.question, "mode": mode, **hit})
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


def _shown(uri: str) -> str:
    from wherein.render import shown

    return shown(uri)


# Looking after it.


@main.command()
@click.option("--coverage", is_flag=True, help="Show how much of the texts the model could make something of instead.")
@_json_option
def status(coverage: bool, as_json: bool) -> None:
    """Show what the library holds, what is left to do, and how the last reindex went."""
    if coverage:
        _tell_coverage(_library().coverage(), as_json)
        return
    found = asdict(_library().status())
    if as_json:
        _line({"schema": _SCHEMA, **found})
        return
    parts, night = found.pop("parts"), found.pop("night")
    found["bytes"] = f"{found['bytes']:,} ({', '.join(f'{part} {size:,}' for part, size in parts.items() if size)})"
    found["last_reindex"] = _last_reindex(night)
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' '):<16} {_figure(value)}")


def _tell_coverage(found: Any, as_json: bool) -> None:
    if as_json:
        _line({"schema": _SCHEMA, **asdict(found)})
        return
    click.echo(f"documents        {found.documents:,}, {found.measured:,} of them measured")
    click.echo(f"characters       {found.characters:,}, {found.dropped:,} of them in no passage")
    tokens = f"{found.tokens:,}, {_unknown(found.unknown, found.tokens)}" if found.measured else "not measured"
    click.echo(f"tokens           {tokens}")
    click.echo(f"with notes       {found.noted:,}")
    languages = ", ".join(f"{language or 'unknown'} {count:,}" for language, count in found.languages.items())
    click.echo(f"languages        {languages or 'none'} (a guess)")
    for uri, share in found.worst:
        click.echo(f"unknown {share:>6.1%}   {_shown(uri)}")


def _unknown(unknown: int, tokens: int) -> str:
    return f"{unknown:,} of them unknown to the model ({unknown / tokens if tokens else 0:.2%})"


def _last_reindex(night: Any) -> str:
    if night is None:
        return "none yet"
    began = night["began_at"][:16].replace("T", " ") + " UTC"
    if night["outcome"] == "unfinished":
        return f"{began}: it is under way, or was killed; the next one goes on"
    reason = night["report"].get("reason")
    return f"{began}: {night['outcome']}{f', {reason}' if reason else ''} ({night['report'].get('seconds', 0):,.1f} s)"


def _figure(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


@main.command()
@click.option("--deep", is_flag=True, help="Compare index and vectors, vectors and model, and sources too.")
@_json_option
def verify(deep: bool, as_json: bool) -> None:
    """Look for damage; nothing is changed. The exit code is 5 when something is damaged."""
    found = _library().verify(deep=deep)
    if as_json:
        _line({"schema": _SCHEMA, "damaged": found.damaged, "findings": [asdict(f) for f in found.findings],
               "checked": dict(found.checked)})  # fmt: skip
    else:
        for finding in found.findings:
            click.echo(_found(finding))
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.checked.items()))
        damages = sum(not finding.harmless for finding in found.findings)
        said = f"{damages:,} damages found" if damages else "nothing is damaged"
        click.echo(f"{counts or 'nothing could be'} checked: {said}")
    if found.damaged:
        click.get_current_context().exit(_DAMAGED)


def _found(finding: Any) -> str:
    place = _shown(finding.place)
    return f"{'note' if finding.harmless else 'damaged'}: {finding.part}: {place}: {finding.what}; {finding.remedy}"


@main.command()
@_wait_option
@_json_option
def repair(wait: bool, as_json: bool) -> None:
    """Mend what is damaged, without the model; what is damaged is put aside and never deleted."""
    done = _library().repair(wait=wait)
    if as_json:
        _line({"schema": _SCHEMA, **asdict(done)})
    else:
        for sentence in done.mended:
            click.echo(f"mended: {sentence}")
        for sentence in done.lost:
            click.echo(f"lost: {sentence}")
        for finding in done.left:
            click.echo(_found(finding))
        if done.aside:
            click.echo(f"put aside: {done.aside}")
        click.echo(f"{len(done.mended):,} mended, {len(done.lost):,} lost, {len(done.left):,} left")
    if done.left:
        click.get_current_context().exit(_DAMAGED)


@main.group()
def documents() -> None:
    """List, show and remove documents."""


@documents.command("list")
@click.option("--problems", is_flag=True, help="List the files that were skipped or failed instead.")
@_json_option
def list_(problems: bool, as_json: bool) -> None:
    """List all documents."""
    from wherein.render import line

    library = _library()
    if problems:
        for record in library.problems():
            if as_json:
                _line({"schema": _SCHEMA, "uri": record.uri, "state": record.state, "reason": record.reason})
            else:
                click.echo(f"{record.state}: {_shown(record.uri)}: {record.reason}")
        return
    for document in library.documents():
        if as_json:
            _line({"schema": _SCHEMA, **asdict(document)})
        else:
            click.echo(f"{document.id:>6}  {document.chunks:>5} chunks  {_shown(document.uri)}  {line(document.title)}")


@documents.command()
@click.argument("name")
@_json_option
def show(name: str, as_json: bool) -> None:
    """Show the document NAME: its path, uri or number."""
    library = _library()
    document, text, spans = library.document(name)
    measured = library.coverage(name)
    if as_json:
        chunks = [{"start": s.start, "end": s.end, "page": s.page, "heading": s.heading} for s in spans]
        coverage = measured and asdict(measured)
        _line({"schema": _SCHEMA, **asdict(document), "text": text, "spans": chunks, "coverage": coverage})
        return
    for key, value in asdict(document).items():
        click.echo(f"{key:<12} {_shown(value) if key == 'uri' else value}")
    if measured:
        click.echo(f"{'tokens':<12} {measured.tokens:,}, {_unknown(measured.unknown, measured.tokens)}")
        click.echo(f"{'language':<12} {measured.language or 'unknown'} (a guess)")
    else:
        click.echo(f"{'tokens':<12} not measured: it was taken in by an older version")
    dropped = len(text) - max((span.end for span in spans), default=0)
    click.echo(f"{'dropped':<12} {dropped:,} characters")
    click.echo()
    click.echo(text)


@documents.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--purge", is_flag=True, help="Leave no trace of them in the library, and never take them in again.")
@_wait_option
def remove(names: tuple[str, ...], purge: bool, wait: bool) -> None:
    """Remove documents from the library; their files are left alone."""
    library = _library()
    for document in library.remove_documents(names, for_good=purge, wait=wait):
        click.echo(f"{'purged' if purge else 'removed'} {_shown(document.uri)}")
    if purge:
        for backup in library.backups():
            click.echo(f"a backup is older than this and may hold them: {backup.place} ({backup.created_at})", err=True)
        for folder in library.damaged_copies():
            click.echo(f"a repair put this aside, and it may hold them; delete it: {folder}", err=True)


@main.group()
def sources() -> None:
    """List and remove what reindex walks."""


@sources.command("list")
@_json_option
def list_sources(as_json: bool) -> None:
    """List all sources."""
    for source in _library().sources():
        if as_json:
            _line({"schema": _SCHEMA, **asdict(source)})
        else:
            click.echo(f"{source.id:>4}  {source.kind:<6} {source.uri}")


@sources.command("remove")
@click.argument("name")
@_wait_option
def remove_source(name: str, wait: bool) -> None:
    """Stop following the source NAME (its path or number); its documents stay."""
    click.echo(f"no longer followed: {_library().remove_source(name, wait=wait).uri}")


@main.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="FOLDER|FILE.tar.zst")
@click.option("--verify", is_flag=True, help="Restore the backup on trial as well, and compare.")
@_json_option
def backup(target: Path, verify: bool, as_json: bool) -> None:
    """Write the library to a new FOLDER or FILE.tar.zst, also while it is in use.

    What was written is read back and compared with its checksums.
    """
    library = _library()
    with _stages(as_json, "no half-written backup is left") as report:
        done = library.backup(target, verify=verify, report=report)
    if as_json:
        _line({"schema": _SCHEMA, **asdict(done)})
        return
    for warning in done.warnings:
        click.echo(f"wherein: {warning}", err=True)
    checked = "restored on trial" if done.verified else "read back"
    begun = f"; an interrupted run had written it at {_time(done.created_at)}" if done.finished else ""
    click.echo(
        f"{done.documents:,} documents are in {_here(done.place)}: {_size(done.bytes)}, {checked},"
        f" {done.seconds:,.1f} s{begun}"
    )


@main.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Move a library that is there already aside.")
@click.option("--without-index", is_flag=True, help="Make a new index in place of one that is damaged.")
@_json_option
def restore(backup: Path, force: bool, without_index: bool, as_json: bool) -> None:
    """Put the library that is kept in BACKUP in the place of --library."""
    library = _library()
    with _stages(as_json, "no half-restored library is left") as report:
        done = library.restore(backup, force=force, index=not without_index, report=report)
    if as_json:
        _line({"schema": _SCHEMA, **asdict(done)})
        return
    aside = f"; the earlier library is kept as {_here(done.aside)}" if done.aside else ""
    click.echo(
        f"{done.documents:,} documents as of {_time(done.created_at)} are in {_here(done.library)}:"
        f" {_size(done.bytes)}, {done.seconds:,.1f} s{aside}"
    )


@contextmanager
def _stages(as_json: bool, left: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on, on a terminal; when interrupted, say what is `left`."""
    try:
        if as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console

        with Console(stderr=True).status("") as shown:
            yield shown.update
    except KeyboardInterrupt:
        click.echo(f"wherein: interrupted; {left}, run the same command again", err=True)
        click.get_current_context().exit(_INTERRUPTED)


def _here(path: str) -> str:
    from wherein.ingest.uri import display

    return display(path.removeprefix(str(Path.cwd()) + os.sep))


def _size(count: int) -> str:
    unit, factor = next(((unit, f) for unit, f in (("GB", 1e9), ("MB", 1e6)) if count >= f), ("KB", 1e3))
    return f"{count / factor:,.1f} {unit}"


def _time(stamp: str) -> str:
    return f"{stamp[:19].replace('T', ' ')} UTC"


# Models.


@main.group()
def model() -> None:
    """List, show, fetch, add and measure models."""


@model.command("list")
@_json_option
def list_models(as_json: bool) -> None:
    """List the models that are installed, and those that can be fetched."""
    from wherein.embed.models.catalogue import model_summaries

    rows = [asdict(row) for row in model_summaries()]
    if as_json:
        for row in rows:
            _line({"schema": _SCHEMA, **row})
        return
    columns = ("name", "kind", "version", "dimension", "metric", "size", "state", "top-5")
    shown = [{**row, "size": _size(row["bytes"]), "top-5": row["top_5"]} for row in rows]
    _table(columns, [[row[column] or "" for column in columns] for row in shown])


@model.command("show")
@click.argument("name")
@_json_option
def show_model(name: str, as_json: bool) -> None:
    """Show the model NAME: its manifest, where it lies, its fingerprints. The exit code is 5 when it is damaged."""
    from wherein.embed.models.catalogue import describe_model

    found = describe_model(name)
    if as_json:
        _line({"schema": _SCHEMA, **found})
    else:
        _tell(found)
    if found.get("damage"):
        click.get_current_context().exit(_DAMAGED)


@model.command()
@click.argument("name")
@click.option("--variant", metavar="VARIANT", help="Which of the model's variants; model show lists them.")
@click.option("--name", "own", metavar="NAME", help="Install it under another name.")
@_json_option
def fetch(name: str, variant: str | None, own: str | None, as_json: bool) -> None:
    """Download the model NAME; a run that was interrupted is gone on with."""
    from wherein.embed.models.catalogue import fetch

    with _stages(as_json, "what was downloaded is kept") as report:
        added = fetch(name, variant, own, lambda file, have, of: report(f"{file}: {_size(have)} of {_size(of)}"))
    _installed(added, as_json)


@model.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER|FILE.xml")
@click.option("--name", metavar="NAME", help="Its name; else that of its file.")
@click.option("--metric", type=click.Choice(["cosine", "dot", "l2"]), help="What nearness is to it.  [default: cosine]")
@click.option("--context-tokens", type=click.IntRange(4), help="Longest passage.  [default: the graph's, else 384]")
@click.option("--question-tokens", type=click.IntRange(4), help="Longest question.  [default: 32]")
@_json_option
def add(
    source: Path,
    name: str | None,
    metric: str | None,
    context_tokens: int | None,
    question_tokens: int | None,
    as_json: bool,
) -> None:
    """Install a model from disk: a model folder, a zoo download folder, or OpenVINO IR with its vocabulary."""
    from wherein.embed.models.importing import ImportOptions, add_model
    from wherein.embed.models.installed import models_folder

    options = ImportOptions(name, metric, context_tokens, question_tokens)
    _installed(add_model(source, models_folder(), options), as_json)


@model.command()
@click.argument("name", required=False)
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, show_default=True, help="How long for each figure.")
@_json_option
def bench(name: str | None, seconds: float, as_json: bool) -> None:
    """Measure the model NAME, else the shipped one, at each precision; new libraries take the quickest.

    All figures are texts a second: contexts of full length and of 160 tokens, and questions one by one.
    """
    from wherein.embed.models.benchmark import SHORT_CONTEXT_TOKENS, benchmark

    chosen = click.get_current_context().obj
    with _stages(as_json, "nothing was remembered") as report:
        found, speeds = benchmark(
            name or chosen["model"], seconds, cache=_cache(), threads=chosen["threads"], report=report
        )
    if as_json:
        _line({"schema": _SCHEMA, "model": found.name, "context_tokens": found.context_tokens,
               "short_context_tokens": SHORT_CONTEXT_TOKENS, "question_tokens": found.question_tokens,
               "speeds": [asdict(speed) for speed in speeds]})  # fmt: skip
        return
    head = (
        "precision",
        f"contexts of {found.context_tokens}/s",
        f"contexts of {SHORT_CONTEXT_TOKENS}/s",
        "questions/s",
    )
    _table(head, [[s.precision, *(f"{rate:.1f}" for rate in (s.contexts, s.short_contexts, s.questions))]
                  for s in speeds])  # fmt: skip


def _installed(added: Any, as_json: bool) -> None:
    from wherein.embed.models.installed import fingerprints

    model, notes = added.model, list(added.notes)
    if added.damaged_copy:
        notes.append(f"the damaged model of this name was put aside: {added.damaged_copy}")
    is_reader = not hasattr(model, "metric")
    if as_json:
        told = {} if is_reader else {"dimension": model.dimension, "metric": model.metric,
                                     "fingerprints": fingerprints(model)}  # fmt: skip
        _line({"schema": _SCHEMA, "name": model.name, "kind": "reader" if is_reader else "embedding",
               "folder": str(model.folder), "new": added.new, "notes": notes, **told})  # fmt: skip
        return
    for note in notes:
        click.echo(f"wherein: {note}", err=True)
    state = "installed" if added.new else "there already"
    if is_reader:
        click.echo(f"{model.name} is {state}: a reader; use it with: wherein query --answer QUESTION")
        return
    click.echo(
        f"{model.name} is {state}: {model.dimension} dimensions, {model.metric}; use it for a new library:"
        f" wherein --model {model.name} ingest FOLDER"
    )


def _table(head: tuple[str, ...], rows: list[list[Any]]) -> None:
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _tell(value: dict[str, Any], indent: str = "") -> None:
    """Print a value of JSON as lines that people read."""
    for key, part in value.items():
        name = f"{indent}{key.replace('_', ' ')}"
        if isinstance(part, dict):
            click.echo(f"{name}:")
            _tell(part, f"{indent}  ")
        else:
            shown = ", ".join(map(str, part)) if isinstance(part, list) else _figure(part)
            click.echo(f"{name + ':':<20} {shown}")


@main.group()
def evaluate() -> None:
    """Measure how often the right passage is found."""


def _models_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--model", "models", multiple=True, metavar="NAME|FOLDER", help="Another model; several make a table."
    )(function)


def _modes_options(modes: tuple[str, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    mode = click.option(
        "--mode", type=click.Choice(modes), default=modes[0], show_default=True, help="How passages are ranked."
    )
    both = click.option(
        "--compare", nargs=2, metavar="A B", help="Two modes, or two models: tell whether B differs from A."
    )
    return lambda function: mode(both(function))


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@_modes_options(_MODES)
@_models_option
@_json_option
def squad(file: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool) -> None:
    """Measure on the SQuAD v1.1 FILE by the protocol of the model card."""
    _evaluate_collection("squad", file, mode, models, compare, as_json)


@evaluate.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_modes_options(_MODES)
@_models_option
@_json_option
def beir(folder: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool) -> None:
    """Measure on the BEIR collection in FOLDER: corpus.jsonl, queries.jsonl and qrels/test.tsv."""
    _evaluate_collection("beir", folder, mode, models, compare, as_json)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@_modes_options(_MODES)
@_json_option
def golden(file: Path, mode: str, compare: tuple[str, str] | None, as_json: bool) -> None:
    """Ask the library the questions in FILE, and count how often their documents are found.

    A line of FILE: {"question": "who may sign?", "documents": ["lease.pdf"]}. A document is named by its uri, its path
    or the end of its path.
    """
    if compare and not set(compare) <= set(_MODES):
        raise UsageError(f"--compare takes two modes here: {', '.join(_MODES)}")
    library = _library()
    with _stages(as_json, "nothing was changed") as report:
        found = list(library.evaluate(file, modes=compare or (mode,), report=report))
    if found[0].missing and not as_json:
        more = len(found[0].missing) - _SHOWN_PROBLEMS
        named = ", ".join(found[0].missing[:_SHOWN_PROBLEMS]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(f"wherein: not in the library: {named}", err=True)
    _show_measured(found, as_json, missing=list(found[0].missing))


def _evaluate_collection(
    kind: str, path: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool
) -> None:
    from wherein.library import evaluate as measure

    modes: tuple[str, ...] = (mode,)
    if compare and set(compare) <= set(_MODES):
        modes = compare
    elif compare and not set(compare) & set(_MODES) and not models:
        models = compare
    elif compare:
        raise UsageError(f"--compare takes two modes ({', '.join(_MODES)}), or two models and no --model")
    chosen = click.get_current_context().obj
    with _stages(as_json, "the vectors so far are kept") as report:
        found = list(
            measure(
                kind,
                path,
                modes=modes,
                models=models or (chosen["model"] or "default",),
                precision=chosen["precision"],
                threads=chosen["threads"],
                cache=_cache(),
                vectors=_cache().parent / "vectors",
                report=report,
            )
        )
    _show_measured(found, as_json)


def _show_measured(found: list[Any], as_json: bool, **more: Any) -> None:
    """Print what was measured: one object, or with several a table in which each is compared with the first."""
    from wherein.evaluation.squad_beir import compared

    rows = [_measured(one) for one in found]
    comparisons = [asdict(compared(found[0].evaluation, one.evaluation)) for one in found[1:]]
    if as_json:
        others = {"compared": [{**row, "comparison": told} for row, told in zip(rows[1:], comparisons, strict=True)]}
        _line({"schema": _SCHEMA, **rows[0], **more, **(others if comparisons else {})})
    elif not comparisons:
        for name, value in rows[0].items():
            click.echo(f"{name:<10} {value}")
    else:
        _table_of_measures(rows)
        for number, told in enumerate(comparisons, 2):
            click.echo(
                f"{number} against 1: {told['measure']} {told['difference']:+.2f}; {told['better']:,} questions better,"
                f" {told['worse']:,} worse, {told['equal']:,} equal; p = {told['p']:.4f} ({told['test']})"
            )


def _measured(one: Any) -> dict[str, Any]:
    return {
        **one.evaluation.percent(),
        "questions": one.evaluation.questions,
        "contexts": one.evaluation.contexts,
        "model": one.model,
        "folder": one.folder,
        "precision": one.precision,
        "mode": one.mode,
    }


def _table_of_measures(rows: list[dict[str, Any]]) -> None:
    figures = [name for name, value in rows[0].items() if isinstance(value, float)]
    click.echo("   " + "".join(f"{name:>10}" for name in figures) + f"  {'mode':<9} model")
    for number, row in enumerate(rows, 1):
        shown = "".join(f"{row[name]:>10.2f}" for name in figures)
        click.echo(f"{number:>2} {shown}  {row['mode']:<9} {_here(row['folder'])}")


def _line(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))
