"""The command line: parse, call, print. The only place that turns errors into exit codes."""

import json
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

from errors import UsageError, WhereinError

__all__ = ["main"]

_SCHEMA = 1
_INTERRUPTED = 130
_PARTLY_FAILED = 3
_DAMAGED = 5
_SHOWN_PROBLEMS = 20
_SPEED_SECONDS = 300


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
@click.option("--threads", type=click.IntRange(0), default=0, help="Threads for the model; 0 means every core.")
@click.pass_context
def main(context: click.Context, folder: Path | None, precision: str, threads: int) -> None:
    """Wherein lies the answer? Take in documents, then ask them questions."""
    signal.signal(signal.SIGTERM, _interrupt)
    context.obj = {"folder": folder or _default_library(), "precision": precision, "threads": threads}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _library() -> Any:
    from library import Library

    chosen = click.get_current_context().obj
    return Library(chosen["folder"], precision=chosen["precision"], threads=chosen["threads"], cache=_cache())


def _json_option(function: Callable[..., None]) -> Callable[..., None]:
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
    return option(wraps(function)(function))


def _wait_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--wait", is_flag=True, help="Wait while another process writes to the library.")(function)


# Taking in.


@main.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches, as in a .gitignore.")
@click.option("--max-size", type=click.IntRange(1), default=64, show_default=True, help="Largest file, in MB.")
@click.option("--name", default="text", show_default=True, help="Name for what comes on standard input.")
@_wait_option
@_json_option
def ingest(
    sources: tuple[str, ...], exclude: tuple[str, ...], max_size: int, name: str, wait: bool, as_json: bool
) -> None:
    """Take in SOURCES: files, folders, glob patterns, or - for standard input."""
    library = _library()
    with _progress(as_json) as report:
        if sources == ("-",):
            summary = library.ingest_stream(name, sys.stdin.buffer.read(), report=report, wait=wait)
        else:
            summary = library.ingest(
                sources,
                exclude=exclude,
                max_size=max_size * 1_000_000,
                report=report,
                look_ahead=report.shown,
                wait=wait,
            )
    _close(summary, report, as_json)


@main.command()
@_wait_option
@_json_option
def reindex(wait: bool, as_json: bool) -> None:
    """Catch up with all sources, remove what is gone, write a new index."""
    library = _library()
    with _progress(as_json) as report:
        summary = library.reindex(report=report, look_ahead=report.shown, wait=wait)
    _close(summary, report, as_json)


class _Reporter:
    """Shows a run while it goes on: a bar on a terminal, and at the end what could not be taken in."""

    def __init__(self, bar: Any) -> None:
        self.problems: list[Any] = []
        self.shown = bar is not None
        self._bar = bar
        self._task = bar.add_task("looking around", total=None, rate="") if bar else None

    def __call__(self, event: Any) -> None:
        if hasattr(event, "reason"):
            self.problems.append(event)
        elif self._bar:
            task = self._bar.tasks[0]
            rate = f"{event.embedded / task.elapsed:,.1f} chunks/s" if task.elapsed else ""
            self._bar.update(
                self._task,
                description=f"{event.documents:,} documents",
                rate=rate,
                total=event.bytes_total or None,
                completed=event.bytes_done,
            )


@contextmanager
def _progress(as_json: bool) -> Iterator[_Reporter]:
    if as_json or not sys.stderr.isatty():
        yield _Reporter(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=_SPEED_SECONDS) as bar:
        yield _Reporter(bar)


def _close(summary: Any, report: _Reporter, as_json: bool) -> None:
    if as_json:
        for problem in report.problems:
            _line({"event": problem.kind, "schema": _SCHEMA, "uri": problem.uri, "reason": problem.reason})
        _line({"event": "summary", "schema": _SCHEMA, **summary.as_dict()})
    else:
        _list_problems(report.problems)
        counts = summary.as_dict()
        kinds = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")
        always = ("new", "changed", "unchanged")
        said = [f"{counts[kind]:,} {kind}" for kind in kinds if counts[kind] or kind in always]
        click.echo(
            f"{', '.join(said)}; {summary.chunks:,} chunks, {summary.embedded:,} embedded, {summary.seconds:,.1f} s"
        )
    if summary.failed:
        click.get_current_context().exit(_PARTLY_FAILED)


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
            from search.filters import parse_filter

            only = parse_filter(places, types, since, _text(where) if where is not None else None)
        function(*args, only=only, **others)

    return filtered


