"""`wherein model`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wherein.commands.completing import complete_fetchable_models, complete_known_models, complete_models
from wherein.commands.options import GlobalOptions, json_option
from wherein.commands.output import format_size, print_json, print_nested, print_table, warn
from wherein.commands.parameter_types import FilePath, FiniteRange
from wherein.commands.progress import status_line
from wherein.embed.graph import POOLINGS
from wherein.errors import Damaged

if TYPE_CHECKING:
    from wherein.embed.model import Model
    from wherein.embed.models.importing import ImportResult
    from wherein.embed.models.speeds import Speed

__all__ = ["model"]

_METRICS = ("cosine", "dot", "l2")  # METRICS of embed/metric.py, which imports NumPy

_ENCODER_OPTIONS = (
    click.option("--metric", type=click.Choice(_METRICS), help="How its vectors are compared.  [default: cosine]"),
    click.option("--context-tokens", type=click.IntRange(4), help="Longest passage.  [default: up to 384]"),
    click.option("--question-tokens", type=click.IntRange(4), help="Longest question.  [default: 32, or up to 128]"),
    click.option("--pooling", type=click.Choice([*POOLINGS]), help="How the vectors of tokens become that of a text."),
    click.option("--question-prompt", metavar="TEXT", help="Put before each question, for instance 'query: '."),
    click.option("--context-prompt", metavar="TEXT", help="Put before each passage, for instance 'passage: '."),
)


def _encoder_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what an imported model is like."""
    for option in reversed(_ENCODER_OPTIONS):
        command = option(command)
    return command


@click.group()
def model() -> None:
    """List, show, fetch, add and measure models."""


