"""`wherein evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wherein.commands.completing import complete_models, complete_modes_and_models
from wherein.commands.options import GlobalOptions, json_option, mode_option
from wherein.commands.output import MAX_LISTED, display_path, print_json, warn
from wherein.commands.parameter_types import FilePath
from wherein.commands.progress import status_line
from wherein.errors import UsageError
from wherein.search.modes import MODES

if TYPE_CHECKING:
    from wherein.evaluation.measures import PairedTest
    from wherein.library import Measured

__all__ = ["evaluate"]

_mode_option = mode_option("How passages are ranked.")
_models_option = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME|FOLDER",
    shell_complete=complete_models,
    help="Another model; repeat it to compare several.",
)
_compare_option = click.option(
    "--compare",
    nargs=2,
    metavar="A B",
    shell_complete=complete_modes_and_models,
    help="Two modes, or two models: test whether B differs from A.",
)


@click.group()
def evaluate() -> None:
    """Measure how often the right passage is found."""


@evaluate.command()
@click.argument("file", type=FilePath())
@_mode_option
@_compare_option
@_models_option
@json_option
@click.pass_obj
def squad(
    options: GlobalOptions, file: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Measure on the SQuAD v1.1 FILE by the protocol of the model card."""
    _evaluate_collection(options, "squad", file, mode, models, compare, as_json)


@evaluate.command()
@click.argument("folder", type=FilePath())
@_mode_option
@_compare_option
@_models_option
@json_option
@click.pass_obj
def beir(
    options: GlobalOptions, folder: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Measure on the BEIR collection in FOLDER: corpus.jsonl, queries.jsonl and qrels/test.tsv."""
    _evaluate_collection(options, "beir", folder, mode, models, compare, as_json)


@evaluate.command()
@click.argument("file", type=FilePath())
@_mode_option
@_compare_option
@json_option
@click.pass_obj
def golden(options: GlobalOptions, file: Path, mode: str, compare: tuple[str, str] | None, as_json: bool) -> None:
    """Ask the library the questions in FILE, and measure how often their documents are found.

    A line of FILE: {"question": "who may sign?", "documents": ["lease.pdf"]}. A document is named by its URI, its path
    or the end of its path.
    """
    if compare and not set(compare) <= set(MODES):
        raise UsageError(f"--compare takes two modes here: {', '.join(MODES)}")
    with status_line(as_json, "nothing was changed") as report:
        rows = list(options.open_library().evaluate(file, modes=compare or (mode,), report=report))
    missing = rows[0].missing
    if missing and not as_json:
        more = f" and {len(missing) - MAX_LISTED:,} more" if len(missing) > MAX_LISTED else ""
        warn(f"not in the library: {', '.join(missing[:MAX_LISTED])}{more}")
    _print_measured(rows, as_json, {"missing": list(missing)})


def _evaluate_collection(
    options: GlobalOptions, kind: str, path: Path, mode: str, models: tuple[str, ...], compare: tuple[str, str] | None,
    as_json: bool,
) -> None:  # fmt: skip
    from wherein.library.evaluating import evaluate as measure

    modes: tuple[str, ...] = (mode,)
    if compare and set(compare) <= set(MODES):
        modes = compare
    elif compare and not set(compare) & set(MODES) and not models:
        models = compare
    elif compare:
        raise UsageError(f"--compare takes two modes ({', '.join(MODES)}), or two models and no --model")
    with status_line(as_json, "what was ingested so far is kept") as report:
        rows = list(
            measure(
                kind,
                path,
                modes=modes,
                models=models or (options.model or "default",),
                precision=options.precision,
                threads=options.threads,
                cache=options.cache,
                libraries=options.cache.parent / "collections",
                report=report,
            )
        )
    _print_measured(rows, as_json)


def _print_measured(measured: Sequence[Measured], as_json: bool, more: Mapping[str, object] = {}) -> None:
    """Print the figures, and if there are several rows each one's comparison with the first."""
    from wherein.evaluation.squad_beir import compared

    rows = [_fields(row) for row in measured]
    comparisons = [compared(measured[0].evaluation, row.evaluation) for row in measured[1:]]
    if as_json:
        pairs = zip(rows[1:], comparisons, strict=True)
        others = [{**row, "comparison": asdict(comparison)} for row, comparison in pairs]
        print_json({**rows[0], **more, **({"compared": others} if others else {})})
    elif comparisons:
        _print_table(measured)
        for number, comparison in enumerate(comparisons, 2):
            click.echo(_describe(number, comparison))
    else:
        for name, value in rows[0].items():
            click.echo(f"{name:<10} {value}")


def _fields(row: Measured) -> dict[str, object]:
    return {
        **row.evaluation.percent(),
        "questions": row.evaluation.questions,
        "contexts": row.evaluation.contexts,
        "model": row.model,
        "folder": row.folder,
        "precision": row.precision,
        "mode": row.mode,
    }


def _print_table(measured: Sequence[Measured]) -> None:
    names = list(measured[0].evaluation.percent())
    click.echo("   " + "".join(f"{name:>10}" for name in names) + f"  {'mode':<9} model")
    for number, row in enumerate(measured, 1):
        figures = "".join(f"{figure:>10.2f}" for figure in row.evaluation.percent().values())
        click.echo(f"{number:>2} {figures}  {row.mode:<9} {display_path(row.folder)}")


def _describe(number: int, comparison: PairedTest) -> str:
    return (
        f"{number} against 1: {comparison.measure} {comparison.difference:+.2f}; {comparison.better:,} questions"
        f" better, {comparison.worse:,} worse, {comparison.equal:,} equal; p = {comparison.p:.4f} ({comparison.test})"
    )
