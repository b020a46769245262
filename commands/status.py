"""`wherein status`."""

from dataclasses import asdict
from typing import Any

import click

from wherein.commands.options import json_option, open_library
from wherein.commands.output import SCHEMA, display_uri, format_value, print_json, unknown_tokens


@click.command()
@click.option("--coverage", is_flag=True, help="Show how much of the texts the model could make something of instead.")
@json_option
def status(coverage: bool, as_json: bool) -> None:
    """Show what the library holds, what is left to do, and how the last reindex went."""
    if coverage:
        _tell_coverage(open_library().coverage(), as_json)
        return
    found = asdict(open_library().status())
    if as_json:
        print_json({"schema": SCHEMA, **found})
        return
    parts, night = found.pop("parts"), found.pop("night")
    found["bytes"] = f"{found['bytes']:,} ({', '.join(f'{part} {size:,}' for part, size in parts.items() if size)})"
    found["last_reindex"] = _last_reindex(night)
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' '):<16} {format_value(value)}")


def _tell_coverage(found: Any, as_json: bool) -> None:
    if as_json:
        print_json({"schema": SCHEMA, **asdict(found)})
        return
    click.echo(f"documents        {found.documents:,}, {found.measured:,} of them measured")
    click.echo(f"characters       {found.characters:,}, {found.dropped:,} of them in no passage")
    tokens = f"{found.tokens:,}, {unknown_tokens(found.unknown, found.tokens)}" if found.measured else "not measured"
    click.echo(f"tokens           {tokens}")
    click.echo(f"with notes       {found.noted:,}")
    languages = ", ".join(f"{language or 'unknown'} {count:,}" for language, count in found.languages.items())
    click.echo(f"languages        {languages or 'none'} (a guess)")
    for uri, share in found.worst:
        click.echo(f"unknown {share:>6.1%}   {display_uri(uri)}")


def _last_reindex(night: Any) -> str:
    if night is None:
        return "none yet"
    began = night["began_at"][:16].replace("T", " ") + " UTC"
    if night["outcome"] == "unfinished":
        return f"{began}: it is under way, or was killed; the next one goes on"
    reason = night["report"].get("reason")
    return f"{began}: {night['outcome']}{f', {reason}' if reason else ''} ({night['report'].get('seconds', 0):,.1f} s)"
