"""`wherein ingest`."""

import sys
from typing import Any

import click

from wherein.commands.options import fields_options, json_option, open_library, parse_until_option, wait_option
from wherein.commands.output import SCHEMA, display_uri, format_duration, print_json
from wherein.commands.progress import ALWAYS, KINDS, print_summary, run_progress
from wherein.errors import EXIT_INTERRUPTED, UsageError


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches, as in a .gitignore.")
@click.option("--max-size", type=click.IntRange(1), default=64, show_default=True, help="Largest file, in MB.")
@click.option("--name", default="text", show_default=True, help="Name for what comes on standard input.")
@fields_options
@click.option("--dry-run", is_flag=True, help="Only tell what would be done, and how long it would take.")
@click.option("--until", metavar="TIME", help="Stop then, at 06:00 for instance; the same command goes on.")
@wait_option
@json_option
def ingest(
    sources: tuple[str, ...], exclude: tuple[str, ...], max_size: int, name: str, fields: Any, dry_run: bool,
    until: str | None, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take in SOURCES: files, folders, glob patterns, web pages (https://...), or - for standard input."""
    library = open_library()
    chosen = {"exclude": exclude, "max_size": max_size * 1_000_000, "fields": fields}
    if dry_run:
        if until:
            raise UsageError("A dry run has no use for --until")
        _tell_plan(library, sources, chosen, as_json)
        return
    if sources == ("-",) and (exclude or until):
        raise UsageError("Standard input has no use for --exclude and --until")
    with run_progress(as_json) as report:
        if sources == ("-",):
            summary = library.ingest_stream(
                name, sys.stdin.buffer.read(), fields=fields, max_size=chosen["max_size"], report=report, wait=wait
            )
        else:
            summary = library.ingest(
                sources, **chosen, until=parse_until_option(until), report=report, look_ahead=report.shown, wait=wait
            )
    print_summary(summary, report, as_json)


def _tell_plan(library: Any, sources: tuple[str, ...], chosen: dict[str, Any], as_json: bool) -> None:
    if "-" in sources:
        raise UsageError("Standard input can be read only once: --dry-run takes files, folders and web pages")
    try:
        with run_progress(as_json) as report:
            plan = library.plan(sources, **chosen, report=report if as_json else report.keep)
    except KeyboardInterrupt:
        click.echo("wherein: interrupted; nothing was done", err=True)
        click.get_current_context().exit(EXIT_INTERRUPTED)
    if as_json:
        print_json({"event": "plan", "schema": SCHEMA, **plan.as_dict()})
        return
    for problem in report.problems:
        click.echo(f"{problem.kind}: {display_uri(problem.uri)}: {problem.reason}", err=True)
    counts = plan.as_dict()
    said = [f"{counts[kind]:,} {kind}" for kind in KINDS if counts.get(kind) or kind in ALWAYS]
    click.echo(f"it would be {', '.join(said)}")
    click.echo(
        f"{plan.chunks:,} chunks, of which {plan.embedded:,} are to be embedded ({plan.tokens:,} tokens): about"
        f" {format_duration(plan.seconds)} on this machine"
    )
    if plan.gone:
        click.echo(f"{plan.gone:,} documents are gone from there; reindex would remove them")
