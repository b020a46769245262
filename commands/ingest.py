"""`wherein ingest`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from wherein.commands.completing import complete_files
from wherein.commands.options import (
    GlobalOptions,
    engine_options,
    fields_options,
    json_option,
    parse_until_option,
    to_unicode,
    wait_option,
)
from wherein.commands.output import warn
from wherein.commands.progress import run_progress
from wherein.errors import EXIT_INTERRUPTED, EXIT_PARTLY_FAILED, UsageError
from wherein.ingest.limits import DEFAULT_MAX_SIZE, MAX_SIZE

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder
    from wherein.ingest.cluster.engine import RayEngine
    from wherein.ingest.progress.dry_run import Plan
    from wherein.library import Fields

__all__ = ["ingest"]

_MEGABYTE = 1_000_000
_STDIN = ("-",)


@click.command()
@click.argument("sources", nargs=-1, required=True, shell_complete=complete_files)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches, as in a .gitignore.")
@click.option("--no-exclude", is_flag=True, help="Drop the exclusions that these sources had.")
@click.option(
    "--max-size",
    type=click.IntRange(1, MAX_SIZE // _MEGABYTE),
    default=DEFAULT_MAX_SIZE // _MEGABYTE,
    show_default=True,
    help="Size of the largest file to read, in MB.",
)
@click.option("--name", default="text", show_default=True, help="Name for the text on standard input.")
@fields_options
@click.option("--encoding", default="", metavar="NAME", help="The encoding of text that is not Unicode.")
@click.option(
    "--ocr-languages",
    default="",
    metavar="CODES",
    help="Languages of text in pictures, such as deu+eng; by default those that are installed.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done, and how long it would take.")
@click.option("--until", metavar="TIME", help="Stop at that time, such as 06:00; run the same command again to resume.")
@engine_options
@wait_option
@json_option
@click.pass_obj
def ingest(
    options: GlobalOptions, sources: tuple[str, ...], exclude: tuple[str, ...], no_exclude: bool,
    max_size: int, name: str, fields: Fields, encoding: str, ocr_languages: str, dry_run: bool, until: str | None,
    engine: RayEngine | None, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Ingest SOURCES: files, folders, glob patterns, web pages (https://...), or - for standard input."""
    if dry_run and until:
        raise UsageError("--until has no effect in a dry run")
    if dry_run and "-" in sources:
        raise UsageError("Standard input can be read only once: --dry-run takes files, folders and web pages")
    if sources == _STDIN and (exclude or no_exclude or until):
        raise UsageError("--exclude and --until have no effect on standard input")
    if engine and (dry_run or sources == _STDIN):
        raise UsageError("--engine ray has no effect on standard input, nor in a dry run")
    encoding, ocr_languages = to_unicode(encoding), to_unicode(ocr_languages)
    encoder = None if dry_run or engine else _start_ahead(options)
    library, max_bytes = options.open_library(encoder), max_size * _MEGABYTE
    if dry_run:
        plan = partial(
            library.plan, exclude=exclude, no_exclude=no_exclude, max_size=max_bytes, fields=fields, encoding=encoding,
            ocr_languages=ocr_languages,
        )  # fmt: skip
        _dry_run(partial(plan, sources), as_json)
        return
    with run_progress(as_json) as reporter:
        if sources == _STDIN:
            summary = library.ingest_stream(
                name, sys.stdin.buffer.read(), fields=fields, encoding=encoding, ocr_languages=ocr_languages,
                max_size=max_bytes, report=reporter, wait=wait,
            )  # fmt: skip
        else:
            summary = library.ingest(
                sources, exclude=exclude, no_exclude=no_exclude, max_size=max_bytes, fields=fields, encoding=encoding,
                ocr_languages=ocr_languages, until=parse_until_option(until), report=reporter,
                look_ahead=reporter.shows_progress, wait=wait, engine=engine,
            )  # fmt: skip
    reporter.summary(summary)
    if summary.failed:
        click.get_current_context().exit(EXIT_PARTLY_FAILED)


def _start_ahead(options: GlobalOptions) -> Encoder | None:
    """Start what a new library needs in any case, while the rest of the program is imported; return its encoder.

    A library that exists starts both when a file has changed (docs/decisions/pipeline.md).
    """
    from wherein.storage.catalog.connection import CATALOG
    from wherein.storage.disk.locations import is_milvus

    # `os.path`: a folder that cannot be read is reported by the library.
    if is_milvus(options.folder) or os.path.exists(options.folder / CATALOG):  # noqa: PTH110
        return None
    from wherein.embed.models.encoders import encoder_for_new_library

    encoder = encoder_for_new_library(options.model, options.precision, options.cache, options.threads, options.device)
    encoder.prepare()
    from wherein.ingest.workers.pool import start_ahead

    start_ahead()
    return encoder


def _dry_run(make_plan: Callable[..., Plan], as_json: bool) -> None:
    try:
        with run_progress(as_json) as reporter:
            plan = make_plan(report=reporter.dry_run)
    # The message in cli.py would say that what was done is kept, and nothing was done.
    except KeyboardInterrupt:
        warn("interrupted; nothing was done")
        click.get_current_context().exit(EXIT_INTERRUPTED)
    reporter.plan(plan)