def _reading_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how hits are made ready; the command gets them as `aids`."""

    @click.option("--context", type=click.IntRange(0, 20), default=0, metavar="N", help="Show N passages around each.")
    @click.option("--sentence", is_flag=True, help="Mark the sentence that is nearest to the question.")
    @click.option("--no-fold", is_flag=True, help="Show passages that say nearly the same each by itself.")
    @click.option("--min-score", type=float, metavar="SCORE", help="Leave out what scores lower.")
    @click.option("--require-fresh", is_flag=True, help="Leave out what is not known to be in its file as it was read.")
    @wraps(function)
    def aided(
        *args: Any, context: int, sentence: bool, no_fold: bool, min_score: float | None, require_fresh: bool,
        **others: Any,
    ) -> None:  # fmt: skip
        from search.reading import Aids

        function(*args, aids=Aids(not no_fold, context, sentence, min_score, require_fresh), **others)

    return aided


@main.command()
@click.argument("question", nargs=-1)
@click.option("-n", "count", type=click.IntRange(1), default=5, show_default=True, help="How many passages.")
@click.option("--mode", type=click.Choice(["semantic"]), default="semantic", show_default=True, help="Ranking.")
@_filter_options
@_reading_options
@click.option("--batch", type=click.File(errors="replace"), metavar="FILE", help="Ask what stands in FILE, one a line.")
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), help="How to print; text by default.")
@_json_option
def query(
    question: tuple[str, ...], count: int, mode: str, only: Any, aids: Any, batch: Any, form: str | None, as_json: bool
) -> None:
    """Answer QUESTION with the passages that hold the answer; without one, ask for questions.

    A line of --batch is a question, or a JSON object with "question" and "id"; the answers are JSON, one a line.
    """
    form = form or ("json" if as_json else "text")
    library = _library()
    if batch:
        if question or (form == "text" and click.get_current_context().params["form"]):
            raise UsageError("--batch takes no question beside it, and prints JSON")
        _answer_batch(library, batch, mode, {"k": count, "only": only, "aids": aids})
        return
    if question:
        _answer(library.query(_text(" ".join(question)), count, only=only, aids=aids), mode, form)
        return
    while asked := _ask():
        _answer(library.query(_text(asked), count, only=only, aids=aids), mode, form)


def _ask() -> str:
    try:
        return input("question> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


def _text(argument: str) -> str:
    """Return Unicode: what the shell hands over may hold undecodable bytes, and SQLite and JSON take none."""
    return argument.encode("utf-8", "replace").decode("utf-8")


def _answer_batch(library: Any, lines: Any, mode: str, chosen: dict[str, Any]) -> None:
    from itertools import tee

    from search.batch import read_batch

    named, asked = tee(read_batch(lines))
    answers = library.query_many((question for _, question in asked), **chosen)
    for (name, _), answer in zip(named, answers, strict=True):
        _line({"schema": _SCHEMA, "id": name, **_answer_object(answer, mode)})


def _answer_object(answer: Any, mode: str) -> dict[str, Any]:
    hits = [asdict(hit) for hit in answer.hits]
    return {"question": answer.question, "truncated": answer.truncated, "mode": mode, "hits": hits}


def _answer(answer: Any, mode: str, form: str) -> None:
    if form == "json":
        _line({"schema": _SCHEMA, **_answer_object(answer, mode)})
        return
    if answer.truncated:
        click.echo(f"wherein: the question is too long; not considered: {answer.truncated[:200]}", err=True)
    if form == "jsonl":
        for hit in answer.hits:
            _line({"schema": _SCHEMA, "question": answer.question, "mode": mode, **asdict(hit)})
        return
    from show import look_of_stdout, passage

    if not answer.hits:
        click.echo("no passages", err=True)
    look = look_of_stdout()
    for hit in answer.hits:
        click.echo(passage(hit, answer.question, look))


def _shown(uri: str) -> str:
    from show import shown

    return shown(uri)


# Looking after it.


@main.command()
@_json_option
def status(as_json: bool) -> None:
    """Show what the library holds."""
    found = asdict(_library().status())
    if as_json:
        _line({"schema": _SCHEMA, **found})
        return
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' '):<16} {_figure(value)}")


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
            click.echo(f"{document.id:>6}  {document.chunks:>5} chunks  {_shown(document.uri)}  {document.title}")


@documents.command()
@click.argument("name")
@_json_option
def show(name: str, as_json: bool) -> None:
    """Show the document NAME: its path, uri or number."""
    document, text, spans = _library().document(name)
    if as_json:
        chunks = [{"start": s.start, "end": s.end, "page": s.page, "heading": s.heading} for s in spans]
        _line({"schema": _SCHEMA, **asdict(document), "text": text, "spans": chunks})
        return
    for key, value in asdict(document).items():
        click.echo(f"{key:<12} {_shown(value) if key == 'uri' else value}")
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
    from ingest.uri import display

    return display(path.removeprefix(str(Path.cwd()) + os.sep))


def _size(count: int) -> str:
    unit, factor = next(((unit, f) for unit, f in (("GB", 1e9), ("MB", 1e6)) if count >= f), ("KB", 1e3))
    return f"{count / factor:,.1f} {unit}"


def _time(stamp: str) -> str:
    return f"{stamp[:19].replace('T', ' ')} UTC"


@main.group()
def evaluate() -> None:
    """Measure how often the right passage is found."""


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@_json_option
def squad(file: Path, as_json: bool) -> None:
    """Measure on the SQuAD v1.1 FILE by the protocol of the model card."""
    from library import evaluate as measure

    result, encoder = measure(file, click.get_current_context().obj["precision"], cache=_cache())
    figures = {f"top_{k}": value for k, value in result.top.items()}
    found = {**figures, "mrr": result.mrr, "questions": result.questions, "contexts": result.contexts,
             "model": encoder.model.name, "precision": encoder.precision, "mode": "semantic"}  # fmt: skip
    if as_json:
        _line({"schema": _SCHEMA, **found})
        return
    for name, value in found.items():
        click.echo(f"{name:<10} {value}")


def _line(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


if __name__ == "__main__":
    main()
