"""`wherein evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wherein.commands.options import MODES, cache_folder, json_option, mode_options, models_option, open_library
from wherein.commands.output import MAX_LISTED, SCHEMA, display_path, print_json
from wherein.commands.progress import status_line
from wherein.errors import UsageError


@click.group()
def evaluate() -> None:
    """Measure how often the right passage is found."""


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@mode_options(MODES)
@models_option
@json_option
def squad(file: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool) -> None:
    """Measure on the SQuAD v1.1 FILE by the protocol of the model card."""
    _evaluate_collection("squad", file, mode, models, compare, as_json)


@evaluate.command()
@click.argument("folder", type=click.Path(path_type=Path))
@mode_options(MODES)
@models_option
@json_option
def beir(folder: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool) -> None:
    """Measure on the BEIR collection in FOLDER: corpus.jsonl, queries.jsonl and qrels/test.tsv."""
    _evaluate_collection("beir", folder, mode, models, compare, as_json)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@mode_options(MODES)
@json_option
def golden(file: Path, mode: str, compare: tuple[str, str] | None, as_json: bool) -> None:
    """Ask the library the questions in FILE, and count how often their documents are found.

    A line of FILE: {"question": "who may sign?", "documents": ["lease.pdf"]}. A document is named by its uri, its path
    or the end of its path.
    """
    if compare and not set(compare) <= set(MODES):
        raise UsageError(f"--compare takes two modes here: {', '.join(MODES)}")
    library = open_library()
    with status_line(as_json, "nothing was changed") as report:
        found = list(library.evaluate(file, modes=compare or (mode,), report=report))
    if found[0].missing and not as_json:
        more = len(found[0].missing) - MAX_LISTED
        named = ", ".join(found[0].missing[:MAX_LISTED]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(f"wherein: not in the library: {named}", err=True)
    _show_measured(found, as_json, missing=list(found[0].missing))


def _evaluate_collection(
    kind: str, path: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None, as_json: bool
) -> None:
    from wherein.library import evaluate as measure

    modes: tuple[str, ...] = (mode,)
    if compare and set(compare) <= set(MODES):
        modes = compare
    elif compare and not set(compare) & set(MODES) and not models:
        models = compare
    elif compare:
        raise UsageError(f"--compare takes two modes ({', '.join(MODES)}), or two models and no --model")
    chosen = click.get_current_context().obj
    with status_line(as_json, "the vectors so far are kept") as report:
        found = list(
            measure(
                kind,
                path,
                modes=modes,
                models=models or (chosen["model"] or "default",),
                precision=chosen["precision"],
                threads=chosen["threads"],
                cache=cache_folder(),
                vectors=cache_folder().parent / "vectors",
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
        print_json({"schema": SCHEMA, **rows[0], **more, **(others if comparisons else {})})
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
        click.echo(f"{number:>2} {shown}  {row['mode']:<9} {display_path(row['folder'])}")
