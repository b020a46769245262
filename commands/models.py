"""`wherein model`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wherein.commands.options import cache_folder, json_option
from wherein.commands.output import SCHEMA, format_size, print_fields, print_json, print_table
from wherein.commands.progress import status_line
from wherein.errors import Damaged

EXIT_DAMAGED = Damaged.exit_code


@click.group()
def model() -> None:
    """List, show, fetch, add and measure models."""


@model.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List the models that are installed, and those that can be fetched."""
    from wherein.embed.models.catalogue import models

    rows = [asdict(row) for row in models()]
    if as_json:
        for row in rows:
            print_json({"schema": SCHEMA, **row})
        return
    columns = ("name", "kind", "version", "dimension", "metric", "size", "state", "top-5")
    shown = [{**row, "size": format_size(row["bytes"]), "top-5": row["top_5"]} for row in rows]
    print_table(columns, [[row[column] or "" for column in columns] for row in shown])


@model.command("show")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """Show the model NAME: its manifest, where it lies, its fingerprints. The exit code is 5 when it is damaged."""
    from wherein.embed.models.catalogue import described

    found = described(name)
    if as_json:
        print_json({"schema": SCHEMA, **found})
    else:
        print_fields(found)
    if found.get("damage"):
        click.get_current_context().exit(EXIT_DAMAGED)


@model.command()
@click.argument("name")
@click.option("--variant", metavar="VARIANT", help="Which of the model's variants; model show lists them.")
@click.option("--name", "own", metavar="NAME", help="Install it under another name.")
@json_option
def fetch(name: str, variant: str | None, own: str | None, as_json: bool) -> None:
    """Download the model NAME; a run that was interrupted is gone on with."""
    from wherein.embed.models.catalogue import fetch

    with status_line(as_json, "what was downloaded is kept") as report:
        added = fetch(
            name, variant, own, lambda file, have, of: report(f"{file}: {format_size(have)} of {format_size(of)}")
        )
    _installed(added, as_json)


@model.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER|FILE.xml")
@click.option("--name", metavar="NAME", help="Its name; else that of its file.")
@click.option("--metric", type=click.Choice(["cosine", "dot", "l2"]), help="What nearness is to it.  [default: cosine]")
@click.option("--context-tokens", type=click.IntRange(4), help="Longest passage.  [default: the graph's, else 384]")
@click.option("--question-tokens", type=click.IntRange(4), help="Longest question.  [default: 32]")
@json_option
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
@json_option
def bench(name: str | None, seconds: float, as_json: bool) -> None:
    """Measure the model NAME, else the shipped one, at each precision; new libraries take the quickest.

    All figures are texts a second: contexts of full length and of 160 tokens, and questions one by one.
    """
    from wherein.embed.models.benchmark import SHORT, bench

    chosen = click.get_current_context().obj
    with status_line(as_json, "nothing was remembered") as report:
        found, speeds = bench(
            name or chosen["model"], seconds, cache=cache_folder(), threads=chosen["threads"], report=report
        )
    if as_json:
        print_json({"schema": SCHEMA, "model": found.name, "context_tokens": found.context_tokens,
               "short_context_tokens": SHORT, "question_tokens": found.question_tokens,
               "speeds": [asdict(speed) for speed in speeds]})  # fmt: skip
        return
    head = ("precision", f"contexts of {found.context_tokens}/s", f"contexts of {SHORT}/s", "questions/s")
    print_table(head, [[s.precision, *(f"{rate:.1f}" for rate in (s.contexts, s.short_contexts, s.questions))]
                  for s in speeds])  # fmt: skip


def _installed(added: Any, as_json: bool) -> None:
    from wherein.embed.models.installed import fingerprints

    model, notes = added.model, list(added.notes)
    if added.aside:
        notes.append(f"the damaged model of this name was put aside: {added.aside}")
    is_reader = not hasattr(model, "metric")
    if as_json:
        told = {} if is_reader else {"dimension": model.dimension, "metric": model.metric,
                                     "fingerprints": fingerprints(model)}  # fmt: skip
        print_json({"schema": SCHEMA, "name": model.name, "kind": "reader" if is_reader else "embedding",
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
