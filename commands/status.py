"""`wherein status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import click

from wherein.commands.options import GlobalOptions, json_option
from wherein.commands.output import describe_unknown_tokens, display_path, display_uri, format_value, print_json
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from wherein.library import Status
    from wherein.storage.catalog.coverage import Covered

__all__ = ["status"]


@click.command()
@click.option("--coverage", is_flag=True, help="Show only how much of the texts the model knows.")
@json_option
@click.pass_obj
def status(options: GlobalOptions, coverage: bool, as_json: bool) -> None:
    """Show what the library holds, what is left to do, and how the last reindex went."""
    library = options.open_library()
    if coverage:
        covered = cast("Covered", library.coverage())  # that of the whole library, as no document is named
        print_json(asdict(covered)) if as_json else _print_coverage(covered)
    else:
        print_json(asdict(library.status())) if as_json else _print_status(library.status())


def _print_status(found: Status) -> None:
    parts = ", ".join(f"{part} {size:,}" for part, size in found.parts.items() if size)
    fields = asdict(found) | {
        "bytes": f"{found.bytes:,} ({parts})", "last_reindex": _last_reindex(found.night), "watch": _watch(found.watch)
    }  # fmt: skip
    for name in ("parts", "night"):
        del fields[name]
    for name, value in fields.items():
        click.echo(f"{name.replace('_', ' '):<16} {format_value(value)}")


def _last_reindex(run: Mapping[str, Any] | None) -> str:
    """Return in one line how the last reindex went; `run` is `Status.night`, whose report is JSON."""
    if run is None:
        return "none yet"
    began = run["began_at"][:16].replace("T", " ") + " UTC"
    if run["outcome"] == "unfinished":
        return f"{began}: still running, or killed; the next one resumes it"
    reason = run["report"].get("reason")
    return f"{began}: {run['outcome']}{f', {reason}' if reason else ''} ({run['report'].get('seconds', 0):,.1f} s)"


def _watch(state: Mapping[str, Any] | None) -> str:
    """Return in one line what the process that watches the sources does; `state` is `Status.watch`."""
    if state is None:
        return "no"
    doing = f"{state['doing']} for another process that writes" if state["doing"] == "waiting" else state["doing"]
    absent = f"; waiting for {', '.join(map(display_path, state['absent']))}" if state["absent"] else ""
    return f"process {state['pid']}: {doing}, {counted(state['pending'], 'change')} pending{absent}"


def _print_coverage(covered: Covered) -> None:
    unknown = describe_unknown_tokens(covered.unknown, covered.tokens)
    share = covered.recognized / covered.characters if covered.characters else 0
    languages = ", ".join(f"{language or 'unknown'} {count:,}" for language, count in covered.languages.items())
    for name, value in {
        "documents": f"{covered.documents:,}, {covered.measured:,} of them measured",
        "characters": f"{covered.characters:,}, {covered.dropped:,} of them in no passage",
        "read by OCR": f"{covered.recognized:,} characters ({share:.2%})",
        "tokens": f"{covered.tokens:,}, {unknown}" if covered.measured else "not measured",
        "with notes": f"{covered.noted:,}",
        "languages": f"{languages or 'none'} (guessed)",
    }.items():
        click.echo(f"{name:<16} {value}")
    for uri, share in covered.worst:
        click.echo(f"unknown {share:>6.1%}   {display_uri(uri)}")