@model.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the installed models, and those that can be fetched."""
    from wherein.embed.models.catalogue import model_summaries

    rows = list(model_summaries())
    if as_json:
        for row in rows:
            print_json(asdict(row))
        return
    print_table(
        ("name", "kind", "version", "dimension", "metric", "size", "state", "top-5"),
        [
            (row.name, row.kind, row.version, row.dimension or "", row.metric, format_size(row.bytes), row.state,
             row.top_5 or "")
            for row in rows
        ],
    )  # fmt: skip


@model.command()
@click.argument("name", shell_complete=complete_known_models)
@json_option
@click.pass_obj
def show(options: GlobalOptions, name: str, as_json: bool) -> None:
    """Show the model NAME: its manifest, folder and fingerprints, and what model bench measured on this machine.

    The exit code is 5 if it is damaged.
    """
    from wherein.embed.models.catalogue import describe_model

    fields = describe_model(name, options.cache)
    if as_json:
        print_json(fields)
    else:
        print_nested(fields)
    if fields.get("damage"):
        click.get_current_context().exit(Damaged.exit_code)


@model.command()
@click.argument("name", shell_complete=complete_fetchable_models)
@click.option("--variant", metavar="VARIANT", help="One of the model's variants, which model show lists.")
@click.option("--name", "own_name", metavar="NAME", help="Install it under another name.")
@_encoder_options
@json_option
def fetch(name: str, variant: str | None, own_name: str | None, as_json: bool, **stated: Any) -> None:
    """Download the model NAME, or build multilingual; run the same command again to resume an interrupted download."""
    from wherein.embed.models.catalogue import fetch
    from wherein.embed.models.choices import ImportOptions

    with status_line(as_json, "what was downloaded is kept") as report:

        def show_bytes(file: str, done: int, total: int) -> None:
            report(f"{file}: {format_size(done)} of {format_size(total)}")

        added = fetch(name, variant, ImportOptions(own_name, **stated), show_bytes)
    _print_added(added, as_json)


@model.command()
@click.argument("source", type=FilePath(), metavar="FOLDER|FILE.xml")
@click.option("--name", metavar="NAME", help="Its name; by default that of its file.")
@_encoder_options
@json_option
def add(source: Path, name: str | None, as_json: bool, **stated: Any) -> None:
    """Install a model from disk: a model folder, OpenVINO IR with its vocabulary, or what sentence-transformers wrote.

    What the options leave out is read from the model's own files.
    """
    from wherein.embed.models.choices import ImportOptions
    from wherein.embed.models.importing import add_model
    from wherein.embed.models.installed import models_folder

    _print_added(add_model(source, models_folder(), ImportOptions(name, **stated)), as_json)


def _print_added(added: ImportResult, as_json: bool) -> None:
    from wherein.embed.model import Model
    from wherein.embed.models.installed import RERANKER, model_kind

    notes = [*added.notes]
    if added.damaged_copy:
        notes.append(f"the damaged model of this name is kept as {added.damaged_copy}")
    embedding = added.model if isinstance(added.model, Model) else None
    if as_json:
        fields = {
            "name": added.model.name,
            "kind": model_kind(added.model.folder),
            "folder": str(added.model.folder),
            "new": added.new,
            "notes": notes,
        }
        print_json(fields | (_embedding_fields(embedding) if embedding else {}))
        return
    for note in notes:
        warn(note)
    state = f"{added.model.name} is {'installed' if added.new else 'already installed'}"
    if embedding:
        click.echo(
            f"{state}: {embedding.dimension} dimensions, {embedding.metric}, {_inputs(embedding)}; use it for a new"
            f" library: wherein --model {embedding.name} ingest FOLDER"
        )
    elif model_kind(added.model.folder) == RERANKER:
        click.echo(f"{state}: a reranker; use it with: wherein query --rerank QUESTION")
    else:
        click.echo(f"{state}: an answer model; use it with: wherein query --answer QUESTION")


def _inputs(model: Model) -> str:
    """Return what a model gets, for people."""
    prompts = [
        f"{kind} begin with {prompt!r}"
        for kind, prompt in (("questions", model.prompts.question), ("passages", model.prompts.context))
        if prompt
    ]
    return ", ".join([
        f"passages of {model.context_tokens} and questions of {model.question_limit} tokens",
        *(prompts or ["no prompts"]),
    ])  # fmt: skip


def _embedding_fields(model: Model) -> dict[str, object]:
    from wherein.embed.models.installed import fingerprints

    return {
        "dimension": model.dimension,
        "metric": model.metric,
        "pooling": model.pooling,
        "context_tokens": model.context_tokens,
        "question_tokens": model.question_tokens,
        "longest_question_tokens": model.question_limit,
        "prompts": asdict(model.prompts),
        "fingerprints": fingerprints(model),
    }


@model.command()
@click.argument("name", required=False, shell_complete=complete_models)
@click.option("--seconds", type=FiniteRange(0.1), default=3.0, show_default=True, help="Time for each figure.")
@json_option
@click.pass_obj
def bench(options: GlobalOptions, name: str | None, seconds: float, as_json: bool) -> None:
    """Measure the model NAME, by default the shipped one, at each precision; new libraries use the fastest.

    It runs on the CPU or on --device; the devices of this machine are listed. All figures are texts per second:
    contexts of full length and of 160 tokens, and questions one by one. From then on every ingest and reindex on this
    machine uses the batches in which contexts of mixed lengths were fastest.
    """
    from wherein.embed.devices import CPU, check_device_name, device_names
    from wherein.embed.models.benchmark import SHORT_CONTEXT_TOKENS, benchmark
    from wherein.embed.runtime import openvino_core, present_device

    device = present_device(check_device_name(options.device or CPU))
    devices = device_names(openvino_core())
    with status_line(as_json, "nothing was saved") as report:
        measured, speeds = benchmark(
            name or options.model,
            seconds,
            cache=options.cache,
            threads=options.threads,
            device=device,
            report=report,
        )
    if as_json:
        print_json({
            "model": measured.name, "context_tokens": measured.context_tokens,
            "short_context_tokens": SHORT_CONTEXT_TOKENS, "question_tokens": measured.question_tokens,
            "device": device, "devices": devices,
            "speeds": [asdict(speed) for speed in speeds],
        })  # fmt: skip
    else:
        click.echo(f"On {device}; this machine has {', '.join(f'{name} ({own})' for name, own in devices.items())}.")
        _print_speeds(speeds, measured.context_tokens, SHORT_CONTEXT_TOKENS)


def _print_speeds(speeds: Sequence[Speed], context_tokens: int, short_tokens: int) -> None:
    print_table(
        (
            "precision",
            f"contexts of {context_tokens}/s",
            f"contexts of {short_tokens}/s",
            "questions/s",
            "best batches",
        ),
        [
            (s.precision, f"{s.contexts:.1f}", f"{s.short_contexts:.1f}", f"{s.questions:.1f}", _batches(s))
            for s in speeds
        ],
    )


def _batches(speed: Speed) -> str:
    size = f"up to {speed.batch_tokens:,} tokens" if speed.batch_tokens else "one text"
    return f"{size}, padded to multiples of {speed.length_step}"
