"""What commands print: JSON for scripts; tables, sizes and times for people."""

import json
import os
from pathlib import Path
from typing import Any

import click

SCHEMA = 1
MAX_LISTED = 20


def print_json(value: dict[str, Any]) -> None:
    """Print a value as one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(head: tuple[str, ...], rows: list[list[Any]]) -> None:
    """Print aligned columns."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_fields(value: dict[str, Any], indent: str = "") -> None:
    """Print a value of JSON as lines that people read."""
    for key, part in value.items():
        name = f"{indent}{key.replace('_', ' ')}"
        if isinstance(part, dict):
            click.echo(f"{name}:")
            print_fields(part, f"{indent}  ")
        else:
            shown = ", ".join(map(str, part)) if isinstance(part, list) else format_value(part)
            click.echo(f"{name + ':':<20} {shown}")


def format_size(count: int) -> str:
    """Return a size in KB, MB or GB."""
    unit, factor = next(((unit, f) for unit, f in (("GB", 1e9), ("MB", 1e6)) if count >= f), ("KB", 1e3))
    return f"{count / factor:,.1f} {unit}"


def format_duration(seconds: float) -> str:
    """Return a time as h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def format_time(stamp: str) -> str:
    """Return a UTC time stamp to the second."""
    return f"{stamp[:19].replace('T', ' ')} UTC"


def format_value(value: object) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def display_path(path: str) -> str:
    """Return a printable path, relative to the current folder when below it."""
    from wherein.ingest.uri import display

    return display(path.removeprefix(str(Path.cwd()) + os.sep))


def display_uri(uri: str) -> str:
    """Return a printable location."""
    from wherein.render import shown

    return shown(uri)


def unknown_tokens(unknown: int, tokens: int) -> str:
    """Return how many tokens the model does not know, and their share."""
    return f"{unknown:,} of them unknown to the model ({unknown / tokens if tokens else 0:.2%})"


def describe_finding(finding: Any) -> str:
    """Return a finding of `verify` as a line."""
    place = display_uri(finding.place)
    return f"{'note' if finding.harmless else 'damaged'}: {finding.part}: {place}: {finding.what}; {finding.remedy}"
