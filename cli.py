"""The command line: parse, call, print. The only place that turns errors into exit codes."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from wherein.commands import (
    documents,
    evaluate,
    golden,
    ingest,
    maintain,
    models,
    query,
    reindex,
    sources,
    status,
)
from wherein.commands.options import default_library
from wherein.errors import EXIT_INTERRUPTED, WhereinError

__all__ = ["main"]


class _Group(click.Group):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WhereinError as error:
            click.echo(f"wherein: {error}", err=True)
            context.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("wherein: interrupted; what was done is kept, run the same command to go on", err=True)
            context.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            context.exit(0)


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
        "folder": folder or default_library(), "precision": precision, "model": model, "threads": threads,
        "jobs": jobs,
    }  # fmt: skip


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


for command in (
    ingest.ingest,
    reindex.reindex,
    query.query,
    golden.golden_questions,
    documents.documents,
    sources.sources,
    status.status,
    maintain.verify,
    maintain.repair,
    maintain.backup,
    maintain.restore,
    models.model,
    evaluate.evaluate,
):
    main.add_command(command)
